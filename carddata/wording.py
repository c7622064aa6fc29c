"""What an agent may tell a customer of a card, and how old news is put. Words only."""

from datetime import datetime, timedelta

from carddata.statuses import Status
from funnel_site.lib.marking import marked

UNITS = (
    (86_400, marked("1 day ago"), marked("%(number)s days ago")),
    (3_600, marked("1 hour ago"), marked("%(number)s hours ago")),
    (60, marked("1 minute ago"), marked("%(number)s minutes ago")),
)

ENGLISH = {
    Status.GENERATED: "Your card {card} has been made and waits for the courier (since {day}).",
    Status.PICKED_UP: "The courier picked up your card {card} on {day}.",
    Status.IN_TRANSIT: "Your card {card} is on its way (since {day}).",
    Status.DELIVERED: "Your card {card} was delivered on {day}.",
    Status.DELIVERY_FAILED: "The courier could not deliver your card {card} on {day}.",
    Status.RETURNED: "Your card {card} was returned to us on {day}.",
    Status.UNKNOWN: "We have news of your card {card} of {day} and are looking into it.",
}
INDONESIAN = {
    Status.GENERATED: "Kartu {card} sudah dibuat dan menunggu kurir (sejak {day}).",
    Status.PICKED_UP: "Kartu {card} sudah diambil kurir pada {day}.",
    Status.IN_TRANSIT: "Kartu {card} sedang dalam perjalanan (sejak {day}).",
    Status.DELIVERED: "Kartu {card} sudah diantar pada {day}.",
    Status.DELIVERY_FAILED: "Kurir belum berhasil mengantar kartu {card} pada {day}.",
    Status.RETURNED: "Kartu {card} dikembalikan kepada kami pada {day}.",
    Status.UNKNOWN: "Ada kabar tentang kartu {card} pada {day}; sedang kami periksa.",
}
MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember"


def sentences(*, card_id: str, status: str, local: datetime) -> tuple[str, str]:
    """The same sentence for the customer in English and in Indonesian.

    >>> day = datetime(2023, 11, 14)
    >>> sentences(card_id="ZYW7631", status="delivered", local=day)[0]
    'Your card ZYW7631 was delivered on 14 November 2023.'
    """
    known = Status(status)
    indonesian = f"{local.day} {MONTHS.split()[local.month - 1]} {local.year}"
    return (
        ENGLISH[known].format(card=card_id, day=f"{local.day} {local:%B %Y}"),
        INDONESIAN[known].format(card=card_id, day=indonesian),
    )


def age_in_words(age: timedelta) -> str:
    """How long ago, in the largest unit that is not zero; news from ahead is called so.

    >>> age_in_words(timedelta(days=3, hours=5)), age_in_words(timedelta(seconds=20))
    ('3 days ago', 'just now')
    """
    seconds = int(age.total_seconds())
    if seconds < 0:
        return marked("in the future")
    for size, one, several in UNITS:
        if seconds >= size:
            number = seconds // size
            return one if number == 1 else marked(several, number=f"{number:,}")
    return marked("just now")
