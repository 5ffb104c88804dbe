"""What all that the company sends may cost in a month. What would pass it waits; people may answer all the same, unless the company says otherwise."""

from nicegui import ui

from api.contract.costs import SpendLimit
from api.contract.enums import Permission
from api.contract.events import CostsChanged
from ui import formats, live, session
from ui.client import costs as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import form, number_field, select_field
from ui.components.progress import width
from ui.components.states import Loader, load, skeleton_card
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels.costs import CURRENCIES, usual
from ui.labels.preflight import money

_Found = tuple[SpendLimit, str]  # and the currency that is proposed where there is none yet


def draw_limit() -> None:
    _Limit()


class _Limit:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_card(3))
        live.on(CostsChanged, self._heard)

    async def _heard(self, _event: CostsChanged) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        return await client.month(self._api), usual(await client.rates(self._api))

    def _draw(self, seen: _Found) -> None:
        found, known = seen
        hint = _(
            "All that is billed counts: campaigns, sequences, answers, rules, the AI and the API; the simulator does not. The owners get an e-mail at 80% and at 100%."
        )
        with ui.element("div").classes("m-forms"), card(_("Month's limit"), hint=hint), ui.element("div").classes("m-col"):
            if found.limit_micro is not None and found.currency is not None:
                self._used(found, found.limit_micro, found.currency)
                self._unpriced(found)
            micro = found.limit_micro
            amount = number_field(
                _("All messages may cost at most"),
                micro / 1_000_000 if micro is not None else None,
                low=0,
                step=50,
                hint=_("Empty: no limit. What was sent this month counts at once."),
            )
            kept = found.currency or known
            names = {code: f"{code} · {formats.symbol(code)}" for code in dict.fromkeys((*CURRENCIES, kept))}
            currency = select_field(
                _("Currency"), names, kept, hint=_("Who has no known price in this currency gets no campaign under a limit.")
            )
            stops = select_field(
                _("Once it is reached"),
                {"answer": _("People may always answer by hand"), "wait": _("Nobody answers either: everything waits")},
                "wait" if found.stops_people else "answer",
                hint=_(
                    "Either way campaigns and sequences pause, messages of rules and of the API wait, and the AI leaves its answers to your team."
                ),
            )
            if not self._write:
                for field in (amount, currency, stops):
                    field.control.props("readonly disable")
                ui.label(_("An administrator of your company sets this.")).classes("m-hint")
                return

            async def save() -> None:
                given = round(amount.value * 1_000_000) if amount.value is not None else None
                try:
                    kept = await client.set_month(
                        self._api, given, currency.value if given is not None else None, stops_people=stops.value == "wait"
                    )
                except ApiProblem as problem:
                    problems.show_in({"limit_micro": amount, "currency": currency, "stops_people": stops}, problem)
                    return
                toast(_("Saved."))
                await self._place.show((kept, known))

            form(save, _("Save"))

    def _used(self, found: SpendLimit, most: int, currency: str) -> None:
        used = found.reserved_micro
        share = used / most if most else 1.0
        tone = " m-fill-bad" if found.reached else " m-fill-warn" if share >= 0.8 else ""
        with ui.element("div").classes("m-progress"):
            with ui.element("div").classes("m-track") as track:
                ui.element("div").classes(f"m-fill{tone}").style(width(min(1.0, share)))
            track.props.update({"role": "progressbar", "aria-label": _("Spent this month")})
            track.props.update({"aria-valuenow": round(min(1.0, share) * 100), "aria-valuemin": 0, "aria-valuemax": 100})
            with ui.element("div").classes("m-row m-between"):
                text = _("{used} of {most} this month")
                ui.label(text.format(used=money(used, currency), most=money(most, currency))).classes("m-hint")
                ui.label(formats.percent(min(1.0, share), digits=0)).classes("m-hint")
        if found.reached:
            ui.label(
                _("The limit is reached: what is not written by hand waits until you raise it, or the month is over.")
            ).classes("m-trouble")

    def _unpriced(self, found: SpendLimit) -> None:
        if not found.unpriced or found.currency is None:
            return
        text = ngettext(
            "{n} message of this month is not counted: nobody knows its price in {currency}.",
            "{n} messages of this month are not counted: nobody knows their price in {currency}.",
            found.unpriced,
        )
        with (
            note("warn", text.format(n=formats.number(found.unpriced), currency=found.currency)),
            ui.element("div").classes("m-row"),
        ):
            button(_("Enter prices"), to="/settings/costs?tab=prices", icon="sell")
