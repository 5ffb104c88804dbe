"""Changes that people make to channels: connect, rename, replace secrets, pause, resume, archive.

What a provider says about a channel is written by `db/channels/provider_state.py`. Nothing here calls a provider: a check is a job.
"""

from uuid import UUID

import asyncpg
import msgspec

from db import crypto
from db.channels import forms
from db.channels.enums import ChannelState
from db.channels.errors import ChannelError
from db.channels.events import ChannelChanged
from db.channels.queries import ChannelView, channel_in
from db.channels.secrets import seal
from db.errors import RequestError, RequestField
from db.ids import uuid7
from db.jobs import CheckChannel, SandboxControl, SyncTemplates
from db.messages import queueing
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import Provider
from db.tenancy import Actor
from db.work import Read, Work, read, work

SANDBOX_HORIZON = 60  # seconds; a rehearsal should not wait a quarter of an hour for a lost answer

_INSERT = """
insert into channel(company_id, id, kind, sandbox, name, account_id, external_id, portfolio_id, number, token, signing_secret,
                    verify_token, throughput, messaging_limit, unknown_horizon)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
"""


Values = dict[str, str | float]


async def connect(actor: Actor, *, kind: str, name: str, values: Values) -> ChannelView:
    """A channel of this kind, to be checked; `values` by the names of its provider's form. Raises Invalid; Conflict when the company
    has it already."""
    provider = registry.chosen(kind)
    given = forms.filled(provider.form, values)
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        sender, throughput = str(given["external_id"]), given.get("throughput")
        view = await connected_in(
            w,
            uuid7(),
            provider,
            sandbox=False,
            name=name,
            account_id=str(given["account_id"]),
            external_id=sender,
            portfolio_id=str(given["portfolio_id"]),
            number=sender if sender.startswith("+") else None,
            token=str(given["token"]),
            signing_secret=str(given["signing_secret"]),
            throughput=None if throughput is None else float(throughput),
        )
        w.enqueue(CheckChannel(channel_id=view.id))
        return view


async def connect_sandbox(actor: Actor, *, kind: str, name: str, values: Values | None = None) -> ChannelView:
    """A rehearsal number. The check makes its account on the sandbox and stores what it answers. Raises Invalid."""
    provider = registry.chosen(kind)
    forms.filled((), values or {})
    if not provider.sandbox:
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("sandbox")])
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        view = await rehearsal_in(w, uuid7(), provider, name)
        w.enqueue(CheckChannel(channel_id=view.id))
        return view


async def rehearsal_in(w: Work, channel_id: UUID, provider: Provider, name: str) -> ChannelView:
    """A rehearsal number inside a unit of work, still to be checked."""
    placeholder = f"sandbox-{channel_id.hex}"
    await _insert(
        w,
        channel_id,
        provider.kind,
        True,
        name,
        placeholder,
        placeholder,
        placeholder,
        None,
        None,
        None,
        crypto.new_token() if provider.has_handshake else None,
        provider.sandbox_throughput,
        provider.sandbox_messaging_limit,
        SANDBOX_HORIZON,
    )
    return await _connected(w, channel_id)


async def connected_in(
    w: Work,
    channel_id: UUID,
    provider: Provider,
    *,
    sandbox: bool,
    name: str,
    account_id: str,
    external_id: str,
    portfolio_id: str,
    number: str | None,
    token: str,
    signing_secret: str,
    throughput: float | None = None,
) -> ChannelView:
    """A channel inside a unit of work, still to be checked. Raises Conflict when the company has the number already."""
    await _insert(
        w,
        channel_id,
        provider.kind,
        sandbox,
        name,
        account_id,
        external_id,
        portfolio_id,
        number,
        seal(w.company_id, channel_id, "token", token),
        seal(w.company_id, channel_id, "signing_secret", signing_secret),
        crypto.new_token() if provider.has_handshake else None,
        throughput or (provider.sandbox_throughput if sandbox else provider.throughput),
        provider.sandbox_messaging_limit if sandbox else provider.messaging_limit,
        SANDBOX_HORIZON if sandbox else provider.unknown_horizon,
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
    return view


async def patch(
    actor: Actor,
    channel_id: UUID,
    *,
    name: str | None = None,
    throughput: float | None = None,
    read_receipts: bool | None = None,
    values: Values | None = None,
) -> ChannelView:
    """Changes what is given. New secrets (`values`, by the names of the form) replace the old ones and start a check. Raises
    NotFound, Invalid."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        before = await channel_in(w, w.company_id, channel_id)
        secrets = () if before.sandbox else registry.provider(before.kind).secrets
        given = forms.replaced(secrets, values or {})
        await w.execute(
            "update channel set name = coalesce($3, name), throughput = coalesce($4, throughput), token = coalesce($5, token),"
            " signing_secret = coalesce($6, signing_secret), read_receipts = coalesce($7, read_receipts) where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            name,
            throughput,
            seal(w.company_id, channel_id, "token", given["token"]) if "token" in given else None,
            seal(w.company_id, channel_id, "signing_secret", given["signing_secret"]) if "signing_secret" in given else None,
            read_receipts,
        )
        if given:
            w.enqueue(CheckChannel(channel_id=channel_id))
        w.audit("channel.changed", channel_id, secrets_replaced=bool(given))
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
        await archive_in(w, channel_id)


async def archive_in(w: Work, channel_id: UUID) -> None:
    """The same inside a unit of work."""
    await channel_in(w, w.company_id, channel_id)
    campaigns = await w.fetchval(
        "select count(*) from campaign where company_id = $1 and channel_id = $2"
        " and state in ('scheduled', 'preparing', 'running', 'paused', 'held')",
        w.company_id,
        channel_id,
    )
    if campaigns:
        raise ChannelError.CHANNEL_IN_USE(campaigns=int(campaigns))
    await w.execute(
        "update channel set archived_at = now(), token = null, signing_secret = null, verify_token = null, talk_secret = null"
        " where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
    )
    # From here on no message comes out of its file's queue (`uploads.handed_over`).
    await queueing.cancel_of_channel(w, channel_id)
    w.audit("channel.archived", channel_id)
    w.emit(ChannelChanged(channel_id=channel_id))


async def brought_back_in(w: Work, channel_id: UUID, token: str, signing_secret: str) -> bool:
    """A channel that was taken away is there again, still to be checked; False: there is none of this id. Raises Conflict when the company
    has the number already."""
    try:
        found = await w.execute(
            "update channel set archived_at = null, token = $3, signing_secret = $4, state = 'checking', state_reason = null"
            " where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            seal(w.company_id, channel_id, "token", token),
            seal(w.company_id, channel_id, "signing_secret", signing_secret),
        )
    except asyncpg.UniqueViolationError as error:
        raise ChannelError.CHANNEL_EXISTS() from error
    if found:
        await _connected(w, channel_id)
    return bool(found)


async def sync_templates(actor: Actor, channel_id: UUID) -> None:
    """Starts reading the templates again. Raises NotFound; Invalid for a channel without templates."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        view = await channel_in(w, w.company_id, channel_id)
        if registry.provider(view.kind).capabilities.write_template is None:
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


async def sandbox_reply(
    actor: Actor, channel_id: UUID, address: str, text: str, kind: str = "text", *, group: str | None = None
) -> None:
    """A person answers as the customer with this address, in a `group` by its name or id; the answer comes back through the webhook. Raises
    NotFound, Invalid."""
    if kind == "text" and not text.strip():
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("text")])
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        params: dict[str, str | float] = {"address": address, "text": text, "kind": kind}
        if group is not None:
            of = await w.fetchval("select kind from channel where company_id = $1 and id = $2", w.company_id, channel_id)
            if registry.provider(of).capabilities.session is None:
                raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("group")])
            params["group"] = group
        w.enqueue(SandboxControl(channel_id=channel_id, verb="reply", params=params))


async def sandbox_news(actor: Actor, channel_id: UUID, code: str) -> None:
    """News about the account, as the provider would tell it. Raises NotFound."""
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        w.enqueue(SandboxControl(channel_id=channel_id, verb="news", params={"code": code}))


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
