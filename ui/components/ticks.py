"""How far a message that went out has come, as one small sign: a clock, one tick, two, two in blue, or a red mark."""

from nicegui import ui

from ui.components.text import icon
from ui.labels import messages as message_labels

_SIGNS = {
    "queued": "schedule",
    "sending": "schedule",
    "unknown": "hourglass_top",
    "sent": "check",
    "delivered": "done_all",
    "read": "done_all",
    "failed": "error",
    "failed_unknown": "help",
}
_TONES = {"read": "read", "failed": "bad", "failed_unknown": "warn", "unknown": "warn"}


def sign(state: str | None) -> tuple[str, str]:
    """Symbol and class; nothing is known of it yet: it is queued. Nothing for what is not to be sent."""
    known = state or "queued"
    return _SIGNS.get(known, ""), f"m-tick m-tick-{_TONES.get(known, 'quiet')}"


def draw_tick(state: str | None) -> ui.element | None:
    """The sign, named for who hears it or points at it."""
    symbol, classes = sign(state)
    if not symbol:
        return None
    name = message_labels.message_state(state)[0]
    tick = icon(symbol).classes(classes)
    tick.props.update({"role": "img", "aria-label": name, "title": name, "aria-hidden": "false"})  # Quasar hides icons by itself
    return tick
