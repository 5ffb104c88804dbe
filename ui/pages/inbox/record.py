"""How an answer of the assistant came about: what its model read, looked up and wrote, and what code found in it."""

from uuid import UUID

from nicegui import ui

from api.contract.assistant import AssistantRun, AssistantTrace
from api.contract.messages import Message
from ui import formats, session
from ui.client import assistant as client
from ui.components import record
from ui.i18n import _


def draw_record_act(conversation_id: UUID, one: Message) -> None:
    """Under what the assistant said."""
    said = one.assistant
    if said is not None:
        api = session.current().api
        record.draw_record_act(
            _("How this answer came about"),
            "",
            lambda: client.trace(api, conversation_id, said.turn_id),
            _draw,
            passages=True,
        )


def _draw(found: AssistantTrace) -> None:
    used = found.turn.usage
    if used is not None:
        record.draw_used(used.input, used.output, found.cost_micro, *([found.turn.model] if found.turn.model else []))
    if not found.runs:
        ui.label(
            _("The record of this answer is no longer kept. How long is chosen under Settings, AI service, Safety.")
        ).classes("m-sub")
    for run in found.runs:
        _draw_run(run, len(found.runs) > 1)


def _draw_run(run: AssistantRun, several: bool) -> None:
    if several:
        ui.label(_("Attempt {n}, {when}").format(n=formats.number(run.epoch), when=formats.moment(run.at))).classes("m-strong")
    record.draw_steps(run.steps)
