"""A note that staff wrote about a customer: its earlier texts, changing one's own, deleting one."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime, now
from django.utils.translation import gettext as _

from conversations.models import Customer, Note
from conversations.selectors import of_rooms_open_to
from conversations.services.desk import CHANGEABLE_FOR, change_note, delete_note
from customer360.customer_page import customer_or_404
from customer360.desk_forms import NoteChangeForm
from customer360.finding_page import customer_address
from funnel_site.lib.deleting import deletion_page
from funnel_site.lib.marking import marked

CONFLICT = 409
MINUTES = CHANGEABLE_FOR // timedelta(minutes=1)


def note_or_404(request: HttpRequest, customer: Customer, key: int) -> Note:
    """A note of the customer's that this person may see."""
    theirs = Note.objects.filter(of_rooms_open_to(request.user, "room"), customer=customer)
    if (found := theirs.filter(pk=key).select_related("author").first()) is None:
        raise Http404(_("There is no such note."))
    return found


def note_page(request: HttpRequest, key: int, note: int, model_admin: Any) -> HttpResponse:
    """The earlier texts of a note; its author may put another in place of the newest for a while."""
    customer = customer_or_404(request, key)
    if not request.user.has_perm("conversations.view_note"):
        raise PermissionDenied
    found = note_or_404(request, customer, note)
    if request.method != "POST":
        return _shown(request, found, model_admin)
    if found.author_id != request.user.pk or not request.user.has_perm("conversations.change_note"):
        raise PermissionDenied
    form = NoteChangeForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, model_admin, form=form)
    text, version = form.cleaned_data["note"], form.cleaned_data["version"]
    if change_note(note=found, version=version, text=text):
        model_admin.log_change(request, customer, f"Changed note {note}: its text before is kept")
        messages.success(request, _("The note is changed."))
        return redirect(customer_address(key, found.room_id))
    found.refresh_from_db()
    trouble = _("A note can be changed for %(minutes)d minutes. Nothing is lost: write a new one.")
    if _is_open(found):
        changed_at = date_format(localtime(found.edited_at), "H:i:s")
        trouble = _("The note was changed at %(at)s, after you opened it. Nothing is lost.")
        trouble %= {"at": changed_at}
        form = NoteChangeForm(initial={"note": text, "version": found.version})
    else:
        trouble %= {"minutes": MINUTES}
    return _shown(request, found, model_admin, form=form, unsaved=text, trouble=trouble)


def _is_open(note: Note) -> bool:
    return note.made_at > now() - CHANGEABLE_FOR


def _shown(
    request: HttpRequest,
    note: Note,
    model_admin: Any,
    *,
    form: NoteChangeForm | None = None,
    unsaved: str = "",
    trouble: str = "",
) -> HttpResponse:
    is_own = note.author_id == request.user.pk
    may_change = is_own and request.user.has_perm("conversations.change_note") and _is_open(note)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Note"),
        "note": note,
        "revisions": note.revisions.order_by("-version"),
        "form": (form or NoteChangeForm(initial={"note": note.body, "version": note.version}))
        if may_change
        else None,
        "until": note.made_at + CHANGEABLE_FOR,
        "minutes": MINUTES,
        "unsaved": unsaved,
        "trouble": trouble,
        "back": customer_address(note.customer_id, note.room_id),
    }
    status = CONFLICT if trouble else 200
    return TemplateResponse(request, "admin/desk/note.html", context, status=status)


def delete_note_view(request: HttpRequest, key: int, note: int, model_admin: Any) -> HttpResponse:
    """Ask for the reason, then delete the note for good."""
    customer = customer_or_404(request, key)
    may = request.user.has_perm
    if not (may("conversations.delete_note") and may("conversations.view_note")):
        raise PermissionDenied
    found = note_or_404(request, customer, note)

    def delete(because: str) -> None:
        delete_note(note=found, because=because)
        model_admin.log_change(
            request,
            customer,
            marked("Deleted note %(note)s for good: %(why)s", note=note, why=because),
        )

    def done() -> HttpResponse:
        messages.success(request, _("Deleted for good."))
        return redirect(customer_address(key))

    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Delete this note for good"),
        "explanation": _(
            "“%(words)s” goes, with what it said before. The reason stays in the audit trail."
        )
        % {"words": found.body[:300]},
    }
    return deletion_page(request, context, delete=delete, back=customer_address(key), done=done)
