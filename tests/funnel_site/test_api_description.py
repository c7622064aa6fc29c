"""The API against its own description: whatever the schema allows or forbids, no 500."""

from typing import Any

import pytest
import schemathesis
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from funnel_site.access.models import Scope
from funnel_site.access.services import create_api_key
from funnel_site.wsgi import application

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
pytestmark = pytest.mark.django_db(transaction=True)


def description() -> Any:
    """The schema as it is served, with the site behind it."""
    raw = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = application
    return schema


OPERATIONS = {found.ok().label: found.ok() for found in description().get_all_operations()}


@pytest.mark.parametrize("label", OPERATIONS)
def test_every_address_answers_as_described(label: str, any_key: str) -> None:
    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Api-Key {any_key}"})
        case.validate_response(answer, checks=CHECKS)

    ask()


@pytest.fixture
def any_key(db: None) -> str:
    return create_api_key(name="described", scopes=Scope.values)[1]
