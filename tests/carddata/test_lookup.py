"""The lookup, as callers see it: what it answers and refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from carddata.models import CardAccess, CardSighting
from carddata.services.files import import_file
from tests.carddata.cards import make_card, make_event, make_file, settle
from tests.conftest import SHARED_DATA, Api

CARD_FILES = SHARED_DATA / "cards"
SEED_ANSWER = {
    "card_id": "ZYW7631",
    "user_contact": "545576586",
    "timestamp": "2023-11-14T12:34:56",
    "status": "Delivered",
    "comment": "DELIVERED",
}


@pytest.mark.skipif(not CARD_FILES.exists(), reason="the published sample files are not here")
def test_the_published_files_answer_as_they_always_did(api: Api) -> None:
    for path in sorted(CARD_FILES.glob("*.csv")):
        assert import_file(path).all_went_in

    answers = [
        api.get(f"/get_card_status/{card}").json() for card in ("ZYW7631", "ZYW8827", "ZYW8890")
    ]

    assert SEED_ANSWER.items() <= answers[0].items()
    assert [answer["status"] for answer in answers] == ["Delivered", "Delivered", "Returned"]
    assert [answer["user_contact"] for answer in answers] == ["545576586", "585949014", "534534534"]
    assert answers[2]["timestamp"] == "2023-11-14T12:00:00"


@pytest.mark.parametrize(
    "path",
    [
        "/api/cards/ZYW7631/status",
        "/api/cards/ZYW7631/status/",
        "/get_card_status/ZYW7631",
        "/get_card_status/ZYW7631/",
        "/get_card_status/zyw7631",
        "/get_card_status/%20zyw%207631%09",
        "/get_card_status/ZYW763%31",
        "/get_card_status/ＺＹＷ７６３１",
    ],
)
def test_a_card_is_answered_with_the_six_members(api: Api, path: str) -> None:
    card = make_card()

    answer = api.get(path)

    assert answer.status_code == 200
    assert answer.json() == {"id": card.pk, **SEED_ANSWER}
    assert list(answer.json()) == [
        "id", "card_id", "user_contact", "timestamp", "status", "comment",
    ]  # fmt: skip
    assert answer["Cache-Control"] == "no-store"


def test_the_timestamp_is_local_to_the_partner_and_says_no_zone(api: Api) -> None:
    make_card(
        partner="Returned", status="returned", occurred_at=datetime(2023, 11, 14, 8, 0, tzinfo=UTC)
    )

    answer = api.get("/api/cards/ZYW7631/status").json()

    assert answer["timestamp"] == "2023-11-14T12:00:00"
    assert answer["status"] == "Returned"


@pytest.mark.parametrize(
    "card_id",
    ["ZYW0000", "ZYW7631'--", "Robert');DROP", "*", "%25", "_______", "ZУW7631", "%FF%FE"],
)
def test_an_unknown_card_is_404_and_named(api: Api, card_id: str) -> None:
    make_card()

    answer = api.get(f"/api/cards/{card_id}/status")

    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    if card_id == "ZYW0000":
        assert answer.json()["detail"] == "Card ZYW0000 not found"


@pytest.mark.parametrize(
    "card_id", ["x" * 33, "x" * 10_000, "ZYW%00", "ZYW\u200b7631", "%20", "ZYW%1b[31m"]
)
def test_what_is_no_card_id_is_400_and_not_echoed(api: Api, card_id: str) -> None:
    answer = api.get(f"/api/cards/{card_id}/status")

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_card_id"
    assert answer.json()["field"] == "card_id"
    assert "xxx" not in answer.json()["detail"]
    assert not CardAccess.objects.exists()


@pytest.mark.parametrize(
    "path", ["/api/cards//status", "/get_card_status/", "/api/cards/a/b/status"]
)
def test_no_id_is_no_address(api: Api, path: str) -> None:
    assert api.get(path).status_code == 404


def test_an_etag_saves_the_body_until_the_card_moves(
    api: Api, client: Client, api_key: str
) -> None:
    card = make_card()
    first = api.get("/api/cards/ZYW7631/status")

    def ask(etag: str) -> Any:
        headers = {"Authorization": f"Api-Key {api_key}", "If-None-Match": etag}
        return client.get("/api/cards/ZYW7631/status", headers=headers)

    again = ask(first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert ask(f'W/{first["ETag"]}, "other"').status_code == 304
    assert ask("*").status_code == 304
    assert ask("garbage").status_code == 200
    assert ask('"other"').status_code == 200

    settle(make_event(file=card.event.file, status="returned", comment="", line=3))

    moved = ask(first["ETag"])
    assert moved.status_code == 200
    assert moved.json()["status"] == "Returned"


def test_detail_says_who_says_so_and_what_speaks_against_it(api: Api) -> None:
    file, second = make_file(), make_file("Returned")
    card = make_card(file=file)
    CardSighting.objects.create(event=card.event, file=second, line=9)
    make_event(file=second, status="returned", comment="", line=3)

    answer = api.get("/api/cards/ZYW7631/status?detail=1").json()

    assert answer["occurred_at"] == "2023-11-14T12:34:56+00:00"
    assert answer["phone_number"] == "+971545576586"
    assert answer["conflict"] == "same_instant"
    assert answer["stale_since"] is None
    assert SEED_ANSWER.items() <= answer.items()


def test_a_card_without_news_is_stale_and_one_at_its_end_is_not(api: Api) -> None:
    make_card("ZYW1", partner="Pickup", status="picked_up")
    make_card("ZYW2")

    old = api.get("/api/cards/ZYW1/status?detail=1").json()
    arrived = api.get("/api/cards/ZYW2/status?detail=1").json()

    assert old["stale_since"] == "2023-12-14T16:34:56+04:00"
    assert arrived["stale_since"] is None


@pytest.mark.parametrize("query", ["detail=2", "detail=", "details=1", "card_id__startswith=Z"])
def test_other_parameters_are_refused_by_name(api: Api, query: str) -> None:
    answer = api.get(f"/api/cards/ZYW7631/status?{query}")

    assert answer.status_code == 400
    assert answer.json()["field"] == query.split("=")[0]


def test_the_history_tells_each_step_with_its_file(api: Api) -> None:
    pickup, second = make_file("Pickup"), make_file("Pickup")
    picked = make_event(
        file=pickup, line=4, status="picked_up", word="", comment="",
        occurred_at=datetime(2023, 11, 13, 7, 2, tzinfo=UTC),
    )  # fmt: skip
    CardSighting.objects.create(event=picked, file=second, line=7)
    make_card()

    answer = api.get("/api/cards/zyw7631/history").json()

    assert [step["status"] for step in answer["results"]] == ["Delivered", "Picked Up"]
    assert [step["current"] for step in answer["results"]] == [True, False]
    assert answer["results"][1] == {
        "timestamp": "2023-11-13T11:02:00",
        "occurred_at": "2023-11-13T11:02:00+04:00",
        "status": "Picked Up",
        "word": "",
        "comment": "",
        "user_contact": "545576586",
        "consignment_no": "A073",
        "partner": "Pickup",
        "file": pickup.name,
        "line": 4,
        "also_in": [f"Pickup: {second.name}, line 7"],
        "current": False,
    }
    assert answer["next"] is None


def test_a_long_history_comes_in_pages(api: Api) -> None:
    card = make_card()
    for day in range(1, 29):
        for hour in range(0, 24, 5):
            make_event(
                file=card.event.file, line=day * 24 + hour, status="in_transit",
                occurred_at=datetime(2023, 10, day, hour, tzinfo=UTC),
            )  # fmt: skip

    first = api.get("/api/cards/ZYW7631/history").json()
    second = api.get("/api/cards/ZYW7631/history", cursor=first["next"]).json()

    moments = [step["occurred_at"] for step in first["results"] + second["results"]]
    assert len(moments) == 141
    assert moments == sorted(moments, reverse=True)
    assert second["next"] is None
    assert not second["results"][0]["current"]
    assert api.get("/api/cards/ZYW1/history", cursor=first["next"]).status_code == 404
    assert api.get("/api/cards/ZYW7631/history", cursor="x").status_code == 400


@pytest.mark.parametrize(
    "phone",
    [
        "+971545576586",
        "+971 54 557-6586",
        "0545576586",
        "545576586",
        "971545576586",
        "00971545576586",
    ],
)
def test_cards_are_found_by_the_phone_in_any_format(api: Api, phone: str) -> None:
    make_card("ZYW1")
    make_card("ZYW2")
    make_card("ZYW3", contact="+971585949014")

    answer = api.get("/api/cards", phone=phone)

    assert answer.status_code == 200
    assert {card["card_id"] for card in answer.json()["results"]} == {"ZYW1", "ZYW2"}
    assert {card["phone_number"] for card in answer.json()["results"]} == {"+971545576586"}
    assert api.post("/api/cards", {"phone": phone}).json() == answer.json()


def test_two_people_with_the_same_digits_are_both_listed_and_told_apart(api: Api) -> None:
    make_card("ZYW1", contact="+971545576586")
    make_card("ZYW2", contact="+966545576586")

    both = api.get("/api/cards", phone="0545576586").json()["results"]
    one = api.get("/api/cards", phone="+966545576586").json()["results"]

    assert {card["phone_number"] for card in both} == {"+971545576586", "+966545576586"}
    assert [card["card_id"] for card in one] == ["ZYW2"]


@pytest.mark.parametrize("phone", ["", "12", "hello", "5.45577E+08", "%", "1" * 70, "\x00"])
def test_what_is_no_number_is_refused(api: Api, phone: str) -> None:
    answer = api.get("/api/cards", phone=phone)

    assert answer.status_code == 400
    assert answer.json()["field"] == "phone"


def test_a_number_without_cards_is_an_empty_list(api: Api) -> None:
    assert api.get("/api/cards", phone="+971500000000").json() == {"results": [], "next": None}


def test_many_cards_are_asked_for_at_once(api: Api, django_assert_num_queries: Any) -> None:
    make_card("ZYW1")
    make_card("ZYW2")
    wanted = ["zyw2", "nothing", "ZYW1", "x" * 33, "ZYW2"]

    answer = api.post("/api/cards", {"card_ids": wanted})

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [one["index"] for one in results] == [0, 1, 2, 3, 4]
    assert [one["status"] for one in results] == [200, 404, 200, 400, 200]
    assert results[0]["card"]["card_id"] == "ZYW2"
    assert results[0]["card"] == results[4]["card"]
    assert results[1]["detail"] == "Card NOTHING not found"
    query = "&".join(f"card_id={one}" for one in wanted)
    assert api.get(f"/api/cards?{query}").json() == answer.json()
    assert set(
        CardAccess.objects.filter(kind="list").values_list("subject", "outcome").distinct()
    ) == {("ZYW1", "found"), ("ZYW2", "found"), ("NOTHING", "not_found")}


@pytest.mark.parametrize("cards", [[], ["A"] * 501, "ZYW1", [1], None, {"a": 1}])
def test_a_list_of_none_or_too_many_is_refused(api: Api, cards: Any) -> None:
    assert api.post("/api/cards", {"card_ids": cards}).status_code == 400


@pytest.mark.parametrize(
    "question", [{}, {"phone": "0812", "card_ids": ["A"]}, {"phone": 5}, [], "A", {"ids": []}]
)
def test_a_question_that_is_none_is_refused(api: Api, question: Any) -> None:
    assert api.post("/api/cards", question).status_code == 400
    assert api.get("/api/cards").status_code == 400


def test_500_cards_are_read_in_a_dozen_queries(
    api: Api, django_assert_max_num_queries: Any
) -> None:
    file = make_file()
    for number in range(500):
        make_card(f"ZYW{number}", file=file)

    with django_assert_max_num_queries(12):
        answer = api.post("/api/cards", {"card_ids": [f"ZYW{number}" for number in range(500)]})

    assert {one["status"] for one in answer.json()["results"]} == {200}


def test_a_lookup_is_two_statements_beside_the_key(
    api: Api, django_assert_max_num_queries: Any
) -> None:
    make_card()
    api.get("/api/cards/ZYW7631/status")

    with django_assert_max_num_queries(3):
        api.get("/api/cards/ZYW7631/status")
