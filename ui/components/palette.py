"""Ctrl+K or ⌘K on every page: where to go and what to do, by a few letters. It is drawn by ui/theme/palette.js.

The browser gets the pages that the person may open and what can be begun from anywhere; what can be done on the page are the actions of
its head, and elements that `command` marks. Conversations, contacts, leads and campaigns are searched through the API, each group by
itself: what is found first stands there first.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from nicegui import background_tasks, events, ui

from api.contract.conversations import ConversationView
from api.contract.enums import Permission
from ui import formats, session
from ui.client import boards, campaigns, contacts, conversations
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.buttons import icon_button
from ui.components.navigation import Place
from ui.components.text import icon
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels.campaigns import campaign_state

FOUND = 5  # of each group
BOARDS = 8  # whose leads are searched
_LONGEST = 100  # characters


class Entry(NamedTuple):
    """A line that leads somewhere."""

    text: str
    icon: str
    path: str
    hint: str = ""


Search = Callable[[ApiClient, str], Awaitable[list[Entry]]]


class _Group(NamedTuple):
    name: str
    permission: Permission
    search: Search


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
        self._asking: list[asyncio.Task[None]] = []
        entries = [Entry(place.label, place.icon, place.path) for place in shown]
        entries += [entry for permission, entry in _beginnings() if me.may(permission)]
        settings = {
            "key": f"{me.me.company.id}:{me.me.user_id}",
            "entries": [entry._asdict() for entry in entries],
            "roots": [place.path for place in shown if place.path != "/"],
            "searches": [group.name for group in self._groups],
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
                searches = [self._search(group, number, text) for group in self._groups]
                self._asking = [background_tasks.create(search, name="palette") for search in searches]

    async def _search(self, group: _Group, number: int, text: str) -> None:
        entries: list[dict[str, str]] | None = None
        with self._place:
            try:
                entries = [entry._asdict() for entry in await group.search(self._api, text)]
            except (ApiProblem, Offline):  # the palette says that not everything was searched
                pass
            answer = {"number": number, "group": group.name, "entries": entries}
            ui.run_javascript(f"masteria.palette.found({json.dumps(answer)})")


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


async def _contacts(api: ApiClient, text: str) -> list[Entry]:
    found = await contacts.contacts(api, {"search": text, "limit": FOUND})
    return [
        Entry(
            one.name or one.phone_display or one.email or _("No name"),
            "person",
            f"/contacts/{one.id}",
            " · ".join(part for part in (one.phone_display if one.name else "", one.email) if part),
        )
        for one in found.items
    ]


async def _leads(api: ApiClient, text: str) -> list[Entry]:
    known = (await boards.boards(api))[:BOARDS]
    found = await asyncio.gather(*(boards.leads(api, board.id, {"search": text, "limit": FOUND}) for board in known))
    entries = []
    for board, page in zip(known, found, strict=True):
        stages = {stage.id: stage.name for stage in board.stages}
        for lead in page.items:
            parts = (board.name, stages.get(lead.stage_id), lead.contact.name if lead.contact else "")
            hint = " · ".join(part for part in parts if part)
            entries.append(Entry(lead.title, "view_kanban", f"/boards/{board.id}?lead={lead.id}", hint))
    return entries[:FOUND]


async def _campaigns(api: ApiClient, text: str) -> list[Entry]:
    found = await campaigns.campaigns(api, search=text, limit=FOUND)
    return [
        Entry(one.name, "campaign", f"/campaigns/{one.id}", campaign_state(one.state, one.outage_since)[0]) for one in found.items
    ]


_GROUPS = (
    _Group("conversations", Permission.CONVERSATIONS_READ, _conversations),
    _Group("contacts", Permission.CONTACTS_READ, _contacts),
    _Group("leads", Permission.BOARDS_READ, _leads),
    _Group("campaigns", Permission.CAMPAIGNS_READ, _campaigns),
)
