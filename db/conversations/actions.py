"""What the team does with a conversation. Each is one unit of work, leaves a line in the thread, and tells who looks."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.assistant import human
from db.assistant.enums import TurnReason
from db.clock import now
from db.conversations import closing, labels, queries, receipts, record, routing, thread
from db.conversations.enums import ConversationState, LineKind, Priority
from db.conversations.errors import ConversationField
from db.conversations.events import ConversationEntryAdded, ConversationUpdated
from db.conversations.queries import Conversation
from db.conversations.thread import Entry
from db.errors import RequestError, RequestField
from db.messages import answers, changes, reactions
from db.messages.conversation import Entry as Message
from db.messages.render import Binding
from db.messages.replies import Reply
from db.messages.template_replies import Filled
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, Work, read, system_read, work

UNSET = msgspec.UNSET
Unset = msgspec.UnsetType


class Change(NamedTuple):
    """UNSET stays as it is."""

    state: ConversationState | Unset = UNSET
    snoozed_until: datetime | Unset | None = UNSET
    assignee_id: UUID | Unset | None = UNSET
    team_id: UUID | Unset | None = UNSET
    priority: Priority | Unset = UNSET


_LOCK = "select * from conversation where company_id = $1 and id = $2 for no key update"
_OPEN = """
insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, $4, now(), now())
on conflict do nothing returning id
"""
_TEAM = "select name from team where company_id = $1 and id = $2 for share"
_MEMBER = f"select true from membership p where p.company_id = $1 and p.user_id = $2 and {routing.ANSWERS} for share of p"
# A close that is taken back at once was none: what waited waits again, and it was open all the time.
_TAKEN_BACK = "(state = 'closed' and closed_at > now() - interval '1 minute')"
_AGAIN = f"""
    unread_at = case when {_TAKEN_BACK} then (aside_unread || unread_at)[1:{record.MOST}] else unread_at end,
    unanswered_at = case when {_TAKEN_BACK} then (array_sort(aside_unanswered || unanswered_at))[1:{record.MOST}] else unanswered_at end,
    opened_at = case when state <> 'closed' or {_TAKEN_BACK} then opened_at else now() end,
    first_reply_at = case when state <> 'closed' or {_TAKEN_BACK} then first_reply_at end,
    human_reply_at = case when state <> 'closed' or {_TAKEN_BACK} then human_reply_at end,
    asked_at = case when state <> 'closed' or {_TAKEN_BACK} then asked_at end,
    aside_unread = '{{}}', aside_unanswered = '{{}}'
"""
_STATES = {
    ConversationState.OPEN: f"state = 'open', snoozed_until = null, {_AGAIN}",
    ConversationState.SNOOZED: f"state = 'snoozed', snoozed_until = $3, {_AGAIN}",
}
_LINES = {
    ConversationState.OPEN: LineKind.REOPENED,
    ConversationState.SNOOZED: LineKind.SNOOZED,
}
_KEPT = "select true from contact where company_id = $1 and id = $2 for key share"  # not merged or deleted meanwhile


async def open_conversation(actor: Actor, contact_id: UUID, channel_id: UUID) -> Conversation:
    """The conversation with a person over a channel, made when there is none. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        if not await w.fetchval(_KEPT, w.company_id, contact_id):
            raise RequestError.NOT_FOUND(what="contact")
        address = await answers.address_of(w, w.company_id, contact_id, channel_id)
        conversation_id = await w.fetchval(_OPEN, w.company_id, contact_id, channel_id, address or "")
        if conversation_id is not None:
            await record.line(w, conversation_id, contact_id, LineKind.OPENED)
            w.audit("conversation.opened", conversation_id)
            w.emit(ConversationUpdated(conversation_id=conversation_id, contact_id=contact_id, version=1))
        else:
            conversation_id = await w.fetchval(
                "select id from conversation where company_id = $1 and contact_id = $2 and channel_id = $3",
                w.company_id,
                contact_id,
                channel_id,
            )
        return await queries.one(w, w.company_id, conversation_id)


async def change(actor: Actor, conversation_id: UUID, wanted: Change, *, expected: Expected = None) -> Conversation:
    """Raises NotFound, PreconditionFailed, Invalid."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        # Before the conversation, in the order in which who leaves a team or the company lets go of it.
        team_name = await w.fetchval(_TEAM, w.company_id, wanted.team_id) if wanted.team_id else None
        answers_here = bool(wanted.assignee_id) and await w.fetchval(_MEMBER, w.company_id, wanted.assignee_id)
        row = await _locked(w, conversation_id)
        check(row["version"], expected)
        state, until = _state(row, wanted)
        if wanted.priority is not UNSET and wanted.priority != row["priority"]:
            await _set(w, conversation_id, "priority", wanted.priority.value)
            await record.line(w, conversation_id, row["contact_id"], LineKind.PRIORITY, what=wanted.priority.value)
        if wanted.assignee_id is not UNSET and wanted.assignee_id != row["assignee_id"]:
            if wanted.assignee_id is not None and not answers_here:
                raise RequestError.INVALID(fields=[ConversationField.NOT_A_MEMBER("assignee_id")])
            await _assign(w, row, wanted.assignee_id)
        if wanted.team_id is not UNSET and wanted.team_id != row["team_id"]:
            if wanted.team_id is not None and team_name is None:
                raise RequestError.INVALID(fields=[ConversationField.NO_TEAM("team_id")])
            await _hand_over(w, row, wanted.team_id, team_name)
            if wanted.team_id is not None and wanted.assignee_id is UNSET and row["assignee_id"] is None:
                await routing.route(w, conversation_id, row["channel_id"], wanted.team_id)
        if state is ConversationState.CLOSED:
            await closing.close(w, conversation_id)
            await human.silence(w, conversation_id, TurnReason.CLOSED)
        elif state is not None:
            await w.execute(
                f"update conversation set {_STATES[state]} where company_id = $1 and id = $2",
                w.company_id,
                conversation_id,
                *([until] if state is ConversationState.SNOOZED else []),
            )
            what = until.isoformat() if until is not None else None
            await record.line(w, conversation_id, row["contact_id"], _LINES[state], what=what)
            w.audit(f"conversation.{_LINES[state].value}", conversation_id)
        await _changed(w, row)
        return await queries.one(w, w.company_id, conversation_id)


def _state(row: asyncpg.Record, wanted: Change) -> tuple[ConversationState | None, datetime | None]:
    """The state that it gets, and until when it is snoozed; None: it keeps its own. Raises Invalid."""
    until = None if wanted.snoozed_until is UNSET else wanted.snoozed_until
    state = ConversationState(row["state"]) if wanted.state is UNSET else wanted.state
    if wanted.state is UNSET and wanted.snoozed_until is not UNSET:
        awake = ConversationState.OPEN if state is ConversationState.SNOOZED else state
        state = ConversationState.SNOOZED if until is not None else awake
    if state is not ConversationState.SNOOZED:
        return (None if state == row["state"] else state), None
    if until is None and (wanted.state is UNSET or row["state"] == state):
        return None, None
    if until is None:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("snoozed_until")])
    if until <= now():
        raise RequestError.INVALID(fields=[RequestField.IN_THE_PAST("snoozed_until")])
    return (None, None) if until == row["snoozed_until"] else (state, until)


async def _assign(w: Work, row: asyncpg.Record, assignee_id: UUID | None) -> None:
    await _set(w, row["id"], "assignee_id", assignee_id)
    kind = LineKind.UNASSIGNED if assignee_id is None else LineKind.ASSIGNED
    await record.line(w, row["id"], row["contact_id"], kind, whom=assignee_id or row["assignee_id"])
    if assignee_id is not None:
        await calls.call(w, [assignee_id], NotificationKind.ASSIGNED, row["id"])
        await human.supersede_for_human(w, row["id"], TurnReason.ASSIGNED)
    w.audit("conversation.assigned", row["id"], assignee_id=assignee_id)


async def _hand_over(w: Work, row: asyncpg.Record, team_id: UUID | None, name: str | None) -> None:
    await _set(w, row["id"], "team_id", team_id)
    await record.line(w, row["id"], row["contact_id"], LineKind.TEAM, what=name)
    if team_id is not None:  # people of it answer from now on, whoever of them
        await human.supersede_for_human(w, row["id"], TurnReason.ASSIGNED)
    w.audit("conversation.handed_over", row["id"], team_id=team_id)


async def mark_read(actor: Actor, conversation_id: UUID, seen: UUID | None = None) -> Conversation:
    """`seen`: the newest entry that was seen; what came in after it stays unread. The person is shown that it was read, where their
    channel does that. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _locked(w, conversation_id)
        until = None if seen is None else await w.fetchval(thread.WHEN, w.company_id, seen)
        if seen is None or until is not None:
            await receipts.seen(w, row, until)
        left = [at for at in row["unread_at"] if seen is not None and (until is None or at > until)]
        if len(left) < len(row["unread_at"]):
            await _set(w, conversation_id, "unread_at", left)
            await _changed(w, row)
        return await queries.one(w, w.company_id, conversation_id)


async def mark_unread(actor: Actor, conversation_id: UUID) -> Conversation:
    """As if the newest message had just come in. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _locked(w, conversation_id)
        if not row["unread_at"]:
            await _set(w, conversation_id, "unread_at", [row["last_inbound_at"] or row["last_at"]])
            await _changed(w, row)
        return await queries.one(w, w.company_id, conversation_id)


async def put_label(actor: Actor, conversation_id: UUID, label_id: UUID) -> Conversation:
    """Raises NotFound."""
    put = "insert into conversation_label(company_id, label_id, conversation_id) values ($1, $2, $3) on conflict do nothing"
    return await _label(actor, conversation_id, label_id, put, LineKind.LABELED)


async def take_label(actor: Actor, conversation_id: UUID, label_id: UUID) -> Conversation:
    """Raises NotFound."""
    take = "delete from conversation_label where company_id = $1 and label_id = $2 and conversation_id = $3"
    return await _label(actor, conversation_id, label_id, take, LineKind.UNLABELED)


async def _label(actor: Actor, conversation_id: UUID, label_id: UUID, statement: str, kind: LineKind) -> Conversation:
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _locked(w, conversation_id)
        label = await labels.locked(w, label_id)
        if await w.execute(statement, w.company_id, label_id, conversation_id):
            await record.line(w, conversation_id, row["contact_id"], kind, what=label.name)
            await _changed(w, row)
        return await queries.one(w, w.company_id, conversation_id)


async def add_note(actor: Actor, conversation_id: UUID, body: str, mentions: Sequence[UUID]) -> Entry:
    """For colleagues only. Raises NotFound, Invalid."""
    text = body.strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("body")])
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _locked(w, conversation_id)
        named = list(dict.fromkeys(mentions))
        members = await w.fetchval(
            "select count(*) from membership where company_id = $1 and user_id = any($2::uuid[])", w.company_id, named
        )
        if members < len(named):
            raise RequestError.INVALID(fields=[ConversationField.NOT_A_MEMBER("mentions")])
        entry_id = await w.fetchval(
            "insert into conversation_entry(company_id, conversation_id, kind, by_id, body, mentions) values ($1, $2, $3, $4, $5, $6)"
            " returning id",
            w.company_id,
            conversation_id,
            thread.NOTE,
            actor.id if actor.kind == "user" else None,
            text,
            named,
        )
        await calls.call(w, named, NotificationKind.MENTIONED, conversation_id)
        w.audit("conversation.note_added", conversation_id)
        w.emit(ConversationEntryAdded(conversation_id=conversation_id, contact_id=row["contact_id"], entry_id=entry_id))
        return await thread.own(w, w.company_id, entry_id)


async def _where(r: Read, company_id: UUID, conversation_id: UUID) -> tuple[UUID, UUID]:
    """Contact and channel of a conversation. Raises NotFound."""
    row = await r.fetchrow(
        "select contact_id, channel_id from conversation where company_id = $1 and id = $2", company_id, conversation_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="conversation")
    return row["contact_id"], row["channel_id"]


async def reply(
    actor: Actor, conversation_id: UUID, reply: Reply, *, reply_to: UUID | None = None, seen: UUID | None = None
) -> Message:
    """One answer to the person. `reply_to`: the message that it answers; `seen`: the newest entry that the writer saw. Raises NotFound, Invalid, Conflict: the obstacle, or
    `someone_answered`."""
    actor.require(Permission.MESSAGES_SEND)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        contact_id, channel_id = await _where(w, actor.company_id, conversation_id)
        return await answers.write(w, contact_id, channel_id, reply, reply_to=reply_to, seen=seen)


async def send_again(actor: Actor, conversation_id: UUID, message_id: UUID, *, include_unknown: bool = False) -> Message:
    """An answer that failed goes out once more, as the same message. Raises NotFound, Conflict: the obstacle, or `not_sent_again`."""
    actor.require(Permission.MESSAGES_SEND)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        contact_id, channel_id = await _where(w, actor.company_id, conversation_id)
        sent = await answers.again(w, contact_id, channel_id, message_id, include_unknown=include_unknown)
        await human.supersede_for_human(w, conversation_id, TurnReason.WROTE)
        return sent


async def react(actor: Actor, conversation_id: UUID, message_id: UUID, emoji: str | None) -> Message:
    """The reaction to a message of the person; None takes it back. Returns the message. Raises NotFound, Invalid, Conflict."""
    actor.require(Permission.MESSAGES_SEND)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        contact_id, channel_id = await _where(w, actor.company_id, conversation_id)
        return await reactions.react(w, contact_id, channel_id, message_id, emoji)


async def change_message(actor: Actor, conversation_id: UUID, message_id: UUID, text: str | None) -> Message:
    """A message of ours says this from now on; None takes it back. Returns the message. Raises NotFound, Conflict."""
    actor.require(Permission.MESSAGES_SEND)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        contact_id, channel_id = await _where(w, actor.company_id, conversation_id)
        return await changes.change(w, contact_id, channel_id, message_id, text)


async def preview_template(actor: Actor, conversation_id: UUID, template_id: UUID, bindings: list[Binding]) -> Filled:
    """A template as the person would see it. Raises NotFound, Invalid."""
    actor.require(Permission.TEMPLATES_READ)
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        contact_id, channel_id = await _where(r, actor.company_id, conversation_id)
        return await answers.preview_template(r, contact_id, channel_id, template_id, bindings)


async def companies_waking() -> list[UUID]:
    """Companies with snoozed conversations whose time has come."""
    async with system_read() as s:
        rows = await s.fetch("select distinct company_id from conversation where state = 'snoozed' and snoozed_until <= now()")
    return [row["company_id"] for row in rows]


async def wake_snoozed(w: Work) -> int:
    """Opens snoozed conversations whose time has come. Returns how many."""
    rows = await w.fetch(
        "update conversation v set state = 'open', snoozed_until = null, version = version + 1 from ("
        " select id from conversation where company_id = $1 and state = 'snoozed' and snoozed_until <= now() order by id limit 200"
        " for update skip locked) d where v.company_id = $1 and v.id = d.id returning v.id, v.contact_id, v.version",
        w.company_id,
    )
    for row in rows:
        await record.line(w, row["id"], row["contact_id"], LineKind.REOPENED)
        w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=row["contact_id"], version=row["version"]))
    return len(rows)


async def _locked(w: Work, conversation_id: UUID) -> asyncpg.Record:
    row = await w.fetchrow(_LOCK, w.company_id, conversation_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="conversation")
    return row


async def _set(w: Work, conversation_id: UUID, column: str, value: object) -> None:
    await w.execute(
        f"update conversation set {column} = $3 where company_id = $1 and id = $2", w.company_id, conversation_id, value
    )


async def _changed(w: Work, row: asyncpg.Record) -> None:
    """Counts a new version and tells of it."""
    version = await w.fetchval(
        "update conversation set version = version + 1 where company_id = $1 and id = $2 returning version",
        w.company_id,
        row["id"],
    )
    w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=row["contact_id"], version=version))
