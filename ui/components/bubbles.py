"""One message of a conversation as a bubble: what it says, what became of it, and over which way it went."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from uuid import UUID

from nicegui import ui

from api.contract.contents import Preference, System
from api.contract.enums import MessageOrigin
from api.contract.messages import Message, MessageChanged
from ui import formats
from ui.components import contents, states
from ui.components.citations import draw_citations
from ui.components.reactions import draw_reactions
from ui.components.text import Text, icon
from ui.components.ticks import draw_tick
from ui.files import address
from ui.i18n import _
from ui.labels import messages as message_labels
from ui.labels import reasons

HEADS = {"[image]": "image", "[video]": "play_circle", "[document]": "description", "[location]": "location_on"}
"""What stands at the head where it is no text → its symbol."""


def day_name(value: date) -> str:
    """Today, yesterday, or the whole date: what stands between the messages of two days."""
    today = datetime.now(formats.zone()).date()
    return {0: _("Today"), 1: _("Yesterday")}.get((today - value).days, formats.full_day(value))


def skeleton() -> None:
    """The shape of three messages."""
    with ui.element("div").classes("m-conv-list"):
        for side in ("", " m-bubble-out", ""):
            with ui.element("div").classes("m-bubble m-bubble-wide" + side):
                states.skeleton("line m-w-80", "line m-w-60")


def _event(one: Message) -> str | None:
    """What is no message but something that happened, in a sentence."""
    if isinstance(one.content, Preference):
        return message_labels.preference(one.text)
    if isinstance(one.content, System):
        return contents.system_line(one.content)
    return _not_sent(one) if one.state in {"skipped", "cancelled"} else None


def draw_message(
    one: Message,
    find: contents.Find,
    more: Callable[[], None] | None = None,
    again: Callable[[], None] | None = None,
    *,
    alone: bool = False,
) -> None:
    """A bubble, or the line of what is no message but happened. `find` gives a message that is on the screen by the provider's id; `more`
    draws in the bubble what can be done with it, `again` below the reason why it did not go. `alone`: all went over one channel, whose
    name says nothing, and a press on a quote leads to what it quotes."""
    out = one.direction == "out"
    if (happened := _event(one)) is not None:
        with ui.element("div").classes("m-conv-line"):
            with ui.element("div").classes("m-conv-event"):
                ui.label(happened).classes("m-hint")
                _draw_where(one, alone=alone)
        return
    failed = one.state in {"failed", "failed_unknown"}
    classes = "m-bubble" + (" m-bubble-out" if out else "") + (" m-bubble-failed" if failed else "")
    with ui.element("div").classes(classes + (" m-bubble-ai" if one.assistant is not None else "")):
        contents.draw_relations(one, find, leads=alone)
        if one.changed is not None and one.changed.text is not None and one.kind == "text":
            contents.said(one.changed.text)
        elif one.content is not None:
            contents.draw_content(one.content, find, one.files)
            if one.kind == "text" and not one.text:
                ui.label(_("Message without text")).classes("m-hint")
        else:
            rows = [(row.title, row.description) for row in one.rows]
            draw_sent(one.header, one.text, one.footer, one.buttons, rows, one.header_file_id)
        if one.changed is not None:
            _draw_changed(one, one.changed)
        if one.assistant is not None:
            draw_citations(one.assistant.citations)
        if more is not None:
            more()
        if failed:
            why = reasons.failure(one.reason or "temporary")
            with ui.element("div").classes("m-conv-why"):
                icon("error")
                ui.label(f"{why.name}. {why.todo}")
            if again is not None:
                again()
        _draw_where(one, alone=alone)
        draw_reactions(one.reactions)


def _draw_changed(one: Message, changed: MessageChanged) -> None:
    """That it says something else by now, or was deleted; and of ours that it did not go."""
    if changed.text is not None and one.kind != "text":
        contents.said(changed.text)
    if changed.deleted_at is not None or changed.edited_at is not None:
        with ui.element("div").classes("m-conv-kind"):
            icon("block" if changed.deleted_at is not None else "edit")
            gone = _("deleted by {name}").format(name=changed.by) if changed.by else _("deleted")
            ui.label(gone if changed.deleted_at is not None else _("edited")).classes("m-hint")
    if changed.state in {"failed", "failed_unknown"}:
        ui.label(_("The change did not go: {reason}").format(reason=reasons.failure(changed.reason or "temporary").name)).classes(
            "m-hint"
        )


def draw_sent(
    header: str | None,
    text: str,
    footer: str | None = None,
    buttons: Sequence[str] = (),
    rows: Sequence[tuple[str, str | None]] = (),
    head_file: UUID | None = None,
) -> None:
    """What goes out from here, as the person sees it; `rows` behind the button of a list, `head_file` a picture above it."""
    if header in HEADS:
        with ui.element("div").classes("m-bubble-media"):
            if head_file is not None and header == "[image]":
                ui.element("img").props.update({"src": address(head_file), "alt": _("The picture that goes out")})
            else:
                icon(HEADS[header])
    elif header:
        contents.said(header, "m-strong")
    if text:
        contents.said(text)
    else:
        ui.label(_("Message without text")).classes("m-hint")
    if footer:
        contents.said(footer, "m-bubble-foot")
    if buttons:
        with ui.element("div").classes("m-row m-near m-wrap"):
            for button in buttons:
                Text("span", button, "m-chip")
    if rows:
        with ui.element("div").classes("m-conv-rows"):
            for title, description in rows:
                ui.label(title).classes("m-strong m-clip")
                if description:
                    ui.label(description).classes("m-hint m-clip")


def _not_sent(one: Message) -> str:
    if one.state == "skipped":
        why = (reasons.skip if one.campaign_id else reasons.failure)(one.reason or "").name
        return _("Not sent: {reason}").format(reason=why)
    return _("Not sent: it was called off")


def _draw_where(one: Message, *, alone: bool) -> None:
    """When, how far it came, over which channel, of which campaign or from whom."""
    parts = [formats.clock(one.at)]
    if one.state in {"failed", "failed_unknown"}:
        parts.append(message_labels.message_state(one.state)[0])
    if one.maybe_duplicate:
        parts.append(_("perhaps twice"))
    if not alone:
        parts.append(one.channel_name or _("Channel removed"))
    if one.author:
        parts.append(one.author)
    if one.automatic:
        parts.append(_("automatic"))
    if one.origin is MessageOrigin.PHONE_APP:
        parts.append(_("written on the phone"))
    elif one.origin is MessageOrigin.HISTORY:
        parts.append(_("from before"))
    with ui.element("div").classes("m-conv-where"):
        ui.label(" · ".join(parts)).classes("m-hint")
        if one.campaign_id and one.direction == "out":
            ui.link(one.campaign_name or _("Campaign"), f"/campaigns/{one.campaign_id}").classes("m-hint m-link")
        if one.direction == "out":
            draw_tick(one.state)
