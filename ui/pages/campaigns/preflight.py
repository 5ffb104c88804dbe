"""The pre-flight in the review: who is left out, delayed or stopped and why, real messages, the cost, and when it is done."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.campaigns import Campaign
from api.contract.costs import CostEstimate, CostFallback
from api.contract.enums import PreflightEffect, PreflightRule
from api.contract.preflight import Preflight, PreflightFinding, PreflightPerson
from ui import formats
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.confirm import dialog
from ui.components.states import load, skeleton_card, skeleton_list
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import preflight as labels
from ui.labels.campaigns import people
from ui.labels.costs import category
from ui.labels.trials import text_name
from ui.pages.campaigns import mends
from ui.pages.campaigns.draft import Draft

_BAD = (PreflightEffect.STOPS,)
_SLOWER = frozenset({"tier", "hours", "spread", "warm_up"})
LISTED = 50


class Samples:
    """Real messages, shown where `here()` was called, once the pre-flight knows them."""

    def __init__(self) -> None:
        self._place: ui.element | None = None
        self._found: Preflight | None = None

    def here(self) -> None:
        self._place = ui.element("div").classes("w-full")
        self._draw()

    def show(self, found: Preflight) -> None:
        self._found = found
        self._draw()

    def _draw(self) -> None:
        if self._place is None or self._found is None or self._place.is_deleted:
            return
        self._place.clear()
        if self._found.samples:
            hint = _("Real people of this audience, first those for whom something is missing.")
            with self._place, card(_("As people get it"), hint=hint, flush=True):
                for sample in self._found.samples:
                    with ui.element("div").classes("m-sum"):
                        icon("edit_note" if sample.missing else "chat")
                        with ui.element("div").classes("m-col m-tight m-grow"):
                            ui.label(f"{sample.name or '–'} · {sample.address}").classes("m-hint")
                            Text("p", sample.body, "m-text")


class _At(NamedTuple):
    """The draft that is looked at, and what can be done about it."""

    draft: Draft
    campaign: Campaign
    at: datetime | None
    go: Callable[[str], Any]
    again: Callable[[], Any]


def section(draft: Draft, at: datetime | None, go: Callable[[str], Any], again: Callable[[], Any], pace: ui.element) -> Samples:
    """Loads by itself, beside the rest of the review: it looks at each person of the audience. `pace`: where it is said how long it takes; what
    holds people longer than the number's speed is said there. `again` draws the review anew, after one click changed the draft."""
    assert draft.campaign is not None
    campaign = draft.campaign
    samples = Samples()
    here = _At(draft, campaign, at, go, again)

    def draw(found: Preflight) -> None:
        _draw(here, found)
        samples.show(found)
        if found.binding in _SLOWER:
            pace.clear()
            with pace:
                ui.label(labels.binding(found)).classes("m-sub")

    load(lambda: campaigns.preflight(draft.api, campaign.id, at), draw, lambda: skeleton_card(5))
    return samples


def _draw(here: _At, found: Preflight) -> None:
    if not found.matched:  # the list of what is missing says why
        return
    with card(_("Before you send"), hint=labels.binding(found), flush=True):
        if not found.findings:
            with ui.element("div").classes("m-sum"):
                icon("task_alt")
                ui.label(_("No rule holds anybody back.")).classes("m-grow")
        for one in found.findings:
            _line(here, found, one)
    if found.cost is not None and found.reachable:
        _cost(found)


def _line(here: _At, found: Preflight, one: PreflightFinding) -> None:
    said = labels.finding(one)
    cure = mends.mend(here.campaign, found, one)
    with ui.element("div").classes("m-sum m-sum-acts" + (" m-sum-bad" if one.effect in _BAD else "")):
        icon(said.icon)
        with ui.element("div").classes("m-col m-tight m-grow"):
            Text("p", said.text, "m-strong m-text")
            if said.hint:
                ui.label(said.hint).classes("m-hint")
        with ui.element("div").classes("m-row m-near m-wrap"):
            button(_("Who"), partial(_people, here, one), kind="plain")
            if cure is not None:
                button(cure.text, partial(_mend, here, one, cure), kind="plain")
            if said.step:
                button(_("Audience") if said.step == "audience" else _("Mend"), partial(here.go, said.step), kind="plain")
            elif said.page:
                button(_("Mend"), kind="plain", to=said.page)


async def _mend(here: _At, one: PreflightFinding, cure: mends.Mend) -> None:
    here.draft.change(**(await mends.fields_of(here.draft.api, here.campaign, one) if cure.fields is None else cure.fields))
    if await here.draft.flush():
        here.again()


def _people(here: _At, one: PreflightFinding) -> None:
    with dialog(labels.finding(one).text) as opened:

        async def fetch() -> list[PreflightPerson]:
            return (await campaigns.preflight_people(here.draft.api, here.campaign.id, one, here.at, LISTED)).items

        def draw(rows: list[PreflightPerson]) -> None:
            for person in rows:
                phone = formats.phone(person.address) if person.address else ""
                with ui.element("div").classes("m-row m-near"):
                    if one.rule is PreflightRule.CONTACT_DELETED:
                        ui.label(_("Deleted contact")).classes("m-grow")
                        continue
                    ui.link(person.name or phone or "–", f"/contacts/{person.contact_id}").classes("m-link m-grow")
                    ui.label(formats.moment(person.until) if person.until is not None else phone).classes("m-hint m-num")
            if one.count > len(rows):
                ui.label(_("The first {n} of {all}.").format(n=formats.number(len(rows)), all=formats.number(one.count))).classes(
                    "m-hint"
                )

        load(fetch, draw, lambda: skeleton_list(5))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), opened.close, kind="plain")
    opened.open()


def _cost(found: Preflight) -> None:
    assert found.cost is not None
    with card(_("What it costs")):
        with ui.element("div").classes("m-figure"):
            ui.label(labels.cost(found.cost))
        ui.label(_("At today's prices, if everybody gets it. What is not delivered may cost nothing.")).classes("m-hint")
        if len(found.cost.lines) > 1:
            for line in found.cost.lines[:8]:
                with ui.element("div").classes("m-row m-near"):
                    ui.label(line.country or _("Country unknown")).classes("m-grow")
                    ui.label(formats.number(line.people)).classes("m-hint m-num")
                    ui.label(labels.money(line.amount_micro, line.currency or "USD") if line.currency else _("unknown")).classes(
                        "m-num"
                    )
        _texts(found.cost)
        if found.cost.fallback is not None:
            _instead(found.cost.fallback)
        for limit in found.limits:
            if limit.limit_micro is not None and limit.currency is not None:
                left = labels.money(max(0, limit.limit_micro - limit.reserved_micro), limit.currency)
                name = (
                    _("Left of the month's limit: {amount}") if limit.scope == "month" else _("Limit of this campaign: {amount}")
                )
                with note("info", name.format(amount=left)):
                    pass


def _texts(found: CostEstimate) -> None:
    """Each text of a test by its share, and the others at the dearest."""
    for one in found.texts:
        name = text_name(one.variant) if one.variant is not None else _("The better text later, counted at the dearest")
        with ui.element("div").classes("m-row m-near"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(name)
                ui.label(f"{category(one.category)} · {people(one.people)}").classes("m-hint")
            ui.label(labels.totals(one.totals)).classes("m-num")


def _instead(found: CostFallback) -> None:
    """What the SMS in place of what does not arrive would cost besides."""
    share = formats.number(found.percent, 1)
    why = (
        _("{percent}% of your last {n} messages did not arrive.").format(percent=share, n=formats.number(found.measured))
        if found.measured
        else _("Assumed that {percent}% do not arrive: not enough was sent yet to know.").format(percent=share)
    )
    with ui.element("div").classes("m-row m-near"):
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(_("Besides, SMS to about {people}").format(people=people(found.people)))
            ui.label(why).classes("m-hint")
            if found.unpriced:
                ui.label(_("Nobody knows the price of these SMS. Add the price of your contract.")).classes("m-trouble")
            elif found.most:
                ui.label(_("At most {amount}, if nothing arrives.").format(amount=labels.totals(found.most))).classes("m-hint")
        ui.label(labels.totals(found.likely) if found.likely or found.unpriced else "–").classes("m-num")
