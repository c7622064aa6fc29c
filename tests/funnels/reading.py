"""Reading one text under the starter keywords, for tests and benchmarks."""

import csv
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from funnels.classification import Finding, MessageFacts, classify
from funnels.matching import Matcher, Phrase
from funnels.stages import Basis, Stage

JAKARTA = ZoneInfo("Asia/Jakarta")
SENT_AT = datetime(2025, 4, 21, 10, 0, tzinfo=JAKARTA)
STARTER = Path(__file__).resolve().parents[2] / "funnels/starter_keywords.csv"


@lru_cache
def starter_matcher() -> Matcher:
    with STARTER.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Matcher(
        Phrase(id=number, stage=Stage(row["stage"]), text=row["phrase"], channel=row["channel"])
        for number, row in enumerate(rows, start=1)
    )


def read(text: str, sender: str = "customer", **more: object) -> dict[tuple[Stage, Basis], Finding]:
    """The findings of a text sent on Monday 21 April 2025, 10:00 in Jakarta."""
    facts = MessageFacts(sender=sender, text=text, sent_at=SENT_AT, zone=JAKARTA, **more)  # type: ignore[arg-type]
    return {(one.stage, one.basis): one for one in classify(facts, starter_matcher())}


def counted(text: str, sender: str = "customer") -> dict[Stage, Finding]:
    """Only what counts as an event."""
    return {
        stage: one
        for (stage, _), one in read(text, sender).items()
        if not (one.negated or one.overruled or one.doubt == "needs_review")
    }
