"""A channel as those see it who speak for it, and its secrets: sealed when they come in, opened where they are used, never read
back by a person.

Workers open tokens (`open_secrets`). The API opens only what it needs to check a webhook's signature (`signing_secret`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from db.channels.enums import ChannelState
from db.clock import now
from db.crypto import ring
from db.errors import RequestError
from db.work import Read

Column = Literal["token", "signing_secret"]

_COLUMNS = (
    "company_id, id, kind, sandbox, name, state, paused_until, number, account_id, external_id, portfolio_id, app_id, verify_token,"
    " token, signing_secret, messaging_limit, throughput::float8 as throughput, pace::float8 as pace, unknown_horizon, probe_at, heard_at,"
    " exists (select from spend_cap s where s.company_id = c.company_id and s.subject_id = '00000000-0000-0000-0000-000000000000') as capped"
)


_HOOK = "select id, company_id, kind, signing_secret, verify_token from channel where archived_at is null"
HOOK_ROUTE = f"{_HOOK} and id = $1"
HOOK_ROUTES = f"{_HOOK} order by id desc limit $1"
"""Where webhooks lead: one channel, or the newest of all companies. Run by the API's own connections under the system role."""


class ChannelRow(msgspec.Struct, frozen=True, kw_only=True):
    """`token` and `signing_secret` are sealed; empty while a sandbox account has not been made. `probe_at`: after an outage of
    the provider, when the channel went on; `heard_at`: when its first webhook was read. `capped`: the company's month has a limit of costs."""

    company_id: UUID
    id: UUID
    kind: str
    sandbox: bool
    name: str
    state: str
    paused_until: datetime | None
    number: str | None
    account_id: str
    external_id: str
    portfolio_id: str
    app_id: str | None
    verify_token: str | None
    token: bytes | None
    signing_secret: bytes | None
    messaging_limit: int | None
    throughput: float
    unknown_horizon: int
    probe_at: datetime | None
    heard_at: datetime | None = None
    pace: float = 1.0
    capped: bool = False

    @property
    def rate(self) -> float:
        """Per second, now: a part of the throughput while the number is slowed, and never less than people need to answer by hand."""
        return max(min(self.throughput, 1.0), self.throughput * self.pace)

    @property
    def sendable(self) -> bool:
        """Connected, or its pause has run out."""
        return self.token is not None and (
            self.state == ChannelState.CONNECTED
            or (self.state == ChannelState.PAUSED and self.paused_until is not None and self.paused_until <= now())
        )

    def __repr__(self) -> str:
        return f"ChannelRow({self.id})"


class Credentials(msgspec.Struct, frozen=True):
    """A channel with its secrets opened; "" where there is none."""

    channel: ChannelRow
    token: str
    signing_secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.channel.id})"


def seal(company_id: UUID, channel_id: UUID, column: Column, secret: str) -> bytes:
    """The blob for one column of one channel; it opens nowhere else."""
    return ring().seal(secret, company_id=company_id, table="channel", column=column, row_id=channel_id)


def unseal(company_id: UUID, channel_id: UUID, column: Column, blob: bytes | None) -> str:
    """The secret, "" when there is none. Raises SealBroken."""
    if blob is None:
        return ""
    return ring().open(blob, company_id=company_id, table="channel", column=column, row_id=channel_id)


async def load_channel(r: Read, channel_id: UUID) -> ChannelRow | None:
    """One channel of the reader's company, None when it is absent or archived."""
    return (await load_channels(r, [channel_id], archived=False)).get(channel_id)


async def load_channels(
    r: Read, channel_ids: Iterable[UUID], *, archived: bool = True, of_kinds: bool = False
) -> dict[UUID, ChannelRow]:
    """By id, those that there are. `of_kinds`: also the other channels of their kinds, rehearsals apart. Archived ones come first."""
    assert r.actor is not None
    rows = await r.fetch(
        f"select {_COLUMNS} from channel c where company_id = $1 and (id = any($2::uuid[]) and ($3 or archived_at is null)"
        " or $4 and exists (select from channel o where o.company_id = $1 and o.id = any($2::uuid[])"
        "     and o.kind = c.kind and o.sandbox = c.sandbox)) order by archived_at nulls last",
        r.actor.company_id,
        list(channel_ids),
        archived,
        of_kinds,
    )
    return {row["id"]: ChannelRow(**row) for row in rows}


def open_secrets(channel: ChannelRow) -> Credentials:
    """Everything that a worker needs to speak for a channel. Raises SealBroken."""
    return Credentials(
        channel,
        unseal(channel.company_id, channel.id, "token", channel.token),
        unseal(channel.company_id, channel.id, "signing_secret", channel.signing_secret),
    )


async def credentials(r: Read, channel_id: UUID) -> Credentials:
    """Raises NotFound (absent or archived), SealBroken."""
    channel = await load_channel(r, channel_id)
    if channel is None:
        raise RequestError.NOT_FOUND(what="channel")
    return open_secrets(channel)
