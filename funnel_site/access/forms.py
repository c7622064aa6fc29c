"""Forms of sign-in and of one's own account."""

from typing import Any

from django import forms
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from unfold.forms import AuthenticationForm
from unfold.widgets import BASE_INPUT_CLASSES, UnfoldAdminSelectWidget

from funnel_site.access.models import Scope
from funnel_site.access.preferences import known_zones
from funnel_site.access.second_factor import device_for, has_second_factor


class SignInForm(AuthenticationForm):
    """Name, password and, for whom has one, a code of the second factor.

    The code is looked at after the password alone: who does not know the password does not learn
    whether there is a second factor. Wrong codes wait longer each time (django-otp's throttling),
    besides the lock-out after wrong passwords.
    """

    otp_token = forms.CharField(
        label=_("Code"),
        required=False,
        max_length=20,
        help_text=_(
            "Six digits from your app, or a recovery code. Leave it empty if you have none."
        ),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "off",
                "spellcheck": "false",
                "class": " ".join(BASE_INPUT_CLASSES),
            }
        ),
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        user = self.get_user()
        if user is not None and has_second_factor(user):
            self._check_code(user, cleaned.get("otp_token", "").replace(" ", ""))
        return cleaned

    def _check_code(self, user: Any, token: str) -> None:
        if not token:
            raise forms.ValidationError(_("Enter the code of your second factor, too."), "no_code")
        # Committed also where the code is wrong: the next try has to wait.
        with transaction.atomic():
            device = device_for(user, token)
            is_allowed, _why = device.verify_is_allowed() if device else (True, None)
            is_right = bool(device and is_allowed and device.verify_token(token))
        if not is_allowed:
            raise forms.ValidationError(
                _("Too many wrong codes: wait a moment, then try again."), "code_wait"
            )
        if not is_right:
            raise forms.ValidationError(
                _("The code is not right. Each code works once; wait for the next one."),
                "wrong_code",
            )
        user.otp_device = device


class CodeForm(forms.Form):
    """A code of the app, to prove that it works, or of either kind, to prove who one is."""

    token = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "off"}),
    )


class OwnKeyForm(forms.Form):
    """A new API key of one's own."""

    name = forms.CharField(label=_("What it is for"), max_length=50)
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), choices=Scope, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(
        label=_("Works for"),
        coerce=int,
        required=False,
        empty_value=90,  # type: ignore[arg-type]
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("a year")), (0, _("no end"))],
        initial=90,
    )


class LooksForm(forms.Form):
    """The language and the zone that one reads pages in."""

    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("", _("As in the browser")), *settings.LANGUAGES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), required=False, widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in known_zones() if "/" in zone or zone == "UTC")
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]
            ("", _("As in the browser")),
            *((zone, zone.replace("_", " ")) for zone in zones),
        ]
