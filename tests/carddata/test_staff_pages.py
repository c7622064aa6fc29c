"""The staff pages of cards: who may see what, what they say, and what their buttons do."""

import json
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from import_export.formats.base_formats import CSV

from carddata.models import (
    CardAccess,
    CardEvent,
    CardStatus,
    Partner,
    PartnerFile,
    RejectedRow,
    StaffNotice,
)
from carddata.services.files import import_file
from carddata.services.importing import run
from tests.carddata.cards import make_card, make_event, make_file

ADMIN = "/admin/carddata"
HEADER = "ID ,Card ID,User contact,Timestamp,Comment\n"
GOOD = 'A883,ZYW8827,"""0585949014""",2023-11-13T09:34:56Z,DELIVERED\n'
BAD_TIME = "A884,ZYW8828,0585949015,31-02-2023 10:00,DELIVERED\n"
BAD_PHONE = "A885,ZYW8829,5.45577E+08,2023-11-13T09:34:56Z,DELIVERED\n"
LEFT = "A886,ZYW8830,0585949017,2023-11-13T09:34:56Z,LEFT WITH NEIGHBOUR\n"

CSV_FORMAT = str(settings.IMPORT_EXPORT_FORMATS.index(CSV))


@pytest.fixture
def chief(client: Client, db: None) -> Client:
    """A browser in which an administrator is signed in."""
    client.force_login(User.objects.create_superuser("chief"))
    return client


def sign_in(client: Client, *permissions: str) -> User:
    """Sign a member of staff in who has just these permissions."""
    user = User.objects.create_user("-".join(permissions) or "nobody", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="carddata", codename__in=permissions)
    )
    client.force_login(user)
    return user


def imported(tmp_path: Path, text: str, name: str = "delivered.csv") -> PartnerFile:
    """A file of the Delivered partner, gone in."""
    path = tmp_path / name
    path.write_text(text)
    return import_file(path).file


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def messages_of(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


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
