"""What an answer to one person may be: `content`, told apart by its `kind`. What a channel takes of it, `GET /v1/channel-kinds` says."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.buttons import PreviewButton
from api.contract.campaigns import Binding

MessageText = Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi, Ana! Chega amanhã cedo."])]
Bindings = Annotated[list[Binding], Meta(max_length=100)]


class TextReply(Input, tag="text", tag_field="kind"):
    text: MessageText


class TemplateReply(Input, tag="template", tag_field="kind"):
    """An approved template of the channel, filled as a campaign fills it; `POST /v1/conversations/{id}/template-preview` shows it. SMS
    takes those of every channel, as texts. Who asked for no more messages gets no marketing (409 `marketing_refused`)."""

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
    body: Annotated[str, example("Oi Beatriz, chegou a coleção nova!")]
    footer: str | None
    buttons: list[PreviewButton]


ReplyContent = TextReply | TemplateReply
