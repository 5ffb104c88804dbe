"""What the analytics are asked for: the days, and whom of. It stands in the address, so that a link shows the same to a colleague."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from api.contract.analytics_views import AnalyticsViewQuery
from api.contract.enums import Comparison, Permission, WhichTouch
from ui import formats, session
from ui.client import accounts, boards, campaigns, channels, contacts, inbox
from ui.client.base import ApiProblem
from ui.components.address import address
from ui.components.forms import Field, mark, select_field, text_field
from ui.components.states import load, skeleton
from ui.i18n import _, ngettext, pgettext

_SPANS = ("1", "7", "30", "90", "365")
_USUAL = "30"
_OWN = "own"
_MOST = 400  # days that the API counts at once
FILTERS = ("channel_id", "team_id", "user_id", "label_id", "board_id", "owner_id", "tag", "campaign_id")
_NONE = ""


def _known(name: str) -> str:
    found = address().get(name) or _NONE
    if name == "tag":
        return found[:60]
    try:
        return str(UUID(found))
    except ValueError:
        return _NONE


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(address().get(name) or "")
    except ValueError:
        return None


def _words() -> dict[str, tuple[str, str]]:
    """Of each filter what it is called, and what nothing chosen is called."""
    return {
        "board_id": (_("Board"), ""),
        "channel_id": (_("Channel"), _("All channels")),
        "team_id": (_("Team"), _("All teams")),
        "user_id": (_("Person"), _("Everybody")),
        "owner_id": (_("Owner"), _("Everybody")),
        "label_id": (_("Label"), _("All labels")),
        "tag": (_("Tag"), _("All tags")),
        "campaign_id": (_("Campaign"), pgettext("figures", "All campaigns")),
    }


class Asked:
    """The row of choices above the figures. `filters`: which of them this page knows; `changed` is called after each choice."""

    def __init__(self, changed: Callable[[], Awaitable[None]], *filters: str, rows: bool = False) -> None:
        """`rows`: of what is behind a figure, which stands beside nothing."""
        self._changed, self._filters, self._rows = changed, filters, rows
        since, until = _day("since"), _day("until")
        self._own = (since, until) if since and until and 0 <= (until - since).days < _MOST else None
        span = address().get("days")
        self._span = _OWN if self._own else span if span in _SPANS else _USUAL
        self._chosen = {name: _known(name) for name in filters}
        self._selects: dict[str, Field[str]] = {}
        compare = address().get("compare")
        self._compare = Comparison(compare) if compare in set(Comparison) else Comparison.PREVIOUS
        with ui.element("div").classes("m-ana-bar").props("role=group") as bar:
            bar.props["aria-label"] = _("What is shown")
            names = {days: ngettext("Last {n} day", "Last {n} days", int(days)).format(n=days) for days in _SPANS}
            names["1"] = _("Today")
            names[_OWN] = _("Days of your choice")
            self._days = select_field("", names, self._span, on_change=self._picked_span)
            self._days.control.props["aria-label"] = _("Time span")
            first, last = self.days
            self._first = text_field("", first.isoformat(), kind="date", on_change=self._picked)
            self._last = text_field("", last.isoformat(), kind="date", on_change=self._picked)
            for field, name in ((self._first, _("First day")), (self._last, _("Last day"))):
                field.control.props["aria-label"] = name
                field.hide(self._span != _OWN)
            beside = {
                Comparison.PREVIOUS.value: _("With the days before"),
                Comparison.YEAR.value: _("With last year"),
                Comparison.NONE.value: _("Without a comparison"),
            }
            self._beside = select_field("", beside, self._compare.value, on_change=self._picked)
            self._beside.control.props["aria-label"] = _("Comparison")
            self._beside.hide(rows)
            self._fields = ui.element("div").classes("m-ana-fields")
        if filters:
            with self._fields:
                load(self._fetch, self._draw, lambda: skeleton("line m-w-30"))

    async def _fetch(self) -> dict[str, dict[str, str]]:
        api, may = session.current().api, session.current().may
        found: dict[str, dict[str, str]] = {}
        if "board_id" in self._filters and may(Permission.BOARDS_READ):
            found["board_id"] = {str(one.id): one.name for one in await boards.boards(api)}
        if "channel_id" in self._filters and may(Permission.CHANNELS_READ):
            found["channel_id"] = {str(one.id): one.name for one in await channels.channels(api)}
        if "team_id" in self._filters and may(Permission.CONVERSATIONS_READ):
            found["team_id"] = {str(one.id): one.name for one in await inbox.teams(api)}
        if "label_id" in self._filters and may(Permission.CONVERSATIONS_READ):
            found["label_id"] = {str(one.id): one.name for one in await inbox.labels(api)}
        if {"user_id", "owner_id"} & set(self._filters) and may(Permission.TEAM_READ):
            people = {str(one.user_id): one.name for one in (await accounts.team(api)).items}
            found |= {name: people for name in ("user_id", "owner_id") if name in self._filters}
        if "campaign_id" in self._filters and may(Permission.CAMPAIGNS_READ):
            known = await campaigns.campaigns(api, limit=100)
            found["campaign_id"] = {str(one.id): one.name for one in known.items}
            chosen = self._chosen["campaign_id"]
            if chosen and chosen not in found["campaign_id"]:
                with suppress(ApiProblem):  # it is gone
                    found["campaign_id"][chosen] = (await campaigns.campaign(api, UUID(chosen))).name
        if "tag" in self._filters and may(Permission.CONTACTS_READ):
            found["tag"] = {one.name: one.name for one in await contacts.tags(api)}
        return found

    def _draw(self, options: dict[str, dict[str, str]]) -> None:
        words = _words()
        self._selects = {}
        for name in self._filters:
            if not options.get(name):
                continue
            known = options[name] if name == "board_id" else {_NONE: words[name][1], **options[name]}
            if name != "board_id" and self._chosen[name] not in known:  # what is narrowed to something that is gone says so
                known[self._chosen[name]] = _("Deleted")
            value = self._chosen[name] if self._chosen[name] in known else next(iter(known))
            field = select_field("", known, value, search=len(known) > 10, on_change=self._picked)
            field.control.props["aria-label"] = words[name][0]
            self._selects[name] = field

    async def _picked_span(self) -> None:
        self._span = str(self._days.value)
        if self._span == _OWN:
            self._own = self.days
        for field in (self._first, self._last):
            field.hide(self._span != _OWN)
        await self._picked()

    async def _picked(self) -> None:
        if self._span == _OWN:
            try:
                first, last = date.fromisoformat(self._first.value), date.fromisoformat(self._last.value)
            except ValueError:  # somebody is typing it
                return
            if last < first:
                mark({self._last: _("The last day is before the first.")})
                return
            if (last - first).days >= _MOST:
                mark({self._last: _("At most {n} days at once.").format(n=_MOST)})
                return
            self._own = (first, last)
        else:
            self._own = None
        for name, field in self._selects.items():
            self._chosen[name] = field.value or _NONE
        self._compare = Comparison(self._beside.value)
        address().write({**dict.fromkeys(("days", "since", "until", "view")), **self._spanned(), **self._narrow()})
        await self._changed()

    def _spanned(self) -> dict[str, str | None]:
        """The days, as the address has them."""
        beside = self._compare.value if self._compare is not Comparison.PREVIOUS else None
        if self._own is not None:
            return {"since": self._own[0].isoformat(), "until": self._own[1].isoformat(), "compare": beside}
        return {"days": self._span if self._span not in (_USUAL, _OWN) else None, "compare": beside}

    def _narrow(self) -> dict[str, str | None]:
        return {name: value or None for name, value in self._chosen.items()}

    @property
    def days(self) -> tuple[date, date]:
        if self._own is not None:
            return self._own
        until = datetime.now(formats.zone()).date()
        return until - timedelta(days=int(self._span if self._span in _SPANS else _USUAL) - 1), until

    def chosen(self, name: str) -> str:
        return self._chosen.get(name, _NONE)

    def choose(self, name: str, value: str) -> None:
        """What is shown where nobody chose."""
        self._chosen[name] = value

    @property
    def params(self) -> dict[str, str]:
        """As the API takes them."""
        since, until = self.days
        return {
            "since": since.isoformat(),
            "until": until.isoformat(),
            **({"compare": self._compare.value} if self._compare is Comparison.YEAR and not self._rows else {}),
            **{name: value for name, value in self._chosen.items() if value and name != "board_id"},
        }

    def only(self, *filters: str) -> dict[str, str]:
        """The same, without filters that some figures do not know."""
        return {name: value for name, value in self.params.items() if name not in FILTERS or name in filters}

    def wide(self, *filters: str) -> str:
        """What is said beside figures that know only these filters: of what they are all the same. Empty: of nothing."""
        chosen = [name for name, value in self._chosen.items() if value and name not in filters and name != "board_id"]
        every = [_words()[name][1].lower() for name in self._filters if name in chosen]
        return _("Not narrowed here: {all}").format(all=", ".join(every)) if every else ""

    @property
    def narrowed(self) -> bool:
        return any(value for name, value in self._chosen.items() if name != "board_id")

    def link(self, path: str, **more: str) -> str:
        """The same choice elsewhere."""
        kept = {**self._spanned(), **self._narrow(), **more}
        query = urlencode({name: value for name, value in kept.items() if value})
        return f"{path}?{query}" if query else path

    def query(self) -> AnalyticsViewQuery:
        """What is shown, as a view keeps it."""
        own, touch = self._own, address().get("touch")
        chosen = {name: (value if name == "tag" else UUID(value)) for name, value in self._chosen.items() if value}
        return AnalyticsViewQuery(
            days=None if own else int(self._span if self._span in _SPANS else _USUAL),
            since=own[0] if own else None,
            until=own[1] if own else None,
            compare=self._compare,
            touch=WhichTouch(touch) if touch in set(WhichTouch) else None,
            **chosen,  # type: ignore[arg-type]
        )
