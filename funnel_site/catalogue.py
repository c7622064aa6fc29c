"""Which words staff read, taken from the code; the catalogue of their translations is made from it.

Sources: our Python files and templates, the names that Django derives from models, and the words of
packages whose own catalogues lack the language. `manage.py update_words` writes the catalogue. It
needs no gettext tools: the compiled catalogue is written here, too, and kept beside the text.
"""

import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as Entry
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.models import Model
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

from funnel_site.access.right_words import own_rights
from funnel_site.lib.words import derived_names
from funnel_site.page_names import LISTS

LANGUAGE = "id"
APPS = frozenset(
    {
        "carddata",
        "conversations",
        "customer360",
        "funnel_site",
        "funnels",
        "operations",
        "privacy",
        "reviews",
    }
)
# Packages whose words stand in pages that staff see.
PACKAGES = (
    "unfold",
    "import_export",
    "django_otp",
    "django_celery_beat",
    "auditlog",
    "axes",
    "rest_framework_api_key",
)
CALLS: dict[str, tuple[int, ...]] = {
    "_": (1,),
    "gettext": (1,),
    "gettext_lazy": (1,),
    "gettext_noop": (1,),
    "marked": (1,),
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}

Message = str | tuple[str, str]
# The header has a date; a fixed one leaves the file alone where no word has changed.
FOUNDED = datetime(2025, 1, 1, tzinfo=UTC)


def messages_of_site() -> set[Message]:
    """Every text that a page may show, a pair of singular and plural where it counts."""
    root = Path(settings.BASE_DIR)
    files = [
        *(file for name in sorted(APPS) for file in (root / name).rglob("*.py")),
        *(root / "templates").rglob("*.html"),
    ]
    found = {
        *_messages(files),
        *derived_names(_shown_models(), named=LISTS),
        *own_rights(),
        *_words_of_packages(),
    }
    # One that is counted stands for the plain word, too.
    counted = {message[0] for message in found if not isinstance(message, str)}
    return {message for message in found if not (isinstance(message, str) and message in counted)}


def _shown_models() -> Iterable[type[Model]]:
    own = [model for model in apps.get_models() if model.__module__.partition(".")[0] in APPS]
    return {*own, *admin.site._registry}


def _words_of_packages() -> Iterator[Message]:
    """What the packages say and no catalogue but ours translates."""
    own = read_catalogue(catalogue_path()) if catalogue_path().exists() else Catalog()
    for name in PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent
        files = [*folder.rglob("*.py"), *folder.rglob("*.html")]
        for message in _messages(files):
            if is_untranslated(message, but_for=own):
                yield message


def is_untranslated(message: Message, *, but_for: Catalog) -> bool:
    """Whether Django and the packages leave a message in English, our own catalogue aside."""
    if but_for.get(message if isinstance(message, str) else message[0]):
        return True
    with override(LANGUAGE):
        if isinstance(message, str):
            return gettext(message) == message
        return ngettext(*message, 2) == message[1]


def _messages(files: Iterable[Path]) -> Iterator[Message]:
    for file in files:
        if {"migrations", "tests", "management"} & set(file.parts):
            continue
        source = file.read_text(encoding="utf-8")
        if file.suffix == ".html":
            # Django turns a template into calls among noise; indentation is part of the noise.
            source = "\n".join(line.strip() for line in templatize(source).splitlines())
        for _, name, found, _ in extract_python(io.BytesIO(source.encode()), CALLS, [], {}):
            texts = [found] if isinstance(found, str) else [text for text in found or () if text]
            if len(CALLS[str(name)]) == 2 and len(texts) >= 2:
                yield texts[0], texts[1]
            elif texts and texts[0]:
                yield texts[0]


def catalogue_path(language: str = LANGUAGE) -> Path:
    """The text that translators edit; the compiled catalogue lies beside it."""
    return Path(settings.LOCALE_PATHS[0]) / language / "LC_MESSAGES" / "django.po"


def read_catalogue(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def updated(old: Catalog, messages: Iterable[Message]) -> Catalog:
    """The catalogue of exactly these messages, with the translations that the old one has."""
    new = Catalog(locale=LANGUAGE, project="Funnel Site", fuzzy=False)
    new.header_comment = (
        "# What staff read, in Indonesian. `manage.py update_words` keeps it complete."
    )
    # Indonesian has one form for every number, which Babel does not know.
    new.mime_headers = [("Plural-Forms", "nplurals=1; plural=0;")]
    new.revision_date = new.creation_date = FOUNDED
    for message in sorted(messages, key=_english):
        known = old.get(_english(message))
        entry = new.add(message, known.string if known else "")
        # Per cent signs in plain words are no places.
        if "python-format" in entry.flags and "%(" not in _english(message):
            entry.flags.discard("python-format")
            entry.flags.add("no-python-format")
    return new


def write_catalogue(catalogue: Catalog, path: Path) -> None:
    """The text and, beside it, the compiled catalogue."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, omit_header=False)
    path.with_suffix(".mo").write_bytes(compiled(read_catalogue(path)))


def _english(message: Message) -> str:
    return message if isinstance(message, str) else message[0]


def compiled(catalogue: Catalog) -> bytes:
    """The bytes of the .mo file. Entries without a translation and doubtful ones are left out."""
    out = io.BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def forms(entry: Entry) -> list[str]:
    """The translations of an entry: one, or one for each plural form; "" where there is none."""
    return [entry.string] if isinstance(entry.string, str) else [*(entry.string or ("",))]
