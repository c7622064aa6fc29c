"""Which characters the bytes of a partner's file stand for, and whether they are text at all."""

import codecs
from dataclasses import dataclass

from charset_normalizer import from_bytes

from carddata.refusals import FileRefusedError, ProfileError
from funnel_site.lib.marking import marked

SAMPLE = 2**16
MAGIC = (
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"(\xb5/\xfd", "a zstd archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", marked("an old Excel workbook")),
    (b"%PDF", marked("a PDF document")),
    (b"\x89PNG", marked("a picture")),
    (b"SQLite format 3\x00", marked("a database")),
    (b"PAR1", marked("a Parquet file")),
)
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZERO_SHARE = 0.3


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding by its Python name, and how we came to it."""

    name: str
    is_guess: bool = False

    @property
    def is_wide(self) -> bool:
        """Its line ends are not single bytes: the file has to be rewritten before it is split."""
        return "A,\n".encode(self.name) not in {b"A,\n", codecs.BOM_UTF8 + b"A,\n"}


def check_encoding(name: str) -> str:
    """The name of a text encoding; raises ProfileError."""
    try:
        found = codecs.lookup(name)
        "A,\n".encode(name)
    except (LookupError, ValueError, TypeError) as error:
        raise ProfileError(
            "encoding", marked("%(name)s is not a text encoding.", name=name)
        ) from error
    return found.name


def detect_encoding(sample: bytes, declared: str = "") -> Encoding:
    """The encoding of a file from its first bytes; a byte order mark outranks what is declared.

    Without a mark or a declaration it is UTF-8, unless the sample has other bytes and not one
    character that only UTF-8 would write so: then an old single-byte encoding, as a guess. Raises
    FileRefusedError for what is empty or no text.
    """
    _refuse_what_is_no_text(sample)
    for mark, name in MARKS:
        if sample.startswith(mark):
            return Encoding(name)
    if declared:
        return Encoding(declared)
    if wide := _wide_without_mark(sample):
        return Encoding(wide, is_guess=True)
    if b"\x00" in sample.partition(b"\n")[0]:
        raise FileRefusedError(
            "not_csv", marked("The file begins with binary data, not with text.")
        )
    return _byte_encoding(sample)


def _refuse_what_is_no_text(sample: bytes) -> None:
    if not sample:
        raise FileRefusedError("empty", marked("The file is empty."))
    for magic, what in MAGIC:
        if sample.startswith(magic):
            raise FileRefusedError(
                "not_csv", marked("This is %(what)s, not a CSV file.", what=what)
            )


def _wide_without_mark(sample: bytes) -> str:
    """UTF-16 of mostly Western text has a zero in every second byte."""
    half = max(len(sample) // 2, 1)
    if sample[1::2].count(0) > half * ZERO_SHARE and not sample[0::2].count(0):
        return "utf-16-le"
    if sample[0::2].count(0) > half * ZERO_SHARE and not sample[1::2].count(0):
        return "utf-16-be"
    return ""


def _byte_encoding(sample: bytes) -> Encoding:
    if len(sample) >= SAMPLE:
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        sample.decode("utf-8")
    except UnicodeDecodeError:
        if _has_utf8(sample):
            # A few damaged lines in a UTF-8 file: those lines are rejected, not the file misread.
            return Encoding("utf-8")
    else:
        return Encoding("utf-8")
    guess = from_bytes(sample, cp_isolation=["cp1252", "latin-1", "cp1250", "cp1256"]).best()
    name = guess.encoding if guess else "cp1252"
    # cp1250 and cp1252 agree on most letters and are often taken for one another.
    return Encoding("cp1252" if name in {"cp1250", "latin_1"} else name, is_guess=True)


def _has_utf8(sample: bytes) -> bool:
    """Whether some line has letters beyond ASCII and is whole UTF-8."""
    for line in sample.splitlines():
        if line.isascii():
            continue
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return False
