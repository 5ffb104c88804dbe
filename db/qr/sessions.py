"""What becomes of a session, as its gateway tells it: codes, paired, open, closed. Every verb is fenced (`leases.py`).

The session's state says what the connection is; the channel's says whether anything may be sent. What stops a channel here is never a
failure of its messages: they wait in their queue, for the connection or for another way.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from db import installation
from db.channels import notices, provider_state
from db.channels.enums import NoticeCode
from db.channels.events import ChannelChanged
from db.channels.notices import News
from db.clock import now
from db.crypto import ring
from db.jobs import SandboxControl
from db.messages import naming
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.qr import keys
from db.qr.closing import Closed, next_state
from db.qr.enums import CodeKind, SessionState
from db.qr.leases import Fenced, Held, fence
from db.tenancy import worker
from db.work import Work, read, system_read, system_work, work

log = structlog.get_logger("db.qr")

EVIDENCE = 120
"""Seconds after it is open in which a session may still tell what became of a message whose answer was lost."""

AWAY = 300.0
"""Seconds after which the owners are told of a number that does not come back by itself."""

STOPS = {
    SessionState.REPLACED: FailureReason.SESSION_ELSEWHERE,
    SessionState.BANNED: FailureReason.ACCOUNT_LOCKED,
    SessionState.LOGGED_OUT: FailureReason.SESSION_ENDED,
    SessionState.OUTDATED: FailureReason.CLIENT_OUTDATED,
}
"""What a person has to mend before the channel sends again."""
NOTICES = {
    SessionState.REPLACED: NoticeCode.SESSION_ELSEWHERE,
    SessionState.BANNED: NoticeCode.SESSION_BANNED,
    SessionState.LOGGED_OUT: NoticeCode.SESSION_ENDED,
    SessionState.OUTDATED: NoticeCode.SESSION_OUTDATED,
}
"""What the owners are told of it, by mail too."""
MENDED = (FailureReason.SESSION_ELSEWHERE, FailureReason.SESSION_ENDED, FailureReason.CLIENT_OUTDATED)
"""What is mended by an open connection; after a ban a person says that the number may send again."""


class Identity(NamedTuple):
    """What the platform says of the number when it was paired. `number`: E.164."""

    wa_jid: str
    lid: str | None
    number: str | None
    push_name: str | None


async def show_code(held: Held, kind: CodeKind, text: str, until: datetime) -> None:
    """A code to scan or to type in; it stands for the one before it. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        sealed = ring().seal(text, company_id=w.company_id, table="qr_session", column="code", row_id=held.channel_id)
        played = await w.fetchval(
            "update qr_session set state = 'pairing', reason = null, code = $3, code_kind = $4, code_until = $5"
            " where company_id = $1 and id = $2 returning played",
            w.company_id,
            held.channel_id,
            sealed,
            kind.value,
            until,
        )
        if played:
            w.enqueue(SandboxControl(channel_id=held.channel_id, verb="scan", params={}))
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def paired(held: Held, who: Identity, engine: str) -> None:
    """A phone let us in. Its messages stay where they were; another number under the same channel starts afresh. Raises Fenced."""
    home = installation.life()
    assert home is not None, "no session is taken before the installation is known"
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        known = await w.fetchval("select number from channel where company_id = $1 and id = $2", w.company_id, held.channel_id)
        await w.execute(
            "update qr_session set wa_jid = $3, lid = $4, push_name = $5, engine = $6, home = $7, code = null, code_kind = null,"
            " code_until = null, pairing_until = null, phone = null, until = null, failures = 0, reason = null, state = 'reconnecting',"
            " canary_at = null, silent_since = null, closed_at = now(), first_open_at = case when $8 then first_open_at end where company_id = $1 and id = $2",
            w.company_id,
            held.channel_id,
            who.wa_jid,
            who.lid,
            (who.push_name or "")[:200] or None,
            engine[:60],
            home.id,
            known is None or known == who.number,
        )
        await provider_state.known_as(w, held.channel_id, who.number)
        w.audit("channel.paired", held.channel_id)
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def opened(held: Held, engine: str) -> None:
    """Messages go and come. What was lost on the way has `EVIDENCE` seconds from now on to be told of. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        alarmed = await w.fetchval(
            "update qr_session set state = case when restricted_until > now() then 'restricted' else 'open' end, reason = null,"
            " until = null, failures = 0, silent_since = null, last_open_at = now(), closed_at = null, alarmed_at = null, engine = $3,"
            " first_open_at = coalesce(first_open_at, now()) where company_id = $1 and id = $2 returning old.alarmed_at",
            w.company_id,
            held.channel_id,
            engine[:60],
        )
        if alarmed is not None:
            await notices.record(w, [held.channel_id], News(NoticeCode.SESSION_BACK, now()))
        await provider_state.reached(w, held.channel_id, MENDED)
        await naming.await_evidence(w, held.channel_id, EVIDENCE)
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def came_back(held: Held) -> None:
    """A message to the own number did: from now on one that does not says something. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        await w.execute(
            "update qr_session set canary_at = now() where company_id = $1 and id = $2", w.company_id, held.channel_id
        )


async def hurry(open_: Sequence[Held]) -> None:
    """What became unknown while a session is open has `EVIDENCE` seconds from now on, too: what a dead process left behind, and an answer that
    did not come. Who lost the session meanwhile changes nothing."""
    late = await naming.awaited_long([held.channel_id for held in open_], EVIDENCE) if open_ else set()
    for held in open_:
        if held.channel_id in late:
            async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
                with contextlib.suppress(Fenced):
                    await fence(w, held.channel_id, held.epoch)
                    await naming.await_evidence(w, held.channel_id, EVIDENCE)


async def closed(held: Held, why: Closed) -> SessionState:
    """The connection ended. Returns what the session is now, and says when it may be opened again. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        row = await w.fetchrow(
            "select failures, coalesce(replaced_at > now() - interval '10 minutes', false) as fought, wa_jid, pairing_until from qr_session"
            " where company_id = $1 and id = $2",
            w.company_id,
            held.channel_id,
        )
        assert row is not None
        is_paired = row["wa_jid"] is not None
        wanted = row["pairing_until"] is not None and row["pairing_until"] > now()
        after = next_state(why, failures=row["failures"], replaced_before=row["fought"], paired=is_paired, wanted=wanted)
        await w.execute(
            "update qr_session set state = $3, reason = $4, until = $5, failures = $6, code = null, code_kind = null, code_until = null,"
            " leaving = false, closed_at = coalesce(closed_at, now()), next_at = case when $7::float8 is null then 'infinity' else now() + make_interval(secs => $7) end,"
            " wa_jid = case when $3 = 'logged_out' then null else wa_jid end,"
            " replaced_at = case when $4 = 'replaced' then now() else replaced_at end,"
            " silent_since = case when $4 = 'silent' then coalesce(silent_since, now()) else silent_since end,"
            " pairing_until = case when $3 = 'pairing' then pairing_until end where company_id = $1 and id = $2",
            w.company_id,
            held.channel_id,
            after.state.value,
            why.reason.value,
            why.until,
            after.failures,
            after.again_in,
        )
        if after.state is SessionState.LOGGED_OUT:
            await keys.forget(w, held.channel_id)
        if reason := STOPS.get(after.state):
            await provider_state.stop(w, held.channel_id, reason, why.detail or None, code=why.code)
            await _alarm(w, held.channel_id, NOTICES[after.state])
            w.audit("channel.session_closed", held.channel_id, reason=why.reason.value, state=after.state.value, code=why.code)
        w.emit(ChannelChanged(channel_id=held.channel_id))
    return after.state


async def restricted(held: Held, until: datetime) -> None:
    """The platform lets it write to nobody first until then; who wrote to us gets answers. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        before = await w.fetchval(
            "update qr_session set state = 'restricted', restricted_until = greatest(restricted_until, $3) where company_id = $1 and id = $2"
            " and state in ('open', 'restricted') returning old.state",
            w.company_id,
            held.channel_id,
            until,
        )
        if before != SessionState.OPEN:
            return
        await notices.record(w, [held.channel_id], News(NoticeCode.SESSION_RESTRICTED, now()))
        w.audit("channel.restricted", held.channel_id, until=until)
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def told_quota(held: Held, total: int | None, used: int | None, until: datetime | None) -> None:
    """How many new conversations the platform grants. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        await w.execute(
            "update qr_session set quota_total = $3, quota_used = $4, quota_until = $5 where company_id = $1 and id = $2",
            w.company_id,
            held.channel_id,
            total,
            used,
            until,
        )
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def gone(held: Held, state: SessionState = SessionState.NEW) -> None:
    """Its channel was archived, or a person disconnected it: nobody opens it again without a code. Raises Fenced."""
    async with work(worker(held.company_id), Permission.CHANNELS_WRITE) as w:
        await fence(w, held.channel_id, held.epoch, change=True)
        await w.execute(
            "update qr_session set state = $3, wa_jid = null, leaving = false, pairing_until = null, code = null, next_at = 'infinity',"
            " lease_owner = null, lease_until = null where company_id = $1 and id = $2",
            w.company_id,
            held.channel_id,
            state.value,
        )
        await keys.forget(w, held.channel_id)
        w.emit(ChannelChanged(channel_id=held.channel_id))


async def text_of(company_id: UUID, channel_id: UUID, provider_id: str) -> str | None:
    """What a message of this channel said, for a phone that could not open it and asks again."""
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        return await naming.text_of(r, channel_id, provider_id)


async def writer_of(held: Held, provider_id: str) -> str | None:
    """Who wrote a message of this channel, where that is not the person with whom it was written: somebody in a group, or we."""
    async with read(worker(held.company_id), Permission.CHANNELS_READ) as r:
        found = await naming.writer_of(r, held.channel_id, provider_id)
    return held.wa_jid if found == naming.OURS else found


async def outdated(engine: str) -> int:
    """Every session of an engine that the platform refuses stays closed until another version speaks. Returns how many."""
    async with system_read() as s:
        rows = await s.fetch("select company_id, id from qr_session where engine = $1 and wa_jid is not null", engine)
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            await w.execute(
                "update qr_session set state = 'outdated', reason = 'outdated', next_at = 'infinity' where company_id = $1 and id = $2"
                " and engine = $3",
                row["company_id"],
                row["id"],
                engine,
            )
            if await provider_state.stop(w, row["id"], FailureReason.CLIENT_OUTDATED):
                await _alarm(w, row["id"], NoticeCode.SESSION_OUTDATED)
            w.emit(ChannelChanged(channel_id=row["id"]))
    return len(rows)


async def renewed(engine: str, *, sandbox: bool = False) -> None:
    """Another version speaks now: what the old one could not open is tried again. `sandbox`: it speaks for numbers of the simulator."""
    async with system_read() as s:
        rows = await s.fetch(
            "select s.company_id, s.id from qr_session s join channel c on c.company_id = s.company_id and c.id = s.id"
            " where s.state = 'outdated' and s.engine <> $1 and c.sandbox = $2",
            engine,
            sandbox,
        )
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            await w.execute(
                "update qr_session set state = 'reconnecting', next_at = now() where company_id = $1 and id = $2 and state = 'outdated'",
                row["company_id"],
                row["id"],
            )
            w.emit(ChannelChanged(channel_id=row["id"]))


async def lift() -> None:
    """Restrictions whose time is over."""
    async with system_work() as s:
        rows = await s.fetch(
            "update qr_session set state = 'open', restricted_until = null where state = 'restricted' and restricted_until <= now()"
            " returning company_id, id"
        )
        for row in rows:
            s.emit(row["company_id"], ChannelChanged(channel_id=row["id"]))


async def strand() -> int:
    """Sessions that came here with a backup or a copy of the database: their keys are forgotten, and their codes are scanned again. The
    original may be alive, and old keys make every message unreadable. Returns how many."""
    home = installation.life()
    if home is None:
        return 0
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, id from qr_session where wa_jid is not null and home <> $1 and (select at_home($1, $2, $3))",
            *installation.fence(),
        )
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            await _strand(w, row["id"])
    return len(rows)


async def _strand(w: Work, channel_id: UUID) -> None:
    await w.execute(
        "update qr_session set state = 'logged_out', reason = null, wa_jid = null, next_at = 'infinity', epoch = epoch + 1,"
        " lease_until = null where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
    )
    await keys.forget(w, channel_id)
    await provider_state.stop(w, channel_id, FailureReason.SESSION_ENDED)
    await _alarm(w, channel_id, NoticeCode.SESSION_ENDED)
    w.audit("channel.session_closed", channel_id, reason="restored", state=SessionState.LOGGED_OUT.value)
    w.emit(ChannelChanged(channel_id=channel_id))


_AWAY = """
select company_id, id from qr_session where wa_jid is not null and alarmed_at is null
    and (state = 'reconnecting' and closed_at < now() - make_interval(secs => $1)
      or state in ('open', 'restricted') and lease_until < now() - make_interval(secs => $1)) limit 500
"""


async def alarm() -> int:
    """The owners are told of numbers that do not come back, also where no gateway runs any more. Returns of how many."""
    async with system_read() as s:
        rows = await s.fetch(_AWAY, AWAY)
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            if await w.fetchval(
                "select true from qr_session where company_id = $1 and id = $2 and alarmed_at is null for no key update",
                row["company_id"],
                row["id"],
            ):
                await _alarm(w, row["id"], NoticeCode.SESSION_AWAY)
                w.emit(ChannelChanged(channel_id=row["id"]))
    return len(rows)


_QUIET = """
select company_id, id, proved from (select company_id, id, quiet_told_at, greatest(first_open_at, last_inbound_at, last_receipt_at, canary_at) as proved
    from qr_session where wa_jid is not null and state in ('open', 'restricted')) s
where proved < now() - interval '10 days' and (quiet_told_at is null or quiet_told_at < proved) limit 500
"""


async def remind() -> int:
    """The owners are told of phones that were not heard of for ten days, before the platform takes the device away. Returns of how many."""
    async with system_read() as s:
        rows = await s.fetch(_QUIET)
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            if await w.fetchval(
                "update qr_session set quiet_told_at = now() where company_id = $1 and id = $2"
                " and (quiet_told_at is null or quiet_told_at < $3) returning true",
                row["company_id"],
                row["id"],
                row["proved"],
            ):
                await notices.record(w, [row["id"]], News(NoticeCode.SESSION_QUIET, now()))
                w.emit(ChannelChanged(channel_id=row["id"]))
    return len(rows)


async def device_name(held: Held) -> str:
    """What the phone shows among its linked devices: whose number it is there for."""
    async with read(worker(held.company_id), Permission.CHANNELS_READ) as r:
        company: str = await r.fetchval("select name from company where id = $1", held.company_id)
    return f"{' '.join(company.split())[:30].strip()} · Master IA"


async def _alarm(w: Work, channel_id: UUID, code: NoticeCode) -> None:
    """The owners are told, by mail too; once the number is connected again it is over."""
    await notices.record(w, [channel_id], News(code, now()))
    await w.execute("update qr_session set alarmed_at = now() where company_id = $1 and id = $2", w.company_id, channel_id)
