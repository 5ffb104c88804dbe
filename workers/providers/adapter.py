"""What workers ask of a provider: the other half of `db/providers/definition.py`. Each folder beside this file holds one `ADAPTER`.

An adapter keeps no state: clients are made for a channel and handed back to it. Calls that are no sends go through `Control.call`,
which writes them down, and raise `Refused`.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from db.channels.errors import SignupFailure
from db.channels.provider_state import CheckResult
from db.channels.secrets import ChannelRow
from db.channels.signups import TakenOver, Waiting
from db.channels.templates import Listed
from db.messages.files import Waiting as WaitingFile
from db.messages.render import AnswerContent, LiteralContent, TemplateContent
from db.providers.definition import Provider, TrunkEnds
from db.settings import Settings
from db.telephony.running import Plan
from db.transfers.orders import Open as CallOrder
from workers.control import Control
from workers.outcomes import Outcome, Refusal
from workers.providers.events import AnyEvent
from workers.providers.trunks import Carrier, Voice
from workers.providers.wire import Wire

ClientT = TypeVar("ClientT")
Parser = Callable[[bytes, str | None], list[AnyEvent]]
"""One stored webhook (its body, the attempt that its address named) → events. Raises BadWebhook."""
ComposeText = Callable[[str, str, str], bytes]
"""Address, text, attempt → the request's body. Raises ValueError when it cannot pass."""


class TemplateSender(Protocol):
    """One template, ready for one person after another."""

    def render(self, to: str, params: Sequence[str], correlation_id: str) -> bytes:
        """The request's body. Raises ValueError when these values cannot pass."""
        ...


class Question(NamedTuple):
    """A harmless call: summary and request for the log, and the call itself."""

    summary: str
    request: str
    answer: Awaitable[object]


class Checked(NamedTuple):
    """What a live check found, with the templates if it read them."""

    result: CheckResult
    templates: list[Listed] | None = None


class Found(NamedTuple):
    """A message that the provider has: its id there, and what a status webhook would have said of it."""

    provider_id: str
    body: bytes


class LostSend(NamedTuple):
    """A message whose answer was lost. `since`: when its attempt began; `taken`: the provider's ids of other attempts. `request`: its body
    once more, for a provider that takes one attempt once; None: it may not go any more."""

    attempt: str
    to: str
    text: str
    since: datetime
    taken: frozenset[str]
    request: bytes | None = None


class Submitted(NamedTuple):
    """A template that the provider took."""

    external_id: str
    status: str
    category: str | None


class FileSource(NamedTuple):
    """Where the bytes of a file are. `headers` go to the host of `url` alone; it and what it redirects to is one of `hosts`
    (`.example.com`: all below it). `sha256` if the provider tells it. `lasting`: the address does not expire, so that a 404 means that the
    file is gone."""

    url: str
    headers: dict[str, str]
    hosts: tuple[str, ...]
    sha256: bytes | None = None
    size: int | None = None
    lasting: bool = False
    unseal: Callable[[Path], tuple[int, bytes]] | None = None
    """Opens what was fetched in its place, where it lies sealed at the provider: size and SHA-256 of what was in it. Raises ValueError
    when it came in part. `sha256` is of what was in it."""


class HandedFile(NamedTuple):
    """A file of ours that is to be sent: `path` on this machine, `link` an address of it that works until `until`."""

    path: Path
    name: str
    mime_type: str
    link: str
    until: datetime


class FileGone(Exception):
    """The provider does not have the file any more."""


class NotNow(Exception):
    """Nothing can be handed over for now; it is tried again soon, and counts as no try."""


class SignupRefused(Exception):
    """Why connecting in the provider's window failed; `detail` in the provider's words."""

    def __init__(self, failure: SignupFailure, detail: str = "") -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure, self.detail = failure, detail


class SandboxAccount(msgspec.Struct, frozen=True):
    """The columns of a channel whose account was made on the sandbox."""

    account_id: str
    external_id: str
    portfolio_id: str
    app_id: str | None
    number: str
    token: str
    signing_secret: str


class Conversion(NamedTuple):
    """A lead that an ad brought (`kind` `lead`), or that was won (`won`). `worth`: cents and currency; None: not told."""

    event_id: UUID
    dataset_id: str
    click: str
    kind: str
    at: datetime
    worth: tuple[int, str] | None


class Adapter(ABC, Generic[ClientT]):
    """One provider's code."""

    provider: ClassVar[Provider]
    parsers: ClassVar[Mapping[str, Parser]]
    """By the `source` of the provider's webhooks."""

    def chat_of(self, address: str) -> str:
        """Where channels are connections: the platform's name of the conversation with this address."""
        raise ValueError("this provider has no conversations")

    def is_group(self, chat: str) -> bool:
        """Whether what the platform, or an address, names is a group."""
        return False

    def secret_in(self, message: bytes) -> str | None:
        """Where channels are connections: what a message brings that later ones are opened with. `message`: as the engine hands it on."""
        return None

    def opened_by(self, message: bytes) -> str | None:
        """The id of the message that brought the secret of this one."""
        return None

    def opened(self, message: bytes, secret: str, own: tuple[str | None, ...]) -> bytes:
        """The message as it reads, or as it was. `own`: the platform's names for us."""
        return message

    names_messages: ClassVar[bool] = False
    """We choose the id that a message has at the provider: the same for all its attempts, of which `compose` then gets the message's."""

    def name_for(self, channel: ChannelRow, message_id: UUID) -> str:
        """Where `names_messages`: that id. Raises SealBroken."""
        raise ValueError("this provider names messages itself")

    def number_of(self, name: str) -> str | None:
        """Where channels are connections: the number (E.164) of an account by the platform's name for it."""
        return None

    @abstractmethod
    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> ClientT:
        """Cheap: connections belong to the wire."""

    @abstractmethod
    async def send(self, client: ClientT, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        """One message once; never raises for trouble on the network. Raises TooLate when no byte left by `latest` (monotonic)."""

    @abstractmethod
    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        """Writes requests for free texts."""

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        """The request's body for what somebody wrote to one person, of the kinds in `capabilities.reply_kinds`. Raises ValueError when it
        cannot pass."""
        if not isinstance(content, LiteralContent):
            raise ValueError("this provider takes texts only")
        return self.compose_text(settings, channel)(to, content.body, attempt)

    @abstractmethod
    def outcome_for(self, code: int) -> Refusal:
        """What a code means that a status reports."""

    @abstractmethod
    async def check(self, control: Control[ClientT], settings: Settings) -> Checked:
        """The live check; never sends a message, and says in the result what was refused."""

    @abstractmethod
    def probe(self, control: Control[ClientT]) -> Question:
        """What is asked to see whether the provider is up again."""

    def compile_template(self, content: TemplateContent) -> TemplateSender:
        """Where `capabilities.write_template` is."""
        raise ValueError("this provider has no templates")

    async def list_templates(self, control: Control[ClientT]) -> list[Listed]:
        """All templates of the channel's account."""
        raise ValueError("this provider has no templates")

    async def create_template(self, control: Control[ClientT], template: dict[str, Any]) -> Submitted:
        """Submits {name, language, category, parameter_format, components, lifetime} for review."""
        raise ValueError("this provider has no templates")

    async def edit_template(self, control: Control[ClientT], external_id: str, template: dict[str, Any]) -> None:
        """Replaces components and category of a template and submits it for review."""
        raise ValueError("this provider has no templates")

    async def upload_sample(self, control: Control[ClientT], path: Path, mime_type: str, name: str) -> str:
        """Hands over the file that a template is reviewed with; what names it in the header's example. Repeating it is harmless."""
        raise ValueError("this provider has no templates")

    async def unpause_template(self, control: Control[ClientT], external_id: str) -> None:
        """Lets a template go again that was paused for its quality."""
        raise ValueError("this provider has no templates")

    async def delete_template(self, control: Control[ClientT], name: str, external_id: str) -> None:
        """One language of a name."""
        raise ValueError("this provider has no templates")

    lookup_source: ClassVar[str] = ""
    """The webhook whose words `look_up` finds."""

    async def look_up(self, client: ClientT, channel: ChannelRow, lost: LostSend) -> Found | None:
        """Where `capabilities.can_look_up`: what became of a message whose answer was lost, None when it is not there (yet). Raises
        ProviderError."""
        return None

    async def read_call(self, client: ClientT, call_id: str) -> bytes:
        """Where `capabilities.calls`: what is known of a call, as the webhook `lookup_source` would say it. Raises ProviderError."""
        raise ValueError("this provider has no calls")

    async def order_call(self, client: ClientT, settings: Settings, channel: ChannelRow, order: CallOrder) -> str | None:
        """Where `capabilities.orders`: tells the provider once what somebody wants of a call that goes on. The address at which it plays the
        call, where that was asked. Raises ProviderError."""
        raise ValueError("this provider takes no orders")

    async def mark_read(self, client: ClientT, channel: ChannelRow, message_id: str, *, typing: bool) -> None:
        """Where `capabilities.read_receipts`: shows the person that this message and those before it were read; with `typing` also that
        somebody writes an answer. Harmless when repeated. Raises ProviderError."""
        raise ValueError("this provider has no read receipts")

    async def tell_conversion(self, client: ClientT, channel: ChannelRow, said: Conversion) -> None:
        """Where `capabilities.conversions`: once for each `said.event_id`, however often it is told. Raises ProviderError."""
        raise ValueError("this provider has no ads")

    async def locate_file(self, client: ClientT, settings: Settings, channel: ChannelRow, file: WaitingFile) -> FileSource:
        """Where messages bring files: the file that a message names. Raises ProviderError, FileGone."""
        raise ValueError("this provider has no files")

    async def hand_over(
        self, client: ClientT, settings: Settings, channel: ChannelRow, file: HandedFile
    ) -> tuple[str, datetime | None]:
        """Where `capabilities.reply_kinds` has files: makes a file known to the provider, and says by what it knows it and until when.
        Repeating it is harmless: nobody is told. Raises ProviderError, NotNow."""
        raise ValueError("this provider takes no files")

    async def redeem(self, settings: Settings, wire: Wire, signup: Waiting) -> str:
        """Where `provider.signup` is: the token for the code that the window gave; a code works once. Raises SignupRefused."""
        raise ValueError("this provider has no sign-up window")

    async def take_over(self, settings: Settings, wire: Wire, signup: Waiting, token: str) -> TakenOver:
        """Makes the number ours to use: ours to hear of and ours to send from. Harmless when repeated. Raises SignupRefused."""
        raise ValueError("this provider has no sign-up window")

    def carrier(self, settings: Settings, wire: Wire, plan: Plan, ends: TrunkEnds) -> Carrier:
        """Where `capabilities.trunks`."""
        raise ValueError("this provider has no trunks")

    def voice(self, settings: Settings, wire: Wire, plan: Plan, carrier: Carrier) -> Voice:
        """Where `capabilities.imports_numbers`."""
        raise ValueError("this provider takes no numbers of a trunk")

    def sandbox_setup(self, plan: Plan) -> dict[str, object]:
        """Where either is, and the sandbox plays it: what makes an account without numbers, for this set-up alone."""
        raise ValueError("the sandbox does not play this provider")

    def sandbox_body(self, settings: Settings, channel: ChannelRow) -> dict[str, object]:
        """What makes this channel's account on the sandbox, or finds it."""
        raise ValueError("the sandbox does not play this provider")

    def sandbox_account(self, answer: bytes) -> SandboxAccount:
        """What the sandbox answered."""
        raise ValueError("the sandbox does not play this provider")
