"""What an inbox shows: its lists, page by page, how many each has, and one conversation."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts.notes import must_exist
from db.conversations import office_hours, searching, texts
from db.conversations.assisting import Helper, helper
from db.conversations.enums import ConversationState, ConversationView, Priority
from db.conversations.hours import OfficeHours
from db.errors import RequestError
from db.messages import conversation
from db.messages.content import Referral
from db.messages.conversation import Entry
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, read

MOST = 1000
"""So many are counted."""
PREVIEW = 200  # characters


class Person(NamedTuple):
    id: UUID
    name: str


class Team(NamedTuple):
    id: UUID
    name: str


class Label(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    color: str


class Touch(NamedTuple):
    at: datetime
    campaign_id: UUID | None
    campaign_name: str | None
    referral: Referral | None


class Conversation(NamedTuple):
    """One row of the inbox. `last`: the newest message that is no campaign's; `window_until`: the channel takes free texts until then;
    `found`: what a search met in what was said; `answer_due_at`: by when the company wants to have answered; `first_reply_seconds` to
    the first answer: both count the office hours only, its team's or the company's."""

    id: UUID
    version: int
    contact_id: UUID
    contact_name: str
    address: str
    channel_id: UUID
    channel_name: str
    channel_kind: str | None
    state: ConversationState
    priority: Priority
    assignee: Person | None
    team: Team | None
    labels: list[Label]
    snoozed_until: datetime | None
    unread: int
    last_at: datetime
    last: Entry | None
    last_inbound_at: datetime | None
    waiting_since: datetime | None
    answer_due_at: datetime | None
    window_until: datetime | None
    first_reply_at: datetime | None
    first_reply_seconds: int | None
    opened_at: datetime
    closed_at: datetime | None
    first_touch: Touch | None
    last_touch: Touch | None
    opted_out: bool
    assistant: Helper | None = None
    found: texts.Line | None = None
    group: bool = False
    """With a group: `contact_id` is the group's, and no contact has it."""
    group_admin: bool = False
    """Our number administers the group."""


class Filter(NamedTuple):
    """Which conversations a list has. `search`: words of the contact's name or addresses, or of something that was said. `campaign_id`: of
    those who answered it, the same that its figure counts; who was deleted since has no conversation, and who was merged one with
    somebody else."""

    view: ConversationView = ConversationView.OPEN
    channel_id: UUID | None = None
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    label_id: UUID | None = None
    contact_id: UUID | None = None
    search: str | None = None
    campaign_id: UUID | None = None


class Counts(NamedTuple):
    open: int
    mine: int
    unassigned: int
    unread: int
    snoozed: int


class _Touch(msgspec.Struct):
    at: datetime
    campaign_id: UUID | None = None
    referral: Referral | None = None


_VIEWS = {
    ConversationView.OPEN: "v.state = 'open'",
    ConversationView.MINE: "v.state = 'open' and v.assignee_id = {me}",
    ConversationView.UNASSIGNED: "v.state = 'open' and v.assignee_id is null",
    ConversationView.UNREAD: "v.unread > 0",
    ConversationView.SNOOZED: "v.state = 'snoozed'",
    ConversationView.CLOSED: "v.state = 'closed'",
    ConversationView.ALL: "true",
    ConversationView.WAITING: "v.state = 'open' and v.waiting_since is not null",
}
_NEWEST, _LONGEST = "{0}.last_at desc, {0}.id desc", "{0}.waiting_since, {0}.id"
# Materialised: the page is cut before anything is joined to it.
_ROWS = """
with page as materialized ({page})
select p.id, p.version, p.contact_id, coalesce(c.name, g.subject) as contact_name, g.id is not null as "group", coalesce(g.ours, false) as group_admin, p.address, p.channel_id, coalesce(h.name, '') as channel_name,
    h.kind as channel_kind, p.state, p.priority, p.assignee_id, coalesce(u.name, '') as assignee, p.team_id, t.name as team, p.snoozed_until,
    p.unread, p.last_at, p.last_id, p.last_inbound_at, p.waiting_since, p.first_reply_at, p.opened_at, p.closed_at,
    o.answer_target,
    p.first_touch::text, p.last_touch::text, c.opted_out_at is not null as opted_out,
    (select json_agg(json_build_object('id', l.id, 'name', l.name, 'color', l.color) order by fold(l.name))
     from conversation_label x join label l on l.company_id = $1 and l.id = x.label_id
     where x.company_id = $1 and x.conversation_id = p.id)::text as labels,
    a.persona_name, a.serving, a.mode as own_mode, a.owner, a.alarm, a.persona_id, q.emoji, q.color, q.picture_id, w.state as turn
from page p
join company o on o.id = $1
left join contact c on c.company_id = $1 and c.id = p.contact_id
left join chat_group g on c.id is null and g.company_id = $1 and g.id = p.contact_id
left join channel h on h.company_id = $1 and h.id = p.channel_id
left join account_user u on u.id = p.assignee_id
left join team t on t.company_id = $1 and t.id = p.team_id
left join ai_conversation a on a.company_id = $1 and a.conversation_id = p.id
left join persona q on q.company_id = $1 and q.id = a.persona_id
left join ai_turn w on w.company_id = $1 and w.conversation_id = p.id and w.state in ('collecting', 'generating', 'ready')
where c.id is not null or g.id is not null
order by {order}
"""
_AMONG = "select * from conversation v where v.company_id = $1 and v.id = any($2::uuid[])"
_ONE = _ROWS.format(page=_AMONG, order=_NEWEST.format("p"))
_PAGE = "select v.* from conversation v where v.company_id = $1 and {rest} order by {order} limit {limit}"


async def conversations(
    actor: Actor, filter: Filter, *, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Conversation]:
    """One page, newest message first, and of those that wait who waits longest; `before` is `(last_at, id)`, or `(waiting_since, id)`, of
    the last row of the page before."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        args: list[object] = [actor.company_id]
        if filter.view is ConversationView.MINE:
            args.append(actor.id)
        conditions = [_VIEWS[filter.view].format(me="$2")]
        for column in ("channel_id", "team_id", "assignee_id", "contact_id"):
            if (wanted := getattr(filter, column)) is not None:
                args.append(wanted)
                conditions.append(f"v.{column} = ${len(args)}")
        if filter.label_id is not None:
            args.append(filter.label_id)
            conditions.append(
                f"exists (select from conversation_label x where x.company_id = $1 and x.label_id = ${len(args)}"
                " and x.conversation_id = v.id)"
            )
        if filter.campaign_id is not None:
            args.append(filter.campaign_id)
            conditions.append(
                "(v.contact_id, v.channel_id) in (select m.contact_id, m.channel_id from message m where m.company_id = $1"
                f" and m.campaign_id = ${len(args)} and m.replied_at is not null)"
            )
        words, waiting = None, filter.view is ConversationView.WAITING
        order = _LONGEST if waiting else _NEWEST
        if filter.search is not None and filter.search.strip():
            words = await texts.query_of(r, actor.company_id, filter.search)
        if before is not None:
            args += before
            place = f"(${len(args) - 1}::timestamptz, ${len(args)}::uuid)"
            conditions.append(f"(v.waiting_since, v.id) > {place}" if waiting else f"(v.last_at, v.id) < {place}")
        if filter.search is None or not filter.search.strip():
            page = _PAGE.format(rest=" and ".join(conditions), order=order.format("v"), limit=limit)
            return await _made(r, actor.company_id, await r.fetch(_ROWS.format(page=page, order=order.format("p")), *args))
        asked = searching.Asked(" and ".join(conditions), args, order.format("v"), limit)
        ids, known = await searching.page(r, filter.search, words, asked)
        rows = await r.fetch(_ROWS.format(page=_AMONG, order=order.format("p")), actor.company_id, ids) if ids else []
        made = await _made(r, actor.company_id, rows)
        lines = await texts.lines(r, actor.company_id, [one.id for one in made], words, known) if words and made else {}
        return [one._replace(found=lines.get(one.id)) for one in made]


async def counts(actor: Actor) -> Counts:
    """How many conversations each view has; MOST for that and more."""
    views = (
        ConversationView.OPEN,
        ConversationView.MINE,
        ConversationView.UNASSIGNED,
        ConversationView.UNREAD,
        ConversationView.SNOOZED,
    )
    parts = ", ".join(
        f"(select count(*) from (select from conversation v where v.company_id = $1 and {_VIEWS[view].format(me='$2::uuid')} limit {MOST}) x)"
        for view in views
    )
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(f"select {parts}", actor.company_id, actor.id)
    assert row is not None
    return Counts(*(row[number] for number in range(len(views))))


async def conversation_of(actor: Actor, conversation_id: UUID) -> Conversation:
    """Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return await one(r, actor.company_id, conversation_id)


async def of_contact(actor: Actor, contact_id: UUID) -> list[Conversation]:
    """Those with one person, newest message first. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        page = _PAGE.format(rest="v.contact_id = $2", order=_NEWEST.format("v"), limit=200)
        return await _made(
            r, actor.company_id, await r.fetch(_ROWS.format(page=page, order=_NEWEST.format("p")), actor.company_id, contact_id)
        )


async def one(r: Read, company_id: UUID, conversation_id: UUID) -> Conversation:
    """Raises NotFound."""
    found = await _made(r, company_id, await r.fetch(_ONE, company_id, [conversation_id]))
    if not found:
        raise RequestError.NOT_FOUND(what="conversation")
    return found[0]


async def _made(r: Read, company_id: UUID, rows: Sequence[asyncpg.Record]) -> list[Conversation]:
    """The rows with their newest messages and the names of the campaigns that brought them."""
    last = await conversation.by_ids(r, company_id, [row["last_id"] for row in rows if row["last_id"]])
    touches = [
        tuple(msgspec.json.decode(row[name], type=_Touch) if row[name] else None for name in ("first_touch", "last_touch"))
        for row in rows
    ]
    campaigns = {touch.campaign_id for pair in touches for touch in pair if touch is not None and touch.campaign_id is not None}
    names: dict[UUID, str] = {}
    if campaigns:
        found = await r.fetch(
            "select id, name from campaign where company_id = $1 and id = any($2::uuid[])", company_id, list(campaigns)
        )
        names = {row["id"]: row["name"] for row in found}
    offices = await office_hours.all_of(r, company_id)

    def named(touch: _Touch | None) -> Touch | None:
        if touch is None:
            return None
        name = names.get(touch.campaign_id) if touch.campaign_id else None
        return Touch(touch.at, touch.campaign_id, name, touch.referral)

    return [
        _conversation(row, offices.of(row["team_id"]), last.get(row["last_id"]), named(first), named(newest))
        for row, (first, newest) in zip(rows, touches, strict=True)
    ]


def _conversation(
    row: asyncpg.Record, hours: OfficeHours, last: Entry | None, first_touch: Touch | None, last_touch: Touch | None
) -> Conversation:
    state, waits = ConversationState(row["state"]), row["waiting_since"]
    return Conversation(
        id=row["id"],
        version=row["version"],
        contact_id=row["contact_id"],
        contact_name=row["contact_name"],
        address=row["address"],
        channel_id=row["channel_id"],
        channel_name=row["channel_name"],
        channel_kind=row["channel_kind"],
        state=state,
        priority=Priority(row["priority"]),
        assignee=Person(row["assignee_id"], row["assignee"]) if row["assignee_id"] else None,
        team=Team(row["team_id"], row["team"]) if row["team_id"] else None,
        labels=msgspec.json.decode(row["labels"], type=list[Label]) if row["labels"] else [],
        snoozed_until=row["snoozed_until"],
        unread=row["unread"],
        last_at=row["last_at"],
        last=last,
        last_inbound_at=row["last_inbound_at"],
        waiting_since=row["waiting_since"],
        answer_due_at=hours.after(waits, row["answer_target"]) if waits and row["answer_target"] else None,
        window_until=_window_until(row["channel_kind"], row["last_inbound_at"]),
        first_reply_at=row["first_reply_at"],
        first_reply_seconds=hours.seconds(row["opened_at"], row["first_reply_at"]) if row["first_reply_at"] else None,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"] if state is ConversationState.CLOSED else None,
        first_touch=first_touch,
        last_touch=last_touch,
        opted_out=row["opted_out"],
        assistant=helper(row),
        group=row["group"],
        group_admin=row["group_admin"],
    )


def _window_until(channel_kind: str | None, last_inbound_at: datetime | None) -> datetime | None:
    if channel_kind is None or last_inbound_at is None:
        return None
    window = registry.provider(channel_kind).capabilities.free_text_window
    return last_inbound_at + window if window is not None else None
