"""What providers say about a channel: results of live checks, and news that comes by webhook. Written by workers only.

News by webhook is only trusted to stop a channel at once; for everything else it starts a check, which reads the truth from
the provider. So the order in which news arrives does not matter.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from db.channels.agents import Agent
from db.channels.enums import ChannelState, Quality
from db.channels.events import ChannelChanged
from db.channels.queries import Check
from db.channels.secrets import seal
from db.clock import now
from db.jobs import CheckChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry
from db.tenancy import worker
from db.work import Work, system_read, work

log = structlog.get_logger("db.channels")

RECHECK = timedelta(minutes=50)  # asked about every hour on the hour
VISIBLE_TO_A_CHECK = (
    FailureReason.TOKEN_INVALID,
    FailureReason.PERMISSION,
    FailureReason.NETWORK,
    FailureReason.TEMPORARY,
    FailureReason.NUMBER_NOT_REGISTERED,
    FailureReason.SENDER_INVALID,
)
"""Errors that a good check disproves. Others (payment, account locked) stay until a person acts: no check shows them."""


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a live check found. `failure` set: the channel cannot send. Facts that are None were not learnt."""

    lines: list[Check]
    failure: FailureReason | None = None
    detail: str | None = None
    number: str | None = None
    quality: Quality | None = None
    messaging_limit: int | None = None
    limit_known: bool = False  # then None means unlimited
    throughput: float | None = None
    places: int | None = None  # calls at once
    agents: list[Agent] | None = None  # who can speak


async def save_check(w: Work, channel_id: UUID, result: CheckResult) -> None:
    """Writes the result. A pause outlives a good check (but see `outages.over`); a failure replaces everything but a person's pause."""
    await w.execute(
        """
        update channel set
            check_result = $3::jsonb, checked_at = now(), number = coalesce($4, number), quality = coalesce($5, quality),
            messaging_limit = case when $6 then $7 else messaging_limit end, throughput = coalesce($8, throughput),
            places = coalesce($11, places), agents = coalesce($12::jsonb, agents),
            state = case when state = 'paused' then state when $9::text is null then 'connected' else 'error' end,
            state_reason = case when state = 'paused' then state_reason else $9 end,
            state_detail = case when state = 'paused' then state_detail else $10 end
        where company_id = $1 and id = $2
        """,
        w.company_id,
        channel_id,
        msgspec.json.encode(result.lines).decode(),
        result.number,
        result.quality,
        result.limit_known,
        result.messaging_limit,
        result.throughput,
        result.failure,
        result.detail,
        result.places,
        None if result.agents is None else msgspec.json.encode(result.agents).decode(),
    )
    w.emit(ChannelChanged(channel_id=channel_id))


async def heard(w: Work, channel_ids: Collection[UUID]) -> None:
    """The first webhook of these channels was read. Whoever else has the row writes it too, or leaves it to the next webhook: nobody is
    waited for."""
    rows = await w.fetch(
        "update channel set heard_at = now() where company_id = $1 and id = any(array(select id from channel"
        " where company_id = $1 and id = any($2::uuid[]) and heard_at is null for no key update skip locked)) returning id",
        w.company_id,
        list(channel_ids),
    )
    for row in rows:
        w.emit(ChannelChanged(channel_id=row["id"]))


async def save_sandbox_account(
    w: Work,
    channel_id: UUID,
    *,
    account_id: str,
    external_id: str,
    portfolio_id: str,
    app_id: str | None,
    number: str,
    token: str,
    signing_secret: str,
) -> None:
    """Stores what the sandbox answered when the account was made."""
    await w.execute(
        "update channel set account_id = $3, external_id = $4, portfolio_id = $5, app_id = $6, number = $7, token = $8,"
        " signing_secret = $9 where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
        account_id,
        external_id,
        portfolio_id,
        app_id,
        number,
        seal(w.company_id, channel_id, "token", token),
        seal(w.company_id, channel_id, "signing_secret", signing_secret),
    )


async def stop(
    w: Work,
    channel_id: UUID,
    reason: FailureReason,
    detail: str | None = None,
    *,
    until: datetime | None = None,
    code: int | None = None,
    whole_account: bool = False,
) -> bool:
    """The provider says that this channel (`whole_account`: every channel of its account) must not send: paused until a moment, or
    in error until it is mended. It ends no pause of a person and shortens none; what must be mended stays so. False when nothing
    changed."""
    stopped = await w.fetch(
        """
        update channel set state = $3, state_reason = $4, state_detail = $5, paused_until = $6
        where company_id = $1 and id in (
            select id from channel where company_id = $1 and archived_at is null
              and (id = $2 or $7 and account_id = (select account_id from channel where company_id = $1 and id = $2))
            order by id for update)
          and not (state = 'paused' and state_reason = 'person')
          and not (state = 'error' and ($6::timestamptz is not null or state_reason is not distinct from $4))
          and not (state = 'paused' and $6::timestamptz is not null and coalesce(paused_until, 'infinity') >= $6)
        returning id
        """,
        w.company_id,
        channel_id,
        ChannelState.PAUSED if until else ChannelState.ERROR,
        reason,
        detail[:300] if detail else None,
        until,
        whole_account,
    )
    for row in stopped:
        w.audit("channel.stopped", row["id"], reason=reason, code=code, until=until)
        w.emit(ChannelChanged(channel_id=row["id"]))
    return bool(stopped)


async def known_as(w: Work, channel_id: UUID, number: str | None) -> None:
    """The number that a channel turned out to be of (E.164)."""
    await w.execute(
        "update channel set number = coalesce($3, number) where company_id = $1 and id = $2", w.company_id, channel_id, number
    )


async def reached(w: Work, channel_id: UUID, mended: Collection[FailureReason]) -> None:
    """Messages can go: a channel that was never checked, or stopped for one of these reasons, sends from now on."""
    await w.execute(
        "update channel set state = 'connected', state_reason = null, state_detail = null, paused_until = null, checked_at = now()"
        " where company_id = $1 and id = $2 and (state in ('checking', 'connected') or state = 'error' and state_reason = any($3::text[]))",
        w.company_id,
        channel_id,
        list(mended),
    )


async def channels_of_account(w: Work, account_id: str) -> list[UUID]:
    """The company's channels on one provider account."""
    rows = await w.fetch(
        "select id from channel where company_id = $1 and account_id = $2 and archived_at is null order by id",
        w.company_id,
        account_id,
    )
    return [row["id"] for row in rows]


async def recheck_due() -> int:
    """Starts a check of every channel that a provider is asked about and that was not checked for the better part of an hour. Harmless when several call it: the job has a key."""
    async with system_read() as s:
        due = await s.fetch(
            "select company_id, array_agg(id) as ids from channel where archived_at is null"
            " and kind <> all($3::text[]) and (checked_at is null or checked_at < $1) and created_at < now() - interval '1 minute'"
            " and (state <> 'error' or state_reason = any($2::text[]))"
            # a check has the provider call us: a copy would take that away from the original
            " and not exists (select from hold h where h.company_id = channel.company_id and h.ended_at is null) group by 1 limit 1000",
            now() - RECHECK,
            list(VISIBLE_TO_A_CHECK),
            registry.with_session(),
        )
    for row in due:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            for channel_id in row["ids"]:
                w.enqueue(CheckChannel(channel_id=channel_id))
    return sum(len(row["ids"]) for row in due)


async def end_pauses() -> None:
    """Sets channels whose pause has run out back to connected."""
    async with system_read() as s:
        rows = await s.fetch("select company_id, id from channel where state = 'paused' and paused_until <= now()")
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            if await w.execute(
                "update channel set state = 'connected', state_reason = null, state_detail = null, paused_until = null"
                " where company_id = $1 and id = $2 and state = 'paused' and paused_until <= now()",
                row["company_id"],
                row["id"],
            ):
                w.emit(ChannelChanged(channel_id=row["id"]))
