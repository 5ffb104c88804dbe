"""What stands between the messages of a thread, and what can be done with one of them."""

from uuid import UUID

from nicegui import ui

from api.contract.conversations import ConversationNote, SystemLine, ThreadEntry
from api.contract.messages import Message
from ui import formats
from ui.components import contents
from ui.components.reactions import failed
from ui.components.text import icon
from ui.i18n import _
from ui.labels import conversations as labels
from ui.pages.inbox.changing import Changing, draw_changes
from ui.pages.inbox.quote import may_be_answered
from ui.pages.inbox.record import draw_record_act

PRESSED = """(e) => {
    const quote = e.target.closest('[data-quoted]');
    if (quote) return masteria.point(document.querySelector(`[data-entry="${quote.dataset.quoted}"]`));
    const act = e.target.closest('.m-thread-act, .m-reacted-out, .m-thread-again');
    const entry = act?.closest('[data-entry]').dataset.entry;
    if (act?.matches('.m-thread-again')) return emit({entry, again: true});
    if (act?.matches('.m-thread-change')) return emit({entry, change: act.dataset.change});
    if (act?.matches('.m-thread-answer')) return emit({entry});
    const react = act?.closest('.m-bubble').querySelector(':scope > .m-thread-react');
    if (react) masteria.emoji('react', act, react.dataset.mine || '', (emoji) => emit({entry, emoji}));
}"""
"""One listener on the whole thread hears all of them: `entry` is to be answered, sent `again`, `change`d, or reacted to by an `emoji`, "" to take
it back."""
HELD = """(e) => {
    const react = e.target.closest('.m-bubble')?.querySelector(':scope > .m-thread-react');
    if (!react || e.touches.length > 1) return;
    const held = setTimeout(() => react.click(), 450);
    for (const name of ['touchend', 'touchmove', 'touchcancel'])
        addEventListener(name, () => clearTimeout(held), {once: true, passive: true});
}"""
"""On a phone a message that is held asks for a reaction."""


def may_be_reacted_to(one: Message) -> bool:
    return one.direction == "in" and may_be_answered(one)


def draw_acts(one: Message, *, answer: bool, react: bool, change: Changing | None, conversation_id: UUID) -> None:
    draw_record_act(conversation_id, one)
    if change is not None:
        draw_changes(one, admin=change.admin)
    if react:
        mine = next((each.emoji for each in one.reactions if each.direction == "out" and not failed(each)), None)
        _draw_act("m-thread-react", "add_reaction", _("React to this message")).props["data-mine"] = mine or ""
    if answer:
        _draw_act("m-thread-answer", "reply", _("Answer this message"))


def _draw_act(classes: str, symbol: str, label: str) -> ui.element:
    with ui.element("button").classes(f"m-thread-act {classes}").props("type=button") as act:
        icon(symbol)
    act.props["aria-label"] = act.props["title"] = label
    return act


def draw_note(one: ThreadEntry, note: ConversationNote) -> None:
    with ui.element("div").classes("m-conv-line"):
        with ui.element("div").classes("m-thread-note"):
            with ui.element("div").classes("m-conv-kind"):
                icon("lock")
                who = (
                    _("Note of {name}, only for your team").format(name=note.author.name)
                    if note.author
                    else _("Note, only for your team")
                )
                ui.label(who).classes("m-hint")
            contents.said(note.body)
            ui.label(formats.clock(one.at)).classes("m-hint m-conv-where")


def draw_line(one: ThreadEntry, line: SystemLine) -> None:
    with ui.element("div").classes("m-conv-line"):
        ui.label(f"{labels.line(line)} · {formats.clock(one.at)}").classes("m-hint m-conv-said")
