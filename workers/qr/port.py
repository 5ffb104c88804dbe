"""The narrow port behind which an engine speaks to WhatsApp as a linked device. Nothing above it knows which engine it is.

An engine opens connections, sends under ids that we choose, and tells what it hears. It decides nothing, keeps nothing on disk, and asks for
every key (`Host`). A connection is named by channel and epoch, so that what an old one tells cannot be taken for the new one's.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

import msgspec

from db.qr.enums import CodeKind
from db.qr.keys import Name


class Line(NamedTuple):
    """One connection of one session."""

    channel_id: UUID
    epoch: int


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How a connection is opened. `phone`: digits are wanted instead of a code to scan; `device`: what the phone shows; `history`: past
    messages are asked for; `since`: epoch seconds from which on what comes with them was missed, and is no history."""

    device: str
    phone: str | None = None
    history: bool = False
    since: float | None = None


# what an engine tells


class Told(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all."""


class Code(Told, frozen=True, kw_only=True, tag="code"):
    """Something to scan or to type in, good for so many seconds."""

    kind: CodeKind
    text: str
    seconds: float


class Paired(Told, frozen=True, kw_only=True, tag="paired"):
    """A phone let us in. `jid`: …@s.whatsapp.net without the device."""

    jid: str
    lid: str | None = None
    name: str | None = None


class Opened(Told, frozen=True, kw_only=True, tag="opened"):
    """Messages go and come."""


class Closed(Told, frozen=True, kw_only=True, tag="closed"):
    """The connection is over. `code`: the platform's status, None where there was none; `until`: of a ban, epoch seconds."""

    code: int | None = None
    until: float | None = None
    detail: str = ""
    expired: bool = False
    """Nobody scanned the code."""


class Restricted(Told, frozen=True, kw_only=True, tag="restricted"):
    """Nobody may be written to first until then (epoch seconds)."""

    until: float


class Quota(Told, frozen=True, kw_only=True, tag="quota"):
    """How many new conversations are granted."""

    total: int | None = None
    used: int | None = None
    until: float | None = None


class Message(Told, frozen=True, kw_only=True, tag="message"):
    """Somebody wrote, we wrote elsewhere, or long ago (`history`). `message`: as the platform has it, for the parser; `whole`: it could be
    opened."""

    chat: str
    id: str
    whole: bool
    history: bool = False
    message: msgspec.Raw


class Receipt(Told, frozen=True, kw_only=True, tag="receipt"):
    """What became of a message of ours; `status` is the platform's: 0 error, 2 taken, 3 delivered, 4 read, 5 played."""

    chat: str
    id: str
    status: int
    at: float | None = None


class Writes(Told, frozen=True, kw_only=True, tag="writes"):
    """Somebody who is watched writes a message now. `alt`: the chat's other name, where it has two."""

    chat: str
    alt: str | None = None


class Called(Told, frozen=True, kw_only=True, tag="called"):
    """How a group is called."""

    chat: str
    subject: str


class Members(Told, frozen=True, kw_only=True, tag="members"):
    """Somebody came into a group, left it, or became or ceased to be an administrator."""

    chat: str


encode = msgspec.json.encode
AnyTold = Code | Paired | Opened | Closed | Restricted | Quota | Message | Receipt | Writes | Called | Members


# what is asked of an engine


class Taken(msgspec.Struct, frozen=True):
    """The platform took the message."""


class Refused(msgspec.Struct, frozen=True):
    """The platform did not; `code` is its own. Surely not sent."""

    code: int
    detail: str = ""


class NotSent(Exception):
    """Surely no byte of it left."""


class Lost(Exception):
    """It may have left, and the answer did not come."""


class Uploads(msgspec.Struct, frozen=True):
    """Where files are handed over, by what right, and for how many seconds."""

    hosts: list[str]
    auth: str
    seconds: float


class Group(NamedTuple):
    """How it is called, and the addresses of its administrators, by all names that the platform tells."""

    subject: str
    admins: list[str]


class Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message to one person."""

    to: str  # E.164, or a jid
    id: str
    message: dict[str, Any] | None = None
    """WhatsApp's own (waE2E.Message as JSON), with one content."""
    reply_to: str | None = None
    """The id of their message that it answers."""
    writer: str | None = None
    """Who wrote what it answers, reacts to or takes away, where that is not who it goes to: in a group, or of ours."""
    reaction: tuple[str, str] | None = None
    """Instead of a message: the id of theirs, and an emoji or nothing to take it back."""
    change: tuple[str, str | None] | None = None
    """Instead of a message: the id of ours, and what it says from now on; None: it is taken back, or that of `writer` away."""


class Host(Protocol):
    """What an engine asks of us. Each may raise `Fenced`: then it ends that connection."""

    async def told(self, line: Line, events: Sequence[AnyTold]) -> None:
        """Returns when all of them are safe."""
        ...

    async def keys(self, line: Line, names: Sequence[Name]) -> dict[Name, str]:
        """Those that there are."""
        ...

    async def keep(self, line: Line, batch: Mapping[Name, str | None]) -> None:
        """Returns when all of them are safe; None deletes."""
        ...

    async def sent(self, line: Line, message_id: str) -> str | None:
        """The text of a message of ours that a phone could not open and asks for again."""
        ...


class Port(Protocol):
    """One engine process with its connections."""

    engine: str
    """Its name and version."""

    async def start(self, line: Line, opening: Opening) -> None:
        """Opens a connection; what comes of it is told. Raises Lost when the engine is gone."""
        ...

    async def stop(self, line: Line) -> None:
        """Closes it and keeps the session. Nothing is told of it any more. Harmless when it is not there."""
        ...

    async def logout(self, line: Line) -> None:
        """Takes the device away from the phone, then closes."""
        ...

    async def send(self, line: Line, jid: str, letter: Letter) -> Taken | Refused:
        """Raises NotSent, Lost."""
        ...

    async def find(self, line: Line, numbers: Sequence[str]) -> dict[str, str]:
        """Which of these numbers (E.164) are on WhatsApp, and under which jid. Raises NotSent, Lost."""
        ...

    async def uploads(self, line: Line) -> Uploads:
        """Raises NotSent, Lost."""
        ...

    async def mark_read(self, line: Line, chat: str, message_ids: Sequence[str]) -> None:
        """Raises NotSent, Lost."""
        ...

    async def show(self, line: Line, chat: str, what: Literal["typing", "nothing"]) -> None:
        """Raises NotSent, Lost."""
        ...

    async def watch(self, line: Line, chat: str, seconds: float) -> None:
        """Has it told for so long when the person writes. Meanwhile the number is shown online, and its phone does not ring. Raises NotSent,
        Lost."""
        ...

    async def group(self, line: Line, chat: str) -> Group:
        """Raises NotSent, Lost."""
        ...

    async def available(self, line: Line, on: bool) -> None:
        """Whether people see the number as online. Raises NotSent, Lost."""
        ...

    async def history(self, line: Line, chat: str, message_id: str, at: datetime, count: int) -> None:
        """Asks for what was said in a chat until `at`; it comes as events. Raises NotSent, Lost."""
        ...

    async def close(self) -> None:
        """Ends the process and all connections."""
        ...
