"""Ctrl+K or ⌘K on every page: where to go and what to do, by a few letters. It is drawn by ui/theme/palette.js.

The browser gets the pages that the person may open and what can be begun from anywhere; what can be done on the page are the actions of
its head, and elements that `command` marks. Everything else is searched through the API: conversations by themselves, because words that
were said take longer to find, and all other kinds in one request.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from nicegui import background_tasks, events, ui

from api.contract.conversations import ConversationView
from api.contract.enums import CampaignState, Permission, SearchKind
from api.contract.search import SearchFound, SearchHit
from ui import formats, session
from ui.client import conversations
from ui.client import search as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.buttons import icon_button
from ui.components.navigation import Place
from ui.components.text import icon
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels.campaigns import campaign_state

FOUND = 5  # of each group
_LONGEST = 100  # characters


class Entry(NamedTuple):
    """A line that leads somewhere."""

    text: str
    icon: str
    path: str
    hint: str = ""


class _Group(NamedTuple):
    """`name`: the group's in the browser."""

    name: str
    kind: SearchKind
    permission: Permission
    icon: str
    path: str


K, P = SearchKind, Permission
_GROUPS = (
    _Group("contacts", K.CONTACT, P.CONTACTS_READ, "person", "/contacts/{id}"),
    _Group("leads", K.LEAD, P.BOARDS_READ, "view_kanban", "/boards/{board_id}?lead={id}"),
    _Group("campaigns", K.CAMPAIGN, P.CAMPAIGNS_READ, "campaign", "/campaigns/{id}"),
    _Group("cadences", K.CADENCE, P.CAMPAIGNS_READ, "route", "/cadences/{id}"),
    _Group("templates", K.TEMPLATE, P.TEMPLATES_READ, "article", "/templates?q={title}"),
    _Group("personas", K.PERSONA, P.PERSONAS_READ, "smart_toy", "/personas/{id}"),
    _Group("boards", K.BOARD, P.BOARDS_READ, "view_kanban", "/boards/{id}"),
    _Group("segments", K.SEGMENT, P.CONTACTS_READ, "filter_alt", "/contacts/segments/{id}"),
    _Group("knowledge", K.KNOWLEDGE_BASE, P.KNOWLEDGE_READ, "menu_book", "/knowledge/{id}"),
)


def command(element: ui.element, keys: str = "", text: str = "", symbol: str = "") -> None:
    """Offers a button of the page in the palette, while it is to be seen; `keys` does the same without. `text` and `symbol` say more
    than what is written on it."""
    given = {"data-command": keys, "data-command-text": text, "data-command-icon": symbol}
    element.props.update({name: value for name, value in given.items() if value or name == "data-command"})


def visited(symbol: str, text: str, path: str, hint: str = "") -> None:
    """Remembers in the browser what was looked at."""
    ui.run_javascript(f"masteria.palette.visited({json.dumps(Entry(text, symbol, path, hint)._asdict())})")


class Palette:
    """The data of the palette on this page, and what it asks for."""

    def __init__(self, shown: Sequence[Place]) -> None:
        me = session.current()
        self._api = me.api
        self._groups = [one for one in _GROUPS if me.may(one.permission)]
        self._said = me.may(Permission.CONVERSATIONS_READ)
        self._asking: list[asyncio.Task[None]] = []
        entries = [Entry(place.label, place.icon, place.path) for place in shown]
        entries += [entry for permission, entry in _beginnings() if me.may(permission)]
        settings = {
            "key": f"{me.me.company.id}:{me.me.user_id}",
            "entries": [entry._asdict() for entry in entries],
            "roots": [place.path for place in shown if place.path != "/"],
            "searches": [*(["conversations"] if self._said else []), *(group.name for group in self._groups)],
            "words": _words(),
        }
        with ui.element("div").classes("hidden") as self._place:
            self._place.props["data-palette"] = json.dumps(settings)
        ui.on("palette", self._asked)

    def _asked(self, event: events.GenericEventArguments) -> None:
        match event.args:
            case {"number": int(number), "text": str(text)} if 0 < len(text) <= _LONGEST:
                for task in self._asking:  # nobody waits for what was typed before
                    task.cancel()
                searches = [self._search(number, text)]
                if self._said:
                    searches.append(self._conversations(number, text))
                self._asking = [background_tasks.create(search, name="palette") for search in searches]

    async def _conversations(self, number: int, text: str) -> None:
        entries: list[Entry] | None = None
        try:
            entries = await _conversations(self._api, text)
        except (ApiProblem, Offline):  # the palette says that not everything was searched
            pass
        self._tell(number, "conversations", entries)

    async def _search(self, number: int, text: str) -> None:
        found: SearchFound | None = None
        try:
            found = await client.search(self._api, text, [group.kind for group in self._groups], FOUND) if self._groups else None
        except (ApiProblem, Offline):
            pass
        for group in self._groups:
            if found is None or group.kind in found.unanswered:
                self._tell(number, group.name, None)
            else:
                self._tell(number, group.name, [_entry(group, hit) for hit in found.hits if hit.kind == group.kind])

    def _tell(self, number: int, group: str, entries: list[Entry] | None) -> None:
        told = None if entries is None else [entry._asdict() for entry in entries]
        with self._place:
            ui.run_javascript(f"masteria.palette.found({json.dumps({'number': number, 'group': group, 'entries': told})})")


def _entry(group: _Group, hit: SearchHit) -> Entry:
    where = formats.phone(hit.where) if hit.kind is SearchKind.CONTACT and hit.where.startswith("+") else hit.where
    state = campaign_state(CampaignState(hit.state), None)[0] if hit.kind is SearchKind.CAMPAIGN and hit.state else ""
    path = group.path.format(id=hit.id, board_id=hit.board_id, title=quote(hit.title))
    title = hit.title or where or _("No name")
    return Entry(title, group.icon, path, " · ".join(part for part in (where if hit.title else "", state) if part))


def find_line() -> None:
    """The line of the sidebar that opens the palette."""
    with ui.element("button").classes("m-find").props("type=button aria-haspopup=dialog") as line:
        icon("search")
        ui.label(_("Search")).classes("m-grow")
        for classes, keys in (("m-key m-ctrl", "Ctrl K"), ("m-key m-command", "⌘K")):
            ui.label(keys).classes(classes).props("aria-hidden=true")
    line.on("click", js_handler="() => masteria.palette.open()")


def find_button() -> None:
    """The button of the phone's top bar that opens the palette."""
    icon_button("search", _("Search")).on("click", js_handler="() => masteria.palette.open()")


def _words() -> dict[str, str]:
    return {
        "title": _("Search and go"),
        "field": _("Search, go to a page or do something"),
        "close": _("Close"),
        "here": _("On this page"),
        "go": _("Go to"),
        "recent": _("Recent"),
        "conversations": _("Conversations"),
        "contacts": _("Contacts"),
        "leads": _("Leads"),
        "campaigns": _("Campaigns"),
        "cadences": _("Sequences"),
        "templates": _("Templates"),
        "personas": _("Personas"),
        "boards": _("Boards"),
        "segments": _("Segments"),
        "knowledge": _("Knowledge"),
        "asking": _("Searching…"),
        "nothing": _("Nothing found for “{text}”. Try a part of the name or of the number."),
        "failed": _("The search did not answer whole. Try again in a moment."),
        "one": _("1 result"),
        "many": _("{n} results"),
    }


def _beginnings() -> list[tuple[Permission, Entry]]:
    return [
        (Permission.CAMPAIGNS_WRITE, Entry(_("New campaign"), "add", "/campaigns/new")),
        (Permission.CONTACTS_WRITE, Entry(_("Import contacts"), "upload_file", "/imports")),
        (Permission.TEMPLATES_WRITE, Entry(_("New template"), "add", "/templates/new")),
        (Permission.CHANNELS_WRITE, Entry(_("Connect a channel"), "add_link", "/channels/connect")),
        (Permission.CONTACTS_WRITE, Entry(_("New segment"), "add", "/contacts/segments/new")),
        *((permission, Entry(name, "settings", f"/settings?tab={tab}", _("Settings"))) for permission, name, tab in _tabs()),
    ]


def _tabs() -> list[tuple[Permission, str, str]]:
    """The parts of the settings page."""
    everybody = Permission.EVENTS_READ
    return [
        (everybody, _("Profile"), "profile"),
        (everybody, _("Notifications"), "notifications"),
        (everybody, _("Security"), "security"),
        (Permission.COMPANY_READ, _("Company"), "company"),
        (Permission.KEYS_WRITE, _("API keys"), "keys"),
        (Permission.KEYS_WRITE, _("AI agents"), "agents"),
    ]


async def _conversations(api: ApiClient, text: str) -> list[Entry]:
    found = await conversations.conversations(api, {"view": ConversationView.ALL, "search": text, "limit": FOUND})
    return [
        Entry(
            one.contact_name or formats.phone(one.address),
            "forum",
            f"/inbox/{one.id}",
            " · ".join(part for part in (one.channel_name, conversation_labels.preview(one.last)) if part),
        )
        for one in found.items
    ]
