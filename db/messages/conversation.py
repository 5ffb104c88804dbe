"""What was said with one person, across channels: what went out as the person saw it, and what came in.

Refuses to know how it is drawn: a kind without a text stays a name here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from db.contacts.notes import must_exist
from db.errors import RequestError
from db.messages import calls, changed, content, files, reacted, render
from db.messages.changed import Changed
from db.messages.content import Call, Context, MessageContent, Referral
from db.messages.enums import MessageOrigin, MessageState
from db.messages.files import MessageFile
from db.messages.reacted import Reacted
from db.messages.render import Row
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

ASSISTANT = "ai"
"""The purpose of what the assistant says: `ai:<turn>:<number>`."""
AWAY = "away"
"""The purpose of what is said by itself outside of the office hours."""


class Entry(NamedTuple):
    """One message. `at`: when it went or came, or is to go. `kind`: template, buttons, list or text, and of what came in or was written elsewhere
    (`origin`) the kind of its `content`. `provider_id`: what replies and reactions name it by. `author`: who of the team wrote it."""

    id: UUID
    at: datetime
    direction: Literal["out", "in"]
    kind: str
    channel_id: UUID
    channel_name: str
    channel_kind: str | None
    address: str
    header: str | None
    text: str
    footer: str | None
    buttons: list[str]
    rows: list[Row]
    state: str | None
    reason: str | None
    code: int | None
    maybe_duplicate: bool
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    campaign_id: UUID | None
    campaign_name: str | None
    author: str | None
    provider_id: str | None
    origin: MessageOrigin | None
    content: MessageContent | None
    context: Context | None
    referral: Referral | None
    files: list[MessageFile]
    reactions: list[Reacted]  # to it
    automatic: bool  # it was said by itself
    assistant: "Assisted | None" = None
    header_file_id: UUID | None = None  # a file of ours at the head of a template
    changed: Changed | None = None  # it says something else by now, or was taken back


class Citation(Struct, frozen=True):
    """A passage as it was when an answer cited it, and the words of it that prove the answer: `statements`, as the answer says them."""

    passage_id: UUID
    source_id: UUID
    title: str
    heading: str
    quote: str
    body: str
    page: int | None
    url: str | None
    statements: list[str] = []


class Assisted(Struct, frozen=True):
    """The assistant said it. `citations`: of the whole turn, on its last message."""

    turn_id: UUID
    persona: str
    citations: list[Citation]


# As the index message_thread has it: a coalesce() would say the same, but row-level security keeps comparisons of it out of an
# index (measured: 180 ms past 50,000 messages of one person, against 0.2 ms).
_AT = "case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end"
_SELECT = """
select t.*, h.name as channel_name, h.kind as channel_kind, g.name as campaign_name,
    case when t.direction = 'out' and t.origin is null then coalesce(t.own_content, (g.contents->t.variant)::text, g.content::text) end as sent_content,
    coalesce(q.persona_name, u.name) as author, q.id as turn_id, q.persona_name,
    case when t.dedupe_key = '{assistant}:' || q.id || ':' || jsonb_array_length(q.answer->'texts') then (q.answer->'citations')::text end
        as citations
from (
    (select id, {at} as at, 'out' as direction, null as kind, channel_id, address, null as body,
        params, content::text as own_content, state, reason, code, maybe_duplicate, sent_at, delivered_at, read_at, campaign_id, author_id,
        provider_id, origin, context::text as context, null as referral, dedupe_key like '{away}:%' as automatic,
        dedupe_key, case when dedupe_key like '{assistant}:%' then split_part(dedupe_key, ':', 2)::uuid end as said_in, variant
    from message where company_id = $1 and {out} order by {at} {order}, id {order} limit $3)
    union all
    (select id, received_at, 'in', kind, channel_id, address, body,
        null, content::text, null, null, null, false, null, null, null, campaign_id, null,
        provider_id, origin, context::text, referral::text, false, null, null, null
    from inbound_message where company_id = $1 and {came} order by received_at {order}, id {order} limit $3)
) t
left join channel h on h.company_id = $1 and h.id = t.channel_id
left join campaign g on g.company_id = $1 and g.id = t.campaign_id
left join account_user u on u.id = t.author_id
left join ai_turn q on q.company_id = $1 and q.id = t.said_in
order by t.at {order}, t.id {order} limit $3
"""
_AFTER, _UNTIL = "({at}, id) > ($4::timestamptz, $5::uuid)", "({at}, id) < ($4::timestamptz, $5::uuid)"


def _statement(whose: str, beyond: str | None = None, *, order: str = "desc") -> str:
    out, came = (f"{whose} and {beyond.format(at=at)}" if beyond else whose for at in (_AT, "received_at"))
    return _SELECT.format(at=_AT, out=out, came=came, order=order, away=AWAY, assistant=ASSISTANT)


_NEWEST, _BEFORE = _statement("contact_id = $2"), _statement("contact_id = $2", _UNTIL)
_OVER_CHANNEL = {
    None: _statement("contact_id = $2 and channel_id = $4"),
    "older": _statement("contact_id = $2 and channel_id = $6", _UNTIL),
    "newer": _statement("contact_id = $2 and channel_id = $6", _AFTER, order="asc"),
}
_KINDS: dict[type[render.Content], str] = {
    render.TemplateContent: "template",
    render.ButtonsContent: "buttons",
    render.ListContent: "list",
}
_BY_ID = _statement("id = any($2::uuid[])")


async def messages(actor: Actor, contact_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Entry]:
    """Newest first. Raises NotFound, Forbidden: what was said is for who sees contacts and conversations."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        rows = await r.fetch(_BEFORE if before else _NEWEST, actor.company_id, contact_id, limit, *(before or ()))
        return await _whole(r, actor.company_id, [_entry(row) for row in rows])


async def message(actor: Actor, message_id: UUID) -> Entry:
    """One message, whether it went out or came in. Raises NotFound, Forbidden: what somebody wrote is for who sees conversations."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        found = await by_ids(r, actor.company_id, [message_id])
        if message_id not in found:
            raise RequestError.NOT_FOUND(what="message")
        if found[message_id].direction == "in":
            actor.require(Permission.CONVERSATIONS_READ)
        return (await _with_reactions(r, actor.company_id, [found[message_id]]))[0]


async def thread(
    r: Read,
    company_id: UUID,
    contact_id: UUID,
    channel_id: UUID,
    *,
    beyond: tuple[datetime, UUID] | None,
    direction: Literal["older", "newer"] | None,
    limit: int,
) -> list[Entry]:
    """Over one channel: newest first, or from a place on `newer` ones, oldest first."""
    statement = _OVER_CHANNEL[direction if beyond else None]
    rows = await r.fetch(statement, company_id, contact_id, limit, *(beyond or ()), channel_id)
    return await _whole(r, company_id, [_entry(row) for row in rows])


async def by_ids(r: Read, company_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Entry]:
    """These messages, whether they went out or came in; without the reactions to them."""
    rows = await r.fetch(_BY_ID, company_id, list(ids), len(ids)) if ids else []
    return {entry.id: entry for entry in await _with_files(r, company_id, [_entry(row) for row in rows])}


async def sent(r: Read, company_id: UUID, message_id: UUID) -> Entry:
    """One message that went out, or is to go."""
    return (await _with_reactions(r, company_id, list((await by_ids(r, company_id, [message_id])).values())))[0]


async def _whole(r: Read, company_id: UUID, entries: list[Entry]) -> list[Entry]:
    """The same messages, each with its files, the reactions to it, and what became of it."""
    return await _with_reactions(r, company_id, await _with_files(r, company_id, entries))


async def _with_files(r: Read, company_id: UUID, entries: list[Entry]) -> list[Entry]:
    spoken = [entry.id for entry in entries if isinstance(entry.content, Call)]
    holders = [entry.id for entry in entries if entry.content is not None and content.files_of(entry.content)]
    found = await files.of_messages(r, company_id, holders + spoken)
    became = await calls.of_messages(r, company_id, spoken)
    return [_with(entry, found.get(entry.id, []), became.get(entry.id)) for entry in entries]


def _with(entry: Entry, held: list[MessageFile], became: Call | None) -> Entry:
    """An entry with its files, and with what became of the call that it is."""
    if became is not None and isinstance(entry.content, Call):
        entry = entry._replace(content=msgspec.structs.replace(became, direction=entry.content.direction))
    return entry._replace(files=held) if held else entry


async def _with_reactions(r: Read, company_id: UUID, entries: list[Entry]) -> list[Entry]:
    found = await reacted.of_messages(r, company_id, [entry.provider_id for entry in entries if entry.provider_id is not None])
    changes = await changed.of_messages(r, company_id, [entry.provider_id for entry in entries if entry.provider_id is not None])
    return [
        entry._replace(
            reactions=found.get((entry.channel_id, entry.provider_id or ""), []),
            changed=changes.get((entry.channel_id, entry.provider_id or "", entry.direction)),
        )
        for entry in entries
    ]


def _entry(row: asyncpg.Record) -> Entry:
    kind, rendered = "text", render.RenderedMessage(None, "", None, [])
    held: MessageContent | None = None
    context = content.decode_context(row["context"]) if row["context"] else None
    try:
        if row["direction"] == "in" or row["origin"] is not None:
            held = content.decode(row["own_content"])
            kind, rendered = content.kind_of(held), render.RenderedMessage(None, content.text_of(held), None, [])
        elif row["sent_content"] is not None:
            sent_content = render.decode(row["sent_content"])
            kind = _KINDS.get(type(sent_content), "text")
            if isinstance(sent_content, render.ShownContent):
                held = sent_content.shown
                kind = content.kind_of(held)
            if isinstance(sent_content, render.AnswerContent) and sent_content.reply_to is not None:
                context = Context(provider_id=sent_content.reply_to)
            if not isinstance(sent_content, render.ScriptContent):  # what was said in a call stands in the call
                rendered = render.draw(sent_content, row["params"])
    except msgspec.MsgspecError:  # written by a version that is newer than this process
        kind, rendered = row["kind"] or "unknown", render.RenderedMessage(None, row["body"] or "", None, [])
    return Entry(
        id=row["id"],
        at=row["at"],
        direction=row["direction"],
        kind=kind,
        channel_id=row["channel_id"],
        channel_name=row["channel_name"] or "",
        channel_kind=row["channel_kind"],
        address=row["address"],
        header=rendered.header,
        header_file_id=rendered.header_file_id,
        text=rendered.body,
        footer=rendered.footer,
        buttons=[text for _, text in rendered.buttons],
        rows=rendered.rows,
        state=None if row["state"] is None else MessageState(row["state"]).label,
        reason=row["reason"],
        code=row["code"],
        maybe_duplicate=row["maybe_duplicate"],
        sent_at=row["sent_at"],
        delivered_at=row["delivered_at"],
        read_at=row["read_at"],
        campaign_id=row["campaign_id"],
        campaign_name=row["campaign_name"],
        author=row["author"],
        provider_id=row["provider_id"],
        origin=MessageOrigin(row["origin"]) if row["origin"] else None,
        content=held,
        context=context,
        referral=content.decode_referral(row["referral"]) if row["referral"] else None,
        files=[],
        reactions=[],
        automatic=row["automatic"],
        assistant=_assisted(row),
    )


def _assisted(row: asyncpg.Record) -> Assisted | None:
    if row["turn_id"] is None:
        return None
    citations = msgspec.json.decode(row["citations"], type=list[Citation]) if row["citations"] else []
    return Assisted(row["turn_id"], row["persona_name"], citations)
