"""JSON as strictly as the standard and our tables need it."""

import json
import re
from typing import Any

import orjson

DEEPEST = 32
MOST_KEYS = 1_000
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)


class JSONRefusedError(ValueError):
    """The bytes are no JSON that we take; `code` and `detail` say why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def loads(body: bytes) -> Any:
    """The value of a JSON text; raises JSONRefusedError."""
    if not body.strip():
        raise JSONRefusedError("empty_body", "The body is empty.")
    _check_depth(body)
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_constant,
            parse_int=_integer,
            parse_float=_float,
        )
    except UnicodeDecodeError as error:
        raise JSONRefusedError("invalid_json", "The body is not UTF-8.") from error
    except json.JSONDecodeError as error:
        raise JSONRefusedError("invalid_json", "The body is not JSON.") from error
    if b"\\u0000" in body or b"\x00" in body:
        raise JSONRefusedError("bad_text", "A text holds a NUL character.")
    if b"\\ud" in body.lower():
        _check_surrogates(value)
    return value


def _check_depth(body: bytes) -> None:
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for byte in STRINGS.sub(b"", body):
        if byte in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise JSONRefusedError("too_deep", f"More than {DEEPEST} levels.")
        elif byte in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise JSONRefusedError("too_many_fields", f"More than {MOST_KEYS} fields.")
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JSONRefusedError("duplicate_key", "A field is there twice.")
    return value


def _constant(name: str) -> Any:
    raise JSONRefusedError("invalid_json", "NaN and Infinity are no JSON.")


def _integer(text: str) -> int:
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        raise JSONRefusedError("invalid_json", "A number is too large.")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JSONRefusedError("invalid_json", "A number is too large.")
    return number


def _check_surrogates(value: Any) -> None:
    try:
        orjson.dumps(value)
    except (orjson.JSONEncodeError, TypeError) as error:
        raise JSONRefusedError("bad_text", "A text holds half a character.") from error
