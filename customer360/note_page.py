"""Deleting a note that staff wrote about a customer."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from conversations.models import Note
from conversations.selectors import of_rooms_open_to
from conversations.services.desk import delete_note
from customer360.customer_page import customer_or_404
from customer360.finding_page import customer_address
from funnel_site.lib.deleting import deletion_page
from funnel_site.lib.marking import marked


def delete_note_view(request: HttpRequest, key: int, note: int, model_admin: Any) -> HttpResponse:
    """Ask for the reason, then delete the note for good."""
    customer = customer_or_404(request, key)
    may = request.user.has_perm
    if not (may("conversations.delete_note") and may("conversations.view_note")):
        raise PermissionDenied
    theirs = Note.objects.filter(of_rooms_open_to(request.user, "room"), customer=customer)
    if (found := theirs.filter(pk=note).first()) is None:
        raise Http404(_("There is no such note."))

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
        "explanation": _("“%(words)s” goes. The reason stays in the audit trail.")
        % {"words": found.body[:300]},
    }
    return deletion_page(request, context, delete=delete, back=customer_address(key), done=done)
