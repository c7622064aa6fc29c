"""JSON as strictly as the standard and our tables need it, at the speed of a lenient parser.

orjson parses; cheap scans of the bytes then show that nothing it lets pass can be there (a field
twice, an integer of more than 64 bits, NUL). Only where a scan cannot show that, Python's own
parser reads the body again with every rule spelled out. Every step is linear in the body.
"""

import json
from itertools import accumulate
from typing import Any

import orjson

from funnel_site.lib.marking import marked

DEEPEST = 32
MOST_KEYS = 1_000
SHORTEST_BIG_INTEGER = b"0" * 19
DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
BRACKETS_TO_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
BLANKS = b" \t\r\n"


class JSONRefusedError(ValueError):
    """The bytes are no JSON that we take; `code` and `detail` say why, without quoting them."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def loads(body: bytes) -> Any:
    """The value of a JSON text; raises JSONRefusedError and nothing else.

    Codes: empty_body, invalid_json, too_deep, duplicate_key, too_many_fields, bad_text.
    """
    if body.count(b"[") + body.count(b"{") > DEEPEST:
        _check_depth(body)
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(body, error) from error
    _check_value(body, value)
    return value


def _check_depth(body: bytes) -> None:
    """Take the strings out, then add one for each bracket that opens and take one for each end."""
    outside = body.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')[::2]
    steps = b"".join(outside).translate(BRACKETS_TO_STEPS, NO_BRACKETS)
    if max(accumulate(memoryview(steps).cast("b")), default=0) > DEEPEST:
        raise JSONRefusedError("too_deep", marked("More than %(most)s levels.", most=DEEPEST))


def _refusal(body: bytes, error: orjson.JSONDecodeError) -> JSONRefusedError:
    if not body.strip(BLANKS):
        return JSONRefusedError("empty_body", marked("The body is empty."))
    # orjson refuses half a surrogate pair as it refuses a missing comma: only here it is text.
    if b"\\ud" in body.lower():
        try:
            _read_by_the_rules(body)
        except JSONRefusedError as refusal:
            return refusal
        return JSONRefusedError("bad_text", marked("A text holds half a character."))
    words = marked(
        "The body is not JSON in UTF-8 (line %(line)s, column %(column)s).",
        line=error.lineno,
        column=error.colno,
    )
    return JSONRefusedError("invalid_json", words)


def _check_value(body: bytes, value: Any) -> None:
    again = orjson.dumps(value)
    colons = body.count(b":")
    # A field that came twice was dropped, and with it a colon. One written as \u003a is a colon
    # only in `again`; counted here too, so that none can stand in for one that is lost.
    if b"\\u003" in body:
        colons += body.count(b"\\u003a") + body.count(b"\\u003A")
    may_be_big = SHORTEST_BIG_INTEGER in body.translate(DIGITS_TO_ZERO)
    if colons != again.count(b":") or may_be_big:
        _read_by_the_rules(body)
    elif colons > MOST_KEYS:
        _check_sizes(value)
    if b"\\u0000" in body and b"\\u0000" in again.replace(b"\\\\", b""):
        raise JSONRefusedError("bad_text", marked("A text holds a NUL character."))


def _check_sizes(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if len(one) > MOST_KEYS:
                raise JSONRefusedError(
                    "too_many_fields", marked("More than %(most)s fields.", most=MOST_KEYS)
                )
            one = one.values()
        waiting.extend(inner for inner in one if isinstance(inner, dict | list))


def _read_by_the_rules(body: bytes) -> None:
    try:
        RULES.decode(body.decode())
    except UnicodeDecodeError as error:
        raise JSONRefusedError("invalid_json", marked("The body is not UTF-8.")) from error
    except json.JSONDecodeError as error:
        words = marked(
            "The body is not JSON (line %(line)s, column %(column)s).",
            line=error.lineno,
            column=error.colno,
        )
        raise JSONRefusedError("invalid_json", words) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise JSONRefusedError(
            "too_many_fields", marked("More than %(most)s fields.", most=MOST_KEYS)
        )
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JSONRefusedError("duplicate_key", marked("A field is there twice."))
    return value


def _constant(name: str) -> Any:
    raise JSONRefusedError("invalid_json", marked("%(name)s is no JSON.", name=name))


def _integer(text: str) -> int:
    # The length first: int() of a long text is quadratic.
    if len(text) > 20 or not -(2**63) <= int(text) < 2**64:
        raise JSONRefusedError("invalid_json", marked("A number is too large."))
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise JSONRefusedError("invalid_json", marked("A number is too large."))
    return number


RULES = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_int=_integer, parse_float=_float
)
