"""Which product is meant: names compared, the bot's question, and what the customer may answer."""

import time
from datetime import UTC, datetime

import pytest

from reviews.dialogue import step
from reviews.products import Catalogue, Entry, Found, Offer
from reviews.turns import Dialogue, Rules, Said, Step, Turn

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
IPHONE, PRO = Offer(1, "iPhone 15"), Offer(2, "iPhone 15 Pro")
COFFEE = Offer(3, "Coffee for Two")
SHOP = Catalogue(
    [
        Entry(offer=IPHONE, names=("ip15",)),
        Entry(offer=PRO, names=()),
        Entry(offer=COFFEE, names=("kopi berdua",)),
        Entry(offer=Offer(4, "Ｆａｃｉａｌ Glow"), names=()),
    ]
)

EXACT = [
    ("iphone 15", [1]),
    ("  IPHONE   15 ", [1]),
    ("IP15", [1]),
    ("Kopi Berdua", [3]),
    ("facial glow", [4]),
]
NEAR = [
    ("iphnoe 15", [1]),
    ("15 iphone", [1]),
    ("Cofee for Two", [3]),
    ("iphone 15 po", [2, 1]),
]
NOTHING = ["Samsung Galaxy", "for of about", "x", "iphone 15 " * 20, "???", "", "好"]


@pytest.mark.parametrize(("typed", "keys"), EXACT)
def test_case_spacing_and_other_names_make_no_difference(typed: str, keys: list[int]) -> None:
    found = SHOP.find(typed, at_least=80)

    assert [one.key for one in found.exact] == keys
    assert found.near == ()


@pytest.mark.parametrize(("typed", "keys"), NEAR)
def test_what_is_nearly_a_name_is_offered_the_nearest_first(typed: str, keys: list[int]) -> None:
    found = SHOP.find(typed, at_least=80)

    assert found.exact == ()
    assert [one.key for one in found.near][: len(keys)] == keys


@pytest.mark.parametrize("typed", NOTHING)
def test_what_is_like_nothing_offers_nothing(typed: str) -> None:
    assert SHOP.find(typed, at_least=80) == Found()


def test_a_name_that_two_products_have_is_asked_about() -> None:
    twins = Catalogue([Entry(offer=IPHONE, names=("ip",)), Entry(offer=PRO, names=("IP",))])

    assert twins.find("ip", at_least=80).exact == (IPHONE, PRO)


def test_a_hundred_thousand_names_are_looked_through_in_a_moment() -> None:
    catalogue = Catalogue(
        Entry(offer=Offer(key, f"Sepatu kulit {key} merah"), names=()) for key in range(100_000)
    )
    began = time.process_time()

    found = [catalogue.find(f"sepatu kulti {key} merah", at_least=80) for key in (5, 50_000)]

    assert all(one.near for one in found)
    assert found[1].near[0].key == 50_000
    assert time.process_time() - began < 2


def said(text: str = "", found: Found | None = None, payload: str = "") -> Said:
    return Said(text=text, at=NOON, found=found or SHOP.find(text, at_least=80), payload=payload)


def asked(typed: str) -> Turn:
    return step(Dialogue(touched_at=NOON), said(typed), Rules())


def answered(typed: str, *texts: str) -> Dialogue:
    turn = asked(typed)
    for text in texts:
        turn = step(turn.dialogue, said(text), Rules())
    assert turn.dialogue is not None
    return turn.dialogue


def test_an_exact_name_is_not_asked_about_and_stays_as_typed() -> None:
    turn = asked("iPHONE  15")

    assert turn.dialogue is not None
    assert (turn.dialogue.step, turn.dialogue.product) == (Step.ASK_NAME, "iPHONE  15")
    assert turn.dialogue.meant == IPHONE


def test_a_catalogue_without_anything_alike_is_never_noticed() -> None:
    with_catalogue, without = (
        asked("Samsung"),
        step(Dialogue(touched_at=NOON), Said(text="Samsung", at=NOON), Rules()),
    )

    assert with_catalogue == without
    assert with_catalogue.reply is not None
    assert with_catalogue.reply.key == "ask_name"


def test_one_is_asked_for_by_name_and_several_by_number() -> None:
    one, several = asked("Cofee for Two"), asked("iphone 15 po")

    assert one.reply is not None
    assert several.reply is not None
    assert (one.reply.key, one.reply.values["product"]) == ("did_you_mean", "Coffee for Two")
    assert several.reply.key == "which_product"
    assert several.reply.values["choices"] == "1. iPhone 15 Pro\n2. iPhone 15"


MEANT = [
    ("Cofee for Two", ("yes",), COFFEE),
    ("Cofee for Two", ("Ya!",), COFFEE),
    ("Cofee for Two", ("1",), COFFEE),
    ("Cofee for Two", ("coffee FOR two",), COFFEE),
    ("Cofee for Two", ("iphone 15",), IPHONE),
    ("Cofee for Two", ("hm?", "yes"), COFFEE),
    ("Cofee for Two", ("no",), None),
    ("Cofee for Two", ("tidak",), None),
    ("Cofee for Two", ("hm?", "what?"), None),
    ("iphone 15 po", ("2",), IPHONE),
    ("iphone 15 po", ("dua",), IPHONE),
    ("iphone 15 po", ("0",), None),
    ("iphone 15 po", ("yes", "1"), PRO),
    ("iphone 15 po", ("9", "1"), PRO),
    ("iphone 15 po", ("9", "9"), None),
]


@pytest.mark.parametrize(("typed", "answers", "meant"), MEANT)
def test_whatever_is_answered_the_name_is_asked_for_next(
    typed: str, answers: tuple[str, ...], meant: Offer | None
) -> None:
    dialogue = answered(typed, *answers)

    assert (dialogue.step, dialogue.meant, dialogue.offered) == (Step.ASK_NAME, meant, ())
    if meant in (None, COFFEE, PRO):
        assert dialogue.product == typed


def test_a_button_counts_and_help_and_pictures_put_the_question_again() -> None:
    dialogue = answered("iphone 15 po")

    by_button = step(dialogue, said("The second", payload="2"), Rules())
    helped = step(dialogue, said("HELP"), Rules())
    pictured = step(dialogue, Said(text="", at=NOON, has_media=True), Rules())

    assert by_button.dialogue is not None
    assert by_button.dialogue.meant == IPHONE
    for turn, key in ((helped, "help"), (pictured, "media_only")):
        assert turn.reply is not None
        assert (turn.reply.key, turn.reply.question) == (key, "which_product")


def test_pictures_alone_do_not_hold_it_up_for_ever() -> None:
    dialogue: Dialogue | None = answered("Cofee for Two")
    for _ in range(3):
        dialogue = step(dialogue, Said(text="", at=NOON, has_media=True), Rules()).dialogue

    assert dialogue is not None
    assert (dialogue.step, dialogue.product) == (Step.ASK_NAME, "Cofee for Two")


def test_back_asks_for_the_product_again() -> None:
    assert answered("Cofee for Two", "BACK") == Dialogue(touched_at=NOON)
    assert answered("Cofee for Two", "yes", "BACK") == Dialogue(touched_at=NOON)


def test_a_day_later_the_same_question_is_gone_on_with() -> None:
    late = NOON.replace(day=3)
    resumed = step(answered("Cofee for Two"), Said(text="hi", at=late), Rules())
    turn = step(resumed.dialogue, Said(text="YES", at=late), Rules())

    assert turn.reply is not None
    assert turn.reply.key == "did_you_mean"
    assert turn.dialogue is not None
    assert turn.dialogue.offered == (COFFEE,)
