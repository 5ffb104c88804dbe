"""Step by step, what a model was asked and answered, and what code found in it: of an answer, and of a look at a conversation."""

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from nicegui import ui

from api.contract.assistant import AssistantStep
from api.contract.assists import AssistTrace
from api.contract.enums import Permission
from api.contract.proposals import ProposalTrace
from ui import formats, session
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.states import load
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import personas as labels

_LONG = 6000  # characters of one text that are shown


T = TypeVar("T")


def draw_record_act(
    title: str, about: str, fetch: Callable[[], Awaitable[T]], draw: Callable[[T], Any], *, passages: bool = False
) -> None:
    """*How it came about*, for who may see what the AI costs and reads: opens what `fetch` finds, as `draw` draws it. `passages`: it quotes
    the knowledge."""
    me = session.current()
    if me.may(Permission.AI_READ) and (me.may(Permission.KNOWLEDGE_READ) or not passages):
        with ui.element("button").classes("m-cite").props("type=button") as act:
            icon("manage_search")
            ui.label(_("How it came about"))
        act.on("click", partial(_open, title, about, fetch, draw), [])


def _open(title: str, about: str, fetch: Callable[[], Awaitable[T]], draw: Callable[[T], Any]) -> None:
    with dialog(title, about, wide=True) as box:
        with ui.element("div").classes("m-record-body"):
            load(fetch, draw)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="primary")
    box.open()


def draw_kept(found: AssistTrace | ProposalTrace) -> None:
    """What there is of it, or why there is nothing any more."""
    used = [step.usage for step in found.steps if step.usage is not None]
    draw_used(sum(one.input for one in used), sum(one.output for one in used), found.cost_micro)
    draw_steps(found.steps)
    if not found.steps:
        Text("p", _("This record is no longer kept. How long is chosen under Settings, AI service, Safety."), "m-sub")


def draw_used(read: int, written: int, cost_micro: int | None, *before: str) -> None:
    """Tokens and what they cost, after what is to be said `before`."""
    if read or written:
        tokens = _("{read} tokens read, {written} written").format(read=formats.number(read), written=formats.number(written))
        cost = [] if cost_micro is None else [formats.dollars(cost_micro)]
        ui.label(" · ".join([*before, tokens, *cost])).classes("m-sub")


def draw_steps(steps: Sequence[AssistantStep]) -> None:
    for step in steps:
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
    asked = step.asked.get("messages") if step.kind == "model" and isinstance(step.asked, dict) else step.asked
    if step.kind == "model" and isinstance(asked, list):
        for message in asked:
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
