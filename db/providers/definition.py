"""What a provider is, as data: the kind of channel it makes, what such a channel can do, what connecting it asks, how its webhooks
are checked. Everything outside a provider's own folders reads this; nothing outside asks which provider it is.

The other half of a provider, its client and its parsers, lies in a folder of the same name under `workers/providers/`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, NamedTuple

import msgspec

from db.channels.enums import TemplateCategory
from db.contacts.enums import IdentityKind
from db.errors import FieldCode, RequestField
from db.messages.enums import CallOrderKind, FileForm, ReplyKind
from db.providers.live import Live
from db.providers.live import Text as Text
from db.providers.talk import Talk
from db.settings import Settings

Column = Literal["account_id", "external_id", "portfolio_id", "token", "signing_secret", "throughput"]
"""Where a channel keeps what was typed in. `account_id`: what is billed and banned as a whole; `external_id`: the sender;
`portfolio_id`: whose people per day are counted together; `token` sends; `signing_secret` checks webhooks."""


class FormField(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that connecting a channel asks for. `pattern` is a regular expression for the whole value; `problem` says what is
    wrong with a value that does not fit. Secrets are sealed, never shown again, and may be replaced later."""

    name: str
    label: Text
    columns: tuple[Column, ...]
    hint: Text | None = None
    example: str = ""
    type: Literal["text", "secret", "number"] = "text"
    pattern: str = r"[\s\S]+"
    max_length: int = 64
    minimum: float = 0.0  # of a number
    maximum: float = 1000.0
    default: float | None = None
    problem: FieldCode = RequestField.PATTERN


class Call(NamedTuple):
    """A request to one of our webhook addresses. `url`: the public one as the provider called it; `header`: the signature; `headers`: all of
    them, in small letters, where the webhook may be signed in more than one way."""

    url: str
    body: bytes
    header: str
    headers: Mapping[str, str] = {}


Handshake = Callable[[Mapping[str, Sequence[str]], str], bytes | None]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """One address that the provider calls: /hooks/{provider's name}/{channel}, then `path`. In `path`, `{attempt}` stands for the
    id of the attempt of which it tells."""

    source: str
    """Names what is stored, for the parser. Unique among all providers."""
    signature: str
    """The header that carries the signature, lower case."""
    signatures: tuple[str, ...] = ()
    """All headers of which one signs it, where there are several; then `verify` gets every header."""
    verify: Callable[[str, Call], bool]
    """Whether the secret signed the call."""
    path: str = ""
    refusal: int = 401
    """Status of a call whose signature is wrong."""
    answer: bytes = b"ok"
    answer_type: str = "text/plain; charset=utf-8"
    repeats: bool = False
    """The provider calls again after a failure. Otherwise what cannot be stored is spooled."""
    people: Callable[[bytes], bool] = lambda _: False
    """Whether a body may hold what people wrote: that is taken before news of what was sent. A guess, which decides nothing else."""
    live: Live | None = None
    """The provider asks something and waits: the answer holds what is known here."""
    handshake: Handshake | None = None
    """How the address is registered by a GET: query and the channel's verify token → the answer, None when the token is wrong."""


class DraftButton(NamedTuple):
    """`kind`: quick_reply, url (`url`, and an `example` of the whole address if that ends in a variable), phone (`phone`), copy_code
    (`example`, the code; its text is WhatsApp's), flow (`flow_id`, and where it begins, `flow_screen`), catalog or products (their text is WhatsApp's)."""

    kind: str
    text: str = ""
    url: str | None = None
    example: str | None = None
    phone: str | None = None
    flow_id: str | None = None
    flow_screen: str | None = None


class TemplateDraft(NamedTuple):
    """A template as a person wrote it. `url_button` is (text, url, example); `buttons` stand after it. `header_file`: image, video or
    document, for a header that is a file. Of a template of codes only `security_recommendation` and `code_minutes` are chosen."""

    name: str
    language: str
    category: TemplateCategory
    body: str
    body_examples: list[str]
    header: str | None
    header_example: str | None
    footer: str | None
    quick_replies: list[str]
    url_button: tuple[str, str, str | None] | None
    buttons: tuple[DraftButton, ...] = ()
    header_file: str | None = None
    header_location: bool = False
    security_recommendation: bool = True
    code_minutes: int | None = None
    lifetime: int | None = None  # seconds for which it is tried to deliver a message; None: as the provider does by itself


class SignupWindow(msgspec.Struct, frozen=True, kw_only=True):
    """The provider's own window for connecting a number, in the way of Meta's Embedded Signup. `script`: the address of the script that
    opens it; `origin`: the host that its messages come from, with a dot in front any host below it."""

    script: str
    origin: str
    app_id: str
    config_id: str
    version: str
    sandbox: bool
    """The sandbox plays it, so what it connects is a rehearsal number."""


TemplateWriter = Callable[[TemplateDraft], tuple[str, list[dict[str, Any]]]]
"""Parameter format (positional, named) and components in the provider's form. Raises Invalid, naming every wrong field."""


class FileRule(msgspec.Struct, frozen=True, kw_only=True):
    """Files that a channel takes as one form; `types` are MIME types, `most` bytes."""

    form: FileForm
    types: tuple[str, ...]
    most: int
    caption: bool = True


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How a number writes that must look like a person's. Seconds are ranges, from which each message draws its own."""

    first_per_day: int
    """People who never wrote and whom it may write to first, on its first day; a day: 24 hours, moving."""
    growth: float
    most_first: int
    """`first_per_day` grows by `growth` each day of its age, up to this."""
    first_gap: tuple[float, float]
    """Before a message to such a person."""
    gap: tuple[float, float]
    """Before a message of a campaign to anybody else."""
    reply_gap: tuple[float, float]
    """Before an answer."""
    typing: tuple[float, float]
    """So long the person is shown before each message that somebody writes."""
    rest_each: int
    rest: float
    """A pause of `rest` seconds after so many messages."""
    hours: tuple[int, int] | None = None
    """From when to when campaigns write, in minutes of the day on the company's clock, where nothing else is chosen for the number."""


class Changes(msgspec.Struct, frozen=True):
    """So long after it was sent a text may say something else, and a message be taken back. `as_of`: when that was read, and where."""

    edit: timedelta
    take_back: timedelta
    as_of: str
    source: str


class TrunkEnds(NamedTuple):
    """Where a trunk meets who speaks over it. `origination`: where calls that come in go; `addresses`: from where calls come that go out, with
    the length of each network."""

    origination: str
    addresses: tuple[tuple[str, int], ...]


class Capabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel of this kind can do and what binds it."""

    addresses: tuple[IdentityKind, ...]
    """How it reaches a person, the best first."""
    campaign_content: Literal["template", "text", "call"] | None
    """What a campaign may say: an approved template, any text, or a script for a virtual agent that calls. None: it takes no campaigns."""
    text_limit: int
    """Characters of one text."""
    unit: Literal["message", "segment"] = "message"
    """What is billed, and what `throughput` counts per second."""
    free_text_window: timedelta | None = None
    """So long after a person's last message it takes free texts; None: at any time."""
    reply_kinds: tuple[ReplyKind, ...] = (ReplyKind.TEXT,)
    """What somebody may write to one person."""
    files: tuple[FileRule, ...] = ()
    """The files that it takes: the first that fits the type of a file says as what it is sent."""
    voice: bool = False
    """It has voice messages, of OGG with Opus."""
    reply_to: bool = False
    """An answer may name the message that it answers."""
    reactions: bool = False
    """A message that came in can be reacted to by an emoji."""
    changes: "Changes | None" = None
    """How long what we wrote may be changed; None: not at all."""
    answers_opted_out: bool = False
    """Who opted out may be answered once they wrote again, and gets templates that are no marketing."""
    reaches_landlines: bool = False
    limits_people: bool = False
    """It counts the people written to in 24 hours (`messaging_limit`)."""
    reports_read: bool = False
    """It tells that a message was read."""
    read_receipts: bool = False
    """It shows people that their message was read."""
    typing: bool = False
    """It shows people that somebody writes an answer."""
    can_look_up: bool = False
    """It can be asked what became of a message whose answer was lost."""
    conversions: bool = False
    """Its ads' network is told what became of people who came by an ad."""
    calls: bool = False
    """It calls people, and takes nothing that is written."""
    orders: tuple[CallOrderKind, ...] = ()
    """What may be asked of a call that goes on."""
    trunks: bool = False
    """It sells numbers and connects them to whoever speaks over them."""
    imports_numbers: "TrunkEnds | None" = None
    """Numbers of such a trunk can be made known to it."""
    names_numbers: bool = False
    """Its webhooks name our number as `external_id` has it, and come to one address for all numbers of an account or app: what names a
    number that is no channel of the company is another's. Otherwise whatever comes to a channel's address is the channel's."""
    write_template: TemplateWriter | None = None
    """None: there are no templates."""
    known_people_only: bool = False
    """Campaigns go to people who wrote lately or who said yes, and to nobody else: the platform blocks numbers for strangers' complaints."""
    session: Pace | None = None
    """It is a connection that one program holds, and not a client that anybody can make: paired by a phone, paced like a person."""
    rehearsed_kinds: tuple[str, ...] = ()
    """What the simulator's people send beside texts, and what else happens to them there."""
    rehearsed_news: tuple[str, ...] = ()
    """What the simulator tells about an account."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """One provider and the kind of channel that it makes."""

    name: str
    """Of its folders and of its webhook addresses."""
    kind: str
    """`channel.kind`."""
    label: Text
    vendor: str
    """Who answers, or does not: "Meta"."""
    icon: str
    """A Material symbol."""
    description: Text
    capabilities: Capabilities
    form: tuple[FormField, ...]
    webhooks: tuple[Webhook, ...]
    talk: Talk | None = None
    """How our persona speaks in its calls; None: it does not."""
    feeds: tuple[str, ...] = ()
    """What our own programs hear of it is stored under these names, like webhooks; no address leads there."""
    throughput: float
    """Units per second until something better is known."""
    messaging_limit: int | None = None
    """People in 24 hours until a check has read the true figure; None: not limited."""
    unknown_horizon: int = 900
    """Seconds after which nothing more is heard of a message whose answer was lost."""
    signup: Callable[[Settings], SignupWindow | None] = lambda _: None
    """The window in which a number is connected, None where this installation has none."""
    sandbox: bool = False
    """Whether the sandbox plays it."""
    sandbox_throughput: float = 80.0
    sandbox_messaging_limit: int | None = None

    @property
    def sources(self) -> set[str]:
        """Under which names what it tells is stored, for its parsers."""
        return {webhook.source for webhook in self.webhooks} | set(self.feeds)

    @property
    def secrets(self) -> tuple[FormField, ...]:
        """What may be replaced later."""
        return tuple(field for field in self.form if field.type == "secret")

    @property
    def has_handshake(self) -> bool:
        """A channel of it has a verify token of ours."""
        return any(webhook.handshake is not None for webhook in self.webhooks)

    def webhook(self, source: str) -> Webhook:
        """The webhook that stores under this name. Raises KeyError."""
        found = next((webhook for webhook in self.webhooks if webhook.source == source), None)
        if found is None:
            raise KeyError(source)
        return found

    def address(self, base: str, channel_id: object, source: str, attempt: object = "…") -> str:
        """The public address of one webhook; `base` without a slash at its end."""
        path = self.webhook(source).path.replace("{attempt}", str(attempt))
        return f"{base}/hooks/{self.name}/{channel_id}" + (f"/{path}" if path else "")
