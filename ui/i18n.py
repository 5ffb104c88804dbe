"""The words of the interface: a msgid is simple English, `ui/locales/<lang>.po` (and `<lang>.<capability>.po`) the rest.

The language belongs to the page that is being drawn: `_()` finds it through the NiceGUI client, so it is right in page
functions, in event handlers and in live updates alike. Outside a page it is the request's cookie, then Portuguese.
Catalogues are compiled in memory at start; no compiled file is kept. This module never formats numbers or dates.
"""

from contextlib import suppress
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from weakref import WeakKeyDictionary

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from nicegui import Client
from nicegui.slot import Slot

from api.contract.problems import LOCALES

LANGUAGES = {"pt-BR": "Português (Brasil)", "en": "English"}
DEFAULT = "pt-BR"
LANGUAGE_COOKIE = "lang"
THEME_COOKIE = "theme"
THEMES = ("system", "light", "dark")


class Preferences(NamedTuple):
    """What the reader chose, or the defaults: a key of LANGUAGES, one of THEMES, an IANA time zone."""

    language: str = DEFAULT
    theme: str = "system"
    time_zone: str = "America/Sao_Paulo"


DEFAULTS = Preferences()
_request: ContextVar[Preferences] = ContextVar("preferences", default=DEFAULTS)
_clients: WeakKeyDictionary[Client, Preferences] = WeakKeyDictionary()


def catalogues(name: str) -> list[Path]:
    """The files of a locale such as `pt_BR`."""
    folders = (Path(__file__).parent / "locales", LOCALES)
    return [path for folder in folders for path in sorted(folder.glob(f"{name}*.po"))]


def _load(language: str) -> NullTranslations:
    """All catalogues of a language as one: `pt_BR.po` and, beside it, `pt_BR.<capability>.po`; what the API's codes say."""
    name = language.replace("-", "_")
    merged: Catalog | None = None
    for path in catalogues(name):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=name)
        if merged is None:
            merged = catalogue
            continue
        for message in catalogue:
            if message.id:
                merged[message.id] = message
    if merged is None:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return GNUTranslations(compiled)


_catalogues = {language: _load(language) for language in LANGUAGES}


def current_client() -> Client | None:
    """The NiceGUI client whose page or handler is running, or None outside one."""
    stack = Slot.get_stack()
    if not stack:
        Slot.prune_stack()
        return None
    return stack[-1].parent.client


def preferences() -> Preferences:
    """The preferences that apply here and now: of the page, else of the request."""
    client = current_client()
    return (_clients.get(client) if client is not None else None) or _request.get()


def preferred(accepted: str) -> str | None:
    """The language that a browser asks for in its Accept-Language header, of those there are; None when it names none of them."""
    wanted: list[tuple[float, str]] = []
    for part in accepted.split(",")[:20]:
        name, _semicolon, weight = part.strip().partition(";q=")
        with suppress(ValueError):
            wanted.append((-float(weight or 1), name.lower()))
    for _weight, name in sorted(wanted, key=lambda one: one[0]):
        for language in LANGUAGES:
            if name.split("-")[0] == language.split("-")[0]:
                return language
    return None


def set_request_preferences(language: str | None, theme: str | None) -> None:
    """Called once per HTTP request with the raw cookies; unknown values fall back to the defaults."""
    _request.set(
        Preferences(
            language if language in LANGUAGES else DEFAULT,
            theme if theme in THEMES else "system",
        )
    )


def set_page_preferences(client: Client, time_zone: str | None = None) -> None:
    """Binds the request's preferences to the page, so that its later handlers speak the same language."""
    chosen = _request.get()
    _clients[client] = chosen._replace(time_zone=time_zone) if time_zone else chosen


def _(message: str) -> str:
    """The message in the reader's language; the msgid itself when it is English."""
    return _catalogues[preferences().language].gettext(message)


def pgettext(context: str, message: str) -> str:
    """The message where the same English words mean something else elsewhere; `context` says of what they are said here."""
    return _catalogues[preferences().language].pgettext(context, message)


def translated(language: str, message: str) -> str:
    """The message in a language of LANGUAGES, outside any page."""
    return _catalogues[language].gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Singular or plural for n, in the reader's language; nothing is plural ("0 novos"). The caller puts the number in with `.format(n=…)`."""
    return _catalogues[preferences().language].ngettext(singular, plural, n or 2)
