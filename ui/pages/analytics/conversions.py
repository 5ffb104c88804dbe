"""What is told to the network whose ads open WhatsApp: the settings, and what came of each lead that an ad brought."""

from nicegui import ui

from api.contract.analytics_conversions import Conversion, ConversionSetting, ConversionSettingSet
from api.contract.base import Page
from api.contract.enums import ConversionConsent, ConversionKind, ConversionReason, ConversionState, Permission
from ui import formats, session
from ui.client import analytics as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import select_field, switch_field, text_field
from ui.components.frame import frame
from ui.components.states import load, skeleton_card
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.analytics import pieces
from ui.pages.analytics.pieces import Cell
from ui.routing import page


@page("/analytics/conversions", permission=Permission.INTEGRATIONS_READ)
def conversion_page() -> None:
    with frame(
        _("Told to ads"),
        _("Which leads of your ads are told to Meta, so that its ads find more such people"),
        breadcrumbs=[(_("Analytics"), "/analytics"), (_("What it brought"), "/analytics/origins")],
        active="/analytics",
    ):
        _Conversions()


def _states() -> dict[ConversionState, str]:
    return {
        ConversionState.WAITING: _("Waits"),
        ConversionState.SENDING: _("Is being told"),
        ConversionState.TOLD: _("Told"),
        ConversionState.SKIPPED: _("Not told"),
        ConversionState.FAILED: _("Not told"),
        ConversionState.UNKNOWN: _("Maybe told: is told again and counts once"),
    }


def _reasons() -> dict[ConversionReason, str]:
    return {
        ConversionReason.NO_CONSENT: _("The person did not say yes to offers, or refused them."),
        ConversionReason.OFF: _("It was switched off meanwhile."),
        ConversionReason.GONE: _("The lead, its conversation or its channel is no longer there."),
        ConversionReason.TOO_OLD: _("It was more than seven days ago: Meta does not take it any more."),
        ConversionReason.REFUSED: _("Meta refused it:"),
        ConversionReason.NO_ANSWER: _("Meta gave no answer in two days."),
    }


class _Conversions:
    def __init__(self) -> None:
        self._api = session.current().api
        self._place = load(lambda: client.conversion_setting(self._api), self._draw_setting, lambda: skeleton_card(5), "w-full")
        if session.current().may(Permission.BOARDS_READ):
            self._log = load(lambda: client.conversions(self._api), self._draw_log, lambda: skeleton_card(4), "w-full")

    def _draw_setting(self, found: ConversionSetting) -> None:
        with card(
            _("What is told"),
            hint=_("Only of people who wrote from an ad that opens WhatsApp, from the moment it is switched on."),
        ):
            active = switch_field(_("Tell Meta"), found.active)
            dataset = text_field(
                _("Dataset"), found.dataset_id, limit=32, hint=_("The number of the dataset in Meta's Events Manager, shared with the app of your channel's token.")
            )  # fmt: skip
            known = {
                ConversionConsent.SAID_YES.value: _("Only of people who said yes to offers"),
                ConversionConsent.NOT_REFUSED.value: _("Of all who did not refuse offers"),
            }
            consent = select_field(_("Of whom"), known, found.consent.value)
            leads = switch_field(_("That a lead was made"), found.leads)
            won = switch_field(_("That a lead was won"), found.won)
            worth = switch_field(_("What a lead that was won is worth"), found.worth)
            if not session.current().may(Permission.INTEGRATIONS_WRITE):
                with note("info", _("Only who may change integrations can change this.")):
                    return

            async def save() -> None:
                given = ConversionSettingSet(
                    active=bool(active.value), dataset_id=dataset.value.strip(), consent=ConversionConsent(consent.value), leads=bool(leads.value),
                    won=bool(won.value), worth=bool(worth.value),
                )  # fmt: skip
                try:
                    kept = await client.set_conversions(self._api, given, found.version)
                except ApiProblem as error:
                    problems.show_in({"dataset_id": dataset}, error)
                    return
                toast(_("Saved."))
                await self._place.show(kept)

            with ui.element("div").classes("m-row"):
                button(_("Save"), save, kind="primary")

    def _draw_log(self, found: Page[Conversion]) -> None:
        hint = _("The newest {n}").format(n=formats.number(len(found.items))) if found.next_cursor else ""
        with card(_("What was told"), hint=hint, flush=bool(found.items)):
            if not found.items:
                ui.label(
                    _("Nothing yet. Each lead that an ad brings stands here, with what was told of it, or why not.")
                ).classes("m-hint")
                return
            kinds = {ConversionKind.LEAD: _("Made"), ConversionKind.WON: _("Was won")}
            states, reasons = _states(), _reasons()
            rows: list[list[Cell | str]] = []
            for one in found.items:
                why = " ".join(filter(None, (reasons[one.reason] if one.reason else "", one.detail or "")))
                rows.append(
                    [
                        one.title or _("Deleted"),
                        kinds[one.kind],
                        formats.moment(one.happened_at),
                        states[one.state],
                        why or formats.DASH,
                    ]
                )
            pieces.table(_("What was told"), [_("Lead"), _("What happened"), _("When"), _("State"), _("Why")], rows)
