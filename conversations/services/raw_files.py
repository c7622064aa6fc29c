"""Archive files: gzip JSON lines, a delivery a line, read and written through one storage."""

import base64
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage

from funnel_site.lib.storage_url import storage_from_url

ROOT = "raw"


class DamagedFileError(Exception):
    """What is in the storage is not what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as it lies in the storage, verified."""

    name: str
    size: int
    sha256: str


def raw_storage() -> Storage:
    return storage_from_url(settings.RAW_STORAGE_URL)


def line_of(
    *, event_id: int, source: str, key: str, received_at: str, headers: Any, body: bytes
) -> dict[str, Any]:
    """A delivery as a line holds it; a body that is no UTF-8 goes in as base64."""
    line = {
        "id": event_id,
        "source": source,
        "key": key,
        "received_at": received_at,
        "headers": headers,
    }
    try:
        return {**line, "body": body.decode()}
    except UnicodeDecodeError:
        return {**line, "body64": base64.b64encode(body).decode()}


def body_of(line: dict[str, Any]) -> bytes:
    """The bytes of the delivery exactly as they came."""
    if "body64" in line:
        return base64.b64decode(line["body64"])
    return str(line["body"]).encode()


def write_lines(storage: Storage, name: str, lines: Iterable[dict[str, Any]]) -> Written:
    """Write a file, read it back and compare; raises DamagedFileError."""
    data = gzip.compress(b"".join(orjson.dumps(line) + b"\n" for line in lines), mtime=0)
    stored = storage.save(name, ContentFile(data))
    with storage.open(stored) as file:
        if file.read() != data:
            raise DamagedFileError(f"{stored}: what is stored is not what was written")
    return Written(name=stored, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def read_lines(storage: Storage, name: str) -> list[dict[str, Any]]:
    """The lines of a file; raises DamagedFileError where it is not whole, OSError where it is away."""
    with storage.open(name) as file:
        data = file.read()
    try:
        return [orjson.loads(line) for line in gzip.decompress(data).splitlines() if line]
    except (EOFError, OSError, orjson.JSONDecodeError) as error:
        raise DamagedFileError(f"{name}: not whole, or no archive file") from error


def file_names(storage: Storage, folder: str = ROOT) -> Iterator[str]:
    """Every archive file below a folder, the oldest day first."""
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return
    yield from (f"{folder}/{name}" for name in sorted(files) if name.endswith(".jsonl.gz"))
    for inner in sorted(folders):
        yield from file_names(storage, f"{folder}/{inner}")
