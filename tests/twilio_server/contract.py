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
ONE_PATH = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"
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
def _validators() -> dict[str, Draft202012Validator]:
    """Judges of the form, of what a new message is answered with, and of a message asked for."""
    description = json.loads(DESCRIPTION.read_text())
    post = description["paths"][PATH]["post"]
    wanted = post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    made = post["responses"]["201"]["content"]["application/json"]["schema"]
    components = _with_nulls(description["components"])
    one = description["paths"][ONE_PATH]["get"]["responses"]["200"]["content"]
    found = one["application/json"]["schema"]
    request = {**wanted, "additionalProperties": False, "components": components}
    answer = {**made, "components": components}
    return {
        "request": Draft202012Validator(request, format_checker=FORMATS),
        "made": Draft202012Validator(answer),
        "found": Draft202012Validator({**found, "components": components}),
    }


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
    request = _validators()["request"]
    properties = request.schema["properties"]
    arrays = {name for name, field in properties.items() if field.get("type") == "array"}
    fields = {name: values if name in arrays else values[0] for name, values in form.items()}
    repeated = [name for name, values in form.items() if len(values) > 1 and name not in arrays]
    if repeated:
        return f"{repeated[0]} is sent more than once"
    error = next(request.iter_errors(fields), None)
    return "" if error is None else error.message


def problem_of_answer(answer: Mapping[str, Any], *, to: str = "made") -> str:
    """What it says against an answer of the local Twilio itself, to a message made or found."""
    if not is_available():
        return ""
    error = next(_validators()[to].iter_errors(answer), None)
    return "" if error is None else f"{list(error.path)}: {error.message}"
