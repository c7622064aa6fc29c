"""What a file is, by its bytes."""

import pytest

from conversations.file_kinds import AAC, AMR, JPEG, MP3, OGG, PDF, PNG, FileKind, kind_of


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe0", JPEG),
        (b"\x89PNG\r\n\x1a\n...", PNG),
        (b"%PDF-1.7", PDF),
        (b"OggS" + b"\0" * 24 + b"OpusHead", OGG),
        (b"ID3\x04\x00", MP3),
        (b"\xff\xfb\x90\x64", MP3),
        (b"\xff\xf1\x50\x80", AAC),
        (b"#!AMR\n<", AMR),
        # Vorbis in Ogg, which WhatsApp does not play; a sticker; what is only called a picture.
        (b"OggS" + b"\0" * 24 + b"\x01vorbis", None),
        (b"RIFF\0\0\0\0WEBP", None),
        (b"\xff\xff\xff\xff", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"MZ\x90", None),
        (b"\xff", None),
        (b"", None),
    ],
)
def test_a_kind_is_told_by_the_bytes(content: bytes, kind: FileKind | None) -> None:
    assert kind_of(content) == kind
