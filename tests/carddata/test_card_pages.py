"""The staff pages of cards and of who looked at them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from carddata.models import (
    CardAccess,
)
from tests.carddata.cards import make_card, make_event, make_file
from tests.carddata.staff import ADMIN, CSV_FORMAT, sign_in, text_of


class TestCards:
    def test_a_search_that_finds_one_card_opens_it(self, chief: Client) -> None:
        card = make_card()
        make_card("ZYW9", contact="+971500000001")

        for term in ("zyw7631", " ZYW 7631 ", "ZYW763", "0545576586", "+971 54 557 6586"):
            answer = chief.get(f"{ADMIN}/cardstatus/", {"q": term})
            assert answer.status_code == 302, term
            assert answer["Location"] == f"{ADMIN}/cardstatus/{card.pk}/change/"

    def test_a_search_that_finds_several_lists_them_and_notes_each(self, chief: Client) -> None:
        make_card("ZYW1")
        make_card("ZYW2")

        page = text_of(chief.get(f"{ADMIN}/cardstatus/", {"q": "0545576586"}))

        assert "ZYW1" in page
        assert "ZYW2" in page
        noted = CardAccess.objects.values_list("kind", "subject", "found")
        assert set(noted) == {("list", "…6586", 2), ("list", "ZYW1", 1), ("list", "ZYW2", 1)}

    def test_a_look_at_the_list_is_noted_too(self, chief: Client) -> None:
        make_card("ZYW1")
        make_card("ZYW2")

        chief.get(f"{ADMIN}/cardstatus/")

        noted = CardAccess.objects.values_list("kind", "subject", "found")
        assert set(noted) == {("list", "", 2), ("list", "ZYW1", 1), ("list", "ZYW2", 1)}

    @pytest.mark.parametrize("term", ["nothing", "%", "_", "' OR 1=1 --", "ZYW\u200b"])
    def test_a_search_that_finds_nothing_says_how_to_search(self, chief: Client, term: str) -> None:
        make_card()

        page = text_of(chief.get(f"{ADMIN}/cardstatus/", {"q": term}))

        assert "Nothing found." in page

    def test_without_any_card_the_list_says_where_cards_come_from(self, chief: Client) -> None:
        page = text_of(chief.get(f"{ADMIN}/cardstatus/"))

        assert "No card yet." in page
        assert f"{ADMIN}/partnerfile/send/" in page

    def test_the_list_costs_the_same_for_one_card_and_for_fifty(
        self, chief: Client, django_assert_max_num_queries: Any
    ) -> None:
        file = make_file()
        for number in range(50):
            make_card(f"ZYW{number}", file=file)

        with django_assert_max_num_queries(16):
            assert chief.get(f"{ADMIN}/cardstatus/").status_code == 200

    def test_the_page_tells_the_status_its_age_and_the_way(self, chief: Client) -> None:
        card = make_card()
        pickup = make_file("Pickup")
        make_event(
            file=pickup, line=4, status="picked_up", comment="", word="",
            occurred_at=datetime(2023, 11, 13, 7, 2, tzinfo=UTC),
        )  # fmt: skip

        page = text_of(chief.get(f"{ADMIN}/cardstatus/{card.pk}/change/"))

        assert "fs-status-delivered" in page
        assert "14 Nov 2023, 12:34 (UTC)" in page
        assert "13 Nov 2023, 11:02 (Dubai)" in page
        assert f"{pickup.name}</a>, line 4" in page
        assert "Your card ZYW7631 was delivered on 14 November 2023." in page
        assert "Kartu ZYW7631 sudah diantar pada 14 November 2023." in page
        assert CardAccess.objects.get(kind="page").subject == "ZYW7631"

    def test_the_page_costs_the_same_for_a_long_history(
        self, chief: Client, django_assert_max_num_queries: Any
    ) -> None:
        card = make_card()
        for hour in range(20):
            make_event(
                file=card.event.file, line=hour, status="in_transit",
                occurred_at=datetime(2023, 11, 1, hour, tzinfo=UTC),
            )  # fmt: skip

        with django_assert_max_num_queries(11):
            assert chief.get(f"{ADMIN}/cardstatus/{card.pk}/change/").status_code == 200

    def test_what_does_not_fit_is_said(self, chief: Client) -> None:
        card = make_card(partner="Pickup", status="picked_up", comment="")
        make_event(
            file=card.event.file, line=9, occurred_at=datetime(2023, 11, 1, tzinfo=UTC),
        )  # fmt: skip

        page = text_of(chief.get(f"{ADMIN}/cardstatus/{card.pk}/change/"))

        assert "set out again" in page
        assert "No news for long" in page

    def test_text_of_partners_is_shown_as_text(self, chief: Client) -> None:
        card = make_card(comment="<img src=x onerror=alert(1)>", word="<b>")

        page = chief.get(f"{ADMIN}/cardstatus/{card.pk}/change/").content.decode()

        assert "<img src=x" not in page
        assert "&lt;img src=x" in page

    @pytest.mark.parametrize("key", ["999999", "abc", "9" * 40])
    def test_a_card_that_is_not_there_leads_back(self, chief: Client, key: str) -> None:
        assert chief.get(f"{ADMIN}/cardstatus/{key}/change/").status_code == 302

    def test_only_who_may_sees_a_card_and_the_others_are_noted(
        self, client: Client, db: None
    ) -> None:
        card = make_card()
        nobody = sign_in(client)
        assert client.get(f"{ADMIN}/cardstatus/").status_code == 403
        assert client.get(f"{ADMIN}/cardstatus/{card.pk}/change/").status_code == 403
        assert CardAccess.objects.get().user == nobody

        sign_in(client, "view_cardstatus")
        assert client.get(f"{ADMIN}/cardstatus/").status_code == 200
        page = text_of(client.get(f"{ADMIN}/cardstatus/{card.pk}/change/"))
        assert f"{ADMIN}/partnerfile/" not in page

    def test_nobody_changes_a_card_by_hand(self, chief: Client) -> None:
        card = make_card()

        answer = chief.post(f"{ADMIN}/cardstatus/{card.pk}/delete/", {"post": "yes"})

        assert answer.status_code == 403
        assert chief.get(f"{ADMIN}/cardstatus/add/").status_code == 403

    def test_a_person_sees_so_many_cards_a_minute(self, chief: Client, settings: Any) -> None:
        settings.CARD_LOOKUPS_PER_MINUTE = 2
        card = make_card()
        address = f"{ADMIN}/cardstatus/{card.pk}/change/"

        codes = [chief.get(address).status_code for _ in range(3)]

        assert codes == [200, 200, 302]

    def test_old_news_can_be_filtered(self, chief: Client) -> None:
        make_card("ZYW1", partner="Pickup", status="picked_up")
        make_card("ZYW2")

        page = text_of(chief.get(f"{ADMIN}/cardstatus/?stale=1"))

        assert "ZYW1" in page
        assert "ZYW2" not in page

    def test_an_export_cannot_run_in_a_spreadsheet_and_is_noted(self, chief: Client) -> None:
        make_card("ZYW1", comment='=HYPERLINK("http://x")', contact="+971545576586")

        answer = chief.post(
            f"{ADMIN}/cardstatus/export/",
            {
                "format": CSV_FORMAT,
                "resource": "0",
                **{f"cardstatusresource_{name}": "on" for name in (
                    "card_id", "status", "occurred_at", "comment", "phone_number", "partner",
                    "file", "line", "updated_at",
                )},
            },
        )  # fmt: skip

        text = answer.getvalue().decode()
        assert "'=HYPERLINK" in text
        assert ",*********6586," in text
        assert "ZYW1,Delivered,2023-11-14T19:34:56+07:00" in text
        assert CardAccess.objects.get(kind="list").found == 1


class TestAccessLog:
    def test_it_is_found_by_card_and_cannot_be_changed(self, chief: Client) -> None:
        card = make_card()
        chief.get(f"{ADMIN}/cardstatus/{card.pk}/change/")
        access = CardAccess.objects.get()

        page = text_of(chief.get(f"{ADMIN}/cardaccess/?q=ZYW7631"))

        assert "chief" in page
        assert "Card page" in page
        for action in ("change", "delete"):
            answer = chief.post(f"{ADMIN}/cardaccess/{access.pk}/{action}/", {"post": "yes"})
            assert answer.status_code == 403
        assert CardAccess.objects.count() == 1

    def test_it_is_closed_without_the_permission(self, client: Client, db: None) -> None:
        sign_in(client, "view_cardstatus")

        assert client.get(f"{ADMIN}/cardaccess/").status_code == 403
