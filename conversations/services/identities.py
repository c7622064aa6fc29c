"""Whose message is it? Keys to customers, a batch at a time.

The rules, which end in the same customers in whatever order messages come in:

- A phone number is a customer, and a message with a number is that customer's.
- A WhatsApp user id belongs to the number that it was first seen with, by the messages' time. Until
  it is seen with one it is a customer alone, who then joins the customer of the number.
- Two customers with phone numbers of their own are never joined: the phone decides, and the
  contradiction is recorded.
- Of the user ids of one number only the first few join its customer; the others stay alone, and
  staff see them in a list.
- A value that stands for nothing, or that staff have marked as shared, joins nobody.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q

from conversations.identity_rules import Pairing, names_nobody, within_limit
from conversations.models import Customer, CustomerIdentity, IdentityChange, Sender, SharedValue
from conversations.payloads import InboundMessage
from conversations.services.joining import join_customers, main_number
from funnel_site.lib.batches import update_rows

Key = tuple[str, str]
Change = IdentityChange.Change
PHONE, USER = CustomerIdentity.Kind.PHONE.value, CustomerIdentity.Kind.WHATSAPP_USER.value


class LostRaceError(Exception):
    """Another worker made the same customer first: roll back to the start and look again."""


class CustomerBook:
    """The customers of one batch by their keys; decides in memory, writes in few statements."""

    def __init__(self, messages: Sequence[InboundMessage]) -> None:
        self.messages = sorted(messages, key=lambda message: (message.sent_at, message.message_id))
        self.shared: set[Key] = set()
        self.by_key: dict[Key, Customer] = {}
        self.seen: dict[Key, datetime] = {}
        self.known: dict[Key, CustomerIdentity] = {}
        self.pairings: dict[str, Pairing] = {}
        self.repaired: set[str] = set()
        self.affected: set[str] = set()
        self.new_customers: list[Customer] = []
        self.moved: set[Key] = set()
        self.changes: dict[tuple[int, str, Key], IdentityChange] = {}
        self.joins: list[tuple[Customer, Customer, Key]] = []

    def resolve(self) -> None:
        """Find or make every customer; afterwards their rows are locked until the commit.

        Raises LostRaceError where another worker made one of them meanwhile.
        """
        self._read_shared()
        for message in self.messages:
            for key in self.keys_of(message):
                self.seen.setdefault(key, message.sent_at)
        if not self.seen:
            return
        self._read_known()
        self._pair()
        self._lock_known()
        self._place_phones()
        self._place_users()
        self._note_conflicts()
        self._write()
        self._note_sightings()

    def keys_of(self, message: InboundMessage) -> list[Key]:
        """The keys that say who it is, the strongest first.

        Where all of them are shared ones the first is left: its messages need somebody, who is
        then known by nothing else.
        """
        keys = message.identity_keys
        return [key for key in keys if key not in self.shared] or keys[:1]

    def customer_of(self, message: InboundMessage) -> Customer | None:
        """The customer of a message; None where the message does not say."""
        keys = self.keys_of(message)
        return self.by_key[keys[0]] if keys else None

    def _read_shared(self) -> None:
        keys = {key for message in self.messages for key in message.identity_keys}
        self.shared = {key for key in keys if names_nobody(*key)}
        if pairs := {message.phone for message in self.messages if message.user_id}:
            # Only a message with two keys could join anybody.
            users = {message.user_id for message in self.messages if message.phone}
            marked = SharedValue.objects.filter(
                _any_of([(PHONE, one) for one in pairs] + [(USER, one) for one in users])
            )
            self.shared |= set(marked.values_list("kind", "value"))

    def _read_known(self) -> None:
        for row in CustomerIdentity.objects.filter(_any_of(self.seen)):
            self._note_known(row)

    def _note_known(self, row: CustomerIdentity) -> None:
        self.known[row.kind, row.value] = row
        if row.paired_at is not None:
            self.pairings.setdefault(row.value, Pairing(row.paired_at, row.paired_with))

    def _pair(self) -> None:
        """Note whom each user id was first seen with, and read what that may change."""
        for message in self.messages:
            keys = self.keys_of(message)
            if len(keys) < 2:
                continue
            pairing, user = Pairing(message.sent_at, message.phone), message.user_id
            before = self.pairings.get(user)
            if before is None or pairing < before:
                self.affected |= {message.phone} | ({before.phone} if before else set())
                self.pairings[user] = pairing
                self.repaired.add(user)
        if not self.affected:
            return
        related = Q(kind=USER, paired_with__in=self.affected) | Q(
            kind=PHONE, value__in=self.affected
        )
        for row in CustomerIdentity.objects.filter(related):
            if (row.kind, row.value) not in self.known:
                self._note_known(row)

    def _lock_known(self) -> None:
        """Lock the customers of the known keys, in one order for all workers."""
        wanted = {row.customer_id for row in self.known.values()}
        if not wanted:
            return
        locked = Customer.objects.select_for_update(no_key=True).filter(pk__in=wanted)
        found = {customer.pk: customer for customer in locked.order_by("pk")}
        if len(found) != len(wanted):
            # Joined into another by someone else since we looked.
            raise LostRaceError
        self.by_key = {key: found[row.customer_id] for key, row in self.known.items()}

    def _place_phones(self) -> None:
        """A customer for every number that is new."""
        for message in self.messages:
            keys = self.keys_of(message)
            if keys and keys[0] not in self.by_key and keys[0][0] == PHONE:
                self._make(keys[0])

    def _make(self, key: Key) -> Customer:
        customer = Customer(
            phone_number=key[1] if key[0] == PHONE else "",
            first_seen_at=self.seen.get(key) or self.known[key].first_seen_at,
            last_seen_at=self.seen.get(key) or self.known[key].first_seen_at,
        )
        self.new_customers.append(customer)
        self.by_key[key] = customer
        return customer

    def _place_users(self) -> None:
        """Put every user id where its pairing says; in one order, so that nothing else matters."""
        ids = {key[1] for key in (*self.seen, *self.known) if key[0] == USER}
        pairings = {
            user: pairing
            for user, pairing in self.pairings.items()
            if user in ids and pairing.phone in self.affected
        }
        homes = within_limit(pairings, settings.IDENTITY_MOST_USER_IDS)
        for user in sorted(ids):
            holder = self.by_key.get((USER, user))
            phone = homes.get(user)
            target = self.by_key.get((PHONE, phone)) if phone else None
            if target is not None:
                self._settle(user, holder, target)
            elif user in pairings:
                self._leave_alone(user, holder)
            elif holder is None:
                self._make((USER, user))

    def _settle(self, user: str, holder: Customer | None, target: Customer) -> None:
        """Bring a user id to the customer of its number: attach, join, or move."""
        key = (USER, user)
        if holder is None:
            self.by_key[key] = target
        elif holder is target:
            return
        elif holder.phone_number:
            if self._is_ours(user, holder):
                self.moved.add(key)
                self.by_key[key] = target
            self._note(holder, Change.CONFLICT, key)
        else:
            self._join_later(target, holder, key)

    def _join_later(self, target: Customer, holder: Customer, key: Key) -> None:
        """Join one who has no number; where the number is new, it simply becomes theirs."""
        winner, loser = (holder, target) if target.pk is None else (target, holder)
        if target.pk is None:
            winner.phone_number = target.phone_number
            self.new_customers = [one for one in self.new_customers if one is not target]
        else:
            self.joins.append((target, holder, key))
        for other, owner in list(self.by_key.items()):
            if owner is loser:
                self.by_key[other] = winner

    def _leave_alone(self, user: str, holder: Customer | None) -> None:
        """A user id too many for its number is a customer alone, for staff to judge."""
        key, phone = (USER, user), self.pairings[user].phone
        leaves = holder is not None and holder.phone_number and self._is_ours(user, holder)
        if leaves:
            self.moved.add(key)
        if leaves or holder is None:
            self._make(key)
        if leaves or user in self.repaired:
            self._note(self.by_key[PHONE, phone], Change.LIMIT, key)

    def _is_ours(self, user: str, holder: Customer) -> bool:
        """Whether a stored pairing, and not staff, brought a user id to its holder."""
        row = self.known.get((USER, user))
        return row is not None and self.by_key.get((PHONE, row.paired_with)) is holder

    def _note_conflicts(self) -> None:
        """A message whose number is one customer's and whose user id is another's."""
        for message in self.messages:
            keys = self.keys_of(message)
            if len(keys) < 2:
                continue
            customer, holder = self.by_key[keys[0]], self.by_key[keys[1]]
            if customer is not holder and holder.phone_number:
                self._note(customer, Change.CONFLICT, keys[1])

    def _note(self, customer: Customer, change: str, key: Key) -> None:
        self.changes.setdefault(
            (id(customer), change, key),
            IdentityChange(customer=customer, change=change, kind=key[0], value=key[1]),
        )

    def _write(self) -> None:
        # One order for all workers, so that two of them never wait for each other in a circle.
        self.new_customers.sort(key=lambda customer: customer.phone_number)
        Customer.objects.bulk_create(self.new_customers)
        self._write_identities()
        for customer, holder, key in self.joins:
            join_customers(customer=customer, absorbed=holder, because=key)
        self._write_changes()

    def _write_identities(self) -> None:
        fresh = sorted(key for key in self.by_key if key not in self.known)
        CustomerIdentity.objects.bulk_create(
            [self._identity(key) for key in fresh], ignore_conflicts=True
        )
        mine = {self.by_key[key].pk for key in fresh}
        if fresh:
            written = CustomerIdentity.objects.filter(customer_id__in=mine).filter(_any_of(fresh))
            if written.count() != len(fresh):
                raise LostRaceError
        changed = []
        for key, row in sorted(self.known.items()):
            if key[1] in self.repaired and key[0] == USER:
                row.paired_at, row.paired_with = self.pairings[key[1]]
                changed.append(row)
            elif key in self.moved:
                changed.append(row)
            if key in self.moved:
                row.customer = self.by_key[key]
        update_rows(changed, ["paired_at", "paired_with", "customer"])
        self._note_second_user_ids([key for key in fresh if key[0] == USER])

    def _identity(self, key: Key) -> CustomerIdentity:
        pairing = self.pairings.get(key[1]) if key[0] == USER else None
        return CustomerIdentity(
            kind=key[0],
            value=key[1],
            customer=self.by_key[key],
            first_seen_at=self.seen[key],
            paired_at=pairing.at if pairing else None,
            paired_with=pairing.phone if pairing else "",
        )

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
                self._note(self.by_key[key], Change.REPLACED, key)

    def _write_changes(self) -> None:
        """Record what is news; what staff have not settled yet is not said twice."""
        if not self.changes:
            return
        values = {change.value for change in self.changes.values()}
        open_ones = IdentityChange.objects.filter(
            value__in=values, settled_at=None, change__in=[Change.CONFLICT, Change.LIMIT]
        )
        known = set(open_ones.values_list("customer_id", "change", "kind", "value"))
        IdentityChange.objects.bulk_create(
            [
                one
                for one in self.changes.values()
                if (one.customer.pk, one.change, one.kind, one.value) not in known
            ]
        )

    def _note_sightings(self) -> None:
        """First and last sight, name and main number: minima and maxima, whatever the order."""
        touched: dict[int, Customer] = {}
        for message in self.messages:
            customer = self.customer_of(message)
            if customer is not None:
                _sight(customer, message)
                touched[customer.pk] = customer
        earlier = []
        for key, row in self.known.items():
            if key in self.seen and self.seen[key] < row.first_seen_at:
                row.first_seen_at = self.seen[key]
                earlier.append(row)
        update_rows(earlier, ["first_seen_at"])
        rows = sorted(touched.values(), key=lambda row: row.pk)
        update_rows(rows, ["first_seen_at", "last_seen_at", "name", "name_seen_at", "phone_number"])
        self._choose_main_numbers(rows)

    def _choose_main_numbers(self, customers: Iterable[Customer]) -> None:
        """Of a customer's several numbers, the one first seen last is the main one."""
        several = {change.customer.pk: change.customer for change in self.changes.values()}
        several |= {customer.pk: customer for customer, _, _ in self.joins}
        chosen = []
        for customer in customers:
            if customer.pk in several:
                customer.phone_number = main_number(customer)
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
