"""What the analytics are asked for: the days, and whom of. It stands in the address, so that a link shows the same to a colleague."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from api.contract.enums import Permission
from ui import formats, session
from ui.client import accounts, channels, inbox
from ui.components.address import address
from ui.components.forms import select_field
from ui.components.states import load, skeleton
from ui.i18n import _, ngettext

_SPANS = ("1", "7", "30", "90", "365")
_USUAL = "30"
FILTERS = ("channel_id", "team_id", "user_id", "label_id")
_NONE = ""


def _known(name: str) -> str:
    try:
        return str(UUID(address().get(name)))
    except ValueError:
        return _NONE


class Asked:
    """The row of choices above the figures. `filters`: which of them this page knows; `changed` is called after each choice."""

    def __init__(self, changed: Callable[[], Awaitable[None]], *filters: str) -> None:
        self._changed, self._filters = changed, filters
        span = address().get("days")
        self._span = span if span in _SPANS else _USUAL
        self._chosen = {name: _known(name) for name in filters}
        with ui.element("div").classes("m-ana-bar").props("role=group") as bar:
            bar.props["aria-label"] = _("What is shown")
            names = {days: ngettext("Last {n} day", "Last {n} days", int(days)).format(n=days) for days in _SPANS}
            names["1"] = _("Today")
            self._days = select_field("", names, self._span, on_change=self._picked)
            self._days.control.props["aria-label"] = _("Time span")
            self._fields = ui.element("div").classes("m-ana-fields")
        if filters:
            with self._fields:
                load(self._fetch, self._draw, lambda: skeleton("line m-w-30"))

    async def _fetch(self) -> dict[str, dict[str, str]]:
        api, may = session.current().api, session.current().may
        found: dict[str, dict[str, str]] = {}
        if "channel_id" in self._filters and may(Permission.CHANNELS_READ):
            found["channel_id"] = {str(one.id): one.name for one in await channels.channels(api)}
        if "team_id" in self._filters and may(Permission.CONVERSATIONS_READ):
            found["team_id"] = {str(one.id): one.name for one in await inbox.teams(api)}
            found["label_id"] = {str(one.id): one.name for one in await inbox.labels(api)}
        if "user_id" in self._filters and may(Permission.TEAM_READ):
            found["user_id"] = {str(one.user_id): one.name for one in (await accounts.team(api)).items}
        return found

    def _draw(self, options: dict[str, dict[str, str]]) -> None:
        words = {
            "channel_id": (_("Channel"), _("All channels")),
            "team_id": (_("Team"), _("All teams")),
            "user_id": (_("Person"), _("Everybody")),
            "label_id": (_("Label"), _("All labels")),
        }
        self._selects = {}
        for name in self._filters:
            if not options.get(name):
                continue
            known = {_NONE: words[name][1], **options[name]}
            value = self._chosen[name] if self._chosen[name] in known else _NONE
            field = select_field("", known, value, search=len(known) > 10, on_change=self._picked)
            field.control.props["aria-label"] = words[name][0]
            self._selects[name] = field

    async def _picked(self) -> None:
        self._span = str(self._days.value)
        for name, field in getattr(self, "_selects", {}).items():
            self._chosen[name] = field.value or _NONE
        address().write(
            {
                "days": self._span if self._span != _USUAL else None,
                **{name: value or None for name, value in self._chosen.items()},
            }
        )
        await self._changed()

    @property
    def params(self) -> dict[str, str]:
        """As the API takes them."""
        until = datetime.now(formats.zone()).date()
        since = until - timedelta(days=int(self._span) - 1)
        return {
            "since": since.isoformat(),
            "until": until.isoformat(),
            **{name: value for name, value in self._chosen.items() if value},
        }

    @property
    def narrowed(self) -> bool:
        return any(self._chosen.values())

    def link(self, path: str, **more: str) -> str:
        """The same choice elsewhere."""
        kept = {"days": self._span if self._span != _USUAL else "", **self._chosen, **more}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{path}?{query}" if query else path
