"""What people do with a number that is connected by a code: ask for one, see it, open it here again, take the device away."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import crypto
from db.channels import forms, provider_state
from db.channels.actions import Values, connected_in, sandbox_channel
from db.channels.events import ChannelChanged
from db.channels.queries import ChannelView, channel_in
from db.clock import now
from db.contacts.phones import Phone, parse_phone
from db.crypto import ring
from db.errors import RequestError, RequestField
from db.ids import uuid7
from db.jobs import SandboxControl
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry
from db.qr.choices import Choices, Hours
from db.qr.enums import ANSWERING, ENDED, CloseReason, CodeKind, Groups, SessionState, Shown
from db.qr.errors import SessionError
from db.qr.health import Point
from db.qr.played import PARKED
from db.tenancy import Actor, worker
from db.work import Read, Work, read, work

WAITS = timedelta(minutes=3)
"""How long codes are shown once somebody asked."""
_STATE = (
    f"case when state in ('open', 'restricted') and not ({PARKED}) and (lease_until is null or lease_until < now() - interval '10 seconds')"
    " then 'reconnecting' else state end as state"
)
"""One whose gateway is gone is not open, whatever it said last."""
COLUMNS = (
    f"{_STATE}, reason, case when state = 'restricted' then restricted_until else until end as until,"
    f" code_kind, code, code_until, pairing_until, phone, push_name, wa_jid is not null or ({PARKED}) as paired, first_open_at,"
    " last_open_at, last_inbound_at, greatest(last_inbound_at, last_receipt_at, canary_at) as proved_at, quota_total, quota_used, quota_until, engine,"
    " score, score_parts::text as score_parts, groups, presence, opens, closes, weekdays"
)


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """`code`: what is scanned or typed in, for who asked and only as long as it is good; None: none is there (yet)."""

    channel_id: UUID
    state: SessionState
    reason: CloseReason | None
    until: datetime | None
    code_kind: CodeKind | None
    code: str | None
    code_until: datetime | None
    pairing_until: datetime | None
    paired: bool
    push_name: str | None
    first_open_at: datetime | None
    last_open_at: datetime | None
    last_inbound_at: datetime | None
    proved_at: datetime | None
    quota_total: int | None
    quota_used: int | None
    quota_until: datetime | None
    engine: str
    score: int | None
    score_parts: list[Point]
    choices: Choices


async def connect(actor: Actor, *, kind: str, name: str, values: Values | None = None, sandbox: bool = False) -> ChannelView:
    """A channel of a kind that is paired, still without a number; `sandbox`: the simulator's phone will have it. Raises Invalid for any other kind, and
    for values."""
    provider = registry.chosen(kind)
    forms.filled(provider.form, values or {})
    if sandbox and not provider.sandbox:
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("sandbox")])
    if provider.capabilities.session is None:
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("kind")])
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        channel_id = uuid7()
        place = f"{provider.name}-{channel_id.hex}"
        view = await connected_in(
            w, channel_id, provider, sandbox=sandbox, name=name, account_id=place, external_id=place, portfolio_id=place,
            number=None, token=crypto.new_token(), signing_secret=crypto.new_token(),
        )  # fmt: skip
        await w.execute(
            "insert into qr_session(company_id, id, next_at) values ($1, $2, 'infinity') on conflict do nothing",
            w.company_id,
            channel_id,
        )
        return view


async def session(actor: Actor, channel_id: UUID) -> SessionView:
    """Raises NotFound. The code is shown to those who may connect channels."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        await channel_in(r, actor.company_id, channel_id)
        return await _view(r, actor, channel_id)


async def ask_code(actor: Actor, channel_id: UUID, *, phone: str | None = None, history: bool = False) -> SessionView:
    """Codes are shown for some minutes: to scan, or for `phone` (E.164) digits to type in. `history`: what the phone has said before comes too. Raises NotFound; Conflict while it is open;
    Invalid for a number that is none."""
    digits = None
    if phone is not None:
        parsed = parse_phone(phone, "BR")
        if not isinstance(parsed, Phone):
            raise RequestError.INVALID(fields=[parsed.reason("phone")])
        digits = parsed.e164  # as the phone has it: Brazilian numbers are registered with or without their ninth digit
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        state = await _held(w, channel_id)
        if state not in (*ENDED, SessionState.PAIRING):
            raise SessionError.SESSION_OPEN()
        await w.execute(
            "update qr_session set state = 'pairing', reason = null, code = null, code_kind = null, code_until = null, wa_jid = null,"
            " epoch = epoch + 1, lease_owner = null, lease_until = null, leaving = false, played = false, phone = $3, pairing_until = $4, history = $5, next_at = now(), failures = 0 where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            digits,
            now() + WAITS,
            history,
        )
        await w.execute("delete from qr_key where company_id = $1 and channel_id = $2", w.company_id, channel_id)
        w.audit("channel.code_asked", channel_id, digits=digits is not None, history=history)
        w.emit(ChannelChanged(channel_id=channel_id))
        return await _view(w, actor, channel_id)


async def open_here(actor: Actor, channel_id: UUID) -> SessionView:
    """After it was opened elsewhere, or while it waits to be tried again: now. One that is open sends again after a ban. Raises NotFound;
    Conflict when only a code helps."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        state = await _held(w, channel_id)
        if state in ANSWERING:
            await provider_state.reached(w, channel_id, [FailureReason.ACCOUNT_LOCKED])
            w.audit("channel.resumed", channel_id)
            w.emit(ChannelChanged(channel_id=channel_id))
            return await _view(w, actor, channel_id)
        if state not in (SessionState.REPLACED, SessionState.RECONNECTING):
            raise SessionError.CODE_NEEDED()
        await w.execute(
            "update qr_session set state = 'reconnecting', next_at = now(), failures = 0, replaced_at = null where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
        )
        w.audit("channel.opened_here", channel_id)
        w.emit(ChannelChanged(channel_id=channel_id))
        return await _view(w, actor, channel_id)


async def log_out(actor: Actor, channel_id: UUID) -> SessionView:
    """The device is taken away from the phone by the gateway that holds it; keys are forgotten at once, so nobody opens it again. Raises
    NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await _held(w, channel_id)
        await leave(w, channel_id)
        await provider_state.stop(w, channel_id, FailureReason.SESSION_ENDED)
        w.audit("channel.logged_out", channel_id)
        w.emit(ChannelChanged(channel_id=channel_id))
        return await _view(w, actor, channel_id)


async def scan(actor: Actor, channel_id: UUID) -> None:
    """The simulator's phone scans the code that is shown, or types it in. Raises NotFound for a number of a real phone; Conflict while no code is
    shown."""
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        await _held(w, channel_id)
        if not await w.fetchval(
            "select code is not null and code_until > now() from qr_session where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
        ):
            raise SessionError.NO_CODE()
        w.enqueue(SandboxControl(channel_id=channel_id, verb="scan", params={}))


class Displayed(NamedTuple):
    """A code as it is shown now."""

    kind: CodeKind
    code: str


async def shown(company_id: UUID, channel_id: UUID) -> Displayed | None:
    """What a phone could scan now, for the simulator's."""
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        row = await r.fetchrow(
            "select code, code_kind from qr_session where company_id = $1 and id = $2 and code_until > now()",
            company_id,
            channel_id,
        )
    if row is None or row["code"] is None:
        return None
    code = ring().open(row["code"], company_id=company_id, table="qr_session", column="code", row_id=channel_id)
    return Displayed(CodeKind(row["code_kind"]), code)


async def leave(w: Work, channel_id: UUID) -> None:
    """Its gateway takes the device away from the phone; its keys are forgotten, at once where nobody holds it."""
    await w.execute(
        "update qr_session set leaving = wa_jid is not null and coalesce(lease_until > now(), false), next_at = 'infinity', pairing_until = null,"
        " code = null, code_kind = null, code_until = null, state = 'logged_out', reason = 'logged_out', closed_at = coalesce(closed_at, now()),"
        " wa_jid = case when lease_until > now() then wa_jid end where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
    )
    await w.execute(
        "delete from qr_key k using qr_session s where k.company_id = $1 and k.channel_id = $2 and s.company_id = $1 and s.id = $2"
        " and not s.leaving",
        w.company_id,
        channel_id,
    )


async def _held(w: Work, channel_id: UUID) -> SessionState:
    await channel_in(w, w.company_id, channel_id)
    state = await w.fetchval(
        "select state from qr_session where company_id = $1 and id = $2 for no key update", w.company_id, channel_id
    )
    if state is None:
        raise RequestError.NOT_FOUND(what="channel")
    return SessionState(state)


async def _view(r: Read, actor: Actor, channel_id: UUID) -> SessionView:
    row = await r.fetchrow(f"select {COLUMNS} from qr_session where company_id = $1 and id = $2", actor.company_id, channel_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="channel")
    code = None
    if row["code"] is not None and row["code_until"] > now() and Permission.CHANNELS_WRITE in actor.permissions:
        code = ring().open(row["code"], company_id=actor.company_id, table="qr_session", column="code", row_id=channel_id)
    return SessionView(
        channel_id=channel_id,
        state=SessionState(row["state"]),
        reason=CloseReason(row["reason"]) if row["reason"] else None,
        until=row["until"],
        code_kind=CodeKind(row["code_kind"]) if code and row["code_kind"] else None,
        code=code,
        code_until=row["code_until"] if code else None,
        pairing_until=row["pairing_until"],
        paired=row["paired"],
        push_name=row["push_name"],
        first_open_at=row["first_open_at"],
        last_open_at=row["last_open_at"],
        last_inbound_at=row["last_inbound_at"],
        proved_at=row["proved_at"],
        quota_total=row["quota_total"],
        quota_used=row["quota_used"],
        quota_until=row["quota_until"],
        engine=row["engine"],
        score=row["score"],
        score_parts=msgspec.json.decode(row["score_parts"], type=list[Point]),
        choices=Choices(
            Groups(row["groups"]),
            Shown(row["presence"]),
            None if row["opens"] is None else Hours(row["opens"], row["closes"], tuple(row["weekdays"])),
        ),
    )
