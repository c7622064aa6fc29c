"""A made-up day of a studio's chats, for a first look at the product and for benchmarks.

Pure and deterministic for a seed. No name, number or firm is a real one's.
"""

import random
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NAMESPACE = uuid.UUID("8a4f3a52-6b0b-4a3e-9a55-0c8f2a6f1d11")
HOURS = (0, 0, 0, 0, 0, 1, 3, 6, 12, 18, 20, 16, 10, 9, 10, 11, 10, 9, 9, 16, 18, 14, 6, 2)
NAMES = (
    "Ayu Lestari",
    "Bagas",
    "Citra W",
    "Dimas Pratama",
    "Eka",
    "Fajar N",
    "Gita",
    "Hana 🌸",
    "Indra",
    "Joko",
    "Kirana",
    "Lukman Hakim",
    "Maya",
    "Nadia",
    "Oki",
    "Putri",
    "Rama",
    "Sari Dewi",
    "Tono",
    "Vina",
    "Emma",
    "Liam",
    "Olivia R.",
    "Noah",
    "Mia",
    "Jack",
    "Ella",
    "Leo",
)
VALUES = (
    150_000,
    200_000,
    250_000,
    350_000,
    450_000,
    500_000,
    750_000,
    1_000_000,
    1_250_000,
    1_500_000,
    2_500_000,
)


@dataclass(frozen=True, slots=True)
class Words:
    """What people of one language write at each turn of a sale."""

    openings: tuple[str, ...]
    small_talk: tuple[str, ...]
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    bookings: tuple[str, ...]
    confirmations: tuple[str, ...]
    bills: tuple[str, ...]
    payments: tuple[str, ...]
    receipts: tuple[str, ...]
    not_yet: tuple[str, ...]
    farewells: tuple[str, ...]


INDONESIAN = Words(
    openings=(
        "Halo kak",
        "hai kak, mau tanya dong",
        "Selamat pagi min",
        "Halo, info harga kelas yoga dong",
        "SPARKS TRIAL",
        "sparks trial kak",
        "Assalamualaikum kak",
        "permisi kak, masih ada kelas trial?",
        "halo 👋 lihat di instagram ada promo ya?",
        "PROMO GAJIAN",
        "Halo kak dari website nih",
        "info kelas anak dong kak",
        "mau nanya kak kelas sore ada?",
        "Selamat sore, saya tertarik ikut kelas",
        "hallo minn",
        "coba gratis masih bisa kak?",
    ),
    small_talk=(
        "permintaan kemarin gimana ya",
        "kak yang tadi malam chat",
        "lokasinya yang di ruko itu kan?",
        "ini nomor admin?",
        "p",
    ),
    questions=(
        "jamnya ada apa aja kak?",
        "berapa kak biayanya?",
        "lokasinya dimana ya?",
        "bisa booking besok?",
        "anak umur 7 bisa ikut?",
        "bayarnya gimana kak?",
        "kelasnya berapa orang?",
        "ada parkir ga kak",
        "kalau hari minggu ada?",
    ),
    answers=(
        "Halo kak, kelas trial 150rb ya kak, paket 4x 500rb 😊",
        "Jadwal kami 09.00, 15.00 dan 19.00 kak",
        "Kami di Jl. Melati no 12 kak",
        "Bisa kak, mulai umur 6 tahun",
        "Silakan pilih jadwalnya kak",
        "Pembayaran bisa transfer ke rek 1234567890 ya kak",
    ),
    bookings=(
        "mau booking besok jam 3 sore ya kak",
        "saya mau daftar buat sabtu jam 10",
        "booking hari minggu jam 9 pagi dong",
        "tolong booking buat lusa jam 4 sore",
        "oke saya mau reservasi tanggal {day} jam 7 malam",
        "daftar kak, {day}/{month} jam 15.00",
        "jadi booking jumat jam 10 pagi ya kak",
        "mau book kelas besok pagi jam 9",
    ),
    confirmations=(
        "Siap kak, sudah kami catat ya 🙏",
        "Noted kak, ditunggu kedatangannya",
        "Oke kak 👍",
    ),
    bills=(
        "Total {amount} ya kak, transfer ke rek 1234567890",
        "Untuk pembayaran {amount} ya kak, ditunggu bukti transfernya",
    ),
    payments=(
        "sudah transfer {amount} ya kak",
        "udah tf {short} kak",
        "transfer ke rek 1234567890 sebesar {short}",
        "sdh bayar {amount} barusan",
        "barusan transfer {amount} via bank",
        "kak ini bukti transfer {amount}",
        "lunas ya kak {short}",
        "Pembayaran sudah {amount} 🙏",
    ),
    receipts=("Terima kasih kak, pembayaran sudah kami terima", "Sip kak, sudah masuk ya"),
    not_yet=(
        "belum bayar ya kak, nanti sore",
        "maaf blm tf kak",
        "nanti saya transfer ya",
        "gak jadi booking kak, maaf",
        "kalau sudah transfer saya kabari",
    ),
    farewells=(
        "oke makasih kak",
        "siap makasih infonya 🙏",
        "nanti saya kabari lagi",
        "oke kak",
        "sampai ketemu ya",
        "👍",
    ),
)
ENGLISH = Words(
    openings=(
        "Hi",
        "Hello, I saw your Instagram",
        "hi there, how much is a class?",
        "Hello! is the trial still on?",
        "SPARKS TRIAL",
        "Hi, I want a trial session!",
        "hello, I'm interested in the evening class",
        "hi, more info please",
        "Hello from your website",
        "hi 👋",
    ),
    small_talk=("is this the studio?", "quick question", "thinking about joining"),
    questions=(
        "what times do you have?",
        "where are you located?",
        "can I book for tomorrow?",
        "how do I pay?",
        "is there parking?",
        "do you take kids?",
    ),
    answers=(
        "Hi! A trial is IDR 150,000, four classes IDR 500,000",
        "We have 9 am, 3 pm and 7 pm",
        "We are at Jalan Melati 12",
        "Sure, from six years on",
    ),
    bookings=(
        "please book me in for tomorrow at 3pm",
        "I'd like to book Saturday 10am",
        "book me for next Monday 7pm please",
        "I want to reserve a spot on {day} {month_name} at 9am",
        "let me book friday 4pm",
    ),
    confirmations=("Noted, see you then!", "You're booked 👍", "Great, see you"),
    bills=("That is {amount}, transfer to account 1234567890 please", "Total {amount}, thank you!"),
    payments=(
        "I've paid {amount}",
        "just transferred {amount}",
        "paid {short}",
        "payment done, {amount}",
        "I have transferred {amount} to your account",
    ),
    receipts=("Payment received, thank you!", "Got it, thanks"),
    not_yet=(
        "haven't paid yet, sorry",
        "I'll pay tomorrow",
        "not paid yet",
        "have to cancel my booking, sorry",
        "will transfer later",
    ),
    farewells=("thanks!", "ok thank you", "great, see you", "I'll think about it", "👍"),
)
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def demo_day(
    day: date, *, customers: int = 700, seed: int = 1, zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    """The bodies of POST /api/messages/ of one day, in the order they were sent."""
    rng = random.Random(seed)  # noqa: S311 - a demonstration, not a secret
    messages = [
        message for number in range(customers) for message in _conversation(number, day, rng, zone)
    ]
    messages.sort(key=lambda message: (message["sent_at"], message["message_id"]))
    yield from messages


def _conversation(
    number: int, day: date, rng: random.Random, zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    words = INDONESIAN if rng.random() < 0.65 else ENGLISH
    at = _start(day, rng, zone)
    end = datetime.combine(day, time(23, 59, 30), zone)
    room = {
        "room_id": str(uuid.uuid5(NAMESPACE, f"{day}:{number}")),
        "phone_number": _phone(number, rng),
        "channel": rng.choices(("whatsapp", "instagram", "website"), (85, 9, 6))[0],
    }
    name = rng.choice(NAMES)
    for place, (sender, text, stated) in enumerate(_turns(words, day, rng)):
        if at > end:
            return
        yield {
            "message_id": f"demo-{day:%Y%m%d}-{number:04}-{place:02}",
            **room,
            "sender": sender,
            "message": text,
            "sent_at": at.isoformat(),
            **({"name": name} if sender == "customer" and place < 3 else {}),
            **{key: value(at) for key, value in stated.items()},
        }
        at += timedelta(seconds=rng.randint(15, 600))


Turn = tuple[str, str, dict[str, Callable[[datetime], Any]]]


def _turns(words: Words, day: date, rng: random.Random) -> Iterator[Turn]:
    """Who says what: most begin with a greeting, fewer book, fewer pay."""
    value = rng.choice(VALUES)
    is_lead = rng.random() < 0.86
    yield "customer", rng.choice(words.openings if is_lead else words.small_talk), {}
    if rng.random() < 0.75:
        yield "customer", rng.choice(words.questions), {}
        yield "agent", rng.choice(words.answers), {}
    if not is_lead or rng.random() > 0.45:
        yield "customer", rng.choice(words.farewells), {}
        return
    yield "customer", _dated(rng.choice(words.bookings), day, rng), {}
    yield "agent", rng.choice(words.confirmations), {}
    yield "agent", rng.choice(words.bills).format(amount=_amount(value)), {}
    if rng.random() > 0.58:
        yield "customer", rng.choice(words.not_yet), {}
        return
    stated: dict[str, Callable[[datetime], Any]] = {}
    if rng.random() < 0.08:
        # Some rooms' CRM states the sale outright.
        stated = {
            "transaction_date": lambda at: at.isoformat(),
            "transaction_value": lambda at: value,
        }
    text = rng.choice(words.payments).format(amount=_amount(value), short=_short(value))
    yield "customer", text, stated
    yield "agent", rng.choice(words.receipts), {}
    yield "customer", rng.choice(words.farewells), {}


def _start(day: date, rng: random.Random, zone: ZoneInfo) -> datetime:
    hour = rng.choices(range(24), HOURS)[0]
    return datetime.combine(day, time(hour, rng.randrange(60), rng.randrange(60)), zone)


def _phone(number: int, rng: random.Random) -> str:
    """Numbers of ranges that no operator has assigned, written as people write them."""
    if number % 25 == 0:
        return f"+1 415 555 {number % 10_000:04}"
    digits = f"8120{number:07}"
    return rng.choice(("0{0}", "+62 {0}", "62{0}", "0{1}-{2}-{3}")).format(
        digits, digits[:3], digits[3:7], digits[7:]
    )


def _dated(text: str, day: date, rng: random.Random) -> str:
    later = day + timedelta(days=rng.randint(2, 12))
    return text.format(day=later.day, month=later.month, month_name=MONTHS[later.month - 1])


def _amount(value: int) -> str:
    return f"Rp {value:,}".replace(",", ".")


def _short(value: int) -> str:
    if value % 1_000_000 == 0:
        return f"{value // 1_000_000}jt"
    return f"{value // 1_000}rb"


def message_stream(count: int, *, customers: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Quick synthetic load: messages of many rooms over a month, one in six with an event."""
    rng = random.Random(seed)  # noqa: S311 - a load for benchmarks
    texts = (
        "oke makasih kak",
        "berapa kak biayanya?",
        "halo kak",
        "ok thank you",
        "lokasinya dimana ya?",
        "sudah transfer 150rb ya kak",
        "mau booking besok jam 3",
        "ditunggu ya",
        "👍",
        "see you",
        "nanti saya kabari",
        "p",
    )
    start = datetime(2025, 4, 1, tzinfo=ZoneInfo("Asia/Jakarta"))
    for number in range(count):
        customer = rng.randrange(customers)
        yield {
            "message_id": f"s{seed}-{number}",
            "room_id": f"room-{customer}",
            "phone_number": f"+62812{customer:08}",
            "message": texts[rng.randrange(len(texts))],
            "channel": "whatsapp",
            "sender": "agent" if number % 3 == 0 else "customer",
            "sent_at": (start + timedelta(seconds=number * 2)).isoformat(),
        }
