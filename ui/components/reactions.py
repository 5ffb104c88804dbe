"""The reactions to a message, under its bubble: which, whose, and whether ours got there."""

from nicegui import ui

from api.contract.messages import MessageReaction
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import messages as message_labels
from ui.labels import reasons

_FAILED = {"failed", "failed_unknown"}


def failed(one: MessageReaction) -> bool:
    """It did not go, or nobody knows."""
    return one.state in _FAILED


def draw_reactions(found: list[MessageReaction]) -> None:
    if not found:
        return
    with ui.element("div").classes("m-reacts"):
        for one in found:
            _draw(one)


def _draw(one: MessageReaction) -> None:
    wrong = failed(one)
    classes = "m-reacted" + (" m-reacted-out" if one.direction == "out" else "") + (" m-reacted-failed" if wrong else "")
    with Text("span", one.emoji or _("Not taken back"), classes) as chip:
        if wrong:
            icon("error")
    chip.props.update({"role": "img", "title": _said(one)})
    chip.props["aria-label"] = f"{one.emoji or ''} {_said(one)}".strip()
    if one.state in {"queued", "sending", "unknown"}:
        chip.classes("m-reacted-waits")


def _said(one: MessageReaction) -> str:
    """Whose it is, and what became of it."""
    if one.direction == "in":
        return _("Reaction of this person")
    who = _("Reaction of {name}").format(name=one.author or _("Your company"))
    if failed(one):
        why = reasons.failure(one.reason or "temporary")
        return f"{who} · {why.name}. {why.todo}"
    return f"{who} · {message_labels.message_state(one.state)[0]}"
