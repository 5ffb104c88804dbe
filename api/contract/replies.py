"""What an answer to one person may be: `content`, told apart by its `kind`. What a channel takes of it, `GET /v1/channel-kinds` says."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import TRIM, Input, Output, example
from api.contract.buttons import PreviewButton
from api.contract.campaigns import Binding

MessageText = Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi, Ana! Chega amanhã cedo."])]
ButtonsText = Annotated[str, Meta(min_length=1, max_length=1024, examples=["Qual prefere?"])]
Bindings = Annotated[list[Binding], Meta(max_length=100)]


class TextReply(Input, tag="text", tag_field="kind"):
    text: MessageText


class FileReply(Input, tag="file", tag_field="kind"):
    """`file_id`: a file that the caller uploaded (`POST /v1/message-files`) and no message took yet. `voice`: it is a recording, to be
    played as a voice message; the server makes OGG with Opus of it."""

    file_id: UUID
    caption: Annotated[str, Meta(max_length=1024, examples=["O modelo azul"])] | None = None
    voice: bool = False


class TemplateReply(Input, tag="template", tag_field="kind"):
    """An approved template of the channel, filled as a campaign fills it; `POST /v1/conversations/{id}/template-preview` shows it. SMS
    takes those of every channel, as texts. Who asked for no more messages gets no marketing (409 `marketing_refused`), and none goes to a
    country where it does not arrive (409 `country_unreached`)."""

    template_id: UUID
    bindings: Bindings = []


class TemplatePreviewCreate(Input):
    """POST /v1/conversations/{id}/template-preview → TemplatePreview."""

    template_id: UUID
    bindings: Bindings = []


class TemplateValue(Output):
    placeholder: Annotated[str, example("1")]
    value: Annotated[str, example("Beatriz")]  # "" while nothing fills it


class TemplatePreview(Output):
    """A template as this person would see it, and what would stand in its places."""

    values: list[TemplateValue]
    header: str | None
    header_file_id: UUID | None  # where the head is a file of ours
    body: Annotated[str, example("Oi Beatriz, chegou a coleção nova!")]
    footer: str | None
    buttons: list[PreviewButton]


class ReplyButton(Input):
    title: Annotated[str, Meta(min_length=1, max_length=20, examples=["Quero"], extra=TRIM)]


class ButtonsReply(Input, tag="buttons", tag_field="kind"):
    """A text with up to three buttons; which one the person presses comes in as a message of kind `button_reply` that answers it."""

    text: ButtonsText
    buttons: Annotated[list[ReplyButton], Meta(min_length=1, max_length=3)]


class ReplyRow(Input):
    title: Annotated[str, Meta(min_length=1, max_length=24, examples=["Tamanho M"], extra=TRIM)]
    description: Annotated[str, Meta(max_length=72, examples=["Azul ou verde"])] | None = None


class MenuReply(Input, tag="list", tag_field="kind"):
    """A text with a list behind a button; which row the person chooses comes in as a message of kind `list_reply` that answers it."""

    text: MessageText
    button: Annotated[str, Meta(min_length=1, max_length=20, examples=["Ver tamanhos"], extra=TRIM)]
    rows: Annotated[list[ReplyRow], Meta(min_length=1, max_length=10)]


class LocationReply(Input, tag="location", tag_field="kind"):
    """A place, in degrees of WGS 84."""

    latitude: Annotated[float, Meta(ge=-90, le=90, examples=[-23.561414])]
    longitude: Annotated[float, Meta(ge=-180, le=180, examples=[-46.655881])]
    name: Annotated[str, Meta(max_length=200, examples=["Loja Aurora"])] | None = None
    address: Annotated[str, Meta(max_length=300, examples=["Av. Paulista, 1578, São Paulo"])] | None = None


class ContactReply(Input, tag="contact", tag_field="kind"):
    """A contact of the company, whose name and number go as an entry of an address book. Needs `contacts:read` too."""

    contact_id: UUID


ReplyContent = TextReply | FileReply | TemplateReply | ButtonsReply | MenuReply | LocationReply | ContactReply
