"""The staff pages of partners' files and of the rows that could not be used."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from carddata.models import (
    CardStatus,
    Partner,
    PartnerFile,
    RejectedRow,
    StaffNotice,
)
from carddata.services.importing import run
from tests.carddata.cards import make_file
from tests.carddata.staff import (
    ADMIN,
    BAD_PHONE,
    BAD_TIME,
    GOOD,
    HEADER,
    LEFT,
    imported,
    messages_of,
    sign_in,
    text_of,
)


class TestFiles:
    def upload(self, client: Client, *files: tuple[str, str], **values: Any) -> Any:
        uploads = []
        for name, text in files:
            upload = BytesIO(text.encode())
            upload.name = name
            uploads.append(upload)
        return client.post(f"{ADMIN}/partnerfile/send/", {"uploads": uploads, **values})

    def test_an_uploaded_file_goes_in(
        self, chief: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        answer = self.upload(chief, ("delivered 1.csv", HEADER + GOOD))

        file = PartnerFile.objects.get()
        assert answer["Location"] == f"{ADMIN}/partnerfile/{file.pk}/change/"
        assert (file.partner.name, file.way, file.state) == ("Delivered", "upload", "waiting")
        assert file.started_by is not None
        run(file_id=file.pk)
        page = text_of(chief.get(answer["Location"]))
        assert 'data-running="false"' in page
        assert "Undo the import…" in page
        assert CardStatus.objects.get().card_id == "ZYW8827"

    def test_several_files_are_taken_at_once(self, chief: Client) -> None:
        answer = self.upload(
            chief, ("delivered 1.csv", HEADER + GOOD), ("delivered 2.csv", HEADER + LEFT)
        )

        assert answer["Location"] == f"{ADMIN}/partnerfile/"
        assert PartnerFile.objects.count() == 2

    def test_a_name_that_tells_nothing_needs_a_partner(self, chief: Client) -> None:
        refused = text_of(self.upload(chief, ("x.csv", HEADER + GOOD)))
        partner = Partner.objects.get(name="Delivered")
        taken = self.upload(chief, ("x.csv", HEADER + GOOD), partner=partner.pk)

        assert "No partner's file pattern fits" in refused.replace("&#x27;", "'")
        assert taken.status_code == 302

    def test_the_same_content_again_is_told_apart(self, chief: Client, tmp_path: Path) -> None:
        imported(tmp_path, HEADER + GOOD)

        page = text_of(self.upload(chief, ("delivered again.csv", HEADER + GOOD)))

        assert "the very same content came before" in page
        assert PartnerFile.objects.count() == 1

    @pytest.mark.parametrize("text", ["", "PK\x03\x04zip"])
    def test_what_is_no_file_of_a_partner_is_refused(self, chief: Client, text: str) -> None:
        answer = self.upload(chief, ("delivered.csv", text))

        assert answer.status_code == 200
        assert answer.context["form"].errors["uploads"]
        assert not PartnerFile.objects.exists()

    def test_progress_is_told_as_json(self, chief: Client) -> None:
        file = make_file(
            state="loading", read=1_500, loaded=1_400, duplicate=60, rejected=40, rows_total=6_000
        )

        answer = chief.get(f"{ADMIN}/partnerfile/{file.pk}/progress/")

        assert json.loads(answer.content) == {
            "state": "Loading", "percent": 25, "read": "1,500", "loaded": "1,400",
            "duplicate": "60", "rejected": "40", "total": "6,000",
            "note": "1,500 of 6,000 rows.", "finished": False,
        }  # fmt: skip
        assert "no-store" in answer["Cache-Control"]
        page = text_of(chief.get(f"{ADMIN}/partnerfile/{file.pk}/change/"))
        assert 'data-running="true"' in page
        assert "Cancel the import" in page

    def test_a_running_import_is_cancelled(self, chief: Client) -> None:
        file = make_file(state="loading")

        chief.post(f"{ADMIN}/partnerfile/{file.pk}/cancel/")

        file.refresh_from_db()
        assert file.state == "cancelling"
        assert chief.get(f"{ADMIN}/partnerfile/{file.pk}/cancel/").status_code == 403

    def test_a_cancelled_file_says_that_nothing_of_it_stays(self, chief: Client) -> None:
        file = make_file(state="cancelled", undo_reversed=20_000)

        page = text_of(chief.get(f"{ADMIN}/partnerfile/{file.pk}/change/"))

        assert "20,000 events that had gone in were taken back" in page
        assert "Import it again" in page

    def test_a_notice_is_marked_as_seen(self, chief: Client, tmp_path: Path) -> None:
        imported(tmp_path, "nonsense,columns\n1,2\n")
        notice = StaffNotice.objects.get()
        address = f"{ADMIN}/staffnotice/"

        assert "was not imported" in text_of(chief.get(address))
        chief.post(address, {"action": "mark_seen", "_selected_action": [notice.pk]})

        notice.refresh_from_db()
        assert str(notice.seen_by) == "chief"
        assert "was not imported" not in text_of(chief.get(f"{ADMIN}/partnerfile/"))

    def test_an_import_is_undone_with_a_reason_and_redone(
        self, chief: Client, tmp_path: Path
    ) -> None:
        file = imported(tmp_path, HEADER + GOOD + LEFT)
        imported(tmp_path, HEADER + GOOD, "delivered 2.csv")
        address = f"{ADMIN}/partnerfile/{file.pk}"

        asked = text_of(chief.get(f"{address}/undo/"))
        assert "1 event of 2 cards will be taken back" in asked
        assert "1 stay because another file says the same" in asked
        assert chief.post(f"{address}/undo/", {"reason": ""}).status_code == 200
        assert PartnerFile.objects.get(pk=file.pk).state == "done"

        chief.post(f"{address}/undo/", {"reason": "the wrong month"})
        run(file_id=file.pk)
        page = text_of(chief.get(f"{address}/change/"))
        assert "by chief: the wrong month." in page
        assert "1 events taken back, 1 kept because another file says the same" in page
        assert list(CardStatus.objects.values_list("card_id", flat=True)) == ["ZYW8827"]

        chief.post(f"{address}/redo/")
        run(file_id=file.pk)
        assert CardStatus.objects.count() == 2

    def test_only_what_is_done_can_be_undone(self, chief: Client) -> None:
        file = make_file(state="loading")

        answer = chief.post(f"{ADMIN}/partnerfile/{file.pk}/undo/", {"reason": "x"}, follow=True)

        assert "Only an import that is done" in messages_of(answer)

    def test_a_failed_file_says_why_and_staff_are_told(self, chief: Client, tmp_path: Path) -> None:
        file = imported(tmp_path, "nonsense,columns\n1,2\n")

        assert file.state == "failed"
        assert "No column" in text_of(chief.get(f"{ADMIN}/partnerfile/{file.pk}/change/"))
        assert "was not imported" in text_of(chief.get(f"{ADMIN}/partnerfile/"))

    @pytest.mark.parametrize("action", ["cancel", "undo", "redo"])
    def test_who_may_only_look_cannot_press(self, client: Client, db: None, action: str) -> None:
        file = make_file(state="done")
        sign_in(client, "view_partnerfile")
        address = f"{ADMIN}/partnerfile/{file.pk}"

        assert client.post(f"{address}/{action}/", {"reason": "x"}).status_code == 403
        assert client.get(f"{ADMIN}/partnerfile/send/").status_code == 403
        page = text_of(client.get(f"{address}/change/"))
        assert "Undo the import" not in page
        assert client.get(f"{address}/progress/").status_code == 200

    def test_progress_is_closed_without_the_permission(self, client: Client, db: None) -> None:
        file = make_file()
        sign_in(client, "view_cardstatus")

        assert client.get(f"{ADMIN}/partnerfile/{file.pk}/progress/").status_code == 403
        assert client.get(f"{ADMIN}/partnerfile/{file.pk}/change/").status_code == 403

    @pytest.mark.parametrize("page", ["progress/", "undo/", "change/"])
    def test_a_file_that_is_not_there_is_no_error(self, chief: Client, page: str) -> None:
        assert chief.get(f"{ADMIN}/partnerfile/999/{page}").status_code in (302, 404)


class TestRejects:
    @pytest.fixture
    def file(self, tmp_path: Path, db: None) -> PartnerFile:
        return imported(tmp_path, HEADER + GOOD + BAD_TIME + BAD_PHONE + BAD_TIME.replace("8", "7"))

    def test_they_are_grouped_by_reason_with_samples(
        self, chief: Client, file: PartnerFile, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(14):
            page = text_of(chief.get(f"{ADMIN}/rejectedrow/file/{file.pk}/"))

        assert "3 rows of delivered.csv could not be used" in page
        assert "2 × The time is in none of the partner&#x27;s formats" in page
        assert "1 × A spreadsheet has shortened the contact" in page
        assert "31-02-2023 10:00" in page

    def test_a_retry_takes_in_what_a_mended_setting_reads(
        self, chief: Client, file: PartnerFile
    ) -> None:
        RejectedRow.objects.filter(reason="bad_timestamp").update(
            raw="A884,ZYW8828,0585949015,28-02-2023 10:00,DELIVERED"
        )
        Partner.objects.filter(name="Delivered").update(
            timestamp_formats=["iso8601", "%d-%m-%Y %H:%M"]
        )

        answer = chief.post(
            f"{ADMIN}/rejectedrow/file/{file.pk}/retry/", {"reason": "bad_timestamp"}, follow=True
        )

        assert "1 went in, 1 were known, 0 still cannot be used." in messages_of(answer)
        assert CardStatus.objects.filter(card_id="ZYW8828").exists()
        assert RejectedRow.objects.filter(closed="").count() == 1

    def test_a_retry_without_a_mend_says_so(self, chief: Client, file: PartnerFile) -> None:
        answer = chief.post(f"{ADMIN}/rejectedrow/file/{file.pk}/retry/", follow=True)

        assert "0 went in, 0 were known, 3 still cannot be used." in messages_of(answer)

    def test_the_rejects_of_an_undone_file_are_not_retried(
        self, chief: Client, file: PartnerFile
    ) -> None:
        PartnerFile.objects.filter(pk=file.pk).update(state="undone")

        answer = chief.post(f"{ADMIN}/rejectedrow/file/{file.pk}/retry/", follow=True)

        assert "Only rows of an import that is done" in messages_of(answer)

    def test_the_resubmit_file_has_the_partners_columns(
        self, chief: Client, file: PartnerFile
    ) -> None:
        answer: Any = chief.get(
            f"{ADMIN}/rejectedrow/file/{file.pk}/resubmit/?reason=bad_timestamp"
        )

        lines = b"".join(answer.streaming_content).decode().splitlines()
        assert lines[0].startswith("ID,Card ID,User contact,Timestamp,Comment,")
        assert len(lines) == 3
        assert "attachment" in answer["Content-Disposition"]

    def test_dismissed_rows_stay_listed_as_closed(self, chief: Client, file: PartnerFile) -> None:
        chief.post(f"{ADMIN}/rejectedrow/file/{file.pk}/dismiss/", {"reason": "damaged_contact"})

        row = RejectedRow.objects.get(reason="damaged_contact")
        assert (row.closed, str(row.closed_by)) == ("dismissed", "chief")
        assert "Dismissed by staff" in text_of(chief.get(f"{ADMIN}/rejectedrow/"))

    def test_the_list_leads_to_the_files_to_mend(self, chief: Client, file: PartnerFile) -> None:
        page = text_of(chief.get(f"{ADMIN}/rejectedrow/"))

        assert f"{ADMIN}/rejectedrow/file/{file.pk}/" in page

    def test_with_nothing_to_mend_the_list_says_so(self, chief: Client) -> None:
        assert "Nothing to mend." in text_of(chief.get(f"{ADMIN}/rejectedrow/"))

    def test_raw_rows_are_closed_without_the_permission(
        self, client: Client, file: PartnerFile
    ) -> None:
        sign_in(client, "view_partnerfile")
        address = f"{ADMIN}/rejectedrow/file/{file.pk}"

        assert client.get(f"{address}/").status_code == 403
        assert client.get(f"{address}/resubmit/").status_code == 403
        assert client.post(f"{address}/retry/").status_code == 403
        sign_in(client, "view_rejectedrow")
        assert client.get(f"{address}/").status_code == 200
        assert client.post(f"{address}/dismiss/").status_code == 403
