"""How an answer of the assistant came about: what its model read, looked up and wrote, and what code found in it."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.assistant import AssistantRun, AssistantStep, AssistantTrace
from api.contract.enums import Permission
from api.contract.messages import Message
from ui import formats, session
from ui.client import assistant as client
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.states import load
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import personas as labels

_LONG = 6000  # characters of one text that are shown


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
    for step in run.steps:
        if step.kind == "result":
            continue
        with ui.element("details").classes("m-unfold m-unfold-flat"):
            with ui.element("summary").classes("m-row m-near"):
                ui.label(_name(step)).classes("m-strong m-grow m-clip")
                if step.ms:
                    ui.label(f"{formats.number(step.ms)} ms").classes("m-hint")
            for who, text in _texts(step):
                with ui.element("div").classes("m-col m-tight"):
                    if who:
                        ui.label(who).classes("m-hint")
                    Text("div", text[:_LONG] + ("…" if len(text) > _LONG else ""), "m-mono m-text")


def _name(step: AssistantStep) -> str:
    asked: dict[str, Any] = step.asked if isinstance(step.asked, dict) else {}
    match step.kind:
        case "model":
            return _("The model was asked")
        case "tool":
            return labels.tool(str(asked.get("name", "")))
        case "media":
            return _("Voice notes and pictures in words")
        case "moderation":
            return _("Looked over by the service")
        case "check":
            return _("Looked over by our rules")
    return step.kind


def _texts(step: AssistantStep) -> Iterator[tuple[str, str]]:
    """Who says it, and what."""
    if step.kind == "model" and isinstance(step.asked, list):
        for message in step.asked:
            yield _who(str(message.get("role", ""))), _plain(message.get("content") or message.get("tool_calls") or "")
        yield _("Answer"), _plain(step.answered)
        return
    asked = step.asked.get("arguments") if step.kind == "tool" and isinstance(step.asked, dict) else step.asked
    if asked:
        yield _("Asked"), _plain(asked)
    yield _("Found"), _plain(step.answered)


def _who(role: str) -> str:
    return {"system": _("Rules"), "user": _("Customer"), "assistant": _("Said by us"), "tool": _("Looked up")}.get(role, role)


def _plain(value: Any) -> str:
    """JSON as people read it."""
    if isinstance(value, str):
        try:
            inner = json.loads(value)
        except ValueError:
            return value
        value = inner if isinstance(inner, dict | list) else value
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
