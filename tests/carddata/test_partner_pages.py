"""The staff pages of partners: a form that shows how a sample would be read."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from carddata.models import (
    CardEvent,
    CardStatus,
    Partner,
    PartnerFile,
)
from tests.carddata.cards import make_file
from tests.carddata.staff import (
    ADMIN,
    BAD_TIME,
    GOOD,
    HEADER,
    LEFT,
    imported,
    messages_of,
    sign_in,
    text_of,
)


def partner_values(**changed: Any) -> dict[str, Any]:
    """What the form of the Delivered partner holds."""
    return {
        "name": "Delivered",
        "is_active": "on",
        "file_pattern": "*delivered*",
        "column_card_id": "Card ID, CardID",
        "column_timestamp": "Timestamp",
        "column_contact": "User contact",
        "column_status": "Comment",
        "column_comment": "",
        "column_consignment_no": "ID",
        "formats": "iso8601",
        "words": "DELIVERED = delivered",
        "time_zone": "UTC",
        "phone_region": "ae",
        "encoding": "",
        "delimiter": "",
        "default_status": "",
        "rank": "50",
        "max_reject_percent": "10",
        **changed,
    }


class TestPartners:
    def form_of(self, name: str = "Delivered") -> str:
        return f"{ADMIN}/partner/{Partner.objects.get(name=name).pk}/change/"

    def test_a_sample_is_shown_as_it_would_be_read_and_nothing_is_saved(
        self, chief: Client
    ) -> None:
        sample = SimpleUploadedFile("s.csv", (HEADER + GOOD + BAD_TIME + LEFT).encode())
        values = partner_values(words="LEFT WITH NEIGHBOUR = Delivered", _preview="1")

        answer = chief.post(self.form_of(), values | {"sample": sample})

        page = text_of(answer)
        assert answer.status_code == 200
        assert "As it would be read" in page
        assert "3 rows of the sample: 2 can be used" in page
        assert "+971585949014" in page
        assert "13 Nov 2023, 09:34 (UTC)" in page
        assert "31-02-2023" in page
        assert "Words without a status of ours, kept as unknown: “DELIVERED” (1)" in page
        assert Partner.objects.get(name="Delivered").status_map == {"DELIVERED": "delivered"}
        assert not PartnerFile.objects.exists()
        assert not CardEvent.objects.exists()

    def test_a_new_partner_is_tried_before_it_exists(self, chief: Client) -> None:
        sample = SimpleUploadedFile("s.csv", b"card;when\nZYW1;13.11.2023 14:00\n")
        values = partner_values(
            name="Speedy", column_card_id="card", column_timestamp="when", column_contact="",
            column_status="", column_consignment_no="", formats="%d.%m.%Y %H:%M", words="",
            default_status="in_transit", time_zone="Asia/Jakarta", _preview="1",
        )  # fmt: skip

        page = text_of(chief.post(f"{ADMIN}/partner/add/", values | {"sample": sample}))

        assert "13 Nov 2023, 14:00 (Jakarta)" in page
        assert "In Transit" in page
        assert not Partner.objects.filter(name="Speedy").exists()

        del values["_preview"]
        assert chief.post(f"{ADMIN}/partner/add/", values).status_code == 302
        made = Partner.objects.get(name="Speedy")
        assert made.columns == {"card_id": ["card"], "timestamp": ["when"]}
        assert made.timestamp_formats == ["%d.%m.%Y %H:%M"]

    @pytest.mark.parametrize(
        ("sample", "words"),
        [
            (b"", "empty"),
            (b"PK\x03\x04" + b"x" * 100, "cannot be read"),
            (b"a,b\n1,2\n", "No column"),
            (HEADER.encode(), "No row could be read"),
            (HEADER.encode("utf-16"), "Encoding utf-16"),
        ],
    )
    def test_a_sample_that_cannot_be_read_says_why(
        self, chief: Client, sample: bytes, words: str
    ) -> None:
        values = partner_values(_preview="1") | {"sample": SimpleUploadedFile("s.csv", sample)}

        answer = chief.post(self.form_of(), values)

        assert answer.status_code == 200
        assert words in text_of(answer)

    def test_a_preview_without_a_sample_asks_for_one(self, chief: Client) -> None:
        page = text_of(chief.post(self.form_of(), partner_values(_preview="1")))

        assert "Choose a file of this partner first." in page

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("time_zone", "Mars/Phobos"),
            ("time_zone", "../../etc/passwd"),
            ("phone_region", "XX"),
            ("formats", "%d %q"),
            ("words", "DELIVERED"),
            ("words", "DELIVERED = arrived"),
            ("column_timestamp", "Card ID"),
            ("column_card_id", ""),
            ("encoding", "klingon"),
            ("delimiter", "x"),
            ("default_status", "arrived"),
            ("rank", "100"),
        ],
    )
    def test_settings_that_cannot_work_are_refused_at_their_field(
        self, chief: Client, field: str, value: str
    ) -> None:
        answer = chief.post(self.form_of(), partner_values(**{field: value}))

        assert answer.status_code == 200
        assert answer.context["adminform"].form.errors
        assert Partner.objects.get(name="Delivered").time_zone == "UTC"

    def test_without_a_status_column_a_status_must_be_chosen(self, chief: Client) -> None:
        answer = chief.post(self.form_of(), partner_values(column_status="", words=""))

        assert "default_status" in answer.context["adminform"].form.errors

    def test_a_mended_word_gives_stored_events_their_status(
        self, chief: Client, tmp_path: Path
    ) -> None:
        imported(tmp_path, HEADER + LEFT)
        assert CardStatus.objects.get().status == "unknown"
        assert "LEFT WITH NEIGHBOUR" in text_of(chief.get(self.form_of()))
        words = "DELIVERED = delivered\r\nLEFT WITH NEIGHBOUR = delivered"

        answer = chief.post(self.form_of(), partner_values(words=words), follow=True)

        assert "1 events that were there have a new status now." in messages_of(answer)
        assert CardStatus.objects.get().status == "delivered"

    def test_a_partner_with_files_stays(self, chief: Client) -> None:
        make_file()
        address = self.form_of().replace("change", "delete")

        assert chief.post(address, {"post": "yes"}).status_code == 403

    def test_it_is_closed_without_the_permission(self, client: Client, db: None) -> None:
        sign_in(client, "view_partner")

        assert client.post(self.form_of(), partner_values()).status_code == 403
        assert client.get(f"{ADMIN}/partner/add/").status_code == 403
