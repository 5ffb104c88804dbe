"""How an answer of the assistant came about: what its model read, looked up and wrote, and what code found in it."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.assistant import AssistantRun, AssistantTrace
from api.contract.enums import Permission
from api.contract.messages import Message
from ui import formats, session
from ui.client import assistant as client
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.record import draw_steps
from ui.components.states import load
from ui.components.text import icon
from ui.i18n import _


def draw_record_act(conversation_id: UUID, one: Message) -> None:
    """Under what the assistant said, for who may see what it costs and reads."""
    if one.assistant is None or not session.current().may(Permission.AI_READ):
        return
    with ui.element("button").classes("m-cite").props("type=button") as act:
        icon("manage_search")
        ui.label(_("How it came about"))
    act.on("click", partial(_open, conversation_id, one.assistant.turn_id), [])


def _open(conversation_id: UUID, turn_id: UUID) -> None:
    api = session.current().api
    with dialog(_("How this answer came about"), wide=True) as box:
        with ui.element("div").classes("m-record-body"):
            load(lambda: client.trace(api, conversation_id, turn_id), _draw)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="primary")
    box.open()


def _draw(found: AssistantTrace) -> None:
    used = found.turn.usage
    if used is not None:
        text = _("{model} · {read} tokens read, {written} written")
        ui.label(
            text.format(model=found.turn.model or "—", read=formats.number(used.input), written=formats.number(used.output))
        ).classes("m-sub")
    if not found.runs:
        ui.label(
            _("The record of this answer is no longer kept. How long is chosen under Settings, AI service, Safety.")
        ).classes("m-sub")
    for run in found.runs:
        _draw_run(run, len(found.runs) > 1)


def _draw_run(run: AssistantRun, several: bool) -> None:
    if several:
        ui.label(_("Attempt {n}, {when}").format(n=formats.number(run.epoch), when=formats.moment(run.at))).classes("m-strong")
    draw_steps(run.steps)
