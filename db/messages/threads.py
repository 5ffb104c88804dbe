"""Conversations of a sandbox channel, address by address, put together from the ledger and the inbound messages.

Only for rehearsals: it reads all messages of the channel, which a busy real number would not forgive.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.channels.actions import sandbox_channel
from db.contacts.phones import display, variants
from db.errors import RequestError, RequestField
from db.jobs import SandboxControl
from db.messages import content, files, reacted, render
from db.messages.content import MessageContent
from db.messages.enums import MessageState
from db.messages.enums import MessageState as M
from db.messages.files import MessageFile
from db.messages.render import Button, ButtonsContent, ListContent, Row
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work


class Phone(NamedTuple):
    """`kind`: out or in, of the last message; `content` the kind of what it holds; `state` only of what we sent."""

    address: str
    display: str
    contact_id: UUID | None
    name: str
    text: str
    content: str
    at: datetime
    kind: str
    state: str | None


class Entry(NamedTuple):
    """`quote`: what the message says that it answers; empty when that one is not among those read. `reactions`: to it, as far as
    they reached the phone."""

    id: UUID
    kind: str
    text: str
    header: str | None
    footer: str | None
    buttons: list[Button]
    rows: list[Row]
    at: datetime
    state: str | None
    content: MessageContent | None
    quote: str | None
    files: list[MessageFile]
    reactions: list[str]
    writer: str | None = None
    """Who wrote it in a group."""


# What was never sent (queued, skipped, cancelled) is on no phone.
_PHONES = f"""
with last as (
    select distinct on (address) address, contact_id, kind, at, state, params, content, origin, campaign_id, variant from (
        select address, contact_id, 'out' as kind, coalesce(sent_at, '-infinity') as at, state, params, content, origin,
            campaign_id, variant
        from message where company_id = $1 and channel_id = $2 and state in ({M.SENT}, {M.DELIVERED}, {M.READ}) and reacts_to is null and ($3::text is null or address like $3)
        union all
        select address, contact_id, 'in', received_at, null, null, content, origin, null, null
        from inbound_message where company_id = $1 and channel_id = $2 and kind not in ('preference', 'system')
            and ($3::text is null or address like $3)
    ) both_ways order by address, at desc
)
select l.address, l.contact_id, coalesce(c.name, h.subject, '') as name, l.kind, l.at, l.state, l.params,
    coalesce(l.content, g.contents->l.variant, g.content) as content, l.origin
from last l
left join contact c on c.company_id = $1 and c.id = l.contact_id
left join chat_group h on c.id is null and h.company_id = $1 and h.id = l.contact_id
left join campaign g on g.company_id = $1 and g.id = l.campaign_id
where (l.at, l.address) < ($4, $5) and ($6::text is null or fold(coalesce(c.name, h.subject)) like '%' || fold($6) || '%')
order by l.at desc, l.address desc limit $7
"""

_THREAD = f"""
select id, kind, at, state, params, content, origin, provider_id, context from (
    select m.id, 'out' as kind, coalesce(m.sent_at, now()) as at, m.state, m.params,
        coalesce(m.content, g.contents->m.variant, g.content) as content, m.origin, m.provider_id, m.context
    from message m left join campaign g on g.company_id = $1 and g.id = m.campaign_id
    where m.company_id = $1 and m.channel_id = $2 and m.address = $3
        and m.state not in ({M.QUEUED}, {M.SKIPPED}, {M.CANCELLED}) and m.reacts_to is null
    union all
    select i.id, 'in', i.received_at, case when (i.received_at, i.id) <= (t.received_at, t.id) then {M.READ}::smallint end, null, i.content,
        i.origin, i.provider_id, i.context
    from inbound_message i
    left join conversation v on v.company_id = $1 and v.contact_id = i.contact_id and v.channel_id = $2
    left join inbound_message t on t.company_id = $1 and t.id = v.told_id
    where i.company_id = $1 and i.channel_id = $2 and i.address = $3 and i.kind not in ('preference', 'system', 'reaction')
) both_ways where (at, id) < ($4, $5) order by at desc, id desc limit $6
"""


_THERE = (None, M.SENT.label, M.DELIVERED.label, M.READ.label)


async def phones(
    actor: Actor,
    channel_id: UUID,
    *,
    search: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[Phone]:
    """Last active first. `search`: part of a number or of a name. Raises NotFound."""
    wanted = (search or "").strip()
    number = bool(wanted) and not any(c.isalpha() for c in wanted)
    digits = "".join(c for c in wanted if c.isdigit()) if number else ""
    at, address = before or (None, "")
    async with read(actor, Permission.CHANNELS_READ) as r:
        await sandbox_channel(r, actor.company_id, channel_id)
        rows = await r.fetch(
            _PHONES,
            actor.company_id,
            channel_id,
            f"%{digits}%" if digits else None,
            at or await _end(r),
            address,
            wanted if wanted and not number else None,
            limit,
        )
    found = []
    for row in rows:
        rendered, held = _read(row)
        address = row["address"]
        shown = display(address) if address.startswith("+") else address
        last = content.kind_of(held) if held is not None else "text"
        found.append(
            Phone(address, shown, row["contact_id"], row["name"], rendered.body, last, row["at"], row["kind"], _state(row))
        )
    return found


async def thread(
    actor: Actor, channel_id: UUID, address: str, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Entry]:
    """One person's messages, newest first. Raises NotFound when the channel is no sandbox."""
    at, last = before or (None, UUID(int=0))
    async with read(actor, Permission.CHANNELS_READ) as r:
        await sandbox_channel(r, actor.company_id, channel_id)
        rows = await r.fetch(_THREAD, actor.company_id, channel_id, variants(address)[0], at or await _end(r), last, limit)
        held_by = await files.of_messages(r, actor.company_id, [row["id"] for row in rows])
        made = await reacted.of_messages(r, actor.company_id, [row["provider_id"] for row in rows if row["provider_id"]])
    entries, said, answered = [], dict[str, str](), list[str | None]()
    for row in rows:
        rendered, held = _read(row)
        drawn = rendered.body, rendered.header, rendered.footer, rendered.buttons, rendered.rows
        there = [one.emoji for one in made.get((channel_id, row["provider_id"] or ""), []) if one.emoji and one.state in _THERE]
        own = held_by.get(row["id"], []), there
        entries.append(Entry(row["id"], row["kind"], *drawn, row["at"], _state(row), held, None, *own, _writer(row)))
        if row["provider_id"] is not None:
            said[row["provider_id"]] = rendered.body
        answered.append(_answered(row))
    return [entry._replace(quote=said.get(by, "")) if by else entry for entry, by in zip(entries, answered, strict=True)]


_PRESSED = """
select m.provider_id, m.params, coalesce(m.content, g.contents->m.variant, g.content)::text as content from message m
left join campaign g on g.company_id = $1 and g.id = m.campaign_id
where m.company_id = $1 and m.id = $2 and m.channel_id = $3 and m.address = $4 and m.origin is null and m.provider_id is not null
"""


async def press(actor: Actor, channel_id: UUID, address: str, message_id: UUID, option: int) -> None:
    """The person with this address presses a button of our message, or chooses a row of its list (from 0); that comes back through the
    webhook, naming the message. Raises NotFound, Invalid."""
    async with work(actor, Permission.SANDBOX_USE) as w:
        await sandbox_channel(w, w.company_id, channel_id)
        row = await w.fetchrow(_PRESSED, w.company_id, message_id, channel_id, variants(address)[0])
        if row is None:
            raise RequestError.NOT_FOUND(what="message")
        sent = render.decode(row["content"])
        drawn = render.draw(sent, row["params"])
        kind, named = "button", [Row(text) for how, text in drawn.buttons if how == "quick_reply"]
        if isinstance(sent, ButtonsContent):
            kind = "button_reply"
        elif isinstance(sent, ListContent):
            kind, named = "list_reply", sent.rows
        if option >= len(named):
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("option")])
        chosen = named[option]
        about = {"address": address, "kind": kind, "target": row["provider_id"], "text": chosen.title}
        payload = chosen.title if kind == "button" else render.option_id(option)
        params: dict[str, str | float] = {**about, "option": payload, "description": chosen.description or ""}
        w.enqueue(SandboxControl(channel_id=channel_id, verb="reply", params=params))


async def _end(r: Read) -> datetime:
    """Later than everything."""
    moment: datetime = await r.fetchval("select now() + interval '100 years'")
    return moment


def _state(row: asyncpg.Record) -> str | None:
    return None if row["state"] is None else MessageState(row["state"]).label


def _answered(row: asyncpg.Record) -> str | None:
    """The provider's id of the message that it answers."""
    try:
        if row["context"] is not None:
            return content.decode_context(row["context"]).provider_id
        sent = render.decode(row["content"]) if row["kind"] == "out" and row["origin"] is None and row["content"] else None
    except msgspec.MsgspecError:
        return None
    return sent.reply_to if isinstance(sent, render.AnswerContent) else None


def _writer(row: asyncpg.Record) -> str | None:
    try:
        return content.decode_context(row["context"]).writer if row["context"] is not None else None
    except msgspec.MsgspecError:
        return None


def _read(row: asyncpg.Record) -> tuple[render.RenderedMessage, MessageContent | None]:
    """What there is to see, and the content of what was not sent from here."""
    try:
        if row["kind"] == "in" or row["origin"] is not None:
            held = content.decode(row["content"])
            return render.RenderedMessage(None, content.text_of(held), None, []), held
        if row["content"] is not None:
            sent = render.decode(row["content"])
            shown = sent.shown if isinstance(sent, render.LocationContent | render.CardsContent) else None
            return render.draw(sent, row["params"]), shown
    except msgspec.MsgspecError:
        pass
    return render.RenderedMessage(None, "", None, []), None
