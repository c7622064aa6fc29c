"""Whose message is it? Keys to customers, a batch at a time.

The rules, in order of strength:

- A message belongs to the customer of its phone number; without one, of its WhatsApp user id.
- A key nobody has joins the customer of the message's other key.
- A customer known by user id alone joins the customer of the phone number it turns up with.
- Two customers with phone numbers of their own are never joined: the phone decides, and the
  contradiction is recorded.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Count, Q

from conversations.models import Customer, CustomerIdentity, IdentityChange, Sender
from conversations.payloads import InboundMessage
from conversations.services.joining import join_customers
from funnel_site.lib.batches import update_rows

Key = tuple[str, str]
SIGHT_FIELDS = ("first_seen_at", "last_seen_at", "name", "name_seen_at", "phone_number")
PHONE, USER = CustomerIdentity.Kind.PHONE.value, CustomerIdentity.Kind.WHATSAPP_USER.value


class LostRaceError(Exception):
    """Another worker made the same customer first: roll back to the start and look again."""


class CustomerBook:
    """The customers of one batch by their keys; decides in memory, writes in few statements."""

    def __init__(self, messages: Sequence[InboundMessage]) -> None:
        self.messages = sorted(messages, key=lambda message: (message.sent_at, message.message_id))
        self.by_key: dict[Key, Customer] = {}
        self.seen: dict[Key, datetime] = {}
        self.known: dict[Key, tuple[int, datetime]] = {}
        self.new_customers: list[Customer] = []
        self.changes: list[IdentityChange] = []
        self.joins: list[tuple[Customer, Customer, Key]] = []

    def resolve(self) -> None:
        """Find or make every customer; afterwards their rows are locked until the commit.

        Raises LostRaceError where another worker made one of them meanwhile.
        """
        for message in self.messages:
            for key in message.identity_keys:
                self.seen.setdefault(key, message.sent_at)
        if not self.seen:
            return
        self._lock_known()
        for message in self.messages:
            if message.identity_keys:
                self._place(message)
        self._write_new()
        self._join()
        self._note_sightings()

    def customer_of(self, message: InboundMessage) -> Customer | None:
        """The customer of a message; None where the message does not say."""
        keys = message.identity_keys
        return self.by_key[keys[0]] if keys else None

    def _lock_known(self) -> None:
        """Read the known keys and lock their customers, in one order for all workers.

        A customer whom somebody else joins into another meanwhile is not found; then the key, which
        is taken, cannot be written either, and the race is lost.
        """
        known = CustomerIdentity.objects.select_for_update(no_key=True, of=("customer",))
        found: dict[int, Customer] = {}
        for identity in (
            known.filter(_any_of(self.seen)).select_related("customer").order_by("customer_id")
        ):
            key = (identity.kind, identity.value)
            self.known[key] = (identity.pk, identity.first_seen_at)
            self.by_key[key] = found.setdefault(identity.customer_id, identity.customer)

    def _place(self, message: InboundMessage) -> None:
        """Decide the customer of one message and attach its unknown keys."""
        keys = message.identity_keys
        customer = next((self.by_key[key] for key in keys if key in self.by_key), None)
        if customer is None:
            customer = Customer(
                phone_number=message.phone,
                first_seen_at=message.sent_at,
                last_seen_at=message.sent_at,
            )
            self.new_customers.append(customer)
        for key in keys:
            holder = self.by_key.get(key)
            if holder is None:
                self._attach(customer, key)
            elif holder is not customer:
                self._settle(customer, holder, key)

    def _attach(self, customer: Customer, key: Key) -> None:
        if key[0] == PHONE:
            if customer.phone_number not in ("", key[1]):
                self._note(customer, IdentityChange.Change.REPLACED, key)
            customer.phone_number = key[1]
        self.by_key[key] = customer

    def _settle(self, customer: Customer, holder: Customer, key: Key) -> None:
        """Two customers claim one message: join the one that has no phone number, or say so."""
        if holder.phone_number:
            self._note(customer, IdentityChange.Change.CONFLICT, key)
            return
        self.joins.append((customer, holder, key))
        for other, owner in list(self.by_key.items()):
            if owner is holder:
                self.by_key[other] = customer

    def _note(self, customer: Customer, change: str, key: Key) -> None:
        self.changes.append(
            IdentityChange(customer=customer, change=change, kind=key[0], value=key[1])
        )

    def _write_new(self) -> None:
        # One order for all workers, so that two of them never wait for each other in a circle.
        self.new_customers.sort(key=lambda customer: customer.phone_number)
        Customer.objects.bulk_create(self.new_customers)
        fresh = sorted(key for key in self.by_key if key not in self.known)
        if not fresh:
            return
        CustomerIdentity.objects.bulk_create(
            [
                CustomerIdentity(
                    kind=kind,
                    value=value,
                    customer=self.by_key[kind, value],
                    first_seen_at=self.seen[kind, value],
                )
                for kind, value in fresh
            ],
            ignore_conflicts=True,
        )
        mine = {self.by_key[key].pk for key in fresh}
        written = CustomerIdentity.objects.filter(customer_id__in=mine).filter(_any_of(fresh))
        if written.count() != len(fresh):
            raise LostRaceError
        self._note_second_user_ids([key for key in fresh if key[0] == USER])

    def _note_second_user_ids(self, fresh: Sequence[Key]) -> None:
        """A new WhatsApp user id beside an old one: WhatsApp changes it with the number."""
        if not fresh:
            return
        holders = {self.by_key[key].pk: key for key in fresh}
        counts = (
            CustomerIdentity.objects.filter(customer_id__in=holders, kind=USER)
            .values_list("customer_id")
            .annotate(number=Count("pk"))
        )
        for primary_key, number in counts:
            if number > 1:
                key = holders[primary_key]
                self._note(self.by_key[key], IdentityChange.Change.REPLACED, key)

    def _join(self) -> None:
        for customer, holder, key in self.joins:
            join_customers(customer=customer, absorbed=holder, because=key)
        if self.changes:
            IdentityChange.objects.bulk_create(self.changes)

    def _note_sightings(self) -> None:
        """First and last sight, name and main number: minima and maxima, whatever the order."""
        touched: dict[int, Customer] = {}
        for message in self.messages:
            customer = self.customer_of(message)
            if customer is not None:
                _sight(customer, message)
                touched[customer.pk] = customer
        earlier = [
            CustomerIdentity(pk=identity_id, first_seen_at=self.seen[key])
            for key, (identity_id, first_seen_at) in self.known.items()
            if self.seen[key] < first_seen_at
        ]
        update_rows(earlier, ["first_seen_at"])
        rows = sorted(touched.values(), key=lambda row: row.pk)
        update_rows(rows, ["first_seen_at", "last_seen_at", "name", "name_seen_at", "phone_number"])
        self._choose_main_numbers(rows)

    def _choose_main_numbers(self, customers: Iterable[Customer]) -> None:
        """Of a customer's several numbers, the one first seen last is the main one."""
        several = {change.customer.pk: change.customer for change in self.changes}
        several |= {customer.pk: customer for customer, _, _ in self.joins}
        chosen = []
        for customer in customers:
            if customer.pk in several:
                numbers = CustomerIdentity.objects.filter(customer=customer, kind=PHONE)
                newest = numbers.order_by("-first_seen_at", "-value").first()
                customer.phone_number = newest.value if newest else ""
                chosen.append(customer)
        update_rows(chosen, ["phone_number"])


def _sight(customer: Customer, message: InboundMessage) -> None:
    customer.first_seen_at = min(customer.first_seen_at, message.sent_at)
    customer.last_seen_at = max(customer.last_seen_at, message.sent_at)
    if not message.name or message.sender != Sender.CUSTOMER:
        return
    known = (customer.name_seen_at, customer.name) if customer.name_seen_at else None
    if known is None or (message.sent_at, message.name) > known:
        customer.name, customer.name_seen_at = message.name, message.sent_at


def _any_of(keys: Iterable[Key]) -> Q:
    by_kind: dict[str, list[str]] = {}
    for kind, value in keys:
        by_kind.setdefault(kind, []).append(value)
    wanted = Q(pk=None)
    for kind, values in by_kind.items():
        wanted |= Q(kind=kind, value__in=values)
    return wanted
