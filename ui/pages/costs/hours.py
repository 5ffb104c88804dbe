"""At what hours campaigns may write to people, on the clock where each of them is: rules of the company, by country and category, with their source."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.costs import SendHours, SendHoursSet
from api.contract.enums import Permission, RateCategory
from api.contract.events import SendHoursChanged
from ui import formats, live, session
from ui.client import costs as client
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.collection import Collection, Form
from ui.components.forms import select_field, switch_field, text_field
from ui.components.states import empty
from ui.components.text import Text, badge
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels import costs as labels
from ui.labels.costs import clock, minutes
from ui.labels.places import countries
from ui.pages.costs.places import draw_places

_CATEGORIES = (RateCategory.MARKETING, RateCategory.UTILITY)
_FIRST = SendHoursSet(
    name="", country=None, category=None, weekdays=[0, 1, 2, 3, 4, 5], opens=8 * 60, closes=20 * 60, skip_holidays=True
)


def draw_hours() -> None:
    with ui.element("div").classes("m-col m-gap w-full"):
        _Hours()
        draw_places()


class _Hours:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._kept = Collection[SendHours](lambda: client.hours(self._api), self._draw)
        live.on(SendHoursChanged, self._heard)

    async def _heard(self, _event: SendHoursChanged) -> None:
        await self._kept.refresh()

    def _draw(self, found: list[SendHours]) -> None:
        if not found:
            text = _(
                "Campaigns write at any hour, unless one says otherwise. A rule holds for all of them, also for those that run."
            )
            with card():
                if self._write:
                    start = partial(self._edit, None)
                    empty("bedtime", _("No rule for the hours yet"), text, action=_("Begin with 8 to 20 o'clock"), on_click=start)
                else:
                    empty("bedtime", _("No rule for the hours yet"), text)
            return
        new = partial(button, _("New rule"), partial(self._edit, None), kind="primary", icon="add")
        hint = _(
            "On the clock where each person is. Every rule must allow it; whoever is held gets the message as soon as it may go."
        )
        with card(_("Hours of sending"), hint=hint, actions=new if self._write else None, flush=True):
            for one in found:
                self._row(one)

    def _row(self, one: SendHours) -> None:
        today = datetime.now(UTC).date()
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
                    ui.label(one.name).classes("m-strong")
                    if one.valid_until is not None and one.valid_until < today:
                        badge(_("Over"), "quiet")
                    elif one.valid_from is not None and one.valid_from > today:
                        badge(_("From {day}").format(day=formats.day(one.valid_from)), "quiet")
                ui.label(_when(one)).classes("m-sub")
                Text("p", " · ".join(_facts(one)), "m-hint m-text")
            if self._write:
                icon_button("edit", _("Change {name}").format(name=one.name), partial(self._edit, one))
                icon_button("delete", _("Delete {name}").format(name=one.name), partial(self._delete, one))

    def _edit(self, one: SendHours | None) -> None:
        known: Any = one or _FIRST

        def form() -> Form:
            name = text_field(
                _("Name"),
                known.name,
                limit=120,
                placeholder=_("Business hours"),
                hint=_("People read it when it holds something."),
            )
            with ui.element("div").classes("m-row m-near items-start w-full"):
                opens = text_field(_("From"), clock(known.opens), kind="time")
                closes = text_field(_("To"), clock(known.closes), kind="time")
            days = {day: conversation_labels.weekday(day) for day in range(7)}
            weekdays = select_field(_("Days"), days, [int(day) for day in known.weekdays], multiple=True)
            holidays = switch_field(
                _("Not on holidays"), known.skip_holidays, hint=_("National ones of Brazil, and those of your office hours.")
            )
            country = select_field(_("Country"), {"": _("All countries"), **countries()}, known.country or "", search=True)
            names = {"": _("All kinds"), **{value.value: labels.category(value) for value in _CATEGORIES}}
            category = select_field(_("Kind of message"), names, known.category.value if known.category else "")
            with ui.element("div").classes("m-row m-near items-start w-full"):
                since = text_field(_("First day, if any"), known.valid_from.isoformat() if known.valid_from else "", kind="date")
                until = text_field(_("Last day, if any"), known.valid_until.isoformat() if known.valid_until else "", kind="date")
            source = text_field(_("Source"), known.source, limit=200, placeholder=_("A law, a contract, or what you decided"))

            async def write(version: int | None) -> None:
                body = SendHoursSet(
                    name=name.value.strip(),
                    country=country.value or None,
                    category=RateCategory(category.value) if category.value else None,
                    weekdays=sorted(weekdays.value or []),
                    opens=minutes(opens.value) or 0,
                    closes=minutes(closes.value) or 0,
                    skip_holidays=bool(holidays.value),
                    valid_from=date.fromisoformat(since.value) if since.value else None,
                    valid_until=date.fromisoformat(until.value) if until.value else None,
                    source=(source.value or "").strip(),
                )
                if one is None or version is None:
                    await client.add_hours(self._api, body)
                else:
                    await client.change_hours(self._api, one, body, version)

            fields = {
                "name": name, "opens": opens, "closes": closes, "weekdays": weekdays, "country": country, "category": category,
                "valid_from": since, "valid_until": until, "source": source,
            }  # fmt: skip
            return Form(fields, ["name", "opens", "closes", "weekdays"], write, {})

        self._kept.edit(_("Change the rule") if one else _("New rule"), one, form)

    async def _delete(self, one: SendHours) -> None:
        heading = _("Delete the rule “{name}”?").format(name=one.name)
        text = _("Whom only this rule holds gets the message now.")
        await self._kept.delete(one, heading, text, lambda: client.remove_hours(self._api, one))


def _when(one: SendHours) -> str:
    days = conversation_labels.weekdays(one.weekdays) if len(one.weekdays) < 7 else _("every day")
    return _("{days}, from {start} to {end}").format(days=days, start=clock(one.opens), end=clock(one.closes))


def _facts(one: SendHours) -> list[str]:
    facts = [labels.country(one.country) if one.country else _("All countries")]
    facts.append(labels.category(one.category) if one.category else _("All kinds"))
    if one.skip_holidays:
        facts.append(_("not on holidays"))
    if one.valid_from or one.valid_until:
        span = [formats.day(day) if day else "…" for day in (one.valid_from, one.valid_until)]
        facts.append(f"{span[0]} – {span[1]}")
    return [*facts, one.source] if one.source else facts
