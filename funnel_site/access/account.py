"""One's own page: the second factor, its recovery codes, and API keys of one's own."""

from typing import Any

import django_otp
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from funnel_site.access import second_factor
from funnel_site.access.forms import CodeForm, LooksForm, OwnKeyForm
from funnel_site.access.models import ApiKey
from funnel_site.access.preferences import LANGUAGE, ZONE, remember
from funnel_site.access.services import create_api_key, revoke_own_key, rotate_key, scopes_for

TEMPLATE = "admin/access/account.html"


def account_view(request: HttpRequest) -> HttpResponse:
    """The page itself. Secrets are on it right after they were made, and at no other time."""
    return _page(request)


@sensitive_post_parameters("token")
def confirm_view(request: HttpRequest) -> HttpResponse:
    """The first code of a new app: the second factor counts from here on."""
    form = CodeForm(request.POST)
    codes = (
        second_factor.confirm(request.user, form.cleaned_data["token"]) if form.is_valid() else []
    )
    if not codes:
        messages.error(request, _("The code is not right. Is the phone's clock right?"))
        return redirect("admin:access_account")
    django_otp.login(request, second_factor.device_for(request.user, "000000"))
    messages.success(request, _("The second factor is on."))
    return _page(request, codes=codes)


@sensitive_post_parameters("token")
def remove_view(request: HttpRequest) -> HttpResponse:
    """Off again, for whom has a code: a session left open is not enough."""
    form = CodeForm(request.POST)
    if form.is_valid() and second_factor.is_right(request.user, form.cleaned_data["token"]):
        second_factor.remove(request.user)
        messages.success(request, _("The second factor is off."))
    else:
        messages.error(request, _("The code is not right: nothing was changed."))
    return redirect("admin:access_account")


@sensitive_post_parameters("token")
def codes_view(request: HttpRequest) -> HttpResponse:
    """New recovery codes; the old ones stop working."""
    form = CodeForm(request.POST)
    if form.is_valid() and second_factor.is_right(request.user, form.cleaned_data["token"]):
        return _page(request, codes=second_factor.new_codes(request.user))
    messages.error(request, _("The code is not right: nothing was changed."))
    return redirect("admin:access_account")


def new_key_view(request: HttpRequest) -> HttpResponse:
    """A key with scopes that its owner could use in person."""
    form = _key_form(request, request.POST)
    if not form.is_valid():
        return _page(request, key_form=form)
    key, secret = create_api_key(
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        owner=request.user,
        days=form.cleaned_data["days"],
    )
    return _page(request, new_key=key, new_secret=secret)


def rotate_key_view(request: HttpRequest, key_id: str) -> HttpResponse:
    """Another key in the place of one's own; the old one works for a day more."""
    old = ApiKey.objects.filter(pk=key_id, owner=request.user.pk).first()
    made = rotate_key(key=old) if old is not None else None
    if made is None:
        messages.error(request, _("That key does not work any more: make a new one."))
        return redirect("admin:access_account")
    return _page(request, new_key=made[0], new_secret=made[1], rotated=old)


def revoke_key_view(request: HttpRequest, key_id: str) -> HttpResponse:
    if revoke_own_key(user=request.user, key_id=key_id):
        messages.success(request, _("The key is revoked: it works no more."))
    return redirect("admin:access_account")


def looks_view(request: HttpRequest) -> HttpResponse:
    """Keep the language and the zone of the form; an unknown one shows the page with the reason."""
    form = LooksForm(request.POST)
    if not form.is_valid():
        return _page(request, looks_form=form)
    remember(user=request.user, session=request.session, **form.cleaned_data)
    with override(form.cleaned_data["language"] or get_language()):
        messages.success(request, _("Saved."))
    return redirect("admin:access_account")


def language_view(request: HttpRequest) -> HttpResponse:
    """Keep the language that was picked in the account's menu, and stay on the page."""
    form = LooksForm(
        {
            "language": request.POST.get("language", ""),
            "time_zone": request.session.get(ZONE, ""),
        }
    )
    if form.is_valid():
        remember(user=request.user, session=request.session, **form.cleaned_data)
    back = request.POST.get("next") or request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        return HttpResponseRedirect(back)
    return redirect("admin:index")


def _key_form(request: HttpRequest, data: Any = None) -> OwnKeyForm:
    form = OwnKeyForm(data)
    form.fields["scopes"].choices = [  # type: ignore[attr-defined]
        (scope.value, scope.label) for scope in scopes_for(request.user)
    ]
    return form


def _page(request: HttpRequest, **extra: Any) -> HttpResponse:
    user = request.user
    is_on = second_factor.has_second_factor(user)
    device = None if is_on else second_factor.begin(user)
    context = {
        **admin.site.each_context(request),
        "title": _("Your account"),
        "is_on": is_on,
        "picture": second_factor.picture(device) if device else "",
        "secret": second_factor.secret_text(device) if device else "",
        "codes_left": second_factor.codes_left(user) if is_on else 0,
        "keys": ApiKey.objects.filter(owner=user.pk).order_by("revoked", "-created")[:100],
        "key_form": extra.pop("key_form", None) or _key_form(request),
        "looks_form": extra.pop("looks_form", None)
        or LooksForm({name: request.session.get(name, "") for name in (LANGUAGE, ZONE)}),
        "may_have_keys": bool(scopes_for(user)),
        **extra,
    }
    return TemplateResponse(request, TEMPLATE, context, headers={"Cache-Control": "no-store"})


def account_urls() -> list[URLPattern]:
    wrap = admin.site.admin_view
    post = {
        "confirm": confirm_view,
        "remove": remove_view,
        "codes": codes_view,
        "keys": new_key_view,
        "looks": looks_view,
        "language": language_view,
    }
    return [
        path("account/", wrap(account_view), name="access_account"),
        *(
            path(f"account/{name}/", wrap(require_POST(view)), name=f"access_account_{name}")
            for name, view in post.items()
        ),
        *(
            path(
                f"account/keys/<str:key_id>/{name}/",
                wrap(require_POST(view)),
                name=f"access_account_{name}",
            )
            for name, view in (("revoke", revoke_key_view), ("rotate", rotate_key_view))
        ),
    ]
