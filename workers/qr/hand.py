"""A session in a gateway's hand, as far as it stands in its memory."""

import contextlib
from typing import NamedTuple
from uuid import UUID

from db import queue, valkey
from db.providers import registry as definitions
from db.qr.leases import Held
from workers.qr.client import SessionClient


class Watched(NamedTuple):
    """`until`: by the clock of the gateway."""

    conversation_id: UUID
    until: float


class Written(NamedTuple):
    """A message to the own number that has not come back. `at`: when it went, by the clock of the gateway; `taken`: the platform has it."""

    id: str
    at: float
    taken: bool = False


class Session:
    """One session. Its moments are by the clock of the gateway."""

    def __init__(self, held: Held, client: SessionClient, kind: str) -> None:
        self.held, self.client, self.kind = held, client, kind
        self.source = definitions.provider(kind).feeds[0]
        self.line = client.line
        self.started_at = self.heard_at = 0.0  # by the clock of the gateway
        self.proved_at = 0.0  # by the same: something came from somebody
        self.canary: Written | None = None
        self.proves, self.doubted = held.proves, held.silent
        self.uploads_until = 0.0  # by the same
        self.watched: dict[str, Watched] = {}
        """Chats in which it is told that the person writes."""
        self.online = False  # what people see; nothing is shown before it is asked for


def own_number(held: Held) -> str:
    """The number of a session, to ask something harmless about."""
    return "+" + (held.wa_jid or "").partition("@")[0].partition(":")[0]


async def wake(company_id: UUID) -> None:
    with contextlib.suppress(*valkey.Down):  # the poller finds it
        await queue.wake_one("inbound", "process_inbox", key=queue.wake_key(company_id), company_id=str(company_id))
