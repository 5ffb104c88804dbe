"""Changes that people make to channels: connect, rename, replace secrets, pause, resume, archive.

What a provider says about a channel is written by `db/channels/provider_state.py`. Nothing here calls a provider: a check is a job.
"""

from uuid import UUID

import asyncpg
import msgspec

from db import crypto
from db.channels.enums import ChannelKind, ChannelState
from db.channels.errors import ChannelError, ChannelField
from db.channels.events import ChannelChanged
from db.channels.queries import ChannelView, channel_in
from db.channels.secrets import seal
from db.errors import RequestError
from db.ids import uuid7
from db.jobs import CheckChannel, SandboxControl, SyncTemplates
from db.messages import queueing
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work

SANDBOX_THROUGHPUT = 80
SANDBOX_LIMIT = 10_000
SANDBOX_HORIZON = 60  # seconds; a rehearsal should not wait a quarter of an hour for a lost answer

_INSERT = """
insert into channel(company_id, id, kind, sandbox, name, account_id, external_id, portfolio_id, number, token, signing_secret,
                    verify_token, throughput, messaging_limit, unknown_horizon)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""


async def connect_whatsapp(
    actor: Actor, *, name: str, phone_number_id: str, waba_id: str, access_token: str, app_secret: str
) -> ChannelView:
    """A Meta number, to be checked. Raises Conflict when the company has it already."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        channel_id = uuid7()
        await _insert(
            w,
            channel_id,
            ChannelKind.WHATSAPP,
            False,
            name,
            waba_id,
            phone_number_id,
            waba_id,
            None,
            seal(w.company_id, channel_id, "token", access_token),
            seal(w.company_id, channel_id, "signing_secret", app_secret),
            crypto.new_token(),
            80,
            250,  # what every new business may; the check reads the true one
            900,
        )
        return await _connected(w, channel_id)


async def connect_sms(
    actor: Actor, *, name: str, account_sid: str, auth_token: str, sender: str, throughput: float
) -> ChannelView:
    """A Twilio number (E.164) or messaging service (MG…), to be checked. Raises Invalid, Conflict."""
    service = len(sender) == 34 and sender.startswith("MG") and sender[2:].isalnum()
    number = sender.startswith("+") and sender[1:].isascii() and sender[1:].isdigit() and 8 <= len(sender) <= 16
    if not (service or number):
        raise RequestError.INVALID(fields=[ChannelField.SENDER_INVALID("sender")])
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        channel_id = uuid7()
        await _insert(
            w,
            channel_id,
            ChannelKind.SMS,
            False,
            name,
            account_sid,
            sender,
            account_sid,
            sender if number else None,
            seal(w.company_id, channel_id, "token", auth_token),
            seal(w.company_id, channel_id, "signing_secret", auth_token),
            None,
            throughput,
            None,
            900,
        )
        return await _connected(w, channel_id)


async def connect_sandbox(actor: Actor, *, name: str, of: ChannelKind) -> ChannelView:
    """A rehearsal number. The check makes its account on the sandbox and stores what it answers."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        channel_id = uuid7()
        whatsapp = of is ChannelKind.WHATSAPP
        placeholder = f"sandbox-{channel_id.hex}"
        await _insert(
            w,
            channel_id,
            of,
            True,
            name,
            placeholder,
            placeholder,
            placeholder,
            None,
            None,
            None,
            crypto.new_token() if whatsapp else None,
            SANDBOX_THROUGHPUT,
            SANDBOX_LIMIT if whatsapp else None,
            SANDBOX_HORIZON,
        )
        return await _connected(w, channel_id)


async def _insert(w: Work, *values: object) -> None:
    try:
        await w.execute(_INSERT, w.company_id, *values)
    except asyncpg.UniqueViolationError as error:
        raise ChannelError.CHANNEL_EXISTS() from error


async def _connected(w: Work, channel_id: UUID) -> ChannelView:
    view = await channel_in(w, w.company_id, channel_id)
    w.audit("channel.connected", channel_id, name=view.name, kind=view.kind, sandbox=view.sandbox)
    w.emit(ChannelChanged(channel_id=channel_id))
    w.enqueue(CheckChannel(channel_id=channel_id))
    return view


async def patch(
    actor: Actor,
    channel_id: UUID,
    *,
    name: str | None = None,
    access_token: str | None = None,
    app_secret: str | None = None,
    auth_token: str | None = None,
    throughput: float | None = None,
) -> ChannelView:
    """Changes what is given. New secrets replace the old ones and start a check. Raises NotFound, Invalid."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        before = await channel_in(w, w.company_id, channel_id)
        whatsapp = {"access_token": access_token, "app_secret": app_secret}
        sms = {"auth_token": auth_token}
        misplaced = {**whatsapp, **sms} if before.sandbox else sms if before.kind is ChannelKind.WHATSAPP else whatsapp
        fields = [ChannelField.NOT_FOR_THIS_CHANNEL(field) for field, value in misplaced.items() if value is not None]
        if fields:
            raise ChannelError.NOT_FOR_THIS_CHANNEL(fields=fields)
        token, signing = access_token or auth_token, app_secret or auth_token
        await w.execute(
            "update channel set name = coalesce($3, name), throughput = coalesce($4, throughput), token = coalesce($5, token),"
            " signing_secret = coalesce($6, signing_secret) where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            name,
            throughput,
            seal(w.company_id, channel_id, "token", token) if token else None,
            seal(w.company_id, channel_id, "signing_secret", signing) if signing else None,
        )
        if token or signing:
            w.enqueue(CheckChannel(channel_id=channel_id))
        w.audit("channel.changed", channel_id, secrets_replaced=bool(token or signing))
        w.emit(ChannelChanged(channel_id=channel_id))
        return await channel_in(w, w.company_id, channel_id)


async def check(actor: Actor, channel_id: UUID) -> ChannelView:
    """Starts a live check; the result comes as an event. Raises NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        view = await channel_in(w, w.company_id, channel_id)
        if view.state is ChannelState.ERROR:
            await _set_state(w, channel_id, ChannelState.CHECKING)
            view = await channel_in(w, w.company_id, channel_id)
        w.enqueue(CheckChannel(channel_id=channel_id))
        w.emit(ChannelChanged(channel_id=channel_id))
        return view


async def pause(actor: Actor, channel_id: UUID) -> ChannelView:
    """Nothing more is sent from this number until somebody resumes it. Raises NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await channel_in(w, w.company_id, channel_id)
        await _set_state(w, channel_id, ChannelState.PAUSED, "person")
        w.audit("channel.paused", channel_id)
        w.emit(ChannelChanged(channel_id=channel_id))
        return await channel_in(w, w.company_id, channel_id)


async def resume(actor: Actor, channel_id: UUID) -> ChannelView:
    """Sends again at once, and checks. Raises NotFound; Conflict when it was not paused."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        view = await channel_in(w, w.company_id, channel_id)
        if view.state is not ChannelState.PAUSED:
            raise ChannelError.CHANNEL_NOT_PAUSED()
        await _set_state(w, channel_id, ChannelState.CONNECTED if view.checked_at else ChannelState.CHECKING)
        w.audit("channel.resumed", channel_id)
        w.enqueue(CheckChannel(channel_id=channel_id))
        w.emit(ChannelChanged(channel_id=channel_id))
        return await channel_in(w, w.company_id, channel_id)


async def _set_state(w: Work, channel_id: UUID, state: ChannelState, reason: str | None = None) -> None:
    await w.execute(
        "update channel set state = $3, state_reason = $4, state_detail = null, paused_until = null,"
        " probe_at = case when probe_at > now() then now() else probe_at end"  # a planned probe is off
        " where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
        state,
        reason,
    )


async def archive(actor: Actor, channel_id: UUID) -> None:
    """Takes the number away and forgets its secrets. Raises NotFound; Conflict while a campaign uses it."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        await channel_in(w, w.company_id, channel_id)
        campaigns = await w.fetchval(
            "select count(*) from campaign where company_id = $1 and channel_id = $2"
            " and state in ('scheduled', 'preparing', 'running', 'paused', 'held')",
            w.company_id,
            channel_id,
        )
        if campaigns:
            raise ChannelError.CHANNEL_IN_USE(campaigns=int(campaigns))
        await queueing.cancel(w, channel_id)
        await w.execute(
            "update channel set archived_at = now(), token = null, signing_secret = null, verify_token = null"
            " where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
        )
        w.audit("channel.archived", channel_id)
        w.emit(ChannelChanged(channel_id=channel_id))


async def sync_templates(actor: Actor, channel_id: UUID) -> None:
    """Starts reading the templates again. Raises NotFound; Invalid for a channel without templates."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        view = await channel_in(w, w.company_id, channel_id)
        if view.kind is not ChannelKind.WHATSAPP:
            raise ChannelError.NO_TEMPLATES()
        w.enqueue(SyncTemplates(channel_id=channel_id))


async def sandbox_channel(r: Read, company_id: UUID, channel_id: UUID) -> None:
    """Raises NotFound unless the channel is on the sandbox."""
    if not await r.fetchval(
        "select sandbox from channel where company_id = $1 and id = $2 and archived_at is null", company_id, channel_id
    ):
        raise RequestError.NOT_FOUND(what="sandbox_channel")


async def sandbox_behaviour(actor: Actor, channel_id: UUID) -> dict[str, float | int | str]:
    """What was set, {} when nothing was. Raises NotFound."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        await sandbox_channel(r, actor.company_id, channel_id)
        text = await r.fetchval(
            "select settings -> 'behaviour' from channel where company_id = $1 and id = $2", actor.company_id, channel_id
        )
    return msgspec.json.decode(text or "{}", type=dict[str, float | int | str])


async def sandbox_reply(actor: Actor, channel_id: UUID, address: str, text: str) -> None:
    """A person answers as the customer with this address; the answer comes back through the webhook. Raises NotFound."""
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        w.enqueue(SandboxControl(channel_id=channel_id, verb="reply", params={"address": address, "text": text}))


async def sandbox_behave(actor: Actor, channel_id: UUID, behaviour: dict[str, float | int | str]) -> None:
    """Keeps and applies how the sandbox behaves towards this channel. Raises NotFound."""
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        await w.execute(
            "update channel set settings = jsonb_set(settings, '{behaviour}', $3::jsonb) where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            msgspec.json.encode(behaviour).decode(),
        )
        w.enqueue(SandboxControl(channel_id=channel_id, verb="behaviour", params={**behaviour}))
        w.audit("sandbox.behaviour_changed", channel_id)
