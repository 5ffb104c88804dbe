"""What a message from outside holds, drawn by kind: words, a symbol, and its files (`media.py`)."""

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from api.contract import contents as doc
from api.contract.messages import Message, MessageFile
from ui import formats
from ui.components.media import draw_file
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import calls as call_labels
from ui.labels import messages as message_labels

CLIP = 120
Find = Callable[[str], Message | None]
"""A message of the conversation by the provider's id, if it is on the screen."""


def said(text: str, classes: str = "") -> None:
    """In its own direction: Arabic and Hebrew read from the right."""
    Text("div", text, f"m-text {classes}").props["dir"] = "auto"


def draw_relations(one: Message, find: Find, *, leads: bool = False) -> None:
    """Above a message: the ad that brought it, what it answers, and that it was passed on. `leads`: a press on what it answers goes there."""
    if one.referral is not None:
        name = one.referral.headline or one.referral.source_url or _("an ad")
        _line("ads_click", _("Came from: {name}").format(name=name[:CLIP]))
    context = one.context
    if context is None:
        return
    if context.forwarded:
        _line("forward", _("Forwarded many times") if context.frequently_forwarded else _("Forwarded"))
    if context.product is not None:
        _line("sell", _("About the product {name}").format(name=context.product.product_id or "?"))
    if context.writer is not None:
        number = formats.phone(context.writer_number) if context.writer_number else ""
        with ui.element("div").classes("m-row m-near m-wrap m-conv-writer"):
            Text("span", context.writer, "m-strong m-text").props["dir"] = "auto"
            if number and number != context.writer and context.writer_number != context.writer:
                Text("span", number, "m-hint")
    elif context.group_id is not None:
        _line("groups", _("Written in a group"))
    if context.provider_id is not None:
        found = find(context.provider_id)
        with ui.element("button" if leads and found is not None else "div").classes("m-conv-quote") as quote:
            said(_("Answers an earlier message") if found is None else quoted(found), "m-hint")
        if leads and found is not None:
            quote.props.update({"type": "button", "data-quoted": str(found.id), "title": _("Go to this message")})


def quoted(found: Message) -> str:
    """A message in one line."""
    return found.text[:CLIP] or message_labels.message_kind(found.kind)[0]


def _line(symbol: str, text: str) -> None:
    with ui.element("div").classes("m-conv-kind"):
        icon(symbol)
        ui.label(text)


def draw_content(content: doc.MessageContent, find: Find, files: Sequence[MessageFile] = ()) -> None:
    """The content of one message, with its `files` as far as they came."""
    name, symbol = message_labels.message_kind(doc.kind_of(content))
    if name and not isinstance(content, doc.Text | doc.Unsupported | doc.Reaction | doc.System):
        _line(symbol, name)
    if isinstance(content, doc.Reaction | doc.Revoke | doc.Edit):
        _draw_change(content, find, files)
        return
    draw = _DRAW.get(type(content))
    if isinstance(content, doc.Call):
        _draw_call(content)
        draw = None
    if files:
        for file in files:
            draw_file(file)
    elif draw is not None:
        draw(content)
    if text := doc.text_of(content):
        said(text)


def _draw_change(content: doc.Reaction | doc.Revoke | doc.Edit, find: Find, files: Sequence[MessageFile]) -> None:
    """What was done to another message, and to which."""
    if isinstance(content, doc.Reaction):
        if content.emoji:
            said(content.emoji)
        else:
            _line("add_reaction", _("Took a reaction back"))
    found = find(content.target_id) if content.target_id else None
    if found is not None:
        with ui.element("div").classes("m-conv-quote"):
            said(quoted(found), "m-hint")
    if isinstance(content, doc.Edit) and content.content is not None:
        draw_content(content.content, find, files)


def _draw_files(content: doc.Media) -> None:
    for file in content.files:
        _draw_file(file)


def _draw_cards(content: doc.Contacts) -> None:
    for card in content.contacts:
        _draw_card(card)


def _draw_order(content: doc.Order) -> None:
    for item in content.items:
        price = f" · {formats.money(item.unit_price, item.currency)}" if item.unit_price is not None and item.currency else ""
        said(f"{formats.number(item.quantity)} × {item.product_id}{price}")


def _draw_answers(content: doc.Form) -> None:
    for key, value in content.answers.items():
        said(f"{key}: {value}")
    if content.raw:
        said(content.raw)


def _draw_row(content: doc.ListReply) -> None:
    if content.description:
        said(content.description, "m-hint")


def _draw_call(call: doc.Call) -> None:
    if call.id is None:
        how = formats.duration(call.seconds) if call.seconds else _("Not answered")
        ui.label(_("Rang") if call.status is None else how).classes("m-hint")
        return
    spoke = formats.duration(call.seconds) if call.seconds else ""
    how = call_labels.outcome(call.outcome)[0] if call.outcome is not None else call_labels.stage(call.status)
    if line := " · ".join(part for part in (how, spoke) if part):
        ui.label(line).classes("m-hint")
    if call.summary:
        said(call.summary)
    if call.seconds is not None:
        ui.link(_("What was said"), f"/calls/{call.id}").classes("m-hint m-link")


def _draw_call_permission(content: doc.CallPermission) -> None:
    ui.label(_("We may call") if content.granted else _("We may not call")).classes("m-hint")


def _draw_unsupported(content: doc.Unsupported) -> None:
    if content.type == doc.FORGOTTEN.type:
        _line("auto_delete", _("Older than your company keeps messages, so its words were deleted"))
        return
    _line("help", _("A kind of message that cannot be shown"))
    ui.label(" · ".join(part for part in (content.type, content.reason) if part)).classes("m-hint m-text")


def _draw_file(file: doc.File) -> None:
    facts = [file.name or "", file.mime_type or "", formats.size(file.size) if file.size else ""]
    if line := " · ".join(fact for fact in facts if fact):
        ui.label(line).classes("m-hint m-text")


def _draw_place(place: doc.Location) -> None:
    for line in (place.name, place.address):
        if line:
            said(line)
    where = f"{place.latitude:.5f}, {place.longitude:.5f}"
    link = ui.link(where, f"https://www.google.com/maps?q={place.latitude},{place.longitude}", new_tab=True)
    link.classes("m-hint m-link").props("rel=noopener")


def _draw_card(card: doc.Card) -> None:
    if card.name:
        said(card.name, "m-strong")
    if card.organization:
        said(card.organization, "m-hint")
    for line in [*(phone.phone for phone in card.phones), *(email.email for email in card.emails)]:
        said(line)


def system_line(content: doc.System) -> str:
    """What WhatsApp tells about the person."""
    if content.event == "number_changed" and content.current:
        return _("Changed number to {number}").format(number=content.current)
    return {
        "number_changed": _("Changed number"),
        "user_id_changed": _("Has a new WhatsApp user id"),
        "identity_changed": _("Uses WhatsApp on another device"),
        "other": content.text or _("WhatsApp tells"),
    }[content.event]


_DRAW: dict[type, Callable[[Any], None]] = {
    **dict.fromkeys((doc.Image, doc.Video, doc.Audio, doc.Document, doc.Sticker), lambda content: _draw_file(content.file)),
    doc.Media: _draw_files,
    doc.Location: _draw_place,
    doc.Contacts: _draw_cards,
    doc.Order: _draw_order,
    doc.Form: _draw_answers,
    doc.ListReply: _draw_row,
    doc.CallPermission: _draw_call_permission,
    doc.Unsupported: _draw_unsupported,
}
"""What a kind has beside its text."""
