"""The bot's part in a batch of stored messages: dialogues go on, reviews are recorded, replies wait.

The customers' rows are locked by who stored the messages, so that two messages of one person are
never answered at once. All of it is in that transaction: a message, its turn, its reply and its
review exist together or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from django.conf import settings
from django.utils.timezone import now
from twilio.twiml.messaging_response import MessagingResponse

from conversations.consent_words import is_opt_out
from conversations.models import Customer, Line, Message, Sender
from conversations.services.posting import callback_address
from conversations.services.sending import send_bot_reply
from conversations.services.twilio_inbox import TWILIO
from conversations.signals import Heard
from funnel_site.lib.batches import update_rows
from reviews.dialogue import LONGEST_PRODUCT, continued, step
from reviews.models import CatalogueProduct, Invitation, Review, ReviewSession
from reviews.products import Catalogue
from reviews.services.answers import keep_answers
from reviews.services.catalogue import current_catalogue, find_product
from reviews.services.hearing import dialogue_of, rules_of, said_in
from reviews.services.recording import lengthen_reviews, record_reviews
from reviews.services.words import Speaker, words_by_speaker
from reviews.turns import Dialogue, Ending, Reply, Said, Step, Turn
from reviews.wording import render

INVITED_FOR = timedelta(days=14)
LATE = timedelta(hours=1)
"""A reply that could not go out with the answer is sent by itself within this time, or not at all."""


class Place(NamedTuple):
    """Where a dialogue is held: with whom, at which number of ours."""

    customer_id: int
    our_address: str


@dataclass(slots=True)
class Talk:
    """A dialogue in the course of the batch, with the row that holds it."""

    session: ReviewSession | None = None
    invitation_id: int | None = None
    """An invitation to this place that is still open."""
    finished: ReviewSession | None = None
    """The dialogue that ended with a review just now, where more of it may follow."""
    ended: list[ReviewSession] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What the batch leads to: rows to write, once all messages have had their turn."""

    sessions: list[ReviewSession] = field(default_factory=list)
    replies: list[tuple[Message, Message]] = field(default_factory=list)
    """The customer's message and the bot's."""
    reviews: list[tuple[Message, ReviewSession]] = field(default_factory=list)
    longer: list[ReviewSession] = field(default_factory=list)
    """Dialogues whose stored review has gone on."""


def converse(messages: Sequence[Message]) -> Heard | None:
    """Give the bot its say on new messages of Twilio's; others are none of its business."""
    heard = [
        message
        for message in messages
        if message.source == TWILIO
        and message.sender == Sender.CUSTOMER
        and message.customer is not None
        and message.details
    ]
    return _Batch(heard).run() if heard else None


class _Batch:
    """One batch: read in a few statements, decided in memory, written in a few."""

    def __init__(self, heard: Sequence[Message]) -> None:
        self.heard = sorted(heard, key=_in_turn)
        self.lines: dict[str, Line] = {line.address: line for line in Line.objects.all()}
        self.talks = self._talks()
        self.outcome = Outcome()
        speakers: set[Speaker] = {self._speaker(message) for message in self.heard}
        self.words = words_by_speaker(speakers)

    def run(self) -> Heard:
        """Let every message have its turn, in memory alone."""
        for message in self.heard:
            if self._is_ours(message):
                self._take_turn(message)
        replies = [reply for _, reply in self.outcome.replies]
        return Heard(replies=replies, store=self._write)

    def _talks(self) -> dict[Place, Talk]:
        talks = {_place(message): Talk() for message in self.heard}
        customers = {place.customer_id for place in talks}
        open_sessions = (
            ReviewSession.objects.select_for_update(no_key=True, of=("self",))
            .select_related("product")
            .filter(customer__in=customers, ended_at=None)
        )
        for session in open_sessions.order_by("pk"):
            place = Place(session.customer_id, session.our_address)
            if place in talks:
                talks[place].session = session
        if settings.REVIEW_JOIN_SECONDS:
            self._find_finished(talks, customers)
        if any(line.starts != Line.Starts.ALWAYS for line in self.lines.values()):
            self._find_invitations(talks, customers)
        return talks

    def _find_finished(self, talks: dict[Place, Talk], customers: set[int]) -> None:
        """Dialogues that ended so lately that more of their review may follow."""
        since = self.heard[0].sent_at - timedelta(seconds=settings.REVIEW_JOIN_SECONDS)
        found = ReviewSession.objects.filter(
            customer__in=customers,
            touched_at__gte=since,
            review__moderation=Review.Moderation.PENDING,
        )
        for session in found.order_by("touched_at", "pk"):
            place = Place(session.customer_id, session.our_address)
            if place in talks:
                talks[place].finished = session

    def _find_invitations(self, talks: dict[Place, Talk], customers: set[int]) -> None:
        """Invitations that their customers have not made use of yet."""
        used = ReviewSession.objects.filter(customer__in=customers).exclude(invitation=None)
        found = Invitation.objects.filter(
            customer__in=customers, state=Invitation.State.SENT, sent_at__gte=now() - INVITED_FOR
        ).exclude(pk__in=used.values("invitation"))
        for invitation in found.select_related("campaign__line").order_by("sent_at"):
            place = Place(invitation.customer_id, invitation.campaign.line.address)
            if place in talks:
                talks[place].invitation_id = invitation.pk

    def _line(self, message: Message) -> Line | None:
        return self.lines.get(_our_address(message))

    def _speaker(self, message: Message) -> Speaker:
        line = self._line(message)
        return (line.pk, line.language) if line else (None, "en")

    def _is_ours(self, message: Message) -> bool:
        """Whether the bot may answer here: at a line of ours in use, and where no person is at it."""
        line = self._line(message)
        if self.lines and (line is None or not line.is_active):
            return False
        session = self.talks[_place(message)].session
        if message.is_held and session is not None and message.sent_at < session.started_at:
            # What was held is no answer to a question that was put later.
            return False
        paused = message.room.bot_paused_until
        return paused is None or paused <= message.received_at

    def _take_turn(self, message: Message) -> None:
        talk = self.talks[_place(message)]
        line = self._line(message)
        if talk.session is None and self._goes_on(talk, message):
            return
        session = talk.session
        invitation_id = talk.invitation_id or (session.invitation_id if session else None)
        turn = step(
            dialogue_of(session) if session else None,
            self._said(message, session),
            rules_of(line, is_invited=bool(invitation_id)),
        )
        message.is_for_bot = turn.is_taken or is_opt_out(message.body)
        if session is not None and turn.ended:
            session.ended_at, session.ending = message.sent_at, turn.ended
            if turn.dialogue is not None and turn.dialogue.step is Step.FINISH:
                _note(session, turn.dialogue)
                talk.finished = session
            talk.session = None
            if turn.ended is Ending.EXPIRED:
                # Whoever goes on with it is still the one who was invited.
                talk.invitation_id = invitation_id
        if turn.dialogue is not None and turn.dialogue.step is not Step.FINISH:
            self._hold(talk, turn.dialogue, message, line)
        self._reply(turn, message, session)

    def _said(self, message: Message, session: ReviewSession | None) -> Said:
        """The message, with what the catalogue has for it where it may name a product."""
        said = said_in(message)
        names_a_product = session is not None and session.step in NAMES_A_PRODUCT
        if names_a_product and 0 < len(said.text) <= LONGEST_PRODUCT:
            return replace(said, found=find_product(said.text, self._catalogue))
        return said

    @cached_property
    def _catalogue(self) -> Catalogue | None:
        """One look for the whole batch, and none where nobody names a product."""
        return current_catalogue()

    def _goes_on(self, talk: Talk, message: Message) -> bool:
        """Whether the message is more of the review that was just recorded; then it is added."""
        session, talk.finished = talk.finished, None
        if session is None:
            return False
        rules = rules_of(self._line(message), is_invited=False)
        turn = continued(dialogue_of(session), said_in(message), rules)
        if turn is None or turn.dialogue is None:
            return False
        talk.finished, message.is_for_bot = session, True
        if turn.reply is not None:
            reply = _bot_message(message, self._say(turn.reply, message))
            self.outcome.replies.append((message, reply))
            return True
        _note(session, turn.dialogue)
        if session not in self.outcome.sessions:
            self.outcome.sessions.append(session)
            self.outcome.longer.append(session)
        return True

    def _hold(self, talk: Talk, dialogue: Dialogue, message: Message, line: Line | None) -> None:
        """Keep the dialogue in its row; a new one where none is open."""
        if talk.session is None:
            assert message.customer is not None
            talk.session = ReviewSession(
                customer=message.customer,
                our_address=_our_address(message),
                language=line.language if line else "en",
                invitation_id=talk.invitation_id,
                started_at=message.sent_at,
            )
            talk.invitation_id = None
            self.outcome.sessions.append(talk.session)
        talk.session.room = message.room
        _note(talk.session, dialogue)

    def _reply(self, turn: Turn, message: Message, session: ReviewSession | None) -> None:
        if session is not None and session not in self.outcome.sessions:
            self.outcome.sessions.append(session)
        if turn.reply is not None:
            reply = _bot_message(message, self._say(turn.reply, message))
            self.outcome.replies.append((message, reply))
        if turn.dialogue is not None and turn.dialogue.step is Step.FINISH and session is not None:
            self.outcome.reviews.append((message, session))

    def _say(self, reply: Reply, message: Message) -> str:
        words = self.words[self._speaker(message)]
        question = render(words, reply.question, reply.values) if reply.question else ""
        return render(words, reply.key, {**reply.values, "question": question}).strip()

    def _write(self) -> None:
        """Ended dialogues first: one open at a time is the table's rule."""
        outcome = self.outcome
        known = [session for session in outcome.sessions if session.pk]
        update_rows(sorted(known, key=lambda session: session.pk), SESSION_FIELDS)
        new = [session for session in outcome.sessions if not session.pk]
        ReviewSession.objects.bulk_create([session for session in new if session.ended_at])
        ReviewSession.objects.bulk_create([session for session in new if not session.ended_at])
        replies = {message.pk: reply for message, reply in outcome.replies}
        record_reviews(outcome.reviews, replies=replies, lines=self.lines)
        lengthen_reviews(outcome.longer)
        self._write_answers(replies)

    def _write_answers(self, replies: dict[int, Message]) -> None:
        """The TwiML of each message, kept for its repeats. What has been answered already, as
        empty because the bot was not at hand, is sent by itself while it still makes sense.
        """
        for message in self.heard:
            # What was held has been answered by silence long ago.
            message.door_answer = twiml(None if message.is_held else replies.get(message.pk))
        kept = keep_answers(self.heard)
        for message in self.heard:
            reply = replies.get(message.pk)
            is_late = message.is_held or (
                message.event_id is not None and message.event_id not in kept
            )
            if is_late and reply is not None and now() - message.received_at < LATE:
                send_bot_reply(message=reply)


NAMES_A_PRODUCT = {Step.START.value, Step.ASK_MEANT.value, Step.ASK_RESUME.value}
SESSION_FIELDS = (
    "room",
    "step",
    "product_name",
    "product",
    "offered",
    "user_name",
    "product_review",
    "rating",
    "misses",
    "touched_at",
    "ended_at",
    "ending",
)


def _in_turn(message: Message) -> tuple[datetime, int]:
    return message.sent_at, message.event_id or 0


def _our_address(message: Message) -> str:
    return str(message.details["our_address"])


def _place(message: Message) -> Place:
    assert message.customer_id is not None
    return Place(message.customer_id, _our_address(message))


def _note(session: ReviewSession, dialogue: Dialogue) -> None:
    session.step = dialogue.step.value
    session.product_name = dialogue.product
    meant = dialogue.meant
    if session.product_id != (meant.key if meant else None):
        session.product = CatalogueProduct(pk=meant.key, name=meant.name) if meant else None
    session.offered = [[one.key, one.name] for one in dialogue.offered]
    session.user_name = dialogue.name
    session.product_review = dialogue.review
    session.rating = dialogue.rating
    session.misses = dialogue.misses
    session.touched_at = dialogue.touched_at


def _bot_message(message: Message, text: str) -> Message:
    """The bot's reply as a message of the room. Its SID comes with its first status."""
    moment: datetime = message.received_at
    return Message(
        room=message.room,
        customer=message.customer,
        source=TWILIO,
        sender=Sender.BOT,
        body=text,
        sent_at=message.sent_at,
        received_at=moment,
    )


def twiml(reply: Message | None) -> str:
    """The answer to Twilio: one message, whose status is reported to us with its id, or nothing."""
    response = MessagingResponse()
    if reply is not None:
        response.message(reply.body, status_callback=callback_address(reply.pk))
    return str(response)


def end_dialogues_of(*, customer: Customer, absorbed: Customer) -> None:
    """Before two customers become one: what each may have only once is left to the first."""
    held = ReviewSession.objects.filter(customer=customer, ended_at=None).values("our_address")
    ReviewSession.objects.filter(customer=absorbed, ended_at=None, our_address__in=held).update(
        ended_at=now(), ending="restarted"
    )
    # Of two invitations to one campaign the one that was sent is the one that counts.
    waiting = Invitation.State.WAITING
    of_the_other = Invitation.objects.filter(customer=absorbed).exclude(state=waiting)
    Invitation.objects.filter(
        customer=customer, state=waiting, campaign__in=of_the_other.values("campaign")
    ).delete()
    asked = Invitation.objects.filter(customer=customer).values("campaign")
    Invitation.objects.filter(customer=absorbed, campaign__in=asked).delete()
