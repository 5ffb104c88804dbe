"""What a message costs, by channel, country and category, from which day, and who says so. A company's own prices stand before our list."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.costs import SendRate, SendRateSet
from api.contract.enums import Permission, RateCategory
from api.contract.events import CostsChanged
from ui import formats, kinds, live, session
from ui.client import costs as client
from ui.client.base import ApiProblem, Uploaded
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, note
from ui.components.confirm import confirm, dialog
from ui.components.files import drop_zone
from ui.components.forms import filled, number_field, select_field, text_field
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import costs as labels
from ui.labels.costs import CURRENCIES
from ui.labels.places import countries
from ui.labels.preflight import money
from ui.pages.costs import prices_csv

LARGEST = 2_000_000  # bytes of a file
SHOWN = 8  # problems of a file


def draw_prices() -> None:
    _Prices()


class _Prices:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[list[SendRate]] = load(lambda: client.rates(self._api), self._draw, lambda: skeleton_list(6))
        live.on(CostsChanged, self._heard)

    async def _heard(self, _event: CostsChanged) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: list[SendRate]) -> None:
        own, listed = [one for one in found if one.own], [one for one in found if not one.own]

        def actions() -> None:
            button(_("From a file"), self._import, icon="upload_file")
            button(_("Add a price"), partial(self._edit, None), kind="primary", icon="add")

        hint = _("For one message, or one part of an SMS. Each counts from its first day until the next one of the same kind.")
        with ui.element("div").classes("m-col m-gap w-full"):
            with card(_("Prices of your contract"), hint=hint, actions=actions if self._write else None, flush=True):
                if not own:
                    text = _("Estimates and limits go by our list. Add what your contract says where it is different.")
                    empty("sell", _("No prices of your own yet"), text)
                for one in _newest_first(own):
                    self._row(one, current=one in _current(own))
            with card(
                _("Our list"),
                hint=_("What providers publish, each with its source. It counts where you have no price of your own."),
                flush=True,
            ):
                if not listed:
                    empty("sell", _("No prices"), "")
                for one in _newest_first(listed):
                    self._row(one, current=one in _current(listed))

    def _row(self, one: SendRate, *, current: bool) -> None:
        with ui.element("div").classes("m-sum"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
                    ui.label(f"{kinds.name(one.kind)} · {labels.country(one.country)}").classes("m-strong")
                    ui.label(labels.category(one.category)).classes("m-sub")
                    if not current:
                        badge(_("From {day}").format(day=formats.day(one.valid_from)) if _later(one) else _("Over"), "quiet")
                Text(
                    "p",
                    " · ".join(
                        part
                        for part in (_("since {day}").format(day=formats.day(one.valid_from)), labels.source(one.source))
                        if part
                    ),
                    "m-hint m-text",
                )
            ui.label(money(one.price_micro, one.currency)).classes("m-num m-strong")
            if self._write and one.own:
                with ui.element("div").classes("m-row m-tight shrink-0"):
                    icon_button("edit", _("Change this price"), partial(self._edit, one))
                    icon_button("delete", _("Delete this price"), partial(self._delete, one))

    def _edit(self, one: SendRate | None) -> None:
        text = _("What was spent keeps its price.")
        with dialog(_("Change the price") if one else _("Add a price"), text) as box, ui.element("div").classes("m-col"):
            names = {kind.kind: kinds.text(kind.label) for kind in kinds.every()}
            kind = select_field(_("Channel"), names, one.kind if one else next(iter(names), None), on_change=lambda: billed())
            places = {"": _("All other countries"), **countries()}
            country = select_field(_("Country"), places, (one.country or "") if one else "BR", search=True)
            category = select_field(_("What is sent"), _categories(kind.value), one.category if one else None)
            with ui.element("div").classes("m-row m-near items-start w-full"):
                price = number_field(_("Price"), one.price_micro / 1_000_000 if one else None, low=0, step=0.001)
                kept = one.currency if one else "BRL"
                currency = select_field(_("Currency"), {code: code for code in dict.fromkeys((*CURRENCIES, kept))}, kept)
            since = text_field(_("From this day on"), (one.valid_from if one else _today()).isoformat(), kind="date")
            source = text_field(_("Source"), one.source if one else "", placeholder=_("Contract 2026"), limit=200)
            if one is not None:  # by these a price is known: another day is another price
                for field in (kind, country, category, since):
                    field.control.props("readonly disable")

            def billed() -> None:
                category.control.set_options(_categories(kind.value))  # type: ignore[attr-defined]
                if category.value not in _categories(kind.value):
                    category.value = next(iter(_categories(kind.value)))

            billed()

            async def save() -> None:
                if not filled([kind, category, price, since]):
                    return
                body = SendRateSet(
                    kind=kind.value,
                    country=country.value or None,
                    category=RateCategory(category.value),
                    currency=currency.value,
                    price_micro=round((price.value or 0) * 1_000_000),
                    valid_from=datetime.fromisoformat(since.value).date(),
                    source=(source.value or "").strip(),
                )
                try:
                    found = await client.set_rates(self._api, [body])
                except ApiProblem as problem:
                    fields: dict[str, Any] = {
                        "kind": kind, "country": country, "category": category, "currency": currency, "price_micro": price,
                        "valid_from": since, "source": source,
                    }  # fmt: skip
                    problems.show_in({f"rates[0].{name}": field for name, field in fields.items()}, problem)
                    return
                box.close()
                toast(_("Saved."))
                await self._place.show(found)

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    async def _delete(self, one: SendRate) -> None:
        heading = _("Delete this price?")
        text = _("From now on the price before it counts, or that of our list. What was spent stays.")
        if one.id is not None and await confirm(heading, text, yes=_("Delete"), danger=True):
            try:
                await client.remove_rate(self._api, one.id)
            except ApiProblem as problem:
                if problem.status != 404:
                    raise
            await self._place.refresh()

    # -- from a file --------------------------------------------------------------------------------------------

    def _import(self) -> None:
        text = _("One line for each price. Those of the same channel, country, category and day are written over; all or none.")
        with dialog(_("Prices from a file"), text) as box, ui.element("div").classes("m-col"):
            shown = ui.element("div").classes("m-col m-near w-full")
            shown.props["aria-live"] = "polite"

            async def took(file: Uploaded) -> None:
                content = b"".join([part async for part in file.iterate()])
                found = prices_csv.read(content, {kind.kind for kind in kinds.every()})
                shown.clear()
                with shown:
                    self._read(found, box)

            drop_zone(
                _("Choose a CSV file"), took, accept=".csv,text/csv", max_bytes=LARGEST, hint=_("CSV, as spreadsheets save it")
            )
            with ui.element("details"):
                Text("summary", _("What it looks like"), "m-sub")
                Text("pre", prices_csv.EXAMPLE, "m-mono m-hint m-scroll-x")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
        box.open()

    def _read(self, found: prices_csv.Read, box: Any) -> None:
        if found.problems:
            with note("bad", _("Nothing was taken. Mend the file and choose it again."), name="error"):
                for line in found.problems[:SHOWN]:
                    ui.label(line).classes("m-sub")
                if (more := len(found.problems) - SHOWN) > 0:
                    ui.label(_("and {n} more").format(n=more)).classes("m-hint")
            return
        count = len(found.rates)
        for rate in found.rates[:5]:
            with ui.element("div").classes("m-row m-near"):
                said = f"{kinds.name(rate.kind)} · {labels.country(rate.country)} · {labels.category(rate.category)}"
                ui.label(said).classes("m-grow m-sub")
                ui.label(money(rate.price_micro, rate.currency)).classes("m-num")
        if count > 5:
            ui.label(_("and {n} more").format(n=count - 5)).classes("m-hint")

        async def save() -> None:
            try:
                kept = await client.set_rates(self._api, found.rates)
            except ApiProblem as problem:
                wrong = problem.errors[0] if problem.errors else None
                line = wrong.field.partition("[")[2].partition("]")[0] if wrong is not None else ""
                said = problems.field_sentence(wrong) if wrong is not None else problems.sentence(problem)
                place = _("Line {n}: {problem}").format(n=found.lines[int(line)], problem=said) if line.isdigit() else said
                toast(place, "bad")
                return
            box.close()
            toast(ngettext("{n} price saved.", "{n} prices saved.", count).format(n=count))
            await self._place.show(kept)

        button(ngettext("Save {n} price", "Save {n} prices", count).format(n=count), save, kind="primary")


def _categories(kind: str | None) -> dict[RateCategory, str]:
    segment = kinds.can(kind).unit == "segment"
    return {one: labels.category(one) for one in RateCategory if (one is RateCategory.SMS) == segment}


def _today() -> Any:
    return datetime.now(UTC).date()


def _later(one: SendRate) -> bool:
    return bool(one.valid_from > _today())


def _key(one: SendRate) -> tuple[str, str, str]:
    return one.kind, one.country or "", one.category.value


def _current(found: list[SendRate]) -> list[SendRate]:
    """Those that count today."""
    newest: dict[tuple[str, str, str], SendRate] = {}
    for one in sorted(found, key=lambda rate: rate.valid_from):
        if not _later(one):
            newest[_key(one)] = one
    return list(newest.values())


def _newest_first(found: list[SendRate]) -> list[SendRate]:
    return sorted(found, key=lambda one: (*_key(one), -one.valid_from.toordinal()))
