"""A channel's secrets: sealed when they come in, opened where they are used, never read back by a person.

Workers open tokens (`credentials`). The API opens only what it needs to check a webhook's signature (`signing_secret`).
"""

from typing import Literal
from uuid import UUID

import msgspec

from db.channels.enums import ChannelKind, ChannelState
from db.crypto import ring
from db.errors import RequestError
from db.work import Read

Column = Literal["token", "signing_secret"]


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider client needs. `token` is empty while a sandbox account has not been made."""

    company_id: UUID
    channel_id: UUID
    kind: ChannelKind
    sandbox: bool
    name: str
    state: ChannelState
    number: str | None
    account_id: str
    external_id: str
    portfolio_id: str
    app_id: str | None
    verify_token: str | None
    token: str
    signing_secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.channel_id})"


def seal(company_id: UUID, channel_id: UUID, column: Column, secret: str) -> bytes:
    """The blob for one column of one channel; it opens nowhere else."""
    return ring().seal(secret, company_id=company_id, table="channel", column=column, row_id=channel_id)


def unseal(company_id: UUID, channel_id: UUID, column: Column, blob: bytes | None) -> str:
    """The secret, "" when there is none. Raises SealBroken."""
    if blob is None:
        return ""
    return ring().open(blob, company_id=company_id, table="channel", column=column, row_id=channel_id)


async def credentials(r: Read, company_id: UUID, channel_id: UUID) -> Credentials:
    """Everything that a worker needs to speak for a channel. Raises NotFound (absent or archived), SealBroken."""
    row = await r.fetchrow(
        "select kind, sandbox, name, state, number, account_id, external_id, portfolio_id, app_id, verify_token, token,"
        " signing_secret from channel where company_id = $1 and id = $2 and archived_at is null",
        company_id,
        channel_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="channel")
    return Credentials(
        company_id=company_id,
        channel_id=channel_id,
        kind=ChannelKind(row["kind"]),
        sandbox=row["sandbox"],
        name=row["name"],
        state=ChannelState(row["state"]),
        number=row["number"],
        account_id=row["account_id"],
        external_id=row["external_id"],
        portfolio_id=row["portfolio_id"],
        app_id=row["app_id"],
        verify_token=row["verify_token"],
        token=unseal(company_id, channel_id, "token", row["token"]),
        signing_secret=unseal(company_id, channel_id, "signing_secret", row["signing_secret"]),
    )
