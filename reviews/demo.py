"""A couple of dozen made-up reviews for a first look, each through the bot itself.

The same for the same day and numbers; a second call changes nothing. No name, number or firm is a
real one's.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from conversations.services.accounts import practice_account
from conversations.services.drain import drain_inbox
from conversations.services.inbox import Delivery, store_deliveries
from conversations.services.statuses import apply_report
from conversations.services.twilio_inbox import TWILIO
from conversations.twilio_shapes import StatusReport
from reviews.models import Review
from reviews.services.moderation import hide_reviews, publish_reviews

OUR_ADDRESS = "whatsapp:+14155238886"
"""The number of Twilio's sandbox, which every account shares."""
OPENS_AT = time(9, 30)
BETWEEN = timedelta(minutes=27)
PAUSE = timedelta(seconds=38)
PICTURE = "(picture)"
OUTCOMES = ("read", "delivered", "read", "delivered", "read", "sent", "read", "undelivered")
NOT_ON_WHATSAPP = "63024"
SHOWN_OF_THREE = 2

# Greeting | product | name | review; what stands between further bars is said in passing.
TALKS = """
Hi | Yoga pagi | Sari | Instrukturnya sabar sekali, badan jadi segar. Pasti datang lagi!
Halo | Facial Glow | Dewi | Kulit terasa lebih bersih, tempatnya juga wangi dan tenang.
Hi | Kids drawing class | Maya | My daughter loves it, she draws every evening now.
halo kak | Hair spa | Rina | Pijatannya enak, tapi antri hampir satu jam.
Hi | Pilates trial | Anna | Small groups, clear corrections. Worth every rupiah.
Hai | Kelas melukis | Bayu | HELP | Seru! Alat disediakan semua, tinggal datang.
Hello | Swimming lesson | Tom | The pool is clean and the coach is patient with beginners.
hi | Facial Glow | (picture) | Intan | Hasilnya kelihatan di foto, glowing 😍
Halo | Yoga pagi | Agus | Bagus, cuma parkirnya sempit.
Hi | Piano for adults | Clara | I play my first song after four weeks!
Halo | Kelas robotik | Putri | Anak saya betah dua jam, pulang bawa robot sendiri.
Hi | Hair spa | BACK | Creambath | Lina | Murah dan bersih, kapsternya ramah.
Hi | Ballet trial | Nadia | Lovely studio, but the changing room is small.
Halo min | Thai massage | Joko | Pegal hilang, tidur nyenyak semalaman.
Hi | Kids drawing class | Mark | Good teacher. A bit loud when the class is full.
Hai | Facial Glow | Wulan | Agak merah besoknya, hari ketiga sudah mulus.
Hello | Guitar lesson | Peter | ⭐⭐⭐⭐⭐
Halo | Pilates trial | Yuni | Instruktur telat 20 menit, tolong diperbaiki ya.
Hi | Swimming lesson | Hendra | Anak berani masuk air sekarang, terima kasih kak!
Hi | Manicure | Siska | Warna awet dua minggu lebih.
promo | Jual follower murah | Admin | Klik link di bio, 10rb dapat 1000 follower!!!
Halo | Kelas memasak | Ratna | Resepnya gampang diikuti di rumah, keluarga suka.
Hi | Yoga for pregnancy | Ayu | Sangat membantu, saya jadi lebih tenang menjelang lahiran.
Halo | Piano for adults | Rudi | Pengajar asyik, ruangannya ber-AC dan kedap suara.
Hi | Thai massage | BATAL
Hai | STOP
"""


@dataclass(frozen=True, slots=True)
class Talk:
    """What one customer says to the bot, and when they begin."""

    number: int
    phone: str
    starts_at: datetime
    sayings: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the profile: the last but one thing said, where a review is complete."""
        return self.sayings[-2][:40] if len(self.sayings) >= 4 else ""


def ingest_demo_reviews(*, phones: Sequence[str], day: date, zone: ZoneInfo) -> int:
    """Have made-up customers talk to the bot on a day; returns how many reviews there are by them.

    `phones` are E.164 numbers to use first, as of customers who bought something.
    """
    talks = list(demo_talks(phones, day, zone))
    sids = [_sid(talk, place) for talk in talks for place in range(len(talk.sayings))]
    known = Review.objects.filter(message_sid__in=sids)
    if known.exists():
        return known.count()
    for talk in talks:
        for place, saying in enumerate(talk.sayings):
            _deliver(talk, place, saying)
    drain_inbox()
    reviews = list(known.order_by("created_at", "pk"))
    _report_on(reviews)
    _moderate(reviews)
    return len(reviews)


def demo_talks(phones: Sequence[str], day: date, zone: ZoneInfo) -> Iterator[Talk]:
    """The conversations in the order in which they begin."""
    opening = datetime.combine(day, OPENS_AT, zone)
    for number, line in enumerate(TALKS.strip().splitlines()):
        yield Talk(
            number=number,
            phone=phones[number] if number < len(phones) else f"+62811000{number:05}",
            starts_at=opening + number * BETWEEN,
            sayings=tuple(saying.strip() for saying in line.split(" | ")),
        )


def _sid(talk: Talk, place: int) -> str:
    seed = f"demo review {talk.number} {place}"
    return f"SM{hashlib.sha256(seed.encode()).hexdigest()[:32]}"


def _deliver(talk: Talk, place: int, saying: str) -> None:
    """Keep a message as Twilio would bring it."""
    account, sid = practice_account().sid, _sid(talk, place)
    has_picture = saying == PICTURE
    form = {
        "AccountSid": account,
        "MessageSid": sid,
        "From": f"whatsapp:{talk.phone}",
        "To": OUR_ADDRESS,
        "WaId": talk.phone.removeprefix("+"),
        "ProfileName": talk.name,
        "Body": "" if has_picture else saying,
        "NumMedia": "1" if has_picture else "0",
    }
    if has_picture:
        form["MediaUrl0"] = f"https://api.twilio.com/2010-04-01/Accounts/{account}/Media/{sid}"
        form["MediaContentType0"] = "image/jpeg"
    store_deliveries(
        source=TWILIO,
        deliveries=[Delivery(key=f"{account}:{sid}", body=urlencode(form).encode())],
        received_at=talk.starts_at + place * PAUSE,
    )


def _report_on(reviews: Sequence[Review]) -> None:
    """What became of the bot's thanks, as Twilio would report it."""
    for place, review in enumerate(reviews):
        outcome = OUTCOMES[place % len(OUTCOMES)]
        if review.confirmation_id is None:
            continue
        apply_report(
            StatusReport(
                account_sid=practice_account().sid,
                sid=f"SM{hashlib.sha256(f'demo thanks {place}'.encode()).hexdigest()[:32]}",
                word=outcome,
                error_code=NOT_ON_WHATSAPP if outcome == "undelivered" else "",
                error_text="",
                message_id=review.confirmation_id,
            )
        )


def _moderate(reviews: Sequence[Review]) -> None:
    """Two of three are published, the advertisement is hidden, the rest waits for staff."""
    adverts = [review.pk for review in reviews if "follower" in review.product_name]
    shown = [
        review.pk
        for place, review in enumerate(reviews)
        if place % 3 < SHOWN_OF_THREE and review.pk not in adverts
    ]
    publish_reviews(reviews=shown, user=None)
    hide_reviews(reviews=adverts, because="Advertising", user=None)
