"""What somebody may write to one person, one Struct per kind; whether a channel takes it, and what of it the ledger keeps."""

from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from db.contacts.phones import display
from db.errors import RequestError, RequestField
from db.messages import file_replies, template_replies
from db.messages.content import Card, CardPhone
from db.messages.enums import MessageState as M
from db.messages.enums import ReplyKind
from db.messages.errors import ReplyError, ReplyField
from db.messages.inbound import NAMED, SILENT
from db.messages.place import Place
from db.messages.render import Binding, ButtonsContent, CardsContent, Content, ListContent, LiteralContent, LocationContent, Row
from db.permissions import Permission
from db.work import Work


class TextReply(Struct, frozen=True):
    kind = ReplyKind.TEXT
    text: str


class FileReply(Struct, frozen=True):
    """`file_id`: what the writer uploaded. `voice`: a recording, to be played as a voice message. `shelved`: made of a file of ours for
    this message (shelf.py)."""

    kind = ReplyKind.FILE
    file_id: UUID
    caption: str = ""
    voice: bool = False
    shelved: bool = False


class TemplateReply(Struct, frozen=True):
    kind = ReplyKind.TEMPLATE
    template_id: UUID
    bindings: list[Binding]


class ButtonsReply(Struct, frozen=True):
    kind = ReplyKind.BUTTONS
    text: str
    buttons: list[str]


class ListReply(Struct, frozen=True):
    kind = ReplyKind.LIST
    text: str
    button: str
    rows: list[Row]


class LocationReply(Struct, frozen=True):
    """WGS 84 degrees."""

    kind = ReplyKind.LOCATION
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None


class ContactReply(Struct, frozen=True):
    """A contact of the company: the name and the number go."""

    kind = ReplyKind.CONTACT
    contact_id: UUID


Reply = TextReply | FileReply | TemplateReply | ButtonsReply | ListReply | LocationReply | ContactReply


class Written(NamedTuple):
    """What is to be sent, and the raw values of contact fields that go with it."""

    content: Content
    params: list[str]


_ANSWERED = f"""
select provider_id from inbound_message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4 and kind <> all($5) and {NAMED}
union all
select provider_id from message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4
    and state in ({M.SENT}, {M.DELIVERED}, {M.READ}) and reacts_to is null
"""


_CARD = """
select c.name, array(select i.value from contact_identity i where i.company_id = $1 and i.contact_id = c.id and i.valid
    and i.kind in ('phone', 'wa_id') order by i.kind, i.id) as numbers
from contact c where c.company_id = $1 and c.id = $2
"""


def trimmed(reply: Reply) -> Reply:
    """Without what means nothing. Raises Invalid for what is empty."""
    match reply:
        case TemplateReply() | ContactReply():
            return reply
        case LocationReply():
            name, address = ((text or "").strip() or None for text in (reply.name, reply.address))
            return LocationReply(reply.latitude, reply.longitude, name, address)
        case FileReply():
            return FileReply(reply.file_id, reply.caption.strip(), reply.voice, reply.shelved)
        case TextReply():
            return TextReply(needed(reply.text, "content.text"))
        case ButtonsReply():
            buttons = [needed(title, f"content.buttons[{number}].title") for number, title in enumerate(reply.buttons)]
            unique(buttons, "content.buttons")
            return ButtonsReply(needed(reply.text, "content.text"), buttons)
        case ListReply():
            rows = [
                Row(needed(row.title, f"content.rows[{number}].title"), (row.description or "").strip() or None)
                for number, row in enumerate(reply.rows)
            ]
            unique([row.title for row in rows], "content.rows")
            return ListReply(needed(reply.text, "content.text"), needed(reply.button, "content.button"), rows)


def needed(text: str, path: str) -> str:
    """Without blanks around it. Raises Invalid for what is empty."""
    text = text.strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED(path)])
    return text


def unique(titles: list[str], path: str) -> None:
    """Two of one name could not be told apart by the person, and Meta refuses them. Raises Invalid."""
    twice = [number for number, title in enumerate(titles) if title in titles[:number]]
    if twice:
        raise RequestError.INVALID(fields=[ReplyField.TITLE_TWICE(f"{path}[{number}].title") for number in twice])


async def written(w: Work, place: Place, reply: Reply, reply_to: UUID | None) -> Written:
    """What is to be sent. `reply_to`: the message of the conversation that it answers; a template answers none. Raises Invalid, Conflict
    with what the channel does not take, `marketing_refused` or `country_unreached`."""
    can = place.capabilities
    if reply.kind not in can.reply_kinds:
        raise ReplyError.KIND_NOT_TAKEN()
    if isinstance(reply, TemplateReply):
        if reply_to is not None:
            raise ReplyError.REPLY_TO_NOT_TAKEN()
        return Written(*await template_replies.to_send(w, place, reply.template_id, reply.bindings))
    target = None if reply_to is None else await _answered(w, place, reply_to)
    if isinstance(reply, TextReply | ButtonsReply | ListReply) and len(reply.text) > can.text_limit:
        raise RequestError.INVALID(fields=[RequestField.TOO_LONG("content.text", max=can.text_limit)])
    content: Content
    match reply:
        case FileReply():
            content = await file_replies.to_send(
                w, place, reply.file_id, reply.caption, voice=reply.voice, shelved=reply.shelved, reply_to=target
            )
        case LocationReply():
            content = LocationContent(
                latitude=reply.latitude, longitude=reply.longitude, name=reply.name, address=reply.address, reply_to=target
            )
        case ContactReply():
            content = CardsContent(contacts=[await _card(w, reply.contact_id)], reply_to=target)
        case TextReply():
            content = LiteralContent(body=reply.text, reply_to=target)
        case ButtonsReply():
            content = ButtonsContent(body=reply.text, buttons=reply.buttons, reply_to=target)
        case ListReply():
            content = ListContent(body=reply.text, button=reply.button, rows=reply.rows, reply_to=target)
    return Written(content, [])


async def _card(w: Work, contact_id: UUID) -> Card:
    """What goes of a contact."""
    if w.actor is not None:
        w.actor.require(Permission.CONTACTS_READ)
    row = await w.fetchrow(_CARD, w.company_id, contact_id)
    if row is None:
        raise RequestError.INVALID(fields=[ReplyField.NO_SUCH_CONTACT("content.contact_id")])
    if not row["numbers"]:
        raise RequestError.INVALID(fields=[ReplyField.CONTACT_WITHOUT_NUMBER("content.contact_id")])
    number = f"+{row['numbers'][0].lstrip('+')}"
    return Card(name=row["name"].strip() or display(number), phones=[CardPhone(phone=number, type="CELL")])


async def _answered(w: Work, place: Place, message_id: UUID) -> str:
    """The provider's id of a message."""
    if not place.capabilities.reply_to:
        raise ReplyError.REPLY_TO_NOT_TAKEN()
    found: str | None = await w.fetchval(_ANSWERED, w.company_id, message_id, place.contact_id, place.channel_id, list(SILENT))
    if found is None:
        raise RequestError.INVALID(fields=[ReplyField.NOT_TO_ANSWER("reply_to")])
    return found
