"""What the place of a person sets, as rows with their source: at what hours people may be called, and where messages do not arrive. Nobody changes them here."""

from datetime import date, datetime

from nicegui import ui

from api.contract.sending_rules import CallRule, UnreachedCountry
from ui import formats, kinds, session
from ui.client import sending_rules as client
from ui.components.cards import card, item
from ui.components.states import load, skeleton_list
from ui.components.text import Text, badge
from ui.i18n import _, ngettext
from ui.labels import conversations as conversation_labels
from ui.labels import costs as labels
from ui.labels.costs import clock

_Found = tuple[list[CallRule], list[UnreachedCountry]]


def draw_places() -> None:
    load(_fetch, _draw, lambda: skeleton_list(6))


async def _fetch() -> _Found:
    api = session.current().api
    return await client.call_rules(api), await client.unreached(api)


def _draw(found: _Found) -> None:
    calls, unreached = found
    with ui.element("div").classes("m-col m-gap w-full"):
        hint = _(
            "By the law or the custom of each place, on the clock there. The narrowest rule counts. They come with the program."
        )
        with card(_("Hours of calls"), hint=hint, flush=True):
            for rule in calls:
                _call(rule)
        hint = _("It is left out before the start, and is not sent to one person either.")
        with card(_("What does not arrive"), hint=hint, flush=True):
            for one in unreached:
                with item(), ui.element("div").classes("m-col m-tight m-grow"):
                    _heading(labels.country(one.country), one.valid_from, one.valid_until)
                    ui.label(f"{kinds.name(one.kind)} · {labels.category(one.category)}").classes("m-sub")
                    Text("p", " · ".join(labels.held(one.valid_from, one.valid_until, one.source)), "m-hint m-text")


def _call(rule: CallRule) -> None:
    place = labels.country(rule.country)
    if rule.areas:
        place = _("{country}, area codes {codes}").format(country=place, codes=", ".join(rule.areas))
    with item(), ui.element("div").classes("m-col m-tight m-grow"):
        _heading(place, rule.valid_from, rule.valid_until)
        ui.label(_hours(rule)).classes("m-sub")
        facts = [_("never on holidays")] if rule.skip_holidays else []
        times = ngettext("at most {n} call to a person in a day", "at most {n} calls to a person in a day", rule.per_day)
        facts.append(times.format(n=formats.number(rule.per_day)))
        facts.append(_("{n} in a week").format(n=formats.number(rule.per_week)))
        Text("p", " · ".join([*facts, *labels.held(rule.valid_from, rule.valid_until, rule.source)]), "m-hint m-text")


def _heading(name: str, since: date, until: date | None) -> None:
    today = datetime.now(formats.zone()).date()
    with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
        ui.label(name).classes("m-strong")
        if until is not None and until < today:
            badge(_("Over"), "quiet")
        elif since > today:
            badge(_("From {day}").format(day=formats.day(since)), "quiet")


def _hours(rule: CallRule) -> str:
    """Days of the same hours together."""
    spans: dict[tuple[int, int], list[int]] = {}
    for day in rule.hours:
        spans.setdefault((day.opens, day.closes), []).append(day.weekday)
    text = _("{days}, from {start} to {end}")
    return " · ".join(
        text.format(days=_days(days), start=clock(opens), end=clock(closes)) for (opens, closes), days in spans.items()
    )


def _days(days: list[int]) -> str:
    return conversation_labels.weekdays(days) if len(days) < 7 else formats.sentence(_("every day"))
