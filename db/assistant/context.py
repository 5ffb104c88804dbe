"""What a turn is composed from, read at once: the persona as it was pinned, what was said in this episode, what is known of the person."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from db.assistant import gather
from db.assistant.enums import TurnReason, TurnState
from db.assistant.turns import Told, Turn
from db.clock import now
from db.contacts import told
from db.contacts.field_values import Shape
from db.conversations import office_hours, routing
from db.conversations.hours import FAR, OfficeHours
from db.messages import conversation
from db.messages.content import Audio, Image, kind_of
from db.messages.conversation import Entry
from db.messages.enums import MessageState
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.serving import Serving
from db.tenancy import worker
from db.work import Read, read

MOST = 30
_ABSENT = ("reaction", "edit", "revoke", "preference", "system", "call")
_UNSAID = {state.label for state in (MessageState.CANCELLED, MessageState.SKIPPED, MessageState.FAILED)}

_FACTS = f"""
select v.contact_id, v.channel_id, h.kind as channel_kind, c.name, o.name as company, o.time_zone, o.country,
    a.episode_at, a.unanswered, least(a.episode_at, v.unanswered_at[1]) as begins,
    coalesce((select g.name from lead l join stage g on g.company_id = $1 and g.id = l.stage_id
        where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 1), '') as stage,
    coalesce((select max(l.value_cents) from lead l join stage g on g.company_id = $1 and g.id = l.stage_id and g.kind = 'open'
        where l.company_id = $1 and l.contact_id = v.contact_id), 0) as value_cents,
    exists (select from ai_turn t where t.company_id = $1 and t.conversation_id = v.id and t.state = '{TurnState.HANDED_OVER.value}'
        and t.reason = '{TurnReason.VALUE.value}' and t.done_at > v.opened_at) as told_of_value
from conversation v join contact c on c.company_id = $1 and c.id = v.contact_id join company o on o.id = $1
join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
left join channel h on h.company_id = $1 and h.id = v.channel_id
where v.company_id = $1 and v.id = $2
"""


_TOLD = """
select answer->>'collected' as collected from ai_turn
where company_id = $1 and conversation_id = $2 and opened_at >= $3 and jsonb_array_length(coalesce(answer->'collected', '[]')) > 0
order by seq desc limit $4
"""


class Said(NamedTuple):
    """A message as a model may read it. `file_id`: of a sound or picture whose words are not known yet."""

    id: UUID
    at: datetime
    who: Literal["customer", "assistant", "team"]
    kind: str
    text: str
    file_id: UUID | None


class Context(NamedTuple):
    """`fields`: what is known of what the persona asks for, by the key of the goal: what the contact has, else what was told in this talk.
    `shapes`: of the contact's fields among them. `opens_at`: of the office hours of the team that would take over, or the company's; None: people are there. `persona_closed`: the persona's own hours are
    over. `value_cents`: what the person's open leads are worth, the most of them; `told_of_value`: people were called because of that, in
    this talk."""

    serving: Serving
    contact_id: UUID
    channel_id: UUID
    contact_name: str
    fields: dict[str, str]
    shapes: dict[str, Shape]
    company: str
    time_zone: str
    country: str
    said: list[Said]
    unanswered: int
    stage: str
    opens_at: datetime | None
    persona_closed: bool
    value_cents: int
    told_of_value: bool


async def of(company_id: UUID, turn: Turn) -> Context | None:
    """None: the conversation is gone."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(_FACTS, company_id, turn.conversation_id)
        if row is None:
            return None
        found = await personas.version(r, turn.persona_version_id)
        entries = await conversation.thread(
            r, company_id, row["contact_id"], row["channel_id"], beyond=None, direction=None, limit=MOST * 2
        )
        begins = min(row["begins"] or row["episode_at"], turn.since)
        said = [as_said(entry) for entry in reversed(entries) if belongs(entry, begins)]
        takes_over = await routing.takes_over(r, company_id, turn.conversation_id, found.config.handover.team_id)
        office = await office_hours.of_team(r, company_id, takes_over)
        # Nothing else of a contact reaches a prompt.
        asked = await told.known(r, row["contact_id"], [goal.key for goal in found.config.goals])
        return Context(
            serving=found,
            contact_id=row["contact_id"],
            channel_id=row["channel_id"],
            contact_name=row["name"],
            fields={**await _told(r, company_id, turn.conversation_id, begins, found), **asked.values},
            shapes=asked.shapes,
            company=row["company"],
            time_zone=row["time_zone"],
            country=row["country"],
            said=said[-MOST:],
            unanswered=row["unanswered"],
            stage=row["stage"],
            opens_at=_opens(office),
            persona_closed=await gather.hours_over(r, found) is not None,
            value_cents=row["value_cents"],
            told_of_value=row["told_of_value"],
        )


def belongs(entry: Entry, begins: datetime) -> bool:
    """Whether it is part of this talk: not before it began, and really said."""
    if entry.kind in _ABSENT or entry.at < begins:
        return False
    return entry.direction == "in" or entry.state not in _UNSAID


def as_said(entry: Entry) -> Said:
    who: Literal["customer", "assistant", "team"] = "customer" if entry.direction == "in" else "team"
    if entry.assistant is not None:
        who = "assistant"
    file = entry.files[0].id if entry.files and isinstance(entry.content, Audio | Image) else None
    kind = kind_of(entry.content) if entry.content is not None else entry.kind
    return Said(entry.id, entry.at, who, kind, entry.text, file)


async def _told(r: Read, company_id: UUID, conversation_id: UUID, begins: datetime, found: Serving) -> dict[str, str]:
    """Facts of this talk, also those that have no field of the contact; what was told last counts."""
    keys = {goal.key for goal in found.config.goals}
    rows = await r.fetch(_TOLD, company_id, conversation_id, begins, MOST) if keys else []
    facts = (one for row in reversed(rows) for one in msgspec.json.decode(row["collected"], type=list[Told]))
    return {one.key: one.value for one in facts if one.key in keys}


def _opens(office: OfficeHours) -> datetime | None:
    """When people are there again; None: they are, or nobody knows."""
    at = now()
    if office.closed_since(at) is None:
        return None
    return next((start for start, _end in office.open_between(at, at + timedelta(days=FAR))), None)
