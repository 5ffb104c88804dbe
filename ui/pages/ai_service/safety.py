"""How long it can be looked up what the AI did, and whether texts are looked over by the service."""

from nicegui import ui

from api.contract.ai import AiSafety, AiSafetySet
from api.contract.enums import Permission
from ui import session
from ui.client import ai as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import filled, form, number_field, switch_field
from ui.components.states import Loader, load
from ui.components.toast import toast
from ui.i18n import _

_MOST = 730  # days


def draw_safety() -> None:
    me = session.current()
    write = me.may(Permission.AI_WRITE)

    def draw(found: AiSafety) -> None:
        async def save() -> None:
            if not filled([days]):
                return
            wanted = AiSafetySet(trace_days=int(days.value or 0), moderates=bool(moderates.value))
            try:
                await client.set_safety(me.api, wanted, found.version)
            except ApiProblem as error:
                problems.show_in({"trace_days": days}, error)
                return
            toast(_("Saved."))
            await place.refresh()

        with ui.element("div").classes("m-forms"), card(_("Safety")):
            hint = _("What the AI read, looked up and wrote for each answer. Older records are deleted.")
            days = number_field(_("Keep the record of each answer (days)"), found.trace_days, low=1, high=_MOST, hint=hint)
            about = _(
                "Before the AI reads a message, and before its answer goes out, OpenAI checks both for threats, hate and the like."
                " What it objects to goes to a person. Free, with OpenAI only."
            )
            moderates = switch_field(_("Check texts for abuse"), found.moderates, hint=about)
            if write:
                form(save, _("Save"))
            else:
                days.control.props("readonly disable")
                moderates.props("disable")

    place: Loader[AiSafety] = load(lambda: client.safety(me.api), draw)
