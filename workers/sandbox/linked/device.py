"""A linked device as the server knows it, and what it took of it."""

from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from workers.sandbox.linked.answers import SERVER
from workers.sandbox.linked.people import Bundle, said
from workers.sandbox.linked.wire import Node


class Connected(Protocol):
    """Its open connection."""

    async def tell(self, told: Node) -> None: ...

    async def close(self) -> None: ...


class Refusal(NamedTuple):
    """What a device meets that comes back before `until` (epoch seconds)."""

    failure: dict[str, str]
    until: float


@dataclass
class Device:
    """A linked device of the shop's phone."""

    number: str
    lid: str
    index: int
    bundle: Bundle | None = None
    connection: Connected | None = None
    removed: bool = False
    online: bool = False
    watches: set[str] = field(default_factory=set)  # of whom it is told that they write, while it is online
    refused: Refusal | None = None
    taken_again: int = 0  # so often another program opens it at once
    waiting: list[Node] = field(default_factory=list)

    @property
    def jid(self) -> str:
        return f"{self.number}:{self.index}@{SERVER}"


@dataclass
class Taken:
    """A message that the server took: `content` (waE2E.Message) where the person could open it. `edit`: what it says outside of the seal that it is: 1 a
    change, 7 taken back, 8 taken away by an administrator."""

    id: str
    to: str
    content: bytes | None
    device: Device
    edit: str = ""

    @property
    def text(self) -> str | None:
        return None if self.content is None else said(self.content)
