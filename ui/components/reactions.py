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
    alike: dict[object, list[MessageReaction]] = {}
    for one in found:  # in a group many react, most of them alike
        alike.setdefault(one.emoji if one.writer is not None else one.id, []).append(one)
    with ui.element("div").classes("m-reacts"):
        for same in alike.values():
            _draw(same[0], same)


def _draw(one: MessageReaction, same: list[MessageReaction]) -> None:
    wrong = failed(one)
    classes = "m-reacted" + (" m-reacted-out" if one.direction == "out" else "") + (" m-reacted-failed" if wrong else "")
    shown = one.emoji or _("Not taken back")
    with Text("span", f"{shown} {len(same)}" if len(same) > 1 else shown, classes) as chip:
        if wrong:
            icon("error")
    said = "\n".join(map(_said, same))
    chip.props.update({"role": "img", "title": said})
    chip.props["aria-label"] = f"{one.emoji or ''} {said}".strip()
    if one.state in {"queued", "sending", "unknown"}:
        chip.classes("m-reacted-waits")


def _said(one: MessageReaction) -> str:
    """Whose it is, and what became of it."""
    if one.direction == "in" and one.writer is None:
        return _("Reaction of this person")
    who = _("Reaction of {name}").format(name=one.writer or one.author or _("Your company"))
    if one.direction == "in":
        return who
    if failed(one):
        why = reasons.failure(one.reason or "temporary")
        return f"{who} · {why.name}. {why.todo}"
    return f"{who} · {message_labels.message_state(one.state)[0]}"
