"""Files as Twilio fetches them: without credentials, the head first, judged by their first bytes."""

import urllib.error
import urllib.request

MOST_FILES = 1
"""WhatsApp takes one; of more, Twilio ignores the others, which is worse."""
LARGEST_FILE = 16 * 2**20
Fetched = tuple[int, str, bytes]
"""What a file was answered with: status, content type, bytes."""
MAGIC: dict[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
    "audio/ogg": (b"OggS",),
    "audio/mpeg": (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2"),
    "audio/aac": (b"\xff\xf1", b"\xff\xf9"),
    "audio/amr": (b"#!AMR",),
}


def fetched(address: str) -> Fetched:
    """The file at an address; status 0 where nobody answers."""
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, method="HEAD"), timeout=15
        ) as head:
            kind = head.headers.get("Content-Type", "")
        with urllib.request.urlopen(address, timeout=15) as answer:
            return int(answer.status), kind, answer.read(LARGEST_FILE + 1)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, "", b""
    except OSError:
        return 0, "", b""


def is_usable(file: Fetched) -> bool:
    """Whether the bytes are what the content type says; Twilio refuses them otherwise (63019)."""
    status, kind, content = file
    heads = MAGIC.get(kind)
    is_small = len(content) <= LARGEST_FILE
    return status == 200 and is_small and heads is not None and content.startswith(heads)
