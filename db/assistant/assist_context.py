"""What is read for an agent who asks for something: what was said, what is known of the person, who serves them. All at once."""

from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from db.assistant.assists import Asked
from db.assistant.context import Said, as_said, belongs
from db.messages import conversation
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.serving import Serving
from db.tenancy import worker
from db.work import Read, read

MOST = 60
_ALWAYS = datetime.min.replace(tzinfo=UTC)

_FACTS = """
select v.contact_id, v.channel_id, v.team_id, c.name, c.custom::text as custom, c.created_at, o.name as company, o.time_zone,
    coalesce((select u.name from account_user u where u.id = $3), '') as asker,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages,
    array(select t.name from contact_tag y join tag t on t.company_id = $1 and t.id = y.tag_id
        where y.company_id = $1 and y.contact_id = v.contact_id order by t.name limit 20) as tags,
    coalesce((select b.name || ': ' || g.name from lead l join stage g on g.company_id = $1 and g.id = l.stage_id
        join board b on b.company_id = $1 and b.id = g.board_id
        where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 1), '') as stage
from conversation v join contact c on c.company_id = $1 and c.id = v.contact_id join company o on o.id = $1
where v.company_id = $1 and v.id = $2
"""
_LABELS = "select id, name from label where company_id = $1 and not id = any($2::uuid[]) order by name limit 200"
_FIELDS = "select label, $2::jsonb->>key as value from custom_field where company_id = $1 and $2::jsonb ? key order by created_at limit 40"


class Talk(NamedTuple):
    """`labels`: those that there are and that it has not. `bases`: what the persona knows; without a persona all that the company has,
    for who may read them all. `since`: when the person became a contact."""

    serving: Serving | None
    bases: list[UUID]
    company: str
    time_zone: str
    asker: str
    contact_name: str
    fields: dict[str, str]
    tags: list[str]
    stage: str
    since: datetime
    said: list[Said]
    labels: list[tuple[UUID, str]]


async def of(company_id: UUID, asked: Asked) -> Talk | None:
    """None: the conversation is gone."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(_FACTS, company_id, asked.conversation_id, asked.asked_by)
        if row is None:
            return None
        found = await personas.serving(r, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"])
        entries = await conversation.thread(
            r, company_id, row["contact_id"], row["channel_id"], beyond=None, direction=None, limit=MOST
        )
        return Talk(
            serving=found,
            bases=list(found.config.knowledge_base_ids) if found is not None else await _every_base(r, company_id, asked),
            company=row["company"],
            time_zone=row["time_zone"],
            asker=row["asker"],
            contact_name=row["name"],
            fields={one["label"]: one["value"] for one in await r.fetch(_FIELDS, company_id, row["custom"]) if one["value"]},
            tags=list(row["tags"]),
            stage=row["stage"],
            since=row["created_at"],
            said=[as_said(entry) for entry in reversed(entries) if belongs(entry, _ALWAYS)],
            labels=[(one["id"], one["name"]) for one in await r.fetch(_LABELS, company_id, row["labels"])],
        )


async def _every_base(r: Read, company_id: UUID, asked: Asked) -> list[UUID]:
    if not asked.knows:
        return []
    return [row["id"] for row in await r.fetch("select id from knowledge_base where company_id = $1 order by id", company_id)]
