"""Answering a person by hand: over which channel it may be done now, and the message that does it.

One decision for the screen and for the send. What it allows, Meta checks once more: a text that waited until the window was
closed comes back as failed, it is never turned into something else.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.assistant import human
from db.assistant.enums import TurnReason
from db.channels.enums import ChannelState, TemplateCategory
from db.clock import now
from db.contacts.enums import SAMPLE, LineType
from db.contacts.places import place
from db.conversations import record
from db.conversations.groups import must_talk
from db.costs.enums import RateCategory
from db.errors import RequestError
from db.jobs import SendFile
from db.messages import conversation, queueing, render, replies, segments, template_replies, unreached, uploads
from db.messages.conversation import Entry
from db.messages.errors import MessageError, ReplyError
from db.messages.events import ConversationChanged
from db.messages.inbound import SILENT
from db.messages.place import Place
from db.messages.render import Binding, FileContent, TemplateContent
from db.messages.replies import Reply, TemplateReply, TextReply
from db.messages.template_replies import Filled
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, Work, read, work


class ReplyChannel(NamedTuple):
    """One way to answer. `obstacle`: why not now, `template_obstacle`: why not even by a template. `window_until`: the channel takes
    free texts until then; None without such a rule. `opted_out`: they asked for no more messages, or for no marketing, so marketing is refused."""

    channel_id: UUID
    channel_name: str
    channel_kind: str
    sandbox: bool
    address: str | None
    obstacle: MessageError | None
    template_obstacle: MessageError | None
    last_inbound_at: datetime | None
    window_until: datetime | None
    opted_out: bool


# A group is reached over the number that is in it, under its own name.
_GROUP = """
select c.id, c.name, c.kind, c.sandbox, c.state, c.state_reason, c.paused_until, c.token is not null as has_token, g.address as wrote_from,
    null::timestamptz as received_at, false as wrote_since, null::timestamptz as opted_out_at, false as no_marketing, g.address as known
from chat_group g join channel c on c.company_id = $1 and c.id = g.channel_id and c.archived_at is null
where g.company_id = $1 and g.id = $2 and ($3::uuid is null or c.id = $3) and c.kind = any($4::text[])
"""
_WAYS = """
select c.id, c.name, c.kind, c.sandbox, c.state, c.state_reason, c.paused_until, c.token is not null as has_token,
    case when not exists (select from contact_identity a where a.company_id = $1 and a.contact_id = $2 and a.value = i.address
        and not a.valid) then i.address end as wrote_from, i.received_at, i.received_at > p.opted_out_at as wrote_since, p.opted_out_at, 'marketing' = any(p.refuses) as no_marketing,
    (select value from contact_identity a where a.company_id = $1 and a.contact_id = $2 and a.valid and (c.sandbox or p.source <> $8)
        and (c.kind, a.kind) in (select * from unnest($6::text[], $7::text[])) and (a.kind <> 'phone' or a.line is distinct from $4)
        order by array_position(array['phone', 'wa_id', 'bsuid'], a.kind), a.id limit 1) as known
from channel c join contact p on p.company_id = $1 and p.id = $2
left join lateral (
    select address, received_at from inbound_message where company_id = $1 and contact_id = $2 and channel_id = c.id and kind <> all($3)
    order by received_at desc limit 1) i on true
where c.company_id = $1 and c.archived_at is null and ($5::uuid is null or c.id = $5) and c.kind = any($6::text[])
order by i.received_at desc nulls last, c.id limit 200
"""
_KNOWN = """
select value from contact_identity where company_id = $1 and contact_id = $2 and valid and kind = any($3::text[])
order by array_position(array['phone', 'wa_id', 'bsuid'], kind), id limit 1
"""
# Against an opt-out that is under way: it is seen here, or it sees the message (contacts/consent.py).
_STEADY = """
select c.opted_out_at is not null as out from contact c where c.company_id = $1 and c.id in (
    select $2::uuid union select i.contact_id from contact_identity i where i.company_id = $1 and i.kind in ('phone', 'wa_id', 'bsuid')
        and i.value in (select o.value from contact_identity o where o.company_id = $1 and o.contact_id = $2))
order by c.id for """
# Once the month's limit of costs is reached, and the company wants answers by hand to wait for it too (db/costs/caps.py).
_SPENT = """
select s.currency from company o join spend_cap s on s.company_id = $1 and s.subject_id = '00000000-0000-0000-0000-000000000000' and s.stops_people
    join spend_reserved r on r.company_id = $1 and r.subject_id = s.subject_id and r.starts = date_trunc('month', now(), o.time_zone)
    where o.id = $1 and (r.reached or r.amount >= s.most)
"""
# Whether one of these categories costs nothing today: as db/costs/rates.py says it, the company's own price first, and a country's before all others'.
_PRICE = "country, price, currency, valid_from from {} where kind = $2 and country in ($3, '') and category = any($4::text[])"
_FREE = f"""
select exists (select from (
    select distinct on (category) price, currency from (
        select distinct on (category, country, own) category, country, own, price, currency from (
            select true as own, category, {_PRICE.format("send_rate")} and company_id = $1
            union all select false, category, {_PRICE.format("listed_rate")}) r
        where valid_from <= (now() at time zone 'utc')::date order by category, country, own, valid_from desc) valid
    where price is not null order by category, country desc, own desc) p where price = 0 and currency = $5)
"""
_TEMPLATES = (RateCategory.MARKETING.value, RateCategory.UTILITY.value, RateCategory.AUTHENTICATION.value)
_THEIRS = "select true from message where company_id = $1 and id = $2 and contact_id = $3 and channel_id = $4"


async def reply_channels(actor: Actor, contact_id: UUID) -> list[ReplyChannel]:
    """All channels, the one over which the person wrote last first. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_talk(r, actor.company_id, contact_id)
        ways = await _ways(r, actor.company_id, contact_id, None)
        if await r.fetchval(_SPENT, actor.company_id) is None:
            return ways
        return [await _without_money(r, actor.company_id, way) for way in ways]


async def _without_money(r: Read, company_id: UUID, way: ReplyChannel) -> ReplyChannel:
    texts, templates = await spent(r, company_id, way), await spent(r, company_id, way, *_TEMPLATES)
    waits = (texts and way.obstacle is None) or (templates and way.obstacle == MessageError.WINDOW_CLOSED)
    return way._replace(
        obstacle=MessageError.SPEND_CAP if waits else way.obstacle,
        template_obstacle=way.template_obstacle or (MessageError.SPEND_CAP if templates else None),
    )


async def spent(r: Read, company_id: UUID, way: ReplyChannel, *categories: str) -> bool:
    """Whether what a person writes would wait for the month's limit of costs. `categories`: what the message is billed by, if it is no answer in free
    text. What costs nothing waits for nothing."""
    currency = await r.fetchval(_SPENT, company_id) if _billed(way) else None
    if currency is None:
        return False
    if registry.provider(way.channel_kind).capabilities.unit == "segment":
        categories = (RateCategory.SMS.value,)
    country = place(way.address).country if way.address else ""
    billed = list(categories or (RateCategory.SERVICE.value,))
    return not await r.fetchval(_FREE, company_id, way.channel_kind, country, billed, currency)


def _billed(way: ReplyChannel) -> bool:
    """Somebody pays for what goes over it: neither the simulator's numbers nor linked phones."""
    return not way.sandbox and registry.provider(way.channel_kind).capabilities.session is None


async def call_ways(r: Read, company_id: UUID, contact_id: UUID) -> list[ReplyChannel]:
    """The channels that call people, inside a unit of work."""
    return await _ways(r, company_id, contact_id, None, calls=True)


async def send(
    actor: Actor, contact_id: UUID, channel_id: UUID, reply: Reply, *, reply_to: UUID | None = None, seen: UUID | None = None
) -> Entry:
    """Queues one answer before all campaigns of the channel. Raises NotFound, Invalid, Conflict with the obstacle as its code."""
    async with work(actor, Permission.MESSAGES_SEND) as w:
        return await write(w, contact_id, channel_id, reply, reply_to=reply_to, seen=seen)


async def write(
    w: Work,
    contact_id: UUID,
    channel_id: UUID,
    reply: Reply,
    *,
    reply_to: UUID | None = None,
    seen: UUID | None = None,
    automatic: bool = False,
) -> Entry:
    """The same inside a unit of work. `automatic`: nobody wrote it, and what waits goes on waiting. `reply_to`: the message of the conversation that it answers. `seen`: the newest entry of the
    thread that the writer saw; Conflict `someone_answered` when an answer of somebody else was recorded after it."""
    reply = replies.trimmed(reply)
    await must_talk(w, w.company_id, contact_id)
    way = await held(w, contact_id, channel_id)
    obstacle = way.template_obstacle if isinstance(reply, TemplateReply) else way.obstacle
    if obstacle is not None:
        raise obstacle()
    assert way.address is not None
    where = Place(
        channel_id, contact_id, way.address, way.opted_out, way.channel_kind, registry.provider(way.channel_kind).capabilities
    )
    content, params = await replies.written(w, where, reply, reply_to)
    author_id = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    billed = [content.category] if isinstance(content, TemplateContent) else []
    if author_id is not None and not automatic and await spent(w, w.company_id, way, *billed):
        raise MessageError.SPEND_CAP()
    message_id = await queueing.queue(
        w,
        channel_id,
        purpose=conversation.AWAY if automatic else "answer",
        contact_id=contact_id,
        address=where.address,
        content=render.encode(content),
        params=params,
        units=max(1, segments.count(render.draw(content, params).body).segments) if where.capabilities.unit == "segment" else 1,
        author_id=author_id,
        queue_id=content.file_id if isinstance(content, FileContent) else None,
    )
    if isinstance(content, FileContent):
        await uploads.take(w, content.file_id, message_id, channel_id)
    w.audit("message.sent", message_id, channel_id=channel_id, contact_id=contact_id)
    w.emit(ConversationChanged(contact_id=contact_id))
    entry = await conversation.sent(w, w.company_id, message_id)
    place = record.Place(channel_id, contact_id, where.address, message_id, entry.at)
    if automatic:
        await record.automatic(w, place)
    else:
        conversation_id = await record.answered(w, place, author_id, seen=seen)
        await human.supersede_for_human(w, conversation_id, TurnReason.WROTE)
    return entry


async def again(w: Work, contact_id: UUID, channel_id: UUID, message_id: UUID, *, include_unknown: bool) -> Entry:
    """Queues an answer that failed once more: the same message, at the same place, to where the channel reaches the person now.
    `include_unknown`: also one that may have arrived. Raises NotFound, Conflict: the obstacle, `marketing_refused`, `country_unreached`, or `not_sent_again`."""
    way = await held(w, contact_id, channel_id)
    await record.hold(w, channel_id, contact_id)
    if not await w.fetchval(_THEIRS, w.company_id, message_id, contact_id, channel_id):
        raise RequestError.NOT_FOUND(what="message")
    found = await queueing.again(
        w,
        message_id,
        contact_id=contact_id,
        channel_id=channel_id,
        address=way.address,
        include_unknown=include_unknown,
    )
    if found is None:
        raise MessageError.NOT_SENT_AGAIN()
    content = render.decode(found)
    obstacle = way.template_obstacle if isinstance(content, TemplateContent) else way.obstacle
    if obstacle is not None:
        raise obstacle()
    if isinstance(content, TemplateContent) and way.opted_out and content.category == TemplateCategory.MARKETING:
        raise ReplyError.MARKETING_REFUSED()
    if isinstance(content, TemplateContent) and await unreached.one(
        w, w.company_id, way.channel_kind, content.category, way.address or ""
    ):
        raise ReplyError.COUNTRY_UNREACHED()
    if isinstance(content, FileContent):
        w.enqueue(SendFile(file_id=content.file_id))
    await record.sent_again(w, channel_id, contact_id, message_id)
    w.audit("message.sent_again", message_id, channel_id=channel_id, contact_id=contact_id)
    w.emit(ConversationChanged(contact_id=contact_id))
    return await conversation.sent(w, w.company_id, message_id)


async def say(w: Work, way: ReplyChannel, contact_id: UUID, text: str, *, key: str) -> record.Place:
    """As `put`, for a text of the assistant."""
    limit = registry.provider(way.channel_kind).capabilities.text_limit
    return await put(w, way, contact_id, TextReply(text[:limit]), key=key)


async def put(w: Work, way: ReplyChannel, contact_id: UUID, reply: Reply, *, key: str) -> record.Place:
    """Queues a message of the assistant before all campaigns of the channel, under a key that no second one has. `way` is held and has no
    obstacle. Nobody is told to have answered: that is the caller's to say, with the place."""
    assert way.address is not None
    can = registry.provider(way.channel_kind).capabilities
    place = Place(way.channel_id, contact_id, way.address, way.opted_out, way.channel_kind, can)
    content, params = await replies.written(w, place, replies.trimmed(reply), None)
    message_id = await queueing.queue(
        w,
        way.channel_id,
        purpose=conversation.ASSISTANT,
        contact_id=contact_id,
        address=way.address,
        content=render.encode(content),
        params=params,
        units=max(1, segments.count(render.draw(content, params).body).segments) if can.unit == "segment" else 1,
        queue_id=content.file_id if isinstance(content, FileContent) else None,
        key=key,
    )
    if isinstance(content, FileContent):
        await uploads.take(w, content.file_id, message_id, way.channel_id)
    w.audit("message.sent", message_id, channel_id=way.channel_id, contact_id=contact_id, assistant=True)
    w.emit(ConversationChanged(contact_id=contact_id))
    entry = await conversation.sent(w, w.company_id, message_id)
    return record.Place(way.channel_id, contact_id, way.address, message_id, entry.at)


async def held(w: Work, contact_id: UUID, channel_id: UUID, *, calls: bool = False, changes: bool = False) -> ReplyChannel:
    """How a channel that takes texts, or one that calls, reaches a person. Until this transaction ends it is not archived, nor does the person opt out.
    `changes`: the caller will write to the person's row. Raises NotFound."""
    ways = []
    if await queueing.hold_open(w, channel_id):  # first: what comes in takes them in this order too
        await hold_still(w, contact_id, changes=changes)
        ways = await _ways(w, w.company_id, contact_id, channel_id, calls=calls)
    if not ways:
        raise RequestError.NOT_FOUND(what="channel")
    return ways[0]


async def way(r: Read, company_id: UUID, contact_id: UUID, channel_id: UUID) -> ReplyChannel | None:
    """Whether and how a channel reaches a person now, inside a unit of work; None without such a channel."""
    return next(iter(await _ways(r, company_id, contact_id, channel_id)), None)


async def hold_still(w: Work, contact_id: UUID, *, changes: bool = False) -> None:
    """Until this transaction ends the person neither opts out nor is merged: what is queued in it is found by who comes next. `changes`: at
    once as who writes to the row, because of two who share it neither could write any more."""
    await w.fetch(_STEADY + ("no key update" if changes else "share"), w.company_id, contact_id)


async def address_of(r: Read, company_id: UUID, contact_id: UUID, channel_id: UUID) -> str | None:
    """Where a channel reaches a person by what is known of them; None: nowhere. Raises NotFound without such a channel."""
    kind = await r.fetchval("select kind from channel where company_id = $1 and id = $2", company_id, channel_id)
    if kind is None:
        raise RequestError.NOT_FOUND(what="channel")
    address: str | None = await r.fetchval(_KNOWN, company_id, contact_id, list(registry.provider(kind).capabilities.addresses))
    return address


async def preview_template(r: Read, contact_id: UUID, channel_id: UUID, template_id: UUID, bindings: list[Binding]) -> Filled:
    """A template as this person would see it over a channel, and what fills it. Raises NotFound, Invalid."""
    assert r.actor is not None
    address = await address_of(r, r.actor.company_id, contact_id, channel_id)
    kind = await r.fetchval("select kind from channel where company_id = $1 and id = $2", r.actor.company_id, channel_id)
    place = Place(channel_id, contact_id, address or "", False, kind, registry.provider(kind).capabilities)
    return await template_replies.filled(r, place, template_id, bindings)


async def _ways(
    r: Read, company_id: UUID, contact_id: UUID, channel_id: UUID | None, *, calls: bool = False
) -> list[ReplyChannel]:
    able = [one for one in registry.providers() if one.capabilities.calls == calls]
    reach = [(one.kind, address) for one in able for address in one.capabilities.addresses]
    kinds, addresses = [kind for kind, _ in reach], [address for _, address in reach]
    if not calls and (found := await r.fetch(_GROUP, company_id, contact_id, channel_id, [*registry.with_session()])):
        return [_way(row, now()) for row in found]
    rows = await r.fetch(_WAYS, company_id, contact_id, list(SILENT), LineType.FIXED.value, channel_id, kinds, addresses, SAMPLE)
    return [_way(row, now()) for row in rows]


def _way(row: asyncpg.Record, at: datetime) -> ReplyChannel:
    kind, address, wrote = row["kind"], row["wrote_from"] or row["known"], row["received_at"]
    capabilities = registry.provider(kind).capabilities
    window = capabilities.free_text_window
    until = wrote + window if wrote is not None and window is not None else None
    # Who writes again after opting out wants an answer; an SMS carrier would not let it through.
    out = row["opted_out_at"] is not None and not (capabilities.answers_opted_out and row["wrote_since"])
    obstacle: MessageError | None = None
    template_obstacle: MessageError | None = None
    if not _sends(row):
        obstacle = template_obstacle = MessageError.CHANNEL_NOT_CONNECTED
    elif address is None:
        obstacle = template_obstacle = MessageError.NO_ADDRESS
    elif out:
        obstacle = MessageError.OPTED_OUT
        template_obstacle = None if capabilities.answers_opted_out else obstacle
    elif window is not None and (until is None or until <= at):
        obstacle = MessageError.WINDOW_CLOSED
    way = row["id"], row["name"], kind, row["sandbox"], address
    return ReplyChannel(*way, obstacle, template_obstacle, wrote, until, row["opted_out_at"] is not None or row["no_marketing"])


def _sends(row: asyncpg.Record) -> bool:
    """Connected, or paused for a while only."""
    passing = row["paused_until"] is not None or row["state_reason"] == "provider_outage"
    return row["has_token"] and (row["state"] == ChannelState.CONNECTED or (row["state"] == ChannelState.PAUSED and passing))
