"""The editor of the bot's words: what is kept, what is refused, and the conversation it shows."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.test import Client

from conversations.models import Line
from reviews.models import BotWords
from reviews.preview import scenes
from reviews.services.word_changes import reset_words, save_words
from reviews.services.words import words_for
from reviews.wording import KEYS, SHIPPED

EDITOR = "/admin/reviews/botwords/edit/"
PREVIEW = "/admin/reviews/botwords/preview/"
SEED = [
    "Hi",
    "Hi! Which product is this review for?",
    "iPhone 15",
    "Okay, got it. What's your name?",
    "John",
    "Please send your review for iPhone 15.",
    "Excellent phone with great camera!",
    "Thanks John -- your review for iPhone 15 has been recorded.",
]


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    user = User.objects.create_user("editor", password="x", is_staff=True)
    wanted = ["view_botwords", "change_botwords"]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client.force_login(user)
    return client


@pytest.fixture
def line(db: None) -> Line:
    return Line.objects.create(
        address="whatsapp:+14155238886", name="Reviews", purpose="reviews", asks_rating=True
    )


def test_a_box_shows_the_shipped_words_whole(editor: Client) -> None:
    page = editor.get(EDITOR, {"language": "en"}).content.decode()
    rows = dict(re.findall(r'<textarea name="(\w+)"[^>]* rows="(\d)"', page))
    assert rows["which_product"] == str(len(SHIPPED["en"]["which_product"].split("\n")) + 1)
    assert rows["ask_name"] == "2"


def texts(**changes: str) -> dict[str, str]:
    return {**SHIPPED["en"], **changes}


def bubbles(page: str) -> list[str]:
    found = re.findall(r'<p class="fs-text" dir="auto">(.*?)</p>', page, re.DOTALL)
    return [text.replace("&#x27;", "'") for text in found]


def test_the_preview_of_the_shipped_words_is_the_promised_conversation() -> None:
    first = scenes(SHIPPED["en"], language="en", asks_rating=False)[0]

    assert [said.text for said in first.lines] == SEED


@pytest.mark.parametrize("language", sorted(SHIPPED))
@pytest.mark.parametrize("asks_rating", [False, True])
def test_every_text_is_seen_in_the_preview(language: str, asks_rating: bool) -> None:
    marked = {key: f"<<{key}>>" for key in KEYS}

    shown = scenes(marked, language=language, asks_rating=asks_rating)

    said = {line.text for scene in shown for line in scene.lines if line.speaker == "bot"}
    assert said == set(marked.values())


def test_the_editor_opens_with_what_holds_now(editor: Client) -> None:
    page = editor.get(EDITOR, {"line": "", "language": "en"}).content.decode()

    assert bubbles(page)[:8] == SEED
    assert "Thanks {name} -- your review for {product} has been recorded." in page
    assert "May hold {name} {product} {rating}" in page


def test_saved_words_are_said_and_only_they_are_kept(editor: Client) -> None:
    answer = editor.post(f"{EDITOR}?line=&language=en", texts(ask_product="What did you buy?"))

    assert answer.status_code == 302
    words = BotWords.objects.get()
    assert words.texts == {"ask_product": "What did you buy?"}
    assert words.changed_by is not None
    assert words_for(None)["ask_product"] == "What did you buy?"
    assert words_for(None)["ask_name"] == SHIPPED["en"]["ask_name"]
    page = editor.get(EDITOR, {"line": "", "language": "en"}).content.decode()
    assert bubbles(page)[1] == "What did you buy?"


def test_a_line_and_a_language_have_words_of_their_own(line: Line) -> None:
    save_words(line=None, language="en", texts=texts(ask_name="Your name?"), user=None)
    save_words(line=line, language="en", texts=texts(ask_name="Who are you?"), user=None)
    save_words(line=line, language="id", texts={**SHIPPED["id"], "ask_name": "Siapa?"}, user=None)

    assert words_for(None, "en")["ask_name"] == "Your name?"
    assert words_for(line, "en")["ask_name"] == "Who are you?"
    assert words_for(line, "id")["ask_name"] == "Siapa?"
    assert words_for(None, "id")["ask_name"] == SHIPPED["id"]["ask_name"]


def test_a_line_can_say_the_shipped_words_where_every_line_says_others(line: Line) -> None:
    save_words(line=None, language="en", texts=texts(ask_name="Your name?"), user=None)

    save_words(line=line, language="en", texts=texts(), user=None)

    assert words_for(line, "en")["ask_name"] == SHIPPED["en"]["ask_name"]


def test_changes_are_undone_by_one_button(editor: Client) -> None:
    address = f"{EDITOR}?line=&language=en"
    editor.post(address, texts(ask_name="Your name?"))

    editor.post(address, {**texts(ask_name="Your name?"), "reset": "1"})

    assert words_for(None) == SHIPPED["en"]
    assert reset_words(line=None, language="en") is False


WRONG = [
    ("ask_review", "Review {produkt}, please", "{produkt}"),
    ("ask_review", "Review {Product}, please", "{Product}"),
    ("ask_review", "Review { product }, please", "{ product }"),
    ("ask_review", "Review {0}, please", "{0}"),
    ("ask_review", "Review {product!r}, please", "{product!r}"),
    ("ask_product", "Hi {name}!", "{name}"),
    ("not_text", "Sorry, only text.", "{question}"),
    ("ask_name", "", "empty"),
    ("ask_name", "   ", "empty"),
    ("ask_name", "x" * 1_001, "1000 characters"),
]


@pytest.mark.parametrize(("key", "words", "named"), WRONG)
def test_words_that_cannot_be_used_are_refused_by_name(
    editor: Client, key: str, words: str, named: str
) -> None:
    page = editor.post(f"{EDITOR}?line=&language=en", texts(**{key: words})).content.decode()

    assert named in re.sub(r"<textarea.*?</textarea>", "", page, flags=re.DOTALL)
    assert "errorlist" in page
    assert not BotWords.objects.exists()


def test_the_service_refuses_too(db: None) -> None:
    with pytest.raises(ValidationError) as refusal:
        save_words(line=None, language="en", texts=texts(thanks="Bye {nobody}"), user=None)

    assert "{nobody}" in str(refusal.value)
    with pytest.raises(ValidationError):
        save_words(line=None, language="fr", texts=texts(), user=None)
    assert not BotWords.objects.exists()


def test_the_preview_follows_what_is_typed_and_keeps_nothing(editor: Client) -> None:
    answer = editor.post(
        f"{PREVIEW}?line=&language=en", texts(thanks="Bless you, {name}! {product} noted.")
    )

    page = answer.content.decode()
    assert bubbles(page)[7] == "Bless you, John! iPhone 15 noted."
    assert "<html" not in page
    assert not BotWords.objects.exists()


def test_the_preview_names_what_is_wrong_with_what_is_typed(editor: Client) -> None:
    page = editor.post(
        f"{PREVIEW}?line=&language=en", texts(thanks="Thanks {nmae}", ask_name="")
    ).content.decode()

    assert "{nmae}" in page
    assert "may not be empty" in page
    assert "fs-wrong" in page


def test_without_scripts_a_button_shows_the_preview(editor: Client) -> None:
    page = editor.post(
        f"{EDITOR}?line=&language=en", {**texts(ask_product="What was it?"), "preview": "1"}
    ).content.decode()

    assert bubbles(page)[1] == "What was it?"
    assert not BotWords.objects.exists()


def test_a_line_that_asks_for_stars_shows_them_in_its_conversation(
    editor: Client, line: Line
) -> None:
    page = editor.get(EDITOR, {"line": str(line.pk), "language": "en"}).content.decode()

    assert bubbles(page)[7] == "How many stars do you give it, from 1 to 5?"


def test_what_is_typed_is_shown_as_text(editor: Client) -> None:
    page = editor.post(
        f"{PREVIEW}?line=&language=en", texts(ask_name="<img src=x onerror=alert(1)>")
    ).content.decode()

    assert "<img" not in page


@pytest.mark.parametrize(
    "query", ["?line=&language=fr", "?line=x&language=en", "?line=999&language=en", "?line=-1"]
)
def test_an_address_of_nothing_is_not_found(editor: Client, query: str) -> None:
    assert editor.get(f"{EDITOR}{query}").status_code == 404


@pytest.mark.parametrize("permissions", [[], ["view_botwords"]])
def test_who_may_not_change_words_sees_no_editor(
    client: Client, db: None, permissions: list[str]
) -> None:
    user = User.objects.create_user("viewer", password="x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client.force_login(user)

    assert client.get(EDITOR).status_code == 403
    assert client.post(PREVIEW, texts()).status_code == 403
    expected = 200 if permissions else 403
    assert client.get("/admin/reviews/botwords/").status_code == expected


def test_the_list_leads_to_every_editor(editor: Client, line: Line) -> None:
    save_words(line=line, language="id", texts={**SHIPPED["id"], "ask_name": "Siapa?"}, user=None)

    page = editor.get("/admin/reviews/botwords/").content.decode()

    assert page.count("Edit with preview") == 4
    assert f"?line={line.pk}&amp;language=id" in page
    assert "1 text," in page


LINES: list[tuple[dict[str, Any], str]] = [
    ({"address": "+1 415 523 8886"}, ""),
    ({"address": "whatsapp:+14155238886"}, ""),
    ({"address": "14155238886"}, "whatsapp:+14155238886"),
    ({"address": "whatsapp:QWERTY"}, "whatsapp:+14155238886"),
    ({"account_sid": "AC12"}, "AC and 32"),
    ({"messaging_service_sid": "SM" + "0" * 32}, "MG and 32"),
    ({"starts": "keyword", "start_words": " "}, "at least one word"),
]


@pytest.mark.parametrize(("change", "trouble"), LINES)
def test_a_line_is_checked_before_it_is_kept(
    admin_client: Client, change: dict[str, Any], trouble: str
) -> None:
    values = {
        "address": "whatsapp:+14155238886",
        "name": "Reviews",
        "purpose": "reviews",
        "starts": "always",
        "start_words": "",
        "language": "id",
        "is_active": "on",
        "account_sid": "",
        "messaging_service_sid": "",
        **change,
    }

    page = admin_client.post("/admin/conversations/line/add/", values, follow=True)

    if trouble:
        assert trouble in page.content.decode()
        assert not Line.objects.exists()
    else:
        assert Line.objects.get().address == "whatsapp:+14155238886"
