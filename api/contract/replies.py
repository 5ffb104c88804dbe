"""What an answer to one person may be: `content`, told apart by its `kind`. What a channel takes of it, `GET /v1/channel-kinds` says."""

from typing import Annotated

from msgspec import Meta

from api.contract.base import Input

MessageText = Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi, Ana! Chega amanhã cedo."])]


class TextReply(Input, tag="text", tag_field="kind"):
    text: MessageText


ReplyContent = TextReply
