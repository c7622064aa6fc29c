"""The bot's words: an editor by line and language, with the conversation as it will be."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminTextareaWidget

from conversations.models import Language, Line
from funnel_site.lib.marking import marked
from funnel_site.lib.staff import StaffAdmin
from funnel_site.lib.words import translated
from reviews.models import BotWords
from reviews.preview import scenes
from reviews.services.word_changes import reset_words, save_words
from reviews.services.words import words_for
from reviews.wording import KEYS, LONGEST_WORDS, SHIPPED, problems

ROW_LENGTH = 50


class WordsForm(forms.Form):
    """A box for each text that the bot says."""

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, key in KEYS.items():
            places = " ".join(sorted(f"{{{place}}}" for place in key.allowed))
            self.fields[name] = forms.CharField(
                label=translated(key.when),
                required=False,
                max_length=LONGEST_WORDS,
                widget=UnfoldAdminTextareaWidget(
                    attrs={"rows": _rows(SHIPPED[language][name]), "dir": "auto"}
                ),
                help_text=gettext("May hold %(places)s") % {"places": places} if places else "",
            )

    def clean(self) -> dict[str, str]:
        cleaned: dict[str, str] = super().clean() or {}
        texts = {key: text.replace("\r\n", "\n") for key, text in cleaned.items()}
        for key, reason in problems(texts).items():
            self.add_error(key, reason)
        return texts


def _rows(text: str) -> int:
    """So many rows that the shipped text is seen whole, also in half a screen's width."""
    return max(2, sum(1 + len(line) // ROW_LENGTH for line in text.split("\n")))


@admin.register(BotWords)
class BotWordsAdmin(StaffAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("edit/", wrap(self.edit_view), name="reviews_botwords_edit"),
            path("preview/", wrap(self.preview_view), name="reviews_botwords_preview"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Every line and language, whether its words were changed, and the way to its editor."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        rows = {
            (row.line_id, row.language): row
            for row in BotWords.objects.select_related("changed_by")
        }
        lines: list[Line | None] = [None, *Line.objects.all()]
        choices = [
            (
                line or gettext("Every line"),
                label,
                _editor(line, code),
                rows.get((line.pk if line else None, code)),
            )
            for line in lines
            for code, label in Language.choices
        ]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("The bot's words"),
            "choices": choices,
            "may_edit": request.user.has_perm("reviews.change_botwords"),
        }
        return TemplateResponse(request, "admin/reviews/botwords/choice.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        words = self.get_object(request, object_id)
        if words is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return]
        return redirect(_editor(words.line, words.language))

    def edit_view(self, request: HttpRequest) -> HttpResponse:
        """The boxes beside the conversation that they make. Without scripts, by a button."""
        self._check(request)
        line, language = self._meant(request)
        current = words_for(line, language)
        if request.method != "POST":
            form = WordsForm(initial=current, language=language)
            return self._page(request, line, language, form, current)
        if "reset" in request.POST:
            reset_words(line=line, language=language)
            self.message_user(request, gettext("All changes are undone."))
            return redirect(_editor(line, language))
        form = WordsForm(request.POST, language=language)
        if not form.is_valid() or "preview" in request.POST:
            return self._page(request, line, language, form, _typed(request))
        words = save_words(line=line, language=language, texts=form.cleaned_data, user=request.user)
        self.log_change(request, words, marked("Changed the bot's words"))
        self.message_user(request, gettext("Saved. The bot says so from the next message on."))
        return redirect(_editor(line, language))

    def _page(
        self,
        request: HttpRequest,
        line: Line | None,
        language: str,
        form: WordsForm,
        words: dict[str, str],
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": gettext("The bot's words: %(line)s, %(label)s")
            % {"line": line or gettext("every line"), "label": Language(language).label},
            "form": form,
            "line": line,
            "language": language,
            "preview_url": f"{reverse('admin:reviews_botwords_preview')}?{_query(line, language)}",
            "others": [
                (label, _editor(line, code)) for code, label in Language.choices if code != language
            ],
            "is_own": BotWords.objects.filter(line=line, language=language).exists(),
            **_conversation(words, line, language),
        }
        return TemplateResponse(request, "admin/reviews/botwords/editor.html", context)

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The conversation under the words that are being typed; nothing is stored."""
        self._check(request)
        if request.method != "POST":
            raise PermissionDenied
        line, language = self._meant(request)
        context = _conversation(_typed(request), line, language)
        return TemplateResponse(request, "admin/reviews/botwords/conversation.html", context)

    def _check(self, request: HttpRequest) -> None:
        if not request.user.has_perm("reviews.change_botwords"):
            raise PermissionDenied

    def _meant(self, request: HttpRequest) -> tuple[Line | None, str]:
        language = request.GET.get("language", "en")
        number = request.GET.get("line", "")
        if language not in SHIPPED or (number and not number.isdecimal()):
            raise Http404
        if not number:
            return None, language
        try:
            line = Line.objects.filter(pk=int(number[:18])).first()
        except (ValidationError, OverflowError) as error:
            raise Http404 from error
        if line is None:
            raise Http404
        return line, language


def _query(line: Line | None, language: str) -> str:
    return urlencode({"line": line.pk if line else "", "language": language})


def _editor(line: Line | None, language: str) -> str:
    return f"{reverse('admin:reviews_botwords_edit')}?{_query(line, language)}"


def _typed(request: HttpRequest) -> dict[str, str]:
    """What stands in the boxes, also where it cannot be saved."""
    return {name: request.POST.get(name, "")[: LONGEST_WORDS * 2] for name in KEYS}


def _conversation(words: dict[str, str], line: Line | None, language: str) -> dict[str, Any]:
    wrong = problems(words)
    return {
        "scenes": scenes(words, language=language, asks_rating=bool(line and line.asks_rating)),
        "wrong": [(translated(KEYS[key].when), reason) for key, reason in wrong.items()],
        "wrong_keys": list(wrong),
    }
