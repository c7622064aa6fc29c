"""What files may be sent to a customer: told by their bytes, whatever they are called.

The kinds are those that WhatsApp takes by Twilio and that a back-office sends: pictures, PDF, sound.
Twilio compares the content type with the bytes and refuses what differs.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

MEGABYTE = 2**20
LONGEST_NAME = 100
LONGEST_SENT_NAME = 20
"""Twilio's advice: no longer, and nothing but letters, digits, points and hyphens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file, how large one may be, and whether WhatsApp shows a text beside it."""

    content_type: str
    suffix: str
    most: int = 16 * MEGABYTE
    takes_text: bool = False


JPEG = FileKind(content_type="image/jpeg", suffix=".jpg", most=5 * MEGABYTE, takes_text=True)
PNG = FileKind(content_type="image/png", suffix=".png", most=5 * MEGABYTE, takes_text=True)
PDF = FileKind(content_type="application/pdf", suffix=".pdf")
OGG = FileKind(content_type="audio/ogg", suffix=".ogg")
MP3 = FileKind(content_type="audio/mpeg", suffix=".mp3")
AAC = FileKind(content_type="audio/aac", suffix=".aac")
AMR = FileKind(content_type="audio/amr", suffix=".amr")
KINDS = (JPEG, PNG, PDF, OGG, MP3, AAC, AMR)
LARGEST = max(kind.most for kind in KINDS)


def _is_opus(content: bytes) -> bool:
    """WhatsApp plays no other codec in an Ogg file; its name stands in the first page."""
    return content.startswith(b"OggS") and b"OpusHead" in content[:64]


def _is_mp3(content: bytes) -> bool:
    """Tags, or a frame of MPEG audio layer III with a bit rate and a sample rate."""
    if content.startswith(b"ID3"):
        return True
    if len(content) < 4 or content[0] != 0xFF or content[1] & 0xE6 != 0xE2:
        return False
    has_version = content[1] & 0x18 != 0x08
    return has_version and content[2] >> 4 not in (0, 15) and content[2] & 0x0C != 0x0C


def _is_aac(content: bytes) -> bool:
    """A frame of ADTS with a sample rate."""
    has_sync = len(content) >= 4 and content[0] == 0xFF and content[1] & 0xF6 == 0xF0
    return has_sync and (content[2] & 0x3C) >> 2 < 13


def _begins(*heads: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(heads)


SIGNS: tuple[tuple[FileKind, Callable[[bytes], bool]], ...] = (
    (JPEG, _begins(b"\xff\xd8\xff")),
    (PNG, _begins(b"\x89PNG\r\n\x1a\n")),
    (PDF, _begins(b"%PDF-")),
    (OGG, _is_opus),
    (AMR, _begins(b"#!AMR\n", b"#!AMR-WB\n")),
    (MP3, _is_mp3),
    (AAC, _is_aac),
)


def kind_of(content: bytes) -> FileKind | None:
    """The kind that the bytes are of; None for all that is not sent.

    >>> kind_of(b"%PDF-1.7 ...").content_type, kind_of(b"MZ"), kind_of(b"<svg/>")
    ('application/pdf', None, None)
    """
    return next((kind for kind, is_so in SIGNS if is_so(content)), None)


def kept_name(name: str) -> str:
    """A file's name as its sender knows it, without folders and what cannot be printed.

    >>> kept_name("C:\\\\Users\\\\ana\\\\Daftar harga\\x00 2026.pdf")
    'Daftar harga 2026.pdf'
    """
    plain = re.split(r"[\\/]", name)[-1]
    return "".join(letter for letter in plain if letter.isprintable()).strip()[-LONGEST_NAME:]


def sent_name(name: str, kind: FileKind) -> str:
    """The name that the customer's telephone sees.

    >>> sent_name("Daftar harga 2026.pdf", PDF), sent_name("\u00e9.exe", JPEG)
    ('Daftar-harga-202.pdf', 'file.jpg')
    """
    stem = re.sub(r"[^A-Za-z0-9]+", "-", name.rpartition(".")[0] or name).strip("-")
    return (stem[: LONGEST_SENT_NAME - len(kind.suffix)].strip("-") or "file") + kind.suffix
