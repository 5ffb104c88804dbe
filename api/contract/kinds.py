"""Kinds of channels: what each can do, and what connecting one asks. A new provider shows up here, and so in every client."""

from typing import Annotated, Literal

from msgspec import Meta

from api.contract.base import Output, example
from api.contract.sandbox import SandboxKind, SandboxNewsCode
from db.messages.enums import FileForm as FileForm
from db.messages.enums import ReplyKind as ReplyKind
from db.texts import END

KIND = "^[a-z][a-z0-9_]*" + END
ChannelKind = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=40,
        pattern=KIND,
        examples=["whatsapp"],
        description="A kind of channel: one of `GET /v1/channel-kinds`.",
    ),
]


class Translated(Output, rename={"pt_br": "pt-BR"}):
    """One text in every language."""

    en: Annotated[str, example("Access token")]
    pt_br: Annotated[str, example("Token de acesso")]


class KindField(Output):
    """One of the `values` of `POST /v1/channels`. Secrets are sealed, never shown again, and may be replaced by PATCH."""

    name: Annotated[str, example("access_token")]
    label: Translated
    hint: Translated | None
    example: Annotated[str, example("106540352242922")]
    type: Literal["text", "secret", "number"]
    pattern: Annotated[str, example("[A-Za-z0-9+_-]+")]  # of the whole text
    max_length: int
    minimum: float  # of a number
    maximum: float
    default: float | None


class KindFile(Output):
    """Files that a channel takes."""

    form: FileForm
    types: list[Annotated[str, example("image/jpeg")]]
    most: int  # bytes
    caption: bool  # it may have one


class KindCapabilities(Output):
    """What a channel of this kind can do and what binds it."""

    campaign_content: Literal["template", "text", "call"] | None  # null: it takes no campaigns
    text_limit: int
    unit: Literal["message", "segment"]  # what is billed, and what `throughput` counts per second
    free_text_hours: float | None  # so long after a person's last message it takes free texts; null: at any time
    reply_kinds: list[ReplyKind]  # what an answer may be: the `kind` of its `content`
    files: list[KindFile]  # of `reply_kinds` `file`: the first that fits the type of a file says as what it is sent
    voice: bool  # recordings are played as voice messages
    reply_to: bool  # an answer may name the message that it answers
    reactions: bool  # messages that came in can be reacted to
    edit_minutes: int | None  # so long after it was sent a text of ours may be changed; null: not at all
    take_back_minutes: int | None  # the same for taking a message back
    templates: bool
    limits_people: bool  # it counts the people written to in 24 hours
    reports_read: bool
    read_receipts: bool  # it shows people that we read their message
    typing: bool  # it shows people that somebody writes an answer
    reaches_landlines: bool
    calls: bool  # it calls people, and takes nothing that is written
    rehearsed_kinds: list[SandboxKind]  # what the simulator's people send beside texts
    rehearsed_news: list[SandboxNewsCode]  # what the simulator tells about an account


class KindSignup(Output):
    """The provider's own window for connecting a number (Meta: Embedded Signup): load `script`, then `FB.init` and `FB.login` with these.
    Messages of the window come from `origin`; with a dot in front, from any host below it."""

    script: Annotated[str, example("https://connect.facebook.net/en_US/sdk.js")]
    origin: Annotated[str, example(".facebook.com")]
    app_id: Annotated[str, example("1234567890123456")]
    config_id: Annotated[str, example("6543210987654321")]
    version: Annotated[str, example("v25.0")]
    sandbox: bool  # the sandbox plays it: what it connects is a rehearsal number


class Kind(Output):
    """GET /v1/channel-kinds → Page[Kind]."""

    kind: ChannelKind
    label: Translated
    vendor: Annotated[str, example("Meta")]
    icon: Annotated[str, example("chat")]  # a Material symbol
    description: Translated
    sandbox: bool  # whether there are rehearsal numbers of it
    paired: bool  # by a phone that scans a code: `POST /v1/channels/{id}/session/code`
    talks: bool  # its calls may be spoken by the company's persona: `POST /v1/channels/{id}/talk-address`
    set_up_here: bool  # a number for it can be bought and set up: `POST /v1/phone-setups`
    capabilities: KindCapabilities
    fields: list[KindField]
    signup: KindSignup | None = None  # null: this installation has no such window
