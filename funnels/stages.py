"""The stages of a funnel and how a message can speak of them. Names only, no decisions."""

from enum import StrEnum


class Stage(StrEnum):
    """A step of a sale, in its order."""

    OPENING = "opening"
    BOOKING = "booking"
    TRANSACTION = "transaction"


class Basis(StrEnum):
    """Where a fact comes from: a field that the sender filled, or the words of the text."""

    STATED = "stated"
    TEXT = "text"


STAGE_ORDER: dict[Stage, int] = {stage: place for place, stage in enumerate(Stage)}
