"""What tests of exports begin with."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils.timezone import now

from funnels.models import Funnel
from tests.funnels.making import make_funnel
from tests.reviews.making import make_customer, make_room


@pytest.fixture
def own_files(tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def funnels() -> list[Funnel]:
    """Seven sales of four customers, amounts and words of every kind."""
    made: list[Funnel] = []
    for number in range(7):
        customer = make_customer(number % 4, name=f"=Ana {number % 4}")
        made.append(
            make_funnel(
                make_room(customer, source="crm", external_id=f"=room-{number}"),
                stage="transaction" if number % 2 else "opening",
                channel="+instagram" if number == 3 else "whatsapp",
                leads_date=now() - timedelta(days=number),
                transaction_value=Decimal(1250000 + number) if number % 2 else None,
                currency="IDR" if number % 2 else "",
            )
        )
    return made
