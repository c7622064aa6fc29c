"""The review dialogue as a pure function: where it stands and what was said, to what comes next.

START (→ ASK_MEANT) → ASK_NAME → ASK_REVIEW (→ ASK_RATING) → FINISH, and ASK_RESUME where one
expired. A step is named after what the bot has asked: START is the product, ASK_MEANT which one of
the catalogue that is. No database and no clock; every text from any step gives a turn, BATAL and the
opt-out words always end it, and a review comes only of a dialogue with all its answers.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from conversations.consent_words import is_opt_in, is_opt_out, one_word
from reviews.products import Offer
from reviews.stars import NUMBER_WORDS, read_rating
from reviews.turns import Dialogue, Ending, Reply, Rules, Said, Step, Turn

LONGEST_PRODUCT = 200
LONGEST_NAME = 100
LONGEST_REVIEW = 1_600
"""Of all its messages together."""
MOST_MISSES = 2
"""Unusable answers to the name or the rating before the dialogue goes on without them."""

RESET = frozenset({"RESET", "RESTART", "ULANG", "ULANGI"})
BACK = frozenset({"BACK", "KEMBALI"})
CANCEL = frozenset({"BATAL"})
HELP = frozenset({"HELP", "INFO", "STATUS", "BANTUAN", "TOLONG"})
GO_ON = frozenset({"YES", "Y", "YA", "IYA", "OK", "OKE", "OKAY", "LANJUT", "LANJUTKAN", "CONTINUE"})
NO = frozenset({"NO", "N", "NOPE", "TIDAK", "TAK", "GAK", "NGGAK", "ENGGAK", "BARU", "NEW"})
NONE_OF_THEM = frozenset({"0", "NONE", "BUKAN"})
SAME_NAME = frozenset({"SAME", "SAMA", "OK", "OKE", "OKAY", "YES", "YA"})
LIKE_AN_ADDRESS = re.compile(r"https?://|www\.", re.IGNORECASE)

QUESTION = {
    Step.START: "ask_product",
    Step.ASK_MEANT: "did_you_mean",
    Step.ASK_NAME: "ask_name",
    Step.ASK_REVIEW: "ask_review",
    Step.ASK_RATING: "ask_rating",
    Step.ASK_RESUME: "resume",
}
AGAIN = {**QUESTION, Step.START: "product_again", Step.ASK_NAME: "name_again"}
"""The questions where they are put once more, without what greets or confirms."""
BEFORE = {
    Step.ASK_MEANT: Step.START,
    Step.ASK_NAME: Step.START,
    Step.ASK_REVIEW: Step.ASK_NAME,
    Step.ASK_RATING: Step.ASK_REVIEW,
}
LIMIT = {Step.START: LONGEST_PRODUCT, Step.ASK_NAME: LONGEST_NAME, Step.ASK_REVIEW: LONGEST_REVIEW}


def step(dialogue: Dialogue | None, said: Said, rules: Rules) -> Turn:
    """The next turn. A finished dialogue comes back with step FINISH and all its answers."""
    ended: Ending | None = None
    draft: Dialogue | None = None
    if dialogue is not None and said.at - dialogue.touched_at > rules.lifetime:
        draft = dialogue if dialogue.product and dialogue.step is not Step.ASK_RESUME else None
        dialogue, ended = None, Ending.EXPIRED
    turn = _consent(dialogue, said) or (
        _begin(said, rules, draft) if dialogue is None else _go_on(dialogue, said, rules)
    )
    if turn.dialogue is not None:
        touched = max(said.at, dialogue.touched_at) if dialogue else said.at
        turn = replace(turn, dialogue=replace(turn.dialogue, touched_at=touched))
    return replace(turn, ended=turn.ended or ended)


def _consent(dialogue: Dialogue | None, said: Said) -> Turn | None:
    """STOP and START, and silence in between. Twilio's own answer is the only one, if it gave one."""
    if is_opt_out(said.text):
        is_told = said.is_answered or said.is_opted_out
        return Turn(
            dialogue=None,
            reply=None if is_told else Reply(key="opted_out"),
            ended=Ending.OPTED_OUT if dialogue else None,
        )
    if said.is_answered:
        return Turn(dialogue=dialogue)
    if said.is_opted_out:
        return Turn(
            dialogue=None,
            reply=Reply(key="opted_in") if is_opt_in(said.text) else None,
            ended=Ending.OPTED_OUT if dialogue else None,
        )
    return None


def _begin(said: Said, rules: Rules, draft: Dialogue | None) -> Turn:
    """No dialogue is going on: does this message begin one?

    Where the last one expired with answers in it, whether to go on with them is asked first; once,
    because a dialogue that expires at that very question leaves no draft.
    """
    word = one_word(said.text)
    if not _starts(said, rules):
        return Turn(dialogue=None)
    if rules.starts == "always" and word in HELP:
        return Turn(dialogue=None, reply=Reply(key="help", values={"question": ""}))
    if rules.starts == "always" and (word in CANCEL or word in BACK):
        return Turn(dialogue=None, reply=Reply(key="nothing"))
    if draft is not None and word not in RESET:
        return _ask(replace(draft, step=Step.ASK_RESUME, misses=0, touched_at=said.at))
    return _ask(Dialogue(touched_at=said.at))


def _starts(said: Said, rules: Rules) -> bool:
    if rules.starts == "always":
        return True
    if rules.starts in ("keyword", "invited") and rules.is_invited:
        return True
    words = {" ".join(text.casefold().split()) for text in (said.text, said.payload) if text}
    return rules.starts == "keyword" and not words.isdisjoint(rules.start_words)


def _go_on(dialogue: Dialogue, said: Said, rules: Rules) -> Turn:
    if dialogue.step is Step.ASK_RESUME and said.at < dialogue.touched_at:
        # Sent before the message that found the dialogue expired: an answer to the draft.
        dialogue = _resumed(dialogue)
    turn = _command(dialogue, one_word(said.text), said.at)
    if turn is not None:
        return turn
    if not said.text and said.media_words and dialogue.step is Step.ASK_REVIEW and dialogue.misses:
        # Words have been asked for once: then the picture is the review.
        return _take_review(dialogue, replace(said, text=said.media_words), rules)
    if not said.text:
        return _unusable(dialogue, said, "media_only" if said.has_media else "not_text")
    limit = LIMIT.get(dialogue.step, LONGEST_REVIEW)
    if len(said.text) > limit:
        return _unusable(dialogue, said, "too_long", limit=str(limit))
    return _take_answer(dialogue, said, rules)


def _take_answer(dialogue: Dialogue, said: Said, rules: Rules) -> Turn:
    match dialogue.step:
        case Step.START:
            return _take_product(dialogue, said)
        case Step.ASK_MEANT:
            return _take_meant(dialogue, said)
        case Step.ASK_NAME:
            return _take_name(dialogue, said)
        case Step.ASK_REVIEW:
            return _take_review(dialogue, said, rules)
        case Step.ASK_RATING:
            return _take_rating(dialogue, said, rules)
        case Step.ASK_RESUME:
            return _take_resume(dialogue, said)
        case Step.FINISH:
            return _ask(Dialogue(touched_at=said.at))


def _command(dialogue: Dialogue, word: str, at: datetime) -> Turn | None:
    """RESET, BATAL, BACK and HELP, at any step."""
    if word in RESET:
        return _ask(Dialogue(touched_at=at))
    if word in CANCEL:
        return Turn(dialogue=None, reply=Reply(key="cancelled"), ended=Ending.CANCELLED)
    if word in BACK:
        return _ask(_one_back(dialogue), AGAIN)
    if word in HELP:
        return _hint(dialogue, "help")
    return None


def _values(dialogue: Dialogue) -> dict[str, str]:
    offered = dialogue.offered
    asked = offered[0] if dialogue.step is Step.ASK_MEANT and len(offered) == 1 else None
    shown = dialogue.meant or asked
    return {
        "product": shown.name if shown else dialogue.product,
        "typed": dialogue.product,
        "choices": "\n".join(f"{place}. {one.name}" for place, one in enumerate(offered, start=1)),
        "name": dialogue.name,
        "rating": "" if dialogue.rating is None else str(dialogue.rating),
    }


def _question(dialogue: Dialogue, questions: Mapping[Step, str]) -> str:
    if dialogue.step is Step.ASK_MEANT and len(dialogue.offered) > 1:
        return "which_product"
    return questions.get(dialogue.step, "")


def _ask(dialogue: Dialogue, questions: Mapping[Step, str] = QUESTION) -> Turn:
    return Turn(
        dialogue=dialogue,
        reply=Reply(key=_question(dialogue, questions), values=_values(dialogue)),
    )


def _hint(dialogue: Dialogue, key: str, **values: str) -> Turn:
    """Say something, and put the present question again."""
    return Turn(
        dialogue=dialogue,
        reply=Reply(
            key=key,
            values={**_values(dialogue), **values},
            question=_question(dialogue, AGAIN),
        ),
    )


def _one_back(dialogue: Dialogue) -> Dialogue:
    """The dialogue as it stood before the last answer."""
    match BEFORE.get(dialogue.step):
        case Step.ASK_NAME:
            return replace(dialogue, step=Step.ASK_NAME, name="", misses=0)
        case Step.ASK_REVIEW:
            return replace(dialogue, step=Step.ASK_REVIEW, review="", misses=0)
        case _:
            return Dialogue(touched_at=dialogue.touched_at)


def _missed(dialogue: Dialogue) -> Dialogue:
    return replace(dialogue, misses=min(dialogue.misses + 1, 1_000))


def _unusable(dialogue: Dialogue, said: Said, key: str, **values: str) -> Turn:
    """A picture, a place, nothing at all, too much: asked again, but not for ever."""
    return _give_up(dialogue, said) or _hint(_missed(dialogue), key, **values)


def _give_up(dialogue: Dialogue, said: Said) -> Turn | None:
    """After two misses: the product is what was typed, the name the profile's, if it has one, and
    stars are left out.
    """
    if dialogue.misses < MOST_MISSES:
        return None
    if dialogue.step is Step.ASK_MEANT:
        return _producted(dialogue)
    if dialogue.step is Step.ASK_NAME and said.profile_name:
        return _named(dialogue, said.profile_name[:LONGEST_NAME])
    if dialogue.step is Step.ASK_RATING:
        return _finish(dialogue)
    if dialogue.step is Step.ASK_RESUME:
        return _ask(Dialogue(touched_at=said.at))
    return None


def _take_product(dialogue: Dialogue, said: Said) -> Turn:
    """What was typed is kept as it is, beside the product of the catalogue that it is."""
    told = replace(dialogue, step=Step.START, product=said.text, offered=())
    if len(said.found.exact) == 1:
        return _producted(told, said.found.exact[0])
    offered = said.found.exact or said.found.near
    if offered:
        return _ask(replace(told, step=Step.ASK_MEANT, offered=offered, misses=0))
    return _producted(told)


def _producted(dialogue: Dialogue, meant: Offer | None = None) -> Turn:
    return _ask(replace(dialogue, step=Step.ASK_NAME, meant=meant, offered=(), misses=0))


def _take_meant(dialogue: Dialogue, said: Said) -> Turn:
    """Yes, no, a number or a name; after one more question the product stays as it was typed."""
    word = one_word(said.payload) or one_word(said.text)
    if chosen := _chosen(dialogue.offered, said, word):
        return _producted(dialogue, chosen)
    if word in NO | NONE_OF_THEM:
        return _producted(dialogue)
    if said.found.exact:
        return _take_product(dialogue, said)
    return _ask(_missed(dialogue)) if dialogue.misses == 0 else _producted(dialogue)


def _chosen(offered: tuple[Offer, ...], said: Said, word: str) -> Offer | None:
    if len(offered) == 1 and word in GO_ON:
        return offered[0]
    place = NUMBER_WORDS.get(word, 0)
    if 1 <= place <= len(offered):
        return offered[place - 1]
    return next((one for one in offered if one in said.found.exact), None)


def _named(dialogue: Dialogue, name: str) -> Turn:
    return _ask(replace(dialogue, step=Step.ASK_REVIEW, name=name, misses=0))


def _take_name(dialogue: Dialogue, said: Said) -> Turn:
    if said.profile_name and one_word(said.text) in SAME_NAME:
        return _named(dialogue, said.profile_name[:LONGEST_NAME])
    if LIKE_AN_ADDRESS.search(said.text):
        return _unusable(dialogue, said, "not_a_name")
    return _named(dialogue, said.text)


def _has_words(text: str) -> bool:
    """Whether there is a letter of any script, or an emoji.

    >>> [_has_words(text) for text in ("ok", "好", "👍", "10/10", "...")]
    [True, True, True, False, False]
    """
    return any(one.isalpha() or unicodedata.category(one) == "So" for one in text)


def _take_review(dialogue: Dialogue, said: Said, rules: Rules) -> Turn:
    if not (_has_words(said.text) or said.media_words):
        return _unusable(dialogue, said, "no_words")
    reviewed = replace(dialogue, review=said.text, misses=0)
    return _ask(replace(reviewed, step=Step.ASK_RATING)) if rules.asks_rating else _finish(reviewed)


def _take_rating(dialogue: Dialogue, said: Said, rules: Rules) -> Turn:
    """One more question after an answer that is no rating; then the review goes without stars."""
    rating = read_rating(said.payload) or read_rating(said.text)
    if rating is None and dialogue.misses == 0 and (more := _joined(dialogue, said, rules)):
        return more
    if rating is None and dialogue.misses == 0:
        return _hint(_missed(dialogue), "not_a_rating")
    return _finish(replace(dialogue, rating=rating))


def _resumed(draft: Dialogue) -> Dialogue:
    """The draft at the first question that it has no answer to."""
    if draft.review:
        step = Step.ASK_RATING
    elif draft.name:
        step = Step.ASK_REVIEW
    else:
        step = Step.ASK_MEANT if draft.offered else Step.ASK_NAME
    return replace(draft, step=step, misses=0)


def _take_resume(dialogue: Dialogue, said: Said) -> Turn:
    """Yes goes on with the draft, no begins anew, and so does a second answer that is neither."""
    word = one_word(said.payload) or one_word(said.text)
    if word in GO_ON:
        return _ask(_resumed(dialogue), AGAIN)
    if word not in NO and dialogue.misses == 0:
        return _ask(_missed(dialogue))
    return _ask(Dialogue(touched_at=said.at))


def _joined(dialogue: Dialogue, said: Said, rules: Rules) -> Turn | None:
    """More of a review, where the message follows soon enough; None where it does not.

    What would make the review too long is said to be so, and is not taken for something else.
    """
    is_soon = abs(said.at - dialogue.touched_at) <= rules.joins_within
    if not rules.joins_within or not is_soon or not said.text:
        return None
    review = f"{dialogue.review}\n{said.text}"
    if len(review) > LONGEST_REVIEW:
        return _hint(dialogue, "review_full", limit=str(LONGEST_REVIEW))
    touched = max(said.at, dialogue.touched_at)
    return Turn(dialogue=replace(dialogue, review=review, touched_at=touched))


def continued(finished: Dialogue, said: Said, rules: Rules) -> Turn | None:
    """A finished dialogue whose review goes on in this message; None where the message is another.

    Commands, start words and the words of consent stay what they are.
    """
    word = one_word(said.text)
    is_command = word in RESET | CANCEL | BACK | HELP or is_opt_out(said.text)
    is_start = rules.starts == "keyword" and _starts(said, rules)
    if is_command or is_start or said.is_answered or said.is_opted_out:
        return None
    return _joined(finished, said, rules)


def _finish(dialogue: Dialogue) -> Turn:
    finished = replace(dialogue, step=Step.FINISH, misses=0)
    return Turn(
        dialogue=finished,
        reply=Reply(key="thanks", values=_values(finished)),
        ended=Ending.FINISHED,
    )
