"""A made-up day of chats of a studio with courses and treatments, for a first look at the product.

Pure, and the same for the same seed and day. No name, number or firm is a real one's.
"""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

NAMESPACE = uuid.UUID("8a4f3a52-6b0b-4a3e-9a55-0c8f2a6f1d11")
HOURS = (0, 0, 0, 0, 0, 1, 3, 6, 12, 20, 22, 18, 10, 9, 9, 10, 9, 8, 10, 18, 20, 12, 4, 1)
INDONESIAN_SHARE, LEAD_SHARE, BOOKING_SHARE, PAYMENT_SHARE = 0.65, 0.85, 0.45, 0.55
STATED_SHARE = 0.08

# Texts: an exchange a line, its messages between slashes; "A: " is the agent, "B: " the bot.
Exchange = tuple[tuple[str, str], ...]
SENDERS = {"A: ": "agent", "B: ": "bot"}


def _exchanges(text: str) -> tuple[Exchange, ...]:
    return tuple(
        tuple(
            (SENDERS.get(said[:3], "customer"), said[3:] if said[:3] in SENDERS else said)
            for said in line.split(" / ")
        )
        for line in text.strip().splitlines()
    )


@dataclass(frozen=True, slots=True)
class Words:
    """What is written in one language at each turn of a sale."""

    openings: tuple[Exchange, ...]
    small_talk: tuple[Exchange, ...]
    greetings: tuple[Exchange, ...]
    enquiries: tuple[Exchange, ...]
    bookings: tuple[Exchange, ...]
    bills: tuple[Exchange, ...]
    payments: tuple[Exchange, ...]
    not_yet: tuple[Exchange, ...]
    farewells: tuple[Exchange, ...]


INDONESIAN = Words(
    openings=_exchanges("""
Halo kak
Hai kak, {service} masih buka?
Selamat pagi kak
selamat siang, mau tanya soal {service}
Selamat sore, saya tertarik ikut {service}
selamat malam kak maaf ganggu 🙏
SPARKS TRIAL
SPARKS TRIAL - {service}
PROMO GAJIAN
DAFTAR SPARKS
INFO SPARKS
Assalamualaikum kak, izin bertanya
permisi kak, ada trial {service}?
info harga {service} dong
mau nanya kak, {service} sekali datang berapa
halo 👋 lihat di instagram ada {service} ya?
Halo kak dari website nih, mau tanya {service}
info kelas dong kak, anak saya umur 8
Hallo minn 😁
coba gratis masih bisa kak?
Halo, saya dapat nomor ini dari teman. Ada {service}?
hi kak, mau tny2 dulu boleh?
"""),
    small_talk=_exchanges("""
p
kak yang tadi malam chat ya
lokasinya yang di ruko pojok itu kan
barang saya ketinggalan di ruang tunggu kak, botol minum biru
maaf salah kirim
kak kunci loker kebawa saya, besok saya balikin
"""),
    greetings=_exchanges("""
B: Terima kasih sudah menghubungi kami 🙏 Admin membalas pukul 08.00-21.00.
B: Halo! Pesan kakak sudah kami terima, mohon tunggu sebentar ya.
"""),
    enquiries=_exchanges("""
berapa kak biayanya? / A: Untuk {service} {price} per paket ya kak 😊
jadwalnya hari apa aja kak? / A: Tiap hari kak, jam 09.00, 13.00, 15.00 dan 19.00 / oh oke, saya cek jadwal dulu ya
lokasinya dimana ya? / A: Di Jl. Melati no 12 kak, sebelah apotek. Parkir luas / ada parkir mobil? sip
bisa booking besok? / A: Bisa kak, mau jam berapa?
{service} itu isinya apa aja kak? / A: Satu paket 4 kali pertemuan kak, total {price}. Sudah termasuk alat / kalau sekali aja? / A: Bisa juga kak, nanti kami hitungkan
harga {service} {price} itu udah semua? ga ada biaya lain? / A: Betul kak, sudah semua
cara bayarnya gimana kak, bisa cicil? / A: Bisa transfer atau tunai di tempat kak, cicil 2x juga boleh
anak umur 7 thn bisa ikut? / A: Bisa kak, mulai umur 6 tahun. Satu kelas maks 8 orang
ada promo ga kak bulan ini? 👀 / A: Lagi ada kak, {service} jadi {price} sampai akhir bulan
saya hamil 5 bulan boleh ikut {service}? / A: Boleh kak, tapi sebaiknya tanya dokter dulu ya 🙏 / oke siap
"""),
    bookings=_exchanges("""
mau booking {when} kak / A: Baik kak, kami siapkan ya 🙏
oke saya mau daftar {service} {when} ya / A: Siap kak, ditunggu kedatangannya
tolong booking buat 2 orang {when} / A: Noted kak 👍
booking {when} dong kak, atas nama saya sendiri / A: Oke kak, jangan telat ya 😊 / siapp
jadi booking {when} ya kak / A: Baik kak
saya mau reservasi {service}, {when} bisa kan ya. kalo penuh kabarin / A: Masih ada tempat kak, kami simpan
kak aku mau booking {service} / A: Boleh kak, mau kapan? / booking {when} aja kak
minta tolong jadwalkan {when} ya min / A: Oke kak sudah tercatat
daftar kak, {when} / A: Siap kak 🙏
mau book {service} {when}, sama adek saya jg / A: Baik kak, untuk 2 orang ya
Saya booking {when} ya, kalau ada perubahan saya kabari / A: Siap kak
"""),
    bills=_exchanges("""
A: Total {price} ya kak, transfer ke rek 1234567890
A: Untuk {service} {amount} kak. Rek 1234567890 a/n Studio Contoh 🙏
A: Biayanya {price} kak, mohon kirim bukti transfer kalau sudah ya / no rek nya? / A: 1234567890 kak
"""),
    payments=_exchanges("""
sudah transfer {price} ya kak / A: Terima kasih kak, {price} sudah kami terima 🙏
udah tf {price} kak, cek ya / A: Sudah masuk kak, makasih 🙏
sdh transfer ke rek 1234567890 sebesar {price} / A: Sip kak
barusan bayar {amount} via mbanking / A: Siap kak, terima kasih
Pembayaran {amount} sudah saya transfer ya min / A: Baik kak, kami cek dulu / A: Sudah masuk ya kak
sudah dp {deposit} ya kak, sisanya nanti di tempat / A: Oke kak, dp {deposit} sudah diterima / sudah transfer {rest} buat pelunasan kak / A: Lunas ya kak, terima kasih banyak 🙏
alhamdulillah sudah lunas {price} ya kak 🙏 / A: Terima kasih kak
sudh transfer kak {price}, tadi jam 10 / A: Oke kak, sudah kami terima
udah aku transfer {amount} yaa, maaf lama 🙏 / A: Gpp kak, makasih
saya sudah bayar {price} tadi pagi / A: Siap kak, noted
"""),
    not_yet=_exchanges("""
belum bayar ya kak, nanti sore / A: Baik kak, ditunggu
maaf blm tf kak, mbanking nya error 😭 / A: Gpp kak, santai aja
nanti saya transfer ya kak
kalau sudah transfer saya kabari
transfernya ke rek yang mana kak? / A: Ke rek 1234567890 ya kak
maaf kak ga jadi, ada acara keluarga / A: Baik kak, lain waktu ya 🙏
batal booking dulu ya kak 🙏 / A: Baik kak, tidak apa-apa
bisa bayar di tempat aja? / A: Bisa kak
gak jadi transfer skrg kak, besok aja pas gajian
"""),
    farewells=_exchanges("""
sampai ketemu ya kak
oke makasih kak
nanti saya kabari lagi
tanya suami dulu ya kak
👍
mahal ya kak, pikir2 dulu deh
terimakasih min 😊
"""),
)
ENGLISH = Words(
    openings=_exchanges("""
Hello, I saw your Instagram. Do you do {service}?
hi there, how much is {service}?
Hello! is the trial still on?
SPARKS TRIAL
Hi, I want a trial session!
hello, I'm interested in {service}
hi, more info please
Hello from your website
hi 👋
Hello! A friend told me about {service}
hi, do you have {service} at weekends?
is the free class still available?
"""),
    small_talk=_exchanges("""
is this the studio on Melati street?
quick question
I think I left my umbrella at your place
sorry, wrong number
"""),
    greetings=_exchanges("""
B: Thank you for your message. We answer from 8 am to 9 pm.
"""),
    enquiries=_exchanges("""
what times do you have? / A: Every day at 9 am, 1 pm, 3 pm and 7 pm
how much is it? / A: {service} is {price} for four visits
where are you located? / A: Jalan Melati 12, next to the pharmacy / thx
can I book for tomorrow? / A: Sure, what time suits you?
how do I pay? cash ok? / A: Cash or transfer, both are fine
do you take kids? mine is 7 / A: Yes, from six years on
is {price} the full price or are there extras? / A: That is all included 😊
is it ok for total beginers? / A: Absolutely, most people start from zero
"""),
    bookings=_exchanges("""
please book me in for {when} / A: Done, see you then!
I'd like to book {service} for {when} / A: Great, we keep a place for you
book me for {when} please / A: Noted 👍
I want to reserve a spot for {when}, two people / A: Sure, two people it is
let me book for {when} then / A: Perfect
ok I will book {service} for {when}. Anything I should bring? / A: Just comfortable clothes
can I book for {when}? / A: Yes, there is room / ok then please book it / A: All right!
"""),
    bills=_exchanges("""
A: That is {amount}, transfer to account 1234567890 please
A: Total {amount}. You can also pay cash when you come
"""),
    payments=_exchanges("""
I've paid {amount} / A: Thank you, we received {amount}
just transferred {price} to your account / A: Got it, thanks
paid {amount} by bank transfer, please check / A: Let me look / A: Yes, thank you!
payment done, {amount} 🙂 / A: Thanks!
I have transferred {amount} to account 1234567890 / A: Thank you so much
already paid {price} this morning / A: Great, see you soon
"""),
    not_yet=_exchanges("""
haven't paid yet, sorry. tonight! / A: No problem
I'll pay tomorrow / A: Sure
not paid yet, my card was declined
sorry, have to cancel my booking / A: No worries, another time!
will transfer later today
can I pay at the desk instead? / A: Of course
"""),
    farewells=_exchanges("""
great, see you
thanks!
I'll think about it
👍
hmm a bit expensive for me
let me ask my husband first
"""),
)
SERVICES = (
    ("kelas bahasa Inggris", "the English course", (500, 750, 1_250, 2_500)),
    ("kelas yoga", "yoga", (150, 200, 350, 500)),
    ("facial", "the facial", (250, 350, 450)),
    ("fisioterapi", "physiotherapy", (300, 450, 1_000)),
    ("kelas piano anak", "the kids' piano class", (350, 750, 1_500)),
    ("kelas melukis", "the painting class", (200, 350, 600)),
)
NAMES = (
    "Ayu,Bagas 🚀,Citra W,Dimas,Eka,Fajar N,Gita,Hana 🌸,Mama Kirana,Oki,Putri.,Rama,Tono,vina,"
    "Emma,Liam,Olivia R.,Noah,Mia,Leo"
).split(",")
WEEKDAYS = (
    "senin selasa rabu kamis jumat sabtu minggu".split(),
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(),
)
MONTHS = (
    "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split(),
    "January February March April May June July August September October November December".split(),
)
CLOCK = {
    9: ("jam 9 pagi", "9am"), 10: ("jam 10 pagi", "10am"), 13: ("jam 1 siang", "1pm"),
    15: ("jam 3 sore", "3pm"), 16: ("jam 4 sore", "4pm"), 19: ("jam 7 malam", "7pm"),
}  # fmt: skip
PREFIXES = ("812", "813", "857", "878", "896")


# Sender, text, and the names of the fields that a CRM sends beside the text.
Line = tuple[str, str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Sale:
    """What a conversation is about, and what fills the gaps in its texts."""

    words: Words
    slot: datetime
    value: int
    fillings: dict[str, str]


def demo_day(
    day: date, *, customers: int = 600, seed: int = 1, zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    """The bodies of POST /api/messages/ of one day, about five a customer, in the order sent."""
    rng = random.Random(f"{seed}:{day}")  # noqa: S311 - a demonstration, not a secret
    messages = [
        message
        for number in range(customers)
        for message in _conversation(number, day=day, seed=seed, rng=rng, zone=zone)
    ]
    messages.sort(key=lambda one: (datetime.fromisoformat(one["sent_at"]), one["message_id"]))
    yield from messages


def _conversation(
    number: int, *, day: date, seed: int, rng: random.Random, zone: ZoneInfo
) -> Iterator[dict[str, Any]]:
    sale = _sale(day, rng, zone)
    at = datetime.combine(day, time(rng.choices(range(24), HOURS)[0]), zone)
    at += timedelta(seconds=rng.randrange(3_600))
    end = datetime.combine(day, time(23, 59, 59), zone)
    room = str(uuid.uuid5(NAMESPACE, f"{seed}:{day}:{number}"))
    if rng.random() < 0.1:
        room = f"crm-{seed}-{day:%y%m%d}-{number}"
    channel = rng.choices(("whatsapp", "instagram", "website"), (86, 8, 6))[0]
    name = rng.choice(NAMES) if rng.random() < 0.6 else ""
    for place, (sender, text, stated) in enumerate(_lines(sale, rng)):
        if at > end:
            return
        yield {
            "message_id": f"demo-{seed}-{day:%Y%m%d}-{number:04}-{place:02}",
            "room_id": room,
            "phone_number": _phone(number, rng),
            "message": text,
            "channel": channel,
            "sender": sender,
            "sent_at": at.isoformat(),
            **({"name": name} if name and sender == "customer" else {}),
            **_stated(stated, sale, at),
        }
        at += timedelta(seconds=rng.randint(8, 90) if rng.random() < 0.6 else rng.randint(90, 1500))


def _lines(sale: Sale, rng: random.Random) -> Iterator[Line]:
    """Who says what: most begin with a greeting, fewer book, fewer pay."""
    words = sale.words
    is_lead = rng.random() < LEAD_SHARE
    yield from _say(words.openings if is_lead else words.small_talk, sale, rng)
    if rng.random() < 0.15:
        yield from _say(words.greetings, sale, rng)
    if is_lead:
        for _ in range(rng.choices((0, 1, 2), (40, 50, 10))[0]):
            yield from _say(words.enquiries, sale, rng)
    if not is_lead or rng.random() > BOOKING_SHARE:
        if rng.random() < 0.6:
            yield from _say(words.farewells[1:], sale, rng)
        return
    yield from _say(words.bookings, sale, rng, stated=("booking_date",))
    yield from _say(words.bills, sale, rng)
    if rng.random() > PAYMENT_SHARE:
        if rng.random() < 0.8:
            yield from _say(words.not_yet, sale, rng)
        return
    yield from _say(words.payments, sale, rng, stated=("transaction_date", "transaction_value"))
    yield from _say(words.farewells[:2], sale, rng)


def _say(
    choices: tuple[Exchange, ...], sale: Sale, rng: random.Random, stated: tuple[str, ...] = ()
) -> Iterator[Line]:
    """One of the exchanges, filled in; now and then its last message comes with a CRM's fields."""
    exchange = rng.choice(choices)
    states = bool(stated) and rng.random() < STATED_SHARE and "{deposit}" not in str(exchange)
    for place, (sender, text) in enumerate(exchange, start=1):
        is_last = place == len(exchange)
        yield sender, text.format(**sale.fillings), stated if states and is_last else ()


def _stated(names: tuple[str, ...], sale: Sale, at: datetime) -> dict[str, Any]:
    known = {
        "booking_date": sale.slot.isoformat(),
        "transaction_date": at.isoformat(),
        "transaction_value": sale.value,
    }
    return {name: known[name] for name in names}


def _sale(day: date, rng: random.Random, zone: ZoneInfo) -> Sale:
    language = 0 if rng.random() < INDONESIAN_SHARE else 1
    indonesian, english, prices = rng.choice(SERVICES)
    value = rng.choice(prices) * 1_000
    later, hour = rng.randint(1, 10), rng.choice(tuple(CLOCK))
    slot = datetime.combine(day + timedelta(days=later), time(hour), zone)
    deposit = value // 5_000 * 2_000
    fillings = {
        "service": english if language else indonesian,
        "when": _when(slot, later, language, rng),
        "amount": f"IDR {value:,}" if language else f"Rp {value:,}".replace(",", "."),
        "price": f"{value // 1_000}k" if language else _short(value),
        "deposit": _short(deposit),
        "rest": _short(value - deposit),
    }
    return Sale((INDONESIAN, ENGLISH)[language], slot, value, fillings)


def _when(slot: datetime, later: int, language: int, rng: random.Random) -> str:
    """The slot in words that mean just that day, `later` days after the chat's."""
    clock, weekday = CLOCK[slot.hour][language], WEEKDAYS[language][slot.weekday()]
    month = MONTHS[language][slot.month - 1]
    if language:
        ways = [f"{slot.day} {month} at {clock}"]
        ways += [f"{weekday} at {clock}", f"{weekday} {clock}"] if later < 6 else []
        ways += [f"tomorrow at {clock}", f"tomorrow {clock}"] * 2 if later == 1 else []
        return rng.choice(ways)
    ways = [f"tanggal {slot.day} {clock}", f"{slot.day} {month} {clock}"]
    ways += [f"{slot.day}/{slot.month} {clock}"] if slot.day > 12 else []
    ways += [f"hari {weekday} {clock}"] * 3 if later < 6 else []
    ways += [f"besok {clock}"] * 4 if later == 1 else [f"lusa {clock}"] * 3 if later == 2 else []
    return rng.choice(ways)


def _short(value: int) -> str:
    if value >= 1_000_000 and value % 100_000 == 0:
        return f"{value / 1_000_000:g}jt".replace(".", ",")
    return f"{value // 1_000}rb"


def _phone(number: int, rng: random.Random) -> str:
    """Numbers full of zeros, or of ranges kept for fiction, written as people write them."""
    if number % 25 == 0 and number < 2_500:
        place = number // 25
        return f"+1 415 555 01{place:02}" if place % 2 else f"+44 7700 900{place:03}"
    digits = f"{PREFIXES[number % len(PREFIXES)]}000{number:05}"
    first, middle, last = digits[:3], digits[3:7], digits[7:]
    ways = (
        f"0{digits}", f"+62{digits}", f"62{digits}", f"+62 {first}-{middle}-{last}",
        f"0{first} {middle} {last}", f"0{first}-{middle}-{last}",
    )  # fmt: skip
    return rng.choice(ways)
