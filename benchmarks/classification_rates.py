"""How well and how fast messages are read, over the labelled lines of the tests.

python benchmarks/classification_rates.py
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from funnels.classification import MessageFacts, classify
from tests.funnels.reading import JAKARTA, SENT_AT, starter_matcher
from tests.funnels.test_labelled_messages import labelled, measured, table

ROUNDS = 20
PLAIN = "oke kak makasih banyak ya infonya nanti aku kabari lagi"


def main() -> None:
    messages = [_facts(line["text"], line["sender"]) for line in labelled()]
    print(table(measured()))
    print(f"\nlabelled lines  {_per_second(messages, ROUNDS):>10,.0f} messages/s")
    print(f"plain messages  {_per_second([_facts(PLAIN, 'customer')], 20_000):>10,.0f} messages/s")


def _facts(text: str, sender: str) -> MessageFacts:
    return MessageFacts(sender=sender, text=text, sent_at=SENT_AT, zone=JAKARTA)


def _per_second(messages: list[MessageFacts], rounds: int) -> float:
    matcher = starter_matcher()
    started = time.perf_counter()
    for _ in range(rounds):
        for facts in messages:
            classify(facts, matcher)
    return rounds * len(messages) / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
