"""Named segments: every triple of recency, frequency and monetary scores has exactly one name.

The rules are boxes in the 5 x 5 x 5 cube; the first one that holds a triple names it. The names are
those that marketers know (Champions to Lost); docs/analyst.md shows this very table.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from funnel_site.lib.marking import marked

NO_PURCHASE = marked("No purchase yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRule:
    """A box of scores, both ends included, the name of who is in it and what to do about them."""

    name: str
    recency: tuple[int, int]
    frequency: tuple[int, int]
    monetary: tuple[int, int] = (1, 5)
    meaning: str
    advice: str

    def holds(self, recency: int, frequency: int, monetary: int) -> bool:
        return all(
            low <= score <= high
            for score, (low, high) in (
                (recency, self.recency),
                (frequency, self.frequency),
                (monetary, self.monetary),
            )
        )


SEGMENT_RULES = (
    SegmentRule(
        name=marked("Champions"),
        recency=(4, 5),
        frequency=(4, 5),
        monetary=(4, 5),
        meaning=marked("Bought lately, buy often, spend the most"),
        advice=marked("Thank them, ask for reviews, show them new things first"),
    ),
    SegmentRule(
        name=marked("Can't lose"),
        recency=(1, 2),
        frequency=(4, 5),
        monetary=(4, 5),
        meaning=marked("Bought often and spent much, but not lately"),
        advice=marked("Call them: a personal word wins more than a campaign"),
    ),
    SegmentRule(
        name=marked("Loyal"),
        recency=(3, 5),
        frequency=(4, 5),
        meaning=marked("Buy often"),
        advice=marked("Offer what goes with their favourites"),
    ),
    SegmentRule(
        name=marked("At risk"),
        recency=(1, 2),
        frequency=(3, 5),
        meaning=marked("Used to buy regularly, and stopped"),
        advice=marked("Ask what went wrong, offer a reason to return"),
    ),
    SegmentRule(
        name=marked("Potential loyalists"),
        recency=(4, 5),
        frequency=(2, 3),
        meaning=marked("Bought lately, and more than once"),
        advice=marked("Invite them to the loyalty programme"),
    ),
    SegmentRule(
        name=marked("New"),
        recency=(5, 5),
        frequency=(1, 1),
        meaning=marked("Began just now"),
        advice=marked("Welcome them, help with the first order"),
    ),
    SegmentRule(
        name=marked("Promising"),
        recency=(3, 4),
        frequency=(1, 1),
        meaning=marked("Began a while ago, not returned yet"),
        advice=marked("Suggest the second order"),
    ),
    SegmentRule(
        name=marked("Need attention"),
        recency=(3, 3),
        frequency=(2, 3),
        meaning=marked("In the middle of everything"),
        advice=marked("Remind them with an offer that ends"),
    ),
    SegmentRule(
        name=marked("Lost"),
        recency=(1, 1),
        frequency=(1, 1),
        meaning=marked("One early order, long ago"),
        advice=marked("Leave them to general campaigns"),
    ),
    SegmentRule(
        name=marked("Hibernating"),
        recency=(1, 2),
        frequency=(1, 2),
        meaning=marked("Bought seldom, and long ago"),
        advice=marked("Send a cheap reminder now and then"),
    ),
)
SEGMENTS = (*(rule.name for rule in SEGMENT_RULES), NO_PURCHASE)


def segment_name(recency: int | None, frequency: int | None, monetary: int | None) -> str:
    """The segment of one triple of scores; "No purchase yet" where there are none.

    Raises ValueError for a score outside 1 to 5.

    >>> segment_name(5, 5, 5), segment_name(1, 5, 4), segment_name(None, None, None)
    ('Champions', "Can't lose", 'No purchase yet')
    """
    if recency is None or frequency is None or monetary is None:
        return NO_PURCHASE
    for rule in SEGMENT_RULES:
        if rule.holds(recency, frequency, monetary):
            return rule.name
    raise ValueError("a score is a whole number from 1 to 5")


# By position: the 125 triples as 25 (r - 1) + 5 (f - 1) + (m - 1), so that a million look up at once.
CUBE = np.array(
    [
        SEGMENTS.index(segment_name(r, f, m))
        for r in range(1, 6)
        for f in range(1, 6)
        for m in range(1, 6)
    ],
    dtype=np.int8,
)


def segment_names(
    recency: npt.ArrayLike, frequency: npt.ArrayLike, monetary: npt.ArrayLike
) -> npt.NDArray[Any]:
    """The segments of many triples; a score of 0 in any place means "No purchase yet".

    >>> segment_names([5, 0], [5, 0], [5, 0]).tolist()
    ['Champions', 'No purchase yet']
    """
    r, f, m = (np.asarray(one, dtype=np.int16) for one in (recency, frequency, monetary))
    given = (r > 0) & (f > 0) & (m > 0)
    place = np.where(given, 25 * (r - 1) + 5 * (f - 1) + (m - 1), 0)
    index = np.where(given, CUBE[place], SEGMENTS.index(NO_PURCHASE))
    return np.array(SEGMENTS)[index]


def value_tier(monetary: int | None) -> str:
    """The value tier that models.ValueTier stores: 5 is high, 3 and 4 are medium, 1 and 2 low.

    >>> value_tier(5), value_tier(3), value_tier(1), value_tier(None)
    ('high', 'medium', 'low', 'none')
    """
    if not monetary:
        return "none"
    return "high" if monetary >= 5 else "medium" if monetary >= 3 else "low"
