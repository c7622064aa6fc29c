"""The refusals that every address may answer, added to the API's description."""

from typing import Any

from funnel_site.lib.problems import MEDIA_TYPE, TITLES

EVERYWHERE = (400, 401, 403, 404, 405, 406, 429, 503)
WITH_A_BODY = (409, 411, 413, 415)
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def describe_problems(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """A drf-spectacular post-processing hook: each refusal as problem JSON (RFC 9457)."""
    for methods in result.get("paths", {}).values():
        for operation in methods.values():
            _describe(operation)
    return result


def _describe(operation: dict[str, Any]) -> None:
    codes = (*EVERYWHERE, *WITH_A_BODY) if "requestBody" in operation else EVERYWHERE
    responses = operation.setdefault("responses", {})
    for code in sorted({*codes, *(int(code) for code in responses if int(code) >= 400)}):
        known = responses.get(str(code), {})
        responses[str(code)] = {
            "description": known.get("description") or TITLES[code],
            "content": {MEDIA_TYPE: {"schema": PROBLEM}},
        }
