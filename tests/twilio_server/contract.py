"""Twilio's published OpenAPI description as a judge of requests and answers."""

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

DESCRIPTION = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "twilio" / "twilio_api_v2010.json"
)
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
FORMATS = FormatChecker(formats=())


def _is_address(value: object) -> bool:
    """Twilio wants an absolute address with a host that has a dot (error 21609 otherwise)."""
    parts = urlsplit(str(value))
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "#" not in str(value)


def _is_number(value: object) -> bool:
    text = str(value).removeprefix("whatsapp:")
    return text.startswith("+") and text[1:].isdigit() and len(text) <= 16


FORMATS.checks("uri")(_is_address)
FORMATS.checks("phone-number")(_is_number)


def is_available() -> bool:
    return DESCRIPTION.exists()


@lru_cache(maxsize=1)
def _validators() -> tuple[Draft202012Validator, Draft202012Validator, frozenset[str]]:
    description = json.loads(DESCRIPTION.read_text())
    post = description["paths"][PATH]["post"]
    wanted = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    made = post["responses"]["201"]["content"]["application/json"]["schema"]
    components = _with_nulls(description["components"])
    arrays = frozenset(
        name for name, field in wanted["properties"].items() if field.get("type") == "array"
    )
    request = {**wanted, "additionalProperties": False, "components": components}
    answer = {**made, "components": components}
    return (
        Draft202012Validator(request, format_checker=FORMATS),
        Draft202012Validator(answer),
        arrays,
    )


def _with_nulls(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_with_nulls(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _with_nulls(one) for name, one in value.items() if name != "nullable"}
    if value.get("nullable") and isinstance(value.get("type"), str):
        plain["type"] = [value["type"], "null"]
    return plain


def problem_of_request(form: Mapping[str, list[str]]) -> str:
    """What Twilio's description says against a form; "" where it is as described."""
    if not is_available():
        return ""
    request, _, arrays = _validators()
    fields = {name: values if name in arrays else values[0] for name, values in form.items()}
    repeated = [name for name, values in form.items() if len(values) > 1 and name not in arrays]
    if repeated:
        return f"{repeated[0]} is sent more than once"
    error = next(request.iter_errors(fields), None)
    return "" if error is None else error.message


def problem_of_answer(answer: Mapping[str, Any]) -> str:
    """What it says against an answer of the local Twilio itself."""
    if not is_available():
        return ""
    _, validator, _ = _validators()
    error = next(validator.iter_errors(answer), None)
    return "" if error is None else f"{list(error.path)}: {error.message}"
