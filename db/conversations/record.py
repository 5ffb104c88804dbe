"""Keeps conversations true to what is said: called where a message is stored or written, in its transaction.

The end is the same in whatever order messages are read: the newest by the provider's time is the last one, and a message that came in
waits until somebody reads or answers it here, or answers it later on a phone. Stands beneath the messages: knows its table only.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.conversations import office_hours, routing
from db.conversations.enums import LineKind
from db.conversations.errors import ConversationError
from db.conversations.events import ConversationAnswered, ConversationEntryAdded, ConversationUpdated
from db.work import Work

MOST = 999
"""So many messages wait at most; the screens say 999+ for more."""


class Place(NamedTuple):
    """Where and when something was said. `address`: the person's, as messages have it; `at`: by the provider, or when we wrote it."""

    channel_id: UUID
    contact_id: UUID
    address: str
    message_id: UUID
    at: datetime


_KEYS = "on conflict (company_id, contact_id, channel_id) do update set"
_LAST = """
    address = case when (v.last_at, coalesce(v.last_id, v.id)) < (excluded.last_at, excluded.last_id) then excluded.address else v.address end,
    last_id = case when (v.last_at, coalesce(v.last_id, v.id)) < (excluded.last_at, excluded.last_id) then excluded.last_id else v.last_id end,
    last_at = greatest(v.last_at, excluded.last_at),
    version = v.version + 1
"""
_RETURNED = """
returning new.id, new.version, old.state as was, old.closed_at is not null as was_closed, new.team_id, new.assignee_id,
    old.answer_id, old.answer_by, new.opened_at, case when old.first_reply_at is null then new.first_reply_at end as first_reply_at
"""
_NEVER_OPENED = "v.state = 'closed' and v.closed_at is null"
# Closed without an answer a moment ago: who writes now goes on waiting for it, as when the close is taken back (actions.py).
_CLOSED_ON_THEM = """(v.state = 'closed' and v.closed_at > now() - interval '1 minute' and v.aside_unanswered <> '{}')"""
_UNREAD = f"(case when {_CLOSED_ON_THEM} then v.aside_unread || v.unread_at else v.unread_at end)"
_UNANSWERED = f"(case when {_CLOSED_ON_THEM} then v.aside_unanswered || v.unanswered_at else v.unanswered_at end)"
# Late: an answer on a phone that was told before the message which it answers.
_ON_PHONE = f"""least(case when v.state = 'closed' and v.closed_at is not null and not {_CLOSED_ON_THEM} then null else v.COLUMN end,
        case when v.echoed_at > $6 then (select min(m.sent_at) from message m where m.company_id = $1 and m.contact_id = $2
            and m.channel_id = $3 and m.origin = 'phone_app' and m.sent_at > greatest($6, v.closed_at)) end)"""
_HEARD = f"""
insert into conversation as v (company_id, contact_id, channel_id, address, last_id, last_at, last_inbound_at, opened_at, asked_at,
                               unread_at, unanswered_at, first_touch, last_touch)
values ($1, $2, $3, $4, $5, $6, $6, $6, $6, array[$6::timestamptz], array[$6::timestamptz], $7::jsonb, $7::jsonb)
{_KEYS}
    state = 'open', snoozed_until = null,
    unread_at = ({_UNREAD} || case when v.echoed_at > $6 then '{{}}' else array[$6::timestamptz] end)[1:{MOST}],
    unanswered_at = (array_sort({_UNANSWERED} || case when v.echoed_at > $6 then '{{}}' else array[$6::timestamptz] end))[1:{MOST}],
    aside_unread = '{{}}', aside_unanswered = '{{}}',
    last_inbound_at = greatest(v.last_inbound_at, $6),
    opened_at = case when v.state = 'closed' and not {_CLOSED_ON_THEM} then greatest($6, v.closed_at) else least(v.opened_at, greatest($6, v.closed_at)) end,
    asked_at = case when v.state = 'closed' and not {_CLOSED_ON_THEM} then greatest($6, v.closed_at) else least(v.asked_at, greatest($6, v.closed_at)) end,
    first_reply_at = {_ON_PHONE.replace("COLUMN", "first_reply_at")},
    human_reply_at = {_ON_PHONE.replace("COLUMN", "human_reply_at")},
    first_touch = case when v.first_touch is null or (v.first_touch->>'at')::timestamptz > $6
        then coalesce(excluded.first_touch, v.first_touch) else v.first_touch end,
    last_touch = case when v.last_touch is null or (v.last_touch->>'at')::timestamptz < $6
        then coalesce(excluded.last_touch, v.last_touch) else v.last_touch end,
{_LAST} {_RETURNED}
"""
# In a group nobody waits for us.
_OVERHEARD = _HEARD.replace(
    "array[$6::timestamptz], array[$6::timestamptz], $7::jsonb, $7::jsonb", "array[$6::timestamptz], '{}', null, null"
).replace(
    f"unanswered_at = (array_sort({_UNANSWERED} || case when v.echoed_at > $6 then '{{}}' else array[$6::timestamptz] end))[1:{MOST}],",
    "",
)
_ECHOED = f"""
insert into conversation as v (company_id, contact_id, channel_id, address, last_id, last_at, opened_at, state, echoed_at, answer_id)
values ($1, $2, $3, $4, $5, $6, $6, 'closed', $6, $5)
{_KEYS}
    unread_at = array(select t from unnest(v.unread_at) with ordinality u(t, n) where t >= $6 order by n),
    unanswered_at = array(select t from unnest(v.unanswered_at) t where t >= $6 order by t),
    aside_unread = array(select t from unnest(v.aside_unread) with ordinality u(t, n) where t >= $6 order by n),
    aside_unanswered = array(select t from unnest(v.aside_unanswered) t where t >= $6 order by t),
    echoed_at = greatest(v.echoed_at, $6),
    answer_id = excluded.answer_id, answer_by = null,
    opened_at = case when {_NEVER_OPENED} then least(v.opened_at, $6) else v.opened_at end,
    first_reply_at = case when v.opened_at < $6 and not ({_NEVER_OPENED}) then least(v.first_reply_at, $6) else v.first_reply_at end,
    human_reply_at = case when v.opened_at < $6 and not ({_NEVER_OPENED}) then least(v.human_reply_at, $6) else v.human_reply_at end,
{_LAST} {_RETURNED}
"""
# What came in after the newest entry that the writer saw: by its id, because that is the order in which it was recorded.
_UNSEEN = """
select i.received_at from inbound_message i where i.company_id = $1 and i.contact_id = $2 and i.channel_id = $3 and i.id > $8::uuid
    and i.received_at >= (select min(t) from unnest(v.unanswered_at || v.unread_at || v.aside_unanswered || v.aside_unread) t)
"""
# What no assistant reads goes on waiting for people: these kinds, and what was told long after it was written.
FOR_PEOPLE = ("order", "unsupported")
LATE = timedelta(minutes=10)
_LEFT = """
select i.received_at from inbound_message i where i.company_id = $1 and i.contact_id = $2 and i.channel_id = $3
    and i.received_at >= (select min(t) from unnest(v.unanswered_at || v.unread_at || v.aside_unanswered || v.aside_unread) t)
    and (i.kind = any($8::text[]) or i.received_at < uuid_extract_timestamp(i.id) - $9::interval)
"""
_BY_PEOPLE = """
    human_reply_at = case when v.unanswered_at <> '{}' or v.last_inbound_at >= v.opened_at
        then coalesce(v.human_reply_at, $6) else v.human_reply_at end,"""
_ANSWERED = f"""
insert into conversation as v (company_id, contact_id, channel_id, address, last_id, last_at, opened_at, answer_id, answer_by)
values ($1, $2, $3, $4, $5, $6, $6, $5, $7)
{_KEYS}
    unread_at = array(select t from unnest(v.unread_at) with ordinality u(t, n) where t in ({_UNSEEN}) order by n),
    unanswered_at = array(select t from unnest(v.unanswered_at) t where t in ({_UNSEEN}) order by t),
    aside_unread = array(select t from unnest(v.aside_unread) with ordinality u(t, n) where t in ({_UNSEEN}) order by n),
    aside_unanswered = array(select t from unnest(v.aside_unanswered) t where t in ({_UNSEEN}) order by t),
    answer_id = excluded.answer_id, answer_by = excluded.answer_by,
    first_reply_at = case when v.unanswered_at <> '{{}}' or v.last_inbound_at >= v.opened_at
        then coalesce(v.first_reply_at, $6) else v.first_reply_at end,{_BY_PEOPLE}
{_LAST} {_RETURNED}
"""
_ASSISTED = _ANSWERED.replace(_UNSEEN, _LEFT).replace(_BY_PEOPLE, "")
_BY_ITSELF = f"""
insert into conversation as v (company_id, contact_id, channel_id, address, last_id, last_at, opened_at)
values ($1, $2, $3, $4, $5, $6, $6)
{_KEYS}
{_LAST} {_RETURNED}
"""
_PAST = f"""
insert into conversation as v (company_id, contact_id, channel_id, address, last_id, last_at, opened_at, state, last_inbound_at)
values ($1, $2, $3, $4, $5, $6, $6, 'closed', case when $7::boolean then $6::timestamptz end)
{_KEYS}
    last_inbound_at = greatest(v.last_inbound_at, excluded.last_inbound_at),
    opened_at = case when {_NEVER_OPENED} then least(v.opened_at, $6) else v.opened_at end,
{_LAST}
"""


class Consent(NamedTuple):
    """Somebody is not written to any more, or is again. `how`: as the contact has it."""

    kind: LineKind
    how: str | None


async def hold(w: Work, channel_id: UUID, contact_id: UUID) -> None:
    """The conversation is ours until this transaction ends, where there is one: whoever changes messages of it has it first."""
    await w.execute(
        "select from conversation where company_id = $1 and contact_id = $2 and channel_id = $3 for no key update",
        w.company_id,
        contact_id,
        channel_id,
    )


async def heard(w: Work, place: Place, *, campaign_id: UUID | None, referral: str | None, consent: Consent | None = None) -> UUID:
    """A person wrote: it waits, and the conversation is open. `referral`: the ad that brought them, as JSON; `consent`: what the message
    changed about it, for a conversation that only now begins. Returns the conversation."""
    touch = None
    if campaign_id is not None or referral is not None:
        touch = msgspec.json.encode(
            {"at": place.at, "campaign_id": campaign_id, "referral": msgspec.Raw((referral or "null").encode())}
        ).decode()
    row = await w.fetchrow(_HEARD, *_args(w, place), touch)
    assert row is not None
    version: int = row["version"]
    if row["was"] in ("closed", "snoozed") and (row["was_closed"] or row["was"] == "snoozed"):
        await line(w, row["id"], place.contact_id, LineKind.REOPENED)
    if row["was"] is None and consent is not None:
        await line(w, row["id"], place.contact_id, consent.kind, what=consent.how)
    if row["assignee_id"] is None and row["was"] in (None, "closed"):
        version = await routing.route(w, row["id"], place.channel_id, row["team_id"]) or version
    _tell(w, row["id"], place, version)
    await _first_answer(w, row, place, None)
    conversation_id: UUID = row["id"]
    return conversation_id


async def overheard(w: Work, place: Place) -> UUID:
    """Somebody wrote in a group: it is open and unread, and nobody waits. Returns the conversation."""
    row = await w.fetchrow(_OVERHEARD, *_args(w, place))
    assert row is not None
    version: int = row["version"]
    if row["assignee_id"] is None and row["was"] in (None, "closed"):
        version = await routing.route(w, row["id"], place.channel_id, row["team_id"]) or version
    _tell(w, row["id"], place, version)
    conversation_id: UUID = row["id"]
    return conversation_id


async def echoed(w: Work, place: Place) -> UUID:
    """Our people wrote on a phone: they saw what came in before. What they begin by themselves stays closed until it is answered.
    Returns the conversation."""
    return await _recorded(w, _ECHOED, place)


async def answered(w: Work, place: Place, author_id: UUID | None, *, seen: UUID | None) -> UUID:
    """Somebody answered here: nothing waits any more but what came in after `seen`, the newest entry that they saw (None: they saw all).
    Conflict `someone_answered` when an answer of somebody else was recorded after it: the row is locked, so of two at the same moment one
    sees the other. Returns the conversation."""
    row = await w.fetchrow(_ANSWERED, *_args(w, place), author_id, seen)
    assert row is not None
    answer: UUID | None = row["answer_id"]
    ours = author_id is not None and row["answer_by"] == author_id
    if seen is not None and answer is not None and answer > seen and not ours:
        raise ConversationError.SOMEONE_ANSWERED(seen=str(answer))
    _tell(w, row["id"], place, row["version"])
    await _first_answer(w, row, place, author_id)
    conversation_id: UUID = row["id"]
    return conversation_id


async def sent_again(w: Work, channel_id: UUID, contact_id: UUID, message_id: UUID) -> None:
    """The newest answer, which did not go, is on its way once more: what came in before it does not wait for another one."""
    row = await w.fetchrow(
        "update conversation set version = version + 1, unanswered_at = case when answer_id = $4 then"
        " array(select t from unnest(unanswered_at) t where t > uuid_extract_timestamp($4) order by t) else unanswered_at end,"
        " first_reply_at = case when answer_id = $4 and last_inbound_at >= opened_at then coalesce(first_reply_at, now()) else first_reply_at end,"
        " human_reply_at = case when answer_id = $4 and last_inbound_at >= opened_at then coalesce(human_reply_at, now()) else human_reply_at end"
        " where company_id = $1 and channel_id = $2 and contact_id = $3 returning id, version",
        w.company_id,
        channel_id,
        contact_id,
        message_id,
    )
    if row is not None:
        w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=contact_id, version=row["version"]))


async def assisted(w: Work, place: Place) -> UUID:
    """The assistant answered all that came in until now, but for what is for people. Returns the conversation."""
    return await _recorded(w, _ASSISTED, place, None, list(FOR_PEOPLE), LATE)


async def automatic(w: Work, place: Place) -> None:
    """Something was said by itself: it is the newest, and nobody answered."""
    await _recorded(w, _BY_ITSELF, place)


async def past(w: Work, place: Place, *, came_in: bool) -> None:
    """Something was said long ago: it has its place, and changes nothing else."""
    await w.execute(_PAST, *_args(w, place), came_in)


async def touched(w: Work, conversation_id: UUID) -> None:
    """Its row in the inbox shows something else: what its assistant does."""
    row = await w.fetchrow(
        "update conversation set version = version + 1 where company_id = $1 and id = $2 returning contact_id, version",
        w.company_id,
        conversation_id,
    )
    if row is not None:
        w.emit(ConversationUpdated(conversation_id=conversation_id, contact_id=row["contact_id"], version=row["version"]))


async def grew(w: Work, channel_id: UUID, contact_id: UUID, message_id: UUID) -> None:
    """The thread shows something new that nobody has to answer: a reaction, an edit."""
    conversation_id = await w.fetchval(
        "select id from conversation where company_id = $1 and contact_id = $2 and channel_id = $3",
        w.company_id,
        contact_id,
        channel_id,
    )
    if conversation_id is not None:
        w.emit(ConversationEntryAdded(conversation_id=conversation_id, contact_id=contact_id, entry_id=message_id))


async def line(
    w: Work,
    conversation_id: UUID,
    contact_id: UUID,
    kind: LineKind,
    *,
    whom: UUID | None = None,
    what: str | None = None,
) -> None:
    """Writes down what was done, and who did it."""
    by = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    entry_id = await w.fetchval(
        "insert into conversation_entry(company_id, conversation_id, kind, by_id, whom_id, what) values ($1, $2, $3, $4, $5, $6)"
        " returning id",
        w.company_id,
        conversation_id,
        kind.value,
        by,
        whom,
        what,
    )
    w.emit(ConversationEntryAdded(conversation_id=conversation_id, contact_id=contact_id, entry_id=entry_id))


async def note(w: Work, conversation_id: UUID, contact_id: UUID, body: str) -> None:
    """For colleagues only, written by nobody of them."""
    entry_id = await w.fetchval(
        "insert into conversation_entry(company_id, conversation_id, kind, body) values ($1, $2, 'note', $3) returning id",
        w.company_id,
        conversation_id,
        body,
    )
    w.emit(ConversationEntryAdded(conversation_id=conversation_id, contact_id=contact_id, entry_id=entry_id))


_SAID_OF = """
with said as (
    insert into conversation_entry(company_id, conversation_id, kind, by_id, what)
    select $1, v.id, $3, $4, $5 from conversation v where v.company_id = $1 and v.contact_id = any($2::uuid[]) returning id, conversation_id
)
select s.id, s.conversation_id, v.contact_id from said s join conversation v on v.company_id = $1 and v.id = s.conversation_id
"""


async def consented(w: Work, contact_ids: Sequence[UUID], consent: Consent) -> None:
    """These people are not written to any more, or are again: every conversation with them says so."""
    by = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    rows = await w.fetch(_SAID_OF, w.company_id, list(contact_ids), consent.kind.value, by, consent.how)
    for row in rows[:MOST]:
        w.emit(ConversationEntryAdded(conversation_id=row["conversation_id"], contact_id=row["contact_id"], entry_id=row["id"]))


_LET_GO = """
with theirs as materialized (
    select id from conversation
    where company_id = $1 and assignee_id = any($2::uuid[]) and ($3::uuid is null or team_id = $3) and ($4 or state <> 'closed')
    order by id for update
), gone as (
    update conversation v set assignee_id = null, version = version + 1 from theirs t where v.company_id = $1 and v.id = t.id
    returning v.id, v.contact_id, v.version, v.state, old.assignee_id as was
), said as (
    insert into conversation_entry(company_id, conversation_id, kind, by_id, whom_id)
    select $1, id, $5, $6, was from gone where state <> 'closed' returning id, conversation_id
)
select g.id, g.contact_id, g.version, s.id as entry_id from gone g left join said s on s.conversation_id = g.id
"""


async def let_go(w: Work, user_ids: Sequence[UUID], *, team_id: UUID | None = None, closed: bool = False) -> None:
    """These people do not answer any more, in this team or at all: what is open and theirs has no owner again, and says so. `closed`: what
    is closed too, without a line."""
    by = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    rows = await w.fetch(_LET_GO, w.company_id, list(user_ids), team_id, closed, LineKind.UNASSIGNED.value, by)
    for row in rows[:MOST]:  # who shows more lists them anew
        w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=row["contact_id"], version=row["version"]))
        if row["entry_id"] is not None:
            w.emit(ConversationEntryAdded(conversation_id=row["id"], contact_id=row["contact_id"], entry_id=row["entry_id"]))


async def left(w: Work, user_id: UUID) -> None:
    """Somebody left the company: what was theirs is nobody's, and no team has them."""
    await w.execute("delete from team_member where company_id = $1 and user_id = $2", w.company_id, user_id)
    await let_go(w, [user_id], closed=True)


async def _recorded(w: Work, statement: str, place: Place, *more: object) -> UUID:
    row = await w.fetchrow(statement, *_args(w, place), *more)
    assert row is not None
    _tell(w, row["id"], place, row["version"])
    await _first_answer(w, row, place, None)
    conversation_id: UUID = row["id"]
    return conversation_id


async def _first_answer(w: Work, row: asyncpg.Record, place: Place, author_id: UUID | None) -> None:
    """Tells how long the first answer took, where this was it."""
    if row["first_reply_at"] is None:
        return
    seconds, in_hours = await took(w, row["team_id"], row["opened_at"], row["first_reply_at"])
    w.emit(
        ConversationAnswered(
            conversation_id=row["id"],
            contact_id=place.contact_id,
            channel_id=place.channel_id,
            team_id=row["team_id"],
            user_id=author_id,
            seconds=seconds,
            office_seconds=in_hours,
        )
    )


async def took(w: Work, team_id: UUID | None, since: datetime, until: datetime) -> tuple[int, int]:
    """Seconds between two moments, and those of them in the office hours of this team, else of the company."""
    hours = await office_hours.of_team(w, w.company_id, team_id)
    return max(0, round((until - since).total_seconds())), hours.seconds(since, until)


def _args(w: Work, place: Place) -> tuple[object, ...]:
    return w.company_id, place.contact_id, place.channel_id, place.address, place.message_id, place.at


def _tell(w: Work, conversation_id: UUID, place: Place, version: int) -> None:
    w.emit(ConversationUpdated(conversation_id=conversation_id, contact_id=place.contact_id, version=version))
    w.emit(ConversationEntryAdded(conversation_id=conversation_id, contact_id=place.contact_id, entry_id=place.message_id))
