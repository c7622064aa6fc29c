"""The command, the scheduled task and the triggers of profile builds."""

from datetime import date
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from customer360 import tasks, tracking
from customer360.models import ChangedCustomer, ProfileBuild, Purchase
from customer360.services.building import begin_build, build_profiles
from customer360.services.staging import DAYS, SALE, SCORES, STAGE, WANTED
from tests.customer360.shop import fill_shop

pytestmark = pytest.mark.django_db


def test_the_command_builds_and_tells_how_long_each_step_took(capsys: Any) -> None:
    fill_shop(6)
    call_command("build_profiles", "--full", "--as-of", "2026-03-20")

    out = capsys.readouterr().out
    assert "Gathering:" in out
    assert "profiles (all customers) as of 2026-03-20, scored by rule" in out


def test_the_command_refuses_a_second_build() -> None:
    begin_build(mode="full")

    with pytest.raises(CommandError, match="another build is running"):
        call_command("build_profiles")


@pytest.mark.parametrize("words", [["--as-of", "yesterday"], ["--full", "--changed"]])
def test_a_wrong_argument_is_named(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"--as-of|--changed"):
        call_command("build_profiles", *words)


def test_the_scheduled_task_builds_what_changed_and_rests_otherwise() -> None:
    fill_shop(6)
    tasks.build_changed_profiles()
    tasks.build_changed_profiles()
    assert ProfileBuild.objects.count() == 1

    Purchase.objects.filter(record__external_id="3").delete()
    tasks.build_changed_profiles()
    newest = ProfileBuild.objects.first()
    assert newest is not None
    assert (newest.mode, newest.customers) == ("changed", 1)


def test_on_a_new_day_everybody_is_built() -> None:
    fill_shop(6)
    build_profiles(as_of=date(2026, 3, 20))

    assert build_profiles(mode="changed", as_of=date(2026, 3, 21)).mode == "full"


def test_triggers_can_be_put_in_place_again_and_see_a_plain_statement() -> None:
    fill_shop(6)
    tracking.remove()
    tracking.install()
    tracking.install()
    build_profiles()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customer360_purchase SET total_amount = total_amount + 1")
        cursor.execute("UPDATE customer360_purchase SET store_id = 'other'")

    owners = set(Purchase.objects.values_list("record__customer_id", flat=True))
    assert set(ChangedCustomer.objects.values_list("customer_id", flat=True)) == owners


def test_a_build_leaves_no_working_table_behind() -> None:
    fill_shop(6)
    build_profiles()

    for table in (DAYS, SALE, SCORES, STAGE, WANTED):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("SELECT count(*) FROM temp.sqlite_master WHERE name = %s", [table])
                assert cursor.fetchone() == (0,)
            else:
                cursor.execute("SELECT to_regclass(%s)", [table])
                assert cursor.fetchone() == (None,)
