"""A quick load of made-up messages for benchmarks: cheap to make, like real chats in its mix.

`demo` makes whole conversations; here only the texts are like real ones.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

# What people write in a month of chats: three in four messages say nothing about a sale.
STREAM_TEXTS = """
oke makasih kak
berapa kak biayanya?
halo kak
ok thank you
lokasinya dimana ya?
Jadwal kami jam 09.00, 15.00 dan 19.00 kak 😊
sudah transfer 150rb ya kak
👍
mau booking besok jam 3 sore kak
see you
nanti saya kabari lagi
p
Untuk 4 kali pertemuan Rp 500.000 ya kak, transfer ke rek 1234567890
what times do you have?
belum bayar ya kak, nanti sore
siap kak 🙏
I've paid IDR 450,000
anak umur 7 tahun bisa ikut?
Hi, I want a trial session!
great
can I book for Saturday 10am?
maaf kak baru balas, tadi masih di jalan dan sinyalnya hilang terus
kak
terima kasih banyak ya
""".strip().splitlines()


def message_stream(count: int, *, customers: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Quick synthetic load: `customers` rooms in turn at random, a message every two seconds."""
    draw = random.Random(seed).random  # noqa: S311 - a load for benchmarks
    start = datetime(2025, 4, 1, tzinfo=timezone(timedelta(hours=7)))
    step, kinds = timedelta(seconds=2), len(STREAM_TEXTS)
    for number in range(count):
        customer = int(draw() * customers)
        yield {
            "message_id": f"s{seed}-{number}",
            "room_id": f"room-{customer}",
            "phone_number": f"+62812{customer:08}",
            "message": STREAM_TEXTS[int(draw() * kinds)],
            "channel": "whatsapp",
            "sender": "agent" if number % 3 == 2 else "customer",
            "sent_at": (start + number * step).isoformat(),
        }
