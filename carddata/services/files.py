"""Partners' files on their way in: whose they are, our copy, one row for each content."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage

from carddata.encodings import SAMPLE, detect_encoding
from carddata.models import Partner, PartnerFile
from carddata.refusals import FileRefusedError
from carddata.services.importing import run
from carddata.services.storing import digest, keep_copy, refuse_size
from funnel_site.lib.marking import marked
from funnel_site.lib.text import clean_text

State = PartnerFile.State
Way = PartnerFile.Way
CANCELLABLE = (State.WAITING, State.CHECKING, State.LOADING)
# A file that ended so is imported anew when it comes again: whoever sends it wants it in.
TRY_AGAIN = (State.FAILED, State.CANCELLED, State.UNDONE)


@dataclass(frozen=True, slots=True)
class Imported:
    """A file and whether these very bytes were imported before."""

    file: PartnerFile
    was_known: bool

    @property
    def all_went_in(self) -> bool:
        return self.file.state == State.DONE and not self.file.rejected


def partner_of(name: str) -> Partner:
    """The active partner whose pattern fits a file's name; raises FileRefusedError if not just one."""
    base = Path(name.replace("\\", "/")).name.casefold()
    found = [
        partner
        for partner in Partner.objects.filter(is_active=True)
        if any(
            fnmatch(base, pattern.strip().casefold())
            for pattern in partner.file_pattern.split(",")
            if pattern.strip()
        )
    ]
    if not found:
        raise FileRefusedError(
            "no_partner", marked("No partner's file pattern fits this file's name.")
        )
    if len(found) > 1:
        names = ", ".join(partner.name for partner in found)
        raise FileRefusedError(
            "many_partners",
            marked("The file patterns of %(names)s all fit this name.", names=names),
        )
    return found[0]


def keep_file(
    source: BinaryIO,
    *,
    name: str,
    partner: Partner | None = None,
    way: str,
    user: Any = None,
    max_reject_percent: int | None = None,
) -> tuple[PartnerFile, bool]:
    """Keep a copy of a file and its row, waiting to be imported; False where its bytes are known.

    Without a partner the name decides. Known bytes whose import failed, was cancelled or undone wait
    anew; those that are in or under way are left alone. Raises FileRefusedError for what can be no
    partner's file (too large, empty, an archive): then nothing is kept.
    """
    partner = partner or partner_of(name)
    detect_encoding(source.read(SAMPLE), partner.encoding)
    source.seek(0)
    sha256, size = digest(source)
    stored_as = keep_copy(source, sha256, size)
    profile = {} if max_reject_percent is None else {"max_reject_percent": max_reject_percent}
    file, is_new = PartnerFile.objects.get_or_create(
        partner=partner,
        sha256=sha256,
        defaults={
            "name": tidy_name(name),
            "size": size,
            "stored_as": stored_as,
            "way": way,
            "started_by": user,
            "profile": profile,
        },
    )
    if not is_new and file.state in TRY_AGAIN:
        again(file_id=file.pk, user=user, profile=profile)
        file.refresh_from_db()
    return file, is_new


def again(*, file_id: int, user: Any = None, profile: dict[str, Any] | None = None) -> bool:
    """Have a file that failed, was cancelled or undone imported anew; False for any other."""
    values = {"state": State.WAITING, "profile": profile or {}, "finished_at": None}
    if user is not None:
        values["started_by"] = user
    return bool(PartnerFile.objects.filter(pk=file_id, state__in=TRY_AGAIN).update(**values))


def tidy_name(name: str) -> str:
    """A file's name for people: without folders and without what cannot be shown.

    >>> tidy_name("../../x.csv"), tidy_name("")
    ('x.csv', 'unnamed')
    """
    text = clean_text(name.replace("\\", "/"))[0].replace("\n", " ").replace("\t", " ")
    return Path(text).name[-255:] or "unnamed"


def import_file(
    path: Path,
    *,
    partner: Partner | None = None,
    name: str = "",
    way: str = Way.COMMAND,
    user: Any = None,
    on_progress: Callable[[PartnerFile], None] | None = None,
    max_reject_percent: int | None = None,
) -> Imported:
    """Keep a file and import it here and now; one that is in already is only told about.

    Raises FileRefusedError where nothing could be kept, OSError where the path cannot be read, and
    BusyError while another worker has the file.
    """
    refuse_size(path.stat().st_size)
    with path.open("rb") as source:
        file, is_new = keep_file(
            source,
            name=name or path.name,
            partner=partner,
            way=way,
            user=user,
            max_reject_percent=max_reject_percent,
        )
    if not is_new and file.state == State.DONE:
        return Imported(file, was_known=True)
    return Imported(run(file_id=file.pk, on_progress=on_progress), was_known=False)


def cancel(*, file_id: int) -> bool:
    """Ask a waiting or running import to stop; what went in is taken back. False if it is too late.

    Call `starting.start` next: where nobody works on the file somebody has to.
    """
    return bool(
        PartnerFile.objects.filter(pk=file_id, state__in=CANCELLABLE).update(
            state=State.CANCELLING, error="", error_code=""
        )
    )


def open_copy(file: PartnerFile) -> File[bytes]:
    """Our copy, for staff who may download it. Raises FileNotFoundError where it is gone."""
    return default_storage.open(file.stored_as)
