"""What pages say where something is amiss or unnamed: in the viewer's language, for people."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.html import escape
from django.utils.timezone import now
from django.utils.translation import override
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from conversations.error_words import SHIPPED
from conversations.models import ErrorMeaning, InboundEvent, Line, RawFile
from funnel_site.lib.problems import server_error
from funnel_site.lib.words import translated
from funnel_site.navigation import sidebar
from funnels.models import KeywordSync
from reviews.models import CatalogueProduct

pytestmark = pytest.mark.django_db
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def agent_of(client: Client) -> User:
    agent = User.objects.create_user("dewi", is_staff=True)
    agent.groups.add(Group.objects.get(name="Support agent"))
    client.force_login(agent)
    return agent


@pytest.mark.parametrize(("address", "status"), [("nowhere/", 404), ("auth/user/", 403)])
def test_staff_get_a_page_and_programs_a_problem(client: Client, address: str, status: int) -> None:
    agent_of(client)

    page = client.get(f"/admin/{address}", headers=BROWSER)
    problem = client.get(f"/admin/{address}")

    assert page.status_code == problem.status_code == status
    assert 'href="/admin/"' in page.content.decode()
    assert problem.json()["status"] == status


def test_a_failure_says_so_without_the_site_around_it(client: Client) -> None:
    request = RequestFactory(headers=BROWSER).get("/admin/")
    request.user = agent_of(client)

    page = server_error(request)

    assert page.status_code == 500
    assert "This failed on our side" in page.content.decode()


def test_a_row_is_called_as_it_is_written(admin_client: Client) -> None:
    product = CatalogueProduct.objects.create(name="iPhone 15", folded="iphone 15")

    page = admin_client.get(f"/admin/reviews/catalogueproduct/{product.pk}/change/")

    assert "IPhone" not in page.content.decode()


def choose(client: Client, language: str) -> None:
    client.post(reverse("admin:access_account_looks"), {"language": language, "time_zone": ""})


def test_what_is_kept_in_english_is_told_in_the_viewers_language(admin_client: Client) -> None:
    moment = now()
    InboundEvent.objects.create(
        source="api",
        dedupe_key="1",
        body=b"{}",
        received_at=moment,
        processed_at=moment,
        state="failed",
        error_code="too_long",
        error="text: At most 4096 characters.",
    )
    KeywordSync.objects.create(
        source="x.csv",
        started_at=moment,
        finished_at=moment,
        state=KeywordSync.State.REFUSED,
        error="The file x.csv cannot be read.",
        rejected=["line 5: the phrase is empty"],
    )
    every = IntervalSchedule.objects.create(every=5, period="seconds")
    PeriodicTask.objects.create(name="drain the inbox", task="x", interval=every)
    choose(admin_client, "id")

    def page(address: str) -> str:
        return admin_client.get(f"/admin/{address}").content.decode()

    assert "text: Maksimal 4096 karakter." in page("conversations/inboundevent/")
    assert "Berkas x.csv tidak dapat dibaca." in page("funnels/keywordsync/")
    keywords = page("funnels/keyword/")
    assert "baris 5: frasanya kosong" in keywords
    overview = page("operations/taskrun/overview/")
    assert "Sinkronkan kata kunci" in overview
    assert "Sync the keywords" not in overview
    assert "proses kotak masuk" in page("django_celery_beat/periodictask/")


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("Simple rule: 12 customers came back; the model wants 50.", "Aturan sederhana: 12 pelanggan kembali; model memerlukan 50."),
        ("purchase_date: not a year from 1900 to 2100", "purchase_date: bukan tahun dari 1900 sampai 2100"),
        ("The first line: The line has a NUL byte.", "Baris pertama: Baris memuat bita NUL."),
        ("12 of 300 rows cannot be used, more than 10%: nothing was applied. The rows that had gone in were taken back.",
         "12 dari 300 baris tidak dapat dipakai, lebih dari 10%: tidak ada yang diterapkan. Baris yang sudah masuk ditarik kembali."),
        ("Replayed 3 dead letters; export.csv", "Memutar ulang 3 surat mati; export.csv"),
        # Whatever is not ours stays.
        ("The 'To' number is not valid", "The 'To' number is not valid"),
        ("the %(name)s of 100% (", "the %(name)s of 100% ("),
        ("; ", "; "),
        (" ", " "),
        ("", ""),
    ],
)  # fmt: skip
def test_a_kept_sentence_is_found_again_by_its_pattern(english: str, told: str) -> None:
    with override("id"):
        assert translated(english) == told
    with override("en"):
        assert translated(english) == english


def test_shipped_error_codes_are_told_and_keep_their_english_to_edit(admin_client: Client) -> None:
    assert set(ErrorMeaning.objects.values_list("words", flat=True)) == set(SHIPPED)
    meaning = ErrorMeaning.objects.get(code="63003")
    choose(admin_client, "id")

    listed = admin_client.get("/admin/conversations/errormeaning/?q=63003").content.decode()
    page = admin_client.get(f"/admin/conversations/errormeaning/{meaning.pk}/change/")

    assert "Nomornya tidak ada di WhatsApp" in listed
    assert meaning.words in page.content.decode()


@pytest.mark.parametrize("language", ["en", "id"])
def test_a_page_has_one_name_in_the_menu_and_above_it(admin_client: Client, language: str) -> None:
    user = User.objects.get()
    choose(admin_client, language)
    CatalogueProduct.objects.create(name="Yoga", folded="yoga")
    request = RequestFactory().get("/admin/")
    request.user = user
    with override(language):
        links = [one for section in sidebar(request) for one in section["items"]]
        names = {str(one["link"]): str(one["title"]) for one in links}
    # The reviews that wait are the list of reviews with a filter.
    names.pop("/admin/reviews/review/waiting/")

    wrong = []
    for link, name in names.items():
        shown = admin_client.get(link, follow=True).content.decode()
        above = shown.partition('id="header-inner"')[2][:6_000]
        if escape(name) not in above:
            wrong.append((link, name))
    assert wrong == []


def test_a_line_of_a_file_is_not_a_line_of_ours() -> None:
    with override("id"):
        assert str(Line._meta.verbose_name) == "lini"
        assert str(RawFile._meta.get_field("lines").verbose_name) == "baris berkas"
