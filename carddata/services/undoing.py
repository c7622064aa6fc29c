"""Taking an import back as a whole, and bringing it in again. The work itself runs in the background."""

from typing import Any

from django.db import transaction

from carddata.models import PartnerFile
from carddata.services.files import again
from carddata.services.starting import start

State = PartnerFile.State


def undo_import(*, file_id: int, user: Any = None, reason: str = "", begin: bool = True) -> bool:
    """Take back what a file said; False unless it is done.

    Events that another file says too stay. `undo_reversed`, `undo_kept` and `undo_could_not` (events
    that were gone already) count up on the row. Doing it again, or after a crash, goes on.
    """
    with transaction.atomic():
        marked = PartnerFile.objects.filter(pk=file_id, state=State.DONE).update(
            state=State.UNDOING,
            undone_by=user,
            undo_reason=reason[:200],
            undo_reversed=0,
            undo_kept=0,
            undo_could_not=0,
        )
        if marked and begin:
            start(file_id=file_id)
    return bool(marked)


def redo_import(*, file_id: int, user: Any = None, begin: bool = True) -> bool:
    """Import an undone, cancelled or failed file once more from our copy; False for any other."""
    with transaction.atomic():
        marked = again(file_id=file_id, user=user)
        if marked and begin:
            start(file_id=file_id)
    return marked
