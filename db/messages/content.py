"""What a message from outside holds, whole and typed: one Struct per kind, told apart by `kind`.

Pure data, because the wire contract re-exports it. Files are named by what fetches them at the
provider; money is integer minor units. A kind that nobody here knows is `unsupported` under the provider's name for it.
"""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from db.messages.enums import CallOutcome


class File(Struct, frozen=True, kw_only=True):
    """A file at the provider, fetched by `id` (Meta) or `url` (Twilio). `size` in bytes, `sha256` as the provider writes it."""

    id: str | None = None
    url: str | None = None
    mime_type: str | None = None
    sha256: str | None = None
    name: str | None = None
    size: int | None = None


class Kind(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all contents."""


class Text(Kind, frozen=True, kw_only=True, tag="text"):
    text: str = ""


class Image(Kind, frozen=True, kw_only=True, tag="image"):
    file: File
    caption: str = ""


class Video(Kind, frozen=True, kw_only=True, tag="video"):
    file: File
    caption: str = ""


class Audio(Kind, frozen=True, kw_only=True, tag="audio"):
    """`voice`: recorded in the chat."""

    file: File
    voice: bool = False


class Document(Kind, frozen=True, kw_only=True, tag="document"):
    file: File
    caption: str = ""


class Sticker(Kind, frozen=True, kw_only=True, tag="sticker"):
    file: File
    animated: bool = False


class Media(Kind, frozen=True, kw_only=True, tag="media"):
    """Several files in one message (MMS), or one whose type is not told."""

    files: list[File] = []
    text: str = ""


class Location(Kind, frozen=True, kw_only=True, tag="location"):
    """A shared place, WGS 84 degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    url: str | None = None


class CardPhone(Struct, frozen=True, kw_only=True):
    phone: Annotated[str, Meta(examples=["+5511987654321"])]
    type: str | None = None
    wa_id: str | None = None


class CardEmail(Struct, frozen=True, kw_only=True):
    email: Annotated[str, Meta(examples=["beatriz@example.com"])]
    type: str | None = None


class Card(Struct, frozen=True, kw_only=True):
    """One person of a shared address book entry."""

    name: str = ""
    phones: list[CardPhone] = []
    emails: list[CardEmail] = []
    organization: str | None = None
    title: str | None = None
    addresses: list[str] = []
    urls: list[str] = []
    birthday: str | None = None


class Contacts(Kind, frozen=True, kw_only=True, tag="contacts"):
    contacts: list[Card] = []


class OrderItem(Struct, frozen=True, kw_only=True):
    """`unit_price` in minor units of `currency`; null when the provider's figure makes no amount of it."""

    product_id: Annotated[str, Meta(examples=["camisa-azul-m"])]
    quantity: int
    unit_price: int | None = None
    currency: str | None = None


class Order(Kind, frozen=True, kw_only=True, tag="order"):
    catalog_id: str | None = None
    text: str = ""
    items: list[OrderItem] = []


class Button(Kind, frozen=True, kw_only=True, tag="button"):
    """A quick reply of a template was pressed; `payload` is what the template carried for it."""

    text: str = ""
    payload: str | None = None


class ButtonReply(Kind, frozen=True, kw_only=True, tag="button_reply"):
    """A button of an interactive message was pressed."""

    id: str | None = None
    title: str = ""


class ListReply(Kind, frozen=True, kw_only=True, tag="list_reply"):
    """A row of a list was chosen."""

    id: str | None = None
    title: str = ""
    description: str | None = None


class Form(Kind, frozen=True, kw_only=True, tag="form"):
    """A form (WhatsApp flow) was filled in. `raw`: the answers as text when they are no JSON object."""

    name: str | None = None
    text: str = ""
    answers: dict[str, Any] = {}
    raw: str | None = None


class Reaction(Kind, frozen=True, kw_only=True, tag="reaction"):
    """`emoji` null: the reaction was taken back. `target_id`: the provider's id of the message it belongs to."""

    target_id: Annotated[str, Meta(examples=["wamid.HBgNNTUxMTk4NzY1NDMyMRUCABIYFDNB"])]
    emoji: str | None = None


class Edit(Kind, frozen=True, kw_only=True, tag="edit"):
    """`content`: what the message `target_id` says now; null when it cannot be read."""

    target_id: str | None = None
    content: "Editable | None" = None


class Revoke(Kind, frozen=True, kw_only=True, tag="revoke"):
    """The message `target_id` was taken back."""

    target_id: str | None = None


class Call(Kind, frozen=True, kw_only=True, tag="call"):
    """`status` null: it rings; afterwards the provider's word for how it ended. `seconds`: how long they spoke. Of a call by a virtual agent
    also its `outcome`, once it ended, what was said in short, and how the person sounded: positive, neutral, negative. `GET
    /v1/calls/{id}` has every word; the recording is the file of the message."""

    direction: Literal["in", "out"] = "in"
    status: str | None = None
    seconds: int | None = None
    id: UUID | None = None
    outcome: CallOutcome | None = None
    summary: str = ""
    sentiment: str | None = None
    recording: File | None = None


class CallPermission(Kind, frozen=True, kw_only=True, tag="call_permission"):
    """The answer to a request to be called."""

    granted: bool
    until: datetime | None = None


class Preference(Kind, frozen=True, kw_only=True, tag="preference"):
    """A wish about being written to that came without a text: the provider's switch, or a refusal."""

    opted_in: bool
    category: str | None = None
    detail: str | None = None


class System(Kind, frozen=True, kw_only=True, tag="system"):
    """The provider tells something about the person: another number or user id, or another device (`identity_changed`)."""

    event: Literal["number_changed", "user_id_changed", "identity_changed", "other"]
    text: str = ""
    previous: str | None = None
    current: str | None = None


class Unsupported(Kind, frozen=True, kw_only=True, tag="unsupported"):
    """The provider could not hand it over, or we do not know the kind. `type`: its name there; `code` and `reason`: its words."""

    type: str = "unknown"
    code: int | None = None
    reason: str | None = None


FORGOTTEN = Unsupported(type="forgotten")
"""In place of what was said, once it is older than its company keeps it."""
Editable = Text | Image | Video | Audio | Document | Sticker | Location | Contacts | Unsupported
MessageContent = (
    Text
    | Image
    | Video
    | Audio
    | Document
    | Sticker
    | Media
    | Location
    | Contacts
    | Order
    | Button
    | ButtonReply
    | ListReply
    | Form
    | Reaction
    | Edit
    | Revoke
    | Call
    | CallPermission
    | Preference
    | System
    | Unsupported
)


class Product(Struct, frozen=True, kw_only=True):
    """The product of a catalogue that a message asks about."""

    catalog_id: str | None = None
    product_id: str | None = None


class Context(Struct, frozen=True, kw_only=True):
    """What a message stands in relation to. `provider_id`: the message it replies to, `sender` who wrote that one. In a group `writer` is who
    wrote this one, as the platform shows the name, `writer_number` the number and `writer_lid` the hidden id, where they are known, and
    `writer_address` what quotes and reactions name the person by. `by_admin`: whether who takes a message away administers the group; None where
    the platform did not say it yet."""

    provider_id: str | None = None
    sender: str | None = None
    forwarded: bool = False
    frequently_forwarded: bool = False
    product: Product | None = None
    group_id: str | None = None
    writer: str | None = None
    writer_number: str | None = None
    writer_lid: str | None = None
    writer_address: str | None = None
    by_admin: bool | None = None


class Referral(Struct, frozen=True, kw_only=True):
    """The ad or post that brought the person. `ctwa_clid`: Meta's click id, for its conversions API."""

    source_url: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    headline: str | None = None
    body: str | None = None
    media_type: str | None = None
    image_url: str | None = None
    video_url: str | None = None
    thumbnail_url: str | None = None
    ctwa_clid: str | None = None


decode = msgspec.json.Decoder(MessageContent).decode
decode_context = msgspec.json.Decoder(Context).decode
decode_referral = msgspec.json.Decoder(Referral).decode


def encode(part: MessageContent | Context | Referral) -> str:
    """As its jsonb column takes it."""
    return msgspec.json.encode(part).decode()


def kind_of(content: MessageContent) -> str:
    """The tag, as the column `kind` has it."""
    tag = content.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def text_of(content: MessageContent) -> str:
    """What there is to read in it: the text, caption, title of the pressed button, emoji; of a wish `stop` or `resume`."""
    match content:
        case Text() | Media() | Button() | Form() | Order() | System():
            return content.text
        case Image() | Video() | Document():
            return content.caption
        case ButtonReply() | ListReply():
            return content.title
        case Reaction():
            return content.emoji or ""
        case Edit():
            return text_of(content.content) if content.content is not None else ""
        case Preference():
            return "resume" if content.opted_in else "stop"
        case _:
            return ""


def files_of(content: MessageContent) -> list[File]:
    """The files in it, in their order; of an edit those of what the message says now."""
    match content:
        case Image() | Video() | Audio() | Document() | Sticker():
            return [content.file]
        case Media():
            return content.files
        case Call() if content.recording is not None:
            return [content.recording]
        case Edit() if content.content is not None:
            return files_of(content.content)
        case _:
            return []


def target_of(content: MessageContent) -> str | None:
    """The provider's id of the message that it changes or reacts to."""
    return content.target_id if isinstance(content, Reaction | Edit | Revoke) else None
