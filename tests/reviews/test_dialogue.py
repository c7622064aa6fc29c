"""The dialogue as a function: what each text leads to from each step, and what never happens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reviews import models
from reviews.dialogue import LONGEST_REVIEW, step
from reviews.products import Found, Offer
from reviews.stars import read_rating
from reviews.turns import Dialogue, Ending, Rules, Said, Step, Turn
from reviews.wording import KEYS, SHIPPED, problems, render, words_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
AT = {
    Step.START: Dialogue(touched_at=NOON),
    Step.ASK_NAME: Dialogue(step=Step.ASK_NAME, product="Coffee for Two", touched_at=NOON),
    Step.ASK_REVIEW: Dialogue(
        step=Step.ASK_REVIEW, product="Coffee for Two", name="Ana", touched_at=NOON
    ),
    Step.ASK_RATING: Dialogue(
        step=Step.ASK_RATING, product="Coffee for Two", name="Ana", review="Good", touched_at=NOON
    ),
    Step.ASK_MEANT: Dialogue(
        step=Step.ASK_MEANT, product="Cofee", offered=(Offer(1, "Coffee for Two"),), touched_at=NOON
    ),
    Step.ASK_RESUME: Dialogue(step=Step.ASK_RESUME, product="Coffee for Two", touched_at=NOON),
}
QUESTIONS = {"did_you_mean", "product_again", "name_again", "ask_review", "ask_rating", "resume"}


def said(text: str = "", **values: object) -> Said:
    return Said(**{"text": text, "at": NOON, **values})  # type: ignore[arg-type]


def answer(where: Step | None, text: str, rules: Rules | None = None, **values: object) -> Turn:
    return step(AT[where] if where else None, said(text, **values), rules or Rules())


def key(turn: Turn) -> str:
    return turn.reply.key if turn.reply else ""


def test_the_steps_are_those_of_the_table() -> None:
    assert {one.value for one in Step} == set(models.Step.values)


def test_what_people_type_is_kept_as_it_is() -> None:
    turn = answer(Step.START, "Coffee for Two, about the review of")

    assert turn.dialogue is not None
    assert turn.dialogue.product == "Coffee for Two, about the review of"


@pytest.mark.parametrize("where", AT)
@pytest.mark.parametrize("word", ["RESET", "reset", " Ulang ", "RESTART!"])
def test_reset_begins_again_from_every_step(where: Step, word: str) -> None:
    turn = answer(where, word)

    assert turn.dialogue == Dialogue(touched_at=NOON)
    assert key(turn) == "ask_product"


@pytest.mark.parametrize("where", AT)
def test_batal_ends_it_from_every_step(where: Step) -> None:
    turn = answer(where, "batal")

    assert (turn.dialogue, key(turn), turn.ended) == (None, "cancelled", Ending.CANCELLED)


@pytest.mark.parametrize(
    ("where", "before"),
    [
        (Step.START, Step.START),
        (Step.ASK_NAME, Step.START),
        (Step.ASK_REVIEW, Step.ASK_NAME),
        (Step.ASK_RATING, Step.ASK_REVIEW),
    ],
)
def test_back_goes_to_the_question_before_and_forgets_its_answer(where: Step, before: Step) -> None:
    turn = answer(where, "BACK")

    assert turn.dialogue is not None
    assert turn.dialogue.step is before
    fields = {Step.START: "product", Step.ASK_NAME: "name", Step.ASK_REVIEW: "review"}
    assert getattr(turn.dialogue, fields[before]) == ""


@pytest.mark.parametrize("where", AT)
@pytest.mark.parametrize("word", ["HELP", "info", "bantuan", "status"])
def test_help_puts_the_question_again_and_moves_nothing(where: Step, word: str) -> None:
    turn = answer(where, word)

    assert turn.dialogue == AT[where]
    assert turn.reply is not None
    assert turn.reply.question in QUESTIONS


@pytest.mark.parametrize("where", [None, *AT])
@pytest.mark.parametrize("word", ["STOP", "stop ", "Berhenti", "CANCEL", "quit", "unsubscribe."])
def test_the_opt_out_words_end_it_with_one_confirmation(where: Step | None, word: str) -> None:
    first = answer(where, word)
    second = answer(None, word, is_opted_out=True)
    by_twilio = answer(where, word, is_answered=True)

    assert (first.dialogue, key(first)) == (None, "opted_out")
    assert (second.dialogue, second.reply) == (None, None)
    assert (by_twilio.dialogue, by_twilio.reply) == (None, None)


@pytest.mark.parametrize(
    "text", ["please stop by the shop", "cancel my order", "stopping", "end it"]
)
def test_a_word_within_a_sentence_is_an_answer(text: str) -> None:
    assert key(answer(Step.ASK_REVIEW, text)) == "thanks"


def test_silence_between_stop_and_start() -> None:
    assert answer(None, "hello", is_opted_out=True).reply is None
    assert key(answer(None, "START", is_opted_out=True)) == "opted_in"
    assert key(answer(None, "START")) == "ask_product"


@pytest.mark.parametrize("where", AT)
@pytest.mark.parametrize(
    ("values", "hint"), [({}, "not_text"), ({"has_media": True}, "media_only")]
)
def test_what_has_no_words_is_asked_for_again(
    where: Step, values: dict[str, Any], hint: str
) -> None:
    turn = answer(where, "", None, **values)

    assert turn.dialogue == replace(AT[where], misses=1)
    assert turn.reply is not None
    assert (turn.reply.key, turn.reply.question in QUESTIONS) == (hint, True)


@pytest.mark.parametrize(
    ("where", "length"),
    [(Step.START, 201), (Step.ASK_NAME, 101), (Step.ASK_REVIEW, LONGEST_REVIEW + 1)],
)
def test_limits_on_both_sides(where: Step, length: int) -> None:
    assert key(answer(where, "x" * length)) == "too_long"
    assert key(answer(where, "x" * (length - 1))) != "too_long"


def test_a_picture_with_words_is_a_review() -> None:
    assert key(answer(Step.ASK_REVIEW, "Look at this!", has_media=True)) == "thanks"


def test_a_name_that_never_comes_is_the_profiles() -> None:
    dialogue = replace(AT[Step.ASK_NAME], misses=2)

    turn = step(dialogue, said("https://x.example", profile_name="Johnny"), Rules())
    without = step(dialogue, said("https://x.example"), Rules())

    assert turn.dialogue is not None
    assert (turn.dialogue.step, turn.dialogue.name) == (Step.ASK_REVIEW, "Johnny")
    assert key(without) == "not_a_name"


@pytest.mark.parametrize("word", ["same", "OK", "sama"])
def test_the_profiles_name_on_request(word: str) -> None:
    turn = answer(Step.ASK_NAME, word, profile_name="Johnny")

    assert turn.dialogue is not None
    assert turn.dialogue.name == "Johnny"


RATINGS = [
    ("1", 1),
    ("5/5", 5),
    (" 4 stars", 4),
    ("3 bintang", 3),
    ("⭐⭐⭐⭐", 4),
    ("⭐️⭐️", 2),
    ("★", 1),
    ("four", 4),
    ("Lima", 5),
    ("0", None),
    ("6", None),
    ("good", None),
    ("⭐" * 6, None),
    ("5/10", None),
    ("٣", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "stars"), RATINGS)
def test_stars_as_people_write_them(text: str, stars: int | None) -> None:
    assert read_rating(text) == stars


def test_stars_are_asked_for_twice_and_then_left_out() -> None:
    rules = Rules(asks_rating=True)
    asked = answer(Step.ASK_REVIEW, "Good", rules)
    again = step(asked.dialogue, said("very good"), rules)
    left_out = step(again.dialogue, said("really"), rules)
    by_button = step(again.dialogue, said("Great", payload="4"), rules)

    assert [key(one) for one in (asked, again, left_out)] == [
        "ask_rating",
        "not_a_rating",
        "thanks",
    ]
    assert left_out.dialogue is not None
    assert left_out.dialogue.rating is None
    assert by_button.dialogue is not None
    assert by_button.dialogue.rating == 4


def test_a_dialogue_expires_after_its_time_and_not_before() -> None:
    rules = Rules(lifetime=timedelta(hours=24))
    in_time = said("Ana", at=NOON + timedelta(hours=24))
    late = said("Ana", at=NOON + timedelta(hours=24, seconds=1))

    kept, expired = (step(AT[Step.ASK_NAME], one, rules) for one in (in_time, late))

    assert key(kept) == "ask_review"
    assert (key(expired), expired.ended) == ("resume", Ending.EXPIRED)


def test_how_a_line_lets_the_bot_start() -> None:
    keyword = Rules(starts="keyword", start_words=frozenset({"review", "mau ulas"}))
    invited = Rules(starts="invited")

    assert answer(None, "hello", keyword).reply is None
    assert answer(None, "HELP", keyword).reply is None
    assert key(answer(None, " Mau   ULAS ", keyword)) == "ask_product"
    assert answer(None, "review", invited).reply is None
    assert key(answer(None, "yes!", replace(invited, is_invited=True))) == "ask_product"
    assert key(answer(None, "yes!", replace(keyword, is_invited=True))) == "ask_product"
    assert answer(None, "review", Rules(starts="never")).reply is None


def test_every_language_has_all_words_and_they_can_be_used() -> None:
    for language, words in SHIPPED.items():
        assert set(words) == set(KEYS), language
        assert problems(words) == {}


def test_words_that_could_not_work_are_refused() -> None:
    wrong = {
        "thanks": "Thanks {nmae}",
        "ask_name": " ",
        "not_text": "Only text, please",
        "hello": "x",
        "ask_product": "x" * 1_001,
        "help": 5,
    }

    assert set(problems(wrong)) == set(wrong)


@given(
    st.dictionaries(st.sampled_from(["product", "name"]), st.text(), max_size=2),
    st.sampled_from(sorted(KEYS)),
)
def test_what_customers_type_is_never_taken_for_a_placeholder(
    values: dict[str, str], name: str
) -> None:
    text = render(words_of({}, "en"), name, values)

    assert len(text) <= 1_600


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(min_size=1_590, max_size=1_610),
    st.sampled_from(
        "Hi|RESET|BACK|BATAL|HELP|STOP|START|YES|5|⭐⭐|good|same|https://x|\x00|review|".split("|")
    ),
)
OFFERS = st.lists(st.sampled_from([Offer(1, "Tea"), Offer(2, "Coffee")]), unique=True).map(tuple)
FOUND = st.builds(Found, exact=OFFERS, near=OFFERS)
RULES = st.builds(
    Rules,
    starts=st.sampled_from(["always", "keyword", "invited", "never"]),
    start_words=st.just(frozenset({"review"})),
    is_invited=st.booleans(),
    asks_rating=st.booleans(),
)


class DialogueMachine(RuleBasedStateMachine):
    """A customer who says anything at all, at any pace, on any line."""

    def __init__(self) -> None:
        super().__init__()
        self.dialogue: Dialogue | None = None
        self.now = NOON
        self.is_out = False
        self.given: set[str] = set()
        self.turn: Turn | None = None

    @initialize(rules=RULES)
    def choose_line(self, rules: Rules) -> None:
        self.line_rules = rules

    @rule(
        text=TEXTS,
        minutes=st.integers(0, 2_000),
        has_media=st.booleans(),
        profile=st.sampled_from(["", "Johnny"]),
        payload=st.sampled_from(["", "3", "review"]),
        answered=st.sampled_from([False, False, False, True]),
        found=FOUND,
    )
    def say(
        self,
        text: str,
        minutes: int,
        has_media: bool,
        profile: str,
        payload: str,
        answered: bool,
        found: Found,
    ) -> None:
        self.now += timedelta(minutes=minutes)
        heard = Said(
            text=text.strip(),
            at=self.now,
            has_media=has_media,
            media_words="(1 picture)" if has_media else "",
            profile_name=profile,
            payload=payload,
            found=found,
            is_opted_out=self.is_out,
            is_answered=answered,
        )
        before = self.dialogue
        self.turn = turn = step(before, heard, self.line_rules)
        self.given |= {heard.text, profile, heard.media_words}
        assert step(before, heard, self.line_rules) == turn
        if turn.dialogue is not None and turn.dialogue.step is Step.FINISH:
            self.check_review(before, turn)
            self.dialogue = None
        else:
            assert turn.ended is not Ending.FINISHED
            self.dialogue = turn.dialogue
        if before is not None and self.dialogue is None:
            assert turn.ended is not None
        if turn.reply is not None:
            words = words_of({}, "id")
            assert turn.reply.key in KEYS
            question = (
                render(words, turn.reply.question, turn.reply.values) if turn.reply.question else ""
            )
            values = {**turn.reply.values, "question": question}
            assert 0 < len(render(words, turn.reply.key, values)) <= 1_600
        if heard.text.upper() == "STOP":
            self.is_out = True
        elif self.is_out and heard.text.upper() in ("START", "YES"):
            self.is_out = False

    def check_review(self, before: Dialogue | None, turn: Turn) -> None:
        review = turn.dialogue
        assert before is not None
        assert review is not None
        assert turn.ended is Ending.FINISHED
        answers = (review.product, review.name, review.review)
        assert all(answers)
        assert set(answers) <= self.given
        assert review.rating in (None, 1, 2, 3, 4, 5)

    @rule()
    def there_is_always_a_way_out(self) -> None:
        if self.dialogue is not None:
            out = step(
                self.dialogue, said("BATAL", at=self.now, is_opted_out=self.is_out), self.line_rules
            )
            assert out.dialogue is None

    @invariant()
    def what_is_asked_for_is_what_is_missing(self) -> None:
        if self.dialogue is None:
            return
        if self.dialogue.step is Step.ASK_RESUME:
            # Whether to go on is asked of a draft, with whatever it holds.
            assert self.dialogue.product
            return
        assert bool(self.dialogue.offered) == (self.dialogue.step is Step.ASK_MEANT)
        known = [self.dialogue.product, self.dialogue.name, self.dialogue.review]
        asked = [Step.ASK_NAME, Step.ASK_REVIEW, Step.ASK_RATING]
        if self.dialogue.step is Step.ASK_MEANT:
            answered = 1
        else:
            answered = [Step.START, *asked].index(self.dialogue.step)
        assert all(known[:answered])
        assert not any(known[answered:])


TestDialogueMachine = DialogueMachine.TestCase
TestDialogueMachine.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
