"""What the pages of figures share: their tabs, a figure with its comparison and its definition, a table behind each chart, live figures."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal
from uuid import UUID

from babel import dates
from nicegui import ui

from api.contract.analytics import AnalyticsPeriod
from api.contract.enums import Comparison, Permission
from ui import formats, live, session
from ui.components.address import address
from ui.components.cards import card, figure, key_values
from ui.components.charts import Series, bar_chart, line_chart
from ui.components.text import Text
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext

SHARED = 1.1  # seconds: an answer of the API may be that old, because all who look share it
Again = Callable[[], Awaitable[None]]
NOBODY = str(UUID(int=0))
"""In a filter: those of nobody, or of no team."""
EVERY = 4.0  # seconds between two times that a page asks anew while things happen


class Cell:
    """What stands in a cell of a plain table; `to`: where it leads."""

    def __init__(self, text: str, to: str = "", said: str = "") -> None:
        self.text, self.to, self.said = text, to, said


def ways(here: str) -> None:
    """The pages of figures that the reader may see."""
    may = session.current().may
    talks, sends = may(Permission.CONVERSATIONS_READ), may(Permission.CAMPAIGNS_READ)
    leads, people = may(Permission.BOARDS_READ), may(Permission.CONTACTS_READ)
    shown = [
        ("/analytics/dashboard", _("Dashboard"), True),
        ("/analytics", _("Overview"), True),
        ("/analytics/conversations", _("Conversations"), talks),
        ("/analytics/people", _("People"), talks),
        ("/analytics/boards", _("Boards"), leads),
        ("/analytics/assistant", _("AI"), talks and may(Permission.AI_READ)),
        ("/analytics/campaigns", _("Campaigns"), sends),
        ("/analytics/channels", _("Channels"), True),
        ("/analytics/origins", _("What it brought"), leads and sends),
        ("/analytics/consent", _("Consent"), people),
        ("/analytics/calls", _("Calls"), talks),
        ("/analytics/reports", _("By mail"), True),
    ]
    with ui.element("nav").classes("m-tabs") as nav:
        nav.props["aria-label"] = _("Analytics")
        for path, name, open_ in shown:
            if open_:
                link = ui.link(name, path).classes("m-tab" + (" m-tab-on" if path == here else ""))
                if path == here:
                    link.props["aria-current"] = "page"


def follow(refresh: Callable[[], Awaitable[None]], *events: type[Any]) -> None:
    """Figures move as events arrive, some seconds apart, however many there are."""

    async def later() -> None:
        await asyncio.sleep(SHARED)
        await refresh()

    with ui.element("div") as unseen:
        slow = Throttle(later, EVERY)
    unseen.set_visibility(False)
    for event in events:
        live.on(event, lambda _event: slow.poke())
    live.on_reset(refresh)


def beside(
    name: str,
    value: float | None,
    before: float | None,
    meaning: str,
    *,
    show: Callable[[float | None], str] = formats.number,
    more_is: Literal["good", "bad", "neither"] = "neither",
    hint: str = "",
    wide: str = "",
    to: str = "",
) -> None:
    """A figure, how it changed against the days it is compared with, and what it means, for who points at it. `wide`: which filters do not
    reach it."""
    compare = address().get("compare")
    if compare == Comparison.NONE:
        before = None
    change, good = "", None
    if value is not None and before:
        share = (value - before) / before
        change = formats.change(share)
        good = None if more_is == "neither" or not round(share, 2) else (share > 0) == (more_is == "good")
    elif value and before == 0:
        change = _("new")
    was = _("a year before: {value}") if compare == Comparison.YEAR else _("before: {value}")
    said = hint or (was.format(value=show(before)) if before is not None else "")
    element = figure(
        name, show(value), change=change, good=good, hint=said, on_click=(lambda: ui.navigate.to(to)) if to else None
    )
    with element:
        if wide:
            Text("p", wide, "m-hint m-figure-wide")
        ui.tooltip(meaning)


def meanings(pairs: Sequence[tuple[str, str]]) -> None:
    """The same definitions in words, for phones and keyboards."""
    with ui.element("details").classes("m-ana-more"):
        Text("summary", _("What is counted"))
        key_values(pairs)


def table(label: str, heads: Sequence[str], rows: Sequence[Sequence[Cell | str]]) -> None:
    with ui.element("div").classes("m-scroll").props("tabindex=0 role=region") as region:
        region.props["aria-label"] = label
        with ui.element("table").classes("m-plain-table"):
            with ui.element("thead"), ui.element("tr"):
                for head in heads:
                    Text("th", head).props["scope"] = "col"
            with ui.element("tbody"):
                for row in rows:
                    with ui.element("tr"):
                        for number, cell in enumerate(row):
                            _cell(cell, "th" if number == 0 else "td")


def _cell(cell: Cell | str, tag: str) -> None:
    text, to = (cell, "") if isinstance(cell, str) else (cell.text, cell.to)
    element: ui.element = Text(tag, "" if to else text)
    if to:
        with element:
            ui.link(text, to).classes("m-link")
    if tag == "th":
        element.props["scope"] = "row"


def by_day(
    heading: str, days: Sequence[Any], series: Sequence[Series], *, label: str, hint: str = "", bars: bool = False
) -> None:
    """A chart of days, and the table behind it."""
    with card(heading, hint=hint):
        if not any(value for _name, values in series for value in values):
            ui.label(_("Nothing in these days.")).classes("m-hint")
            return
        names = [formats.short_day(day) for day in days]
        (bar_chart if bars else line_chart)(names, series, label=label)
        with ui.element("details").classes("m-ana-more"):
            Text("summary", _("As a table"))
            rows = [
                [formats.full_day(day), *(formats.number(values[number]) for _name, values in series)]
                for number, day in enumerate(days)
            ]
            table(heading, [_("Day"), *(name for name, _values in series)], rows[::-1])


def weekdays() -> list[str]:
    """Monday first, short."""
    names = dates.get_day_names("abbreviated", locale=formats.locale())
    return [names[number] for number in range(7)]


def summary(text: str) -> None:
    """What a part that opens is called."""
    Text("summary", text)


def heat(hours: Sequence[Sequence[int]], weekdays: Sequence[str], label: str) -> None:
    """Days by hours, the darker the more; each cell says its number."""
    most = max((n for row in hours for n in row), default=0) or 1
    with ui.element("div").classes("m-scroll").props("tabindex=0 role=region") as region:
        region.props["aria-label"] = label
        with ui.element("table").classes("m-heat"):
            with ui.element("thead"), ui.element("tr"):
                Text("th", _("Day")).props["scope"] = "col"
                for hour in range(24):
                    Text("th", f"{hour:02}").props["scope"] = "col"
            with ui.element("tbody"):
                for name, row in zip(weekdays, hours, strict=True):
                    with ui.element("tr"):
                        Text("th", name).props["scope"] = "row"
                        for n in row:
                            cell = Text("td", formats.number(n) if n else "")
                            cell.style(f"--heat: {n / most:.2f}")


def foot(period: AnalyticsPeriod, *, compared: bool = True) -> None:
    """Of which days and by which clock; with `compared` also whether somebody counted after."""
    span = _("{first} to {last}, {zone}").format(
        first=formats.day(period.since), last=formats.day(period.until), zone=formats.place(period.time_zone)
    )
    if address().get("compare") != Comparison.NONE:
        beside = _("compared with {first} to {last}").format(
            first=formats.day(period.before), last=formats.day(period.before_until)
        )
        span = f"{span} · {beside}"
    Text("p", span, "m-hint")
    if not compared:
        return
    if period.checked is None:
        said = _("The figures are compared with every single row each night; that was not done yet.")
    elif period.checked.differences:
        said = ngettext(
            "{when} one figure of the past differed from the single rows. Whoever runs the installation was told.",
            "{when} {n} figures of the past differed from the single rows. Whoever runs the installation was told.",
            period.checked.differences,
        ).format(when=formats.moment(period.checked.at), n=formats.number(period.checked.differences))
    else:
        said = _("Compared with every single row {when}: all figures were right.").format(when=formats.moment(period.checked.at))
    Text("p", said, "m-hint")


def took(seconds: float | None) -> str:
    return formats.DASH if seconds is None else formats.duration(max(1, seconds))
