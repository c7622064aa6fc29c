"""Our copies of partners' files: kept under their digest, read as local files."""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, default_storage

from carddata.models import PartnerFile
from carddata.refusals import FileRefusedError
from funnel_site.lib.marking import marked

FOLDER = "partner_files"
PIECE = 2**20


def work_folder() -> Path:
    """Where large temporary files lie: beside the uploads, for /tmp is often memory."""
    folder = Path(settings.MEDIA_ROOT) / FOLDER / "work"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest(source: BinaryIO) -> tuple[str, int]:
    """SHA-256 in hex and the number of bytes. Raises FileRefusedError above the limit, at once."""
    sha, size = hashlib.sha256(), 0
    while piece := source.read(PIECE):
        sha.update(piece)
        size += len(piece)
        refuse_size(size)
    source.seek(0)
    return sha.hexdigest(), size


def refuse_size(size: int) -> None:
    """Refuse a file above PARTNER_FILE_MAX_BYTES."""
    if size > settings.PARTNER_FILE_MAX_BYTES:
        most = settings.PARTNER_FILE_MAX_BYTES / 2**30
        raise FileRefusedError(
            "too_large", marked("The file is larger than %(most)s GiB.", most=f"{most:.1f}")
        )


def keep_copy(source: BinaryIO, sha256: str, size: int) -> str:
    """Store a file under a name of our own, once however often it comes; returns that name.

    A copy that could not be finished is taken away again, at the latest when the file comes anew.
    """
    name = f"{FOLDER}/{sha256[:2]}/{sha256}.csv"
    if default_storage.exists(name):
        if default_storage.size(name) == size:
            return name
        default_storage.delete(name)
    try:
        saved = default_storage.save(name, File(source, name=name))
    except OSError:
        default_storage.delete(name)
        raise
    if saved != name:
        # Another worker stored the same bytes meanwhile.
        default_storage.delete(saved)
    return name


@contextmanager
def local_copy(file: PartnerFile) -> Iterator[Path]:
    """The path of a file's copy on this machine, fetched for the time being where it lies elsewhere."""
    with stored_path(default_storage, file.stored_as) as path:
        if path.stat().st_size != file.size:
            raise FileRefusedError(
                "copy_damaged", "Our copy is not whole: send the file once more."
            )
        yield path


@contextmanager
def stored_path(storage: Storage, name: str) -> Iterator[Path]:
    """A local path to a stored file. Raises FileNotFoundError where it is gone."""
    try:
        path = Path(storage.path(name))
    except NotImplementedError:
        with tempfile.NamedTemporaryFile(dir=work_folder(), suffix=".csv") as local:
            with storage.open(name) as source:
                _copy(cast("BinaryIO", source), cast("BinaryIO", local))
            local.flush()
            yield Path(local.name)
        return
    yield path


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while piece := source.read(PIECE):
        target.write(piece)


@contextmanager
def as_bytes_of_lines(path: Path, encoding: str, *, is_wide: bool) -> Iterator[BinaryIO]:
    """The file, opened; rewritten in UTF-8 first where line ends are not single bytes.

    Raises FileRefusedError where such a file is no text in its encoding.
    """
    if not is_wide:
        with path.open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile(dir=work_folder()) as narrow:
        try:
            with path.open("r", encoding=encoding, newline="") as wide:
                while text := wide.read(PIECE):
                    narrow.write(text.encode("utf-8", "replace"))
        except UnicodeError as error:
            raise FileRefusedError(
                "bad_encoding",
                marked(
                    "The file is no text in %(encoding)s, as its beginning says.", encoding=encoding
                ),
            ) from error
        narrow.seek(0)
        yield cast("BinaryIO", narrow)
