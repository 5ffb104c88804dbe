"""What a look at a conversation sees, read at once: the board as it is, the person's lead there, what was said since the talk began, and what
people refused before. Of nothing else a model may hear."""

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.assistant.context import Said, as_said, belongs
from db.assistant.enums import AssistantMode
from db.boards import fields as lead_fields
from db.boards.enums import LeadFieldKind, StageKind
from db.conversations.routing import ANSWERS
from db.messages import conversation, words
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.config import PersonaConfig
from db.personas.enums import ToolPolicy
from db.personas.serving import Serving
from db.proposals import allowed, settings
from db.proposals.allowed import Allowed
from db.proposals.enums import LeadPolicy, LeadTool, ProposalState, RefusalReason
from db.proposals.settings import BoardAi
from db.proposals.watch import Judging
from db.providers.placeholders import placeholders
from db.tenancy import worker
from db.work import Read, read

MOST = 40
"""Newest messages of the talk that are read."""
MOST_TAGS, MOST_PEOPLE, MOST_EXAMPLES = 60, 60, 8
BY_PERSON = timedelta(days=7)
"""So long what a person did with a lead is not done otherwise by itself."""


class Stage(NamedTuple):
    """In the order of the board."""

    id: UUID
    name: str
    kind: StageKind
    rank: str
    probability: int


class LeadField(NamedTuple):
    key: str
    label: str
    kind: LeadFieldKind
    choices: list[str]


class Named(NamedTuple):
    id: UUID
    name: str


class Template(NamedTuple):
    id: UUID
    name: str
    text: str
    placeholders: list[str]


class Lead(NamedTuple):
    """The open one of this person on this board. `moved_at`: when a person moved it last; None: nobody did."""

    id: UUID
    version: int
    title: str
    stage_id: UUID
    value_cents: int | None
    owner_id: UUID | None
    owner_name: str | None
    due_on: date | None
    tags: list[str]
    values: dict[str, str]
    stage_since: datetime
    moved_at: datetime | None


_OF_PERSONA = {
    LeadTool.CREATE_LEAD: "create_lead",
    LeadTool.MOVE_LEAD: "move_lead",
    LeadTool.SET_VALUE: "set_value",
    LeadTool.ADD_TAG: "add_tag",
    LeadTool.REMOVE_TAG: "remove_tag",
    LeadTool.ASSIGN: "assign",
    LeadTool.FOLLOW_UP: "schedule_follow_up",
    LeadTool.SEND_TEMPLATE: "send_template",
    LeadTool.SEND_FILE: "send_file",
    LeadTool.ADD_TO_CADENCE: "add_to_cadence",
    LeadTool.BOOK: "book_slot",
    LeadTool.CANCEL_BOOKING: "book_slot",
}
"""What a persona calls them (`db/personas/config.py`). The fields of a board are the board's alone."""


class Persona(NamedTuple):
    """`forbids`: what is not even offered while it serves, whatever the board says."""

    id: UUID
    version_id: UUID
    name: str
    forbids: frozenset[LeadTool]


class Refused(NamedTuple):
    """What a person refused or undid on this board, where it teaches something: words, or a reason. `to`: the stage, tag or field it was
    about; `quote`: "" of other conversations, whose words are nobody else's."""

    tool: LeadTool
    to: str
    quote: str
    because: str
    reason: RefusalReason | None
    undone: bool


class Context(NamedTuple):
    """`leads`: how many open ones the person has on this board; of several the one of this conversation, or the newest, is `lead`. `said`:
    oldest first; what came after `judging.judged_id` is new. `persona`: who serves the conversation; None: nobody."""

    judging: Judging
    board_name: str
    currency: str
    settings: BoardAi
    stages: list[Stage]
    lost_reasons: list[str]
    fields: list[LeadField]
    tags: list[str]
    people: list[Named]
    templates: list[Template]
    lead: Lead | None
    leads: int
    contact_id: UUID
    contact_name: str
    channel_id: UUID
    company: str
    language: str
    time_zone: str
    region: str
    today: date
    persona: Persona | None
    allowed: Allowed
    said: list[Said]
    refused: list[Refused]

    def policy(self, tool: LeadTool) -> LeadPolicy:
        """The board's, unless the persona that serves may not use the tool."""
        return LeadPolicy.NEVER if self.persona is not None and tool in self.persona.forbids else self.settings.tools[tool]

    def offered(self) -> list[LeadTool]:
        """Tools that may be proposed now."""
        absent = {LeadTool.CREATE_LEAD} if self.lead is not None else set(LeadTool) - {LeadTool.CREATE_LEAD, LeadTool.BOOK}
        if self.lead is None and self.policy(LeadTool.CREATE_LEAD) is LeadPolicy.NEVER:
            absent.add(LeadTool.BOOK)
        found = [tool for tool in LeadTool if tool not in absent and self.policy(tool) is not LeadPolicy.NEVER]
        empty = {LeadTool.SET_FIELD: self.fields, LeadTool.ADD_TAG: self.tags, LeadTool.ASSIGN: self.people,
                 LeadTool.SEND_TEMPLATE: self.templates,
                 LeadTool.SEND_FILE: self.allowed.files, LeadTool.ADD_TO_CADENCE: self.allowed.cadences, LeadTool.BOOK: self.allowed.times,
                 LeadTool.CANCEL_BOOKING: self.allowed.booked_at is not None, LeadTool.REMOVE_TAG: self.lead.tags if self.lead else []}  # fmt: skip
        return [tool for tool in found if empty.get(tool, True)]


_FACTS = """
select v.contact_id, v.channel_id, v.team_id, v.opened_at, c.name as contact_name, o.name as company, o.language, o.time_zone, o.country,
    (now() at time zone o.time_zone)::date as today, b.name as board_name, b.currency, a.mode, a.owner,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages
from conversation v join contact c on c.company_id = $1 and c.id = v.contact_id join company o on o.id = $1
join board b on b.company_id = $1 and b.id = $3 and b.archived_at is null
left join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
where v.company_id = $1 and v.id = $2
"""
_STAGES = """
select id, name, kind, rank, probability from stage where company_id = $1 and board_id = $2 and moving_to is null order by rank, id
"""
_LEADS = """
select l.id, l.version, l.title, l.stage_id, l.value_cents, l.owner_id, u.name as owner_name, l.due_on, l.tags, l.custom::text as custom,
    l.stage_since, (select max(h.at) from lead_change h where h.company_id = $1 and h.lead_id = l.id and h.kind in ('moved', 'moved_back')
        and (h.by_id is not null or not h.what ?| array['rule_id', 'proposal_id', 'stage_deleted'])) as moved_at
from lead l join stage s on s.company_id = $1 and s.id = l.stage_id and s.kind = 'open'
left join account_user u on u.id = l.owner_id
where l.company_id = $1 and l.contact_id = $2 and l.board_id = $3
order by l.conversation_id is distinct from $4, l.id desc limit 20
"""
_TAGS = """
select tag from (select t.tag, sum(t.leads) as n from stage s join stage_tag_total t on t.company_id = $1 and t.stage_id = s.id
    where s.company_id = $1 and s.board_id = $2 and t.leads > 0 group by 1) x order by n desc, tag limit $3
"""
_PEOPLE = f"""
select u.id, u.name from membership p join account_user u on u.id = p.user_id where p.company_id = $1 and {ANSWERS}
order by u.name, u.id limit $2
"""
_TEMPLATES = """
select t.id, t.name, t.category, t.parameter_format, t.components::text as components from template t
where t.company_id = $1 and t.id = any($2::uuid[]) and t.status = 'approved' and ($3::uuid is null or t.channel_id = $3) order by t.name, t.id
"""
_REFUSED = f"""
select tool, coalesce(to_stage, nullif(target, ''), '') as to, case when conversation_id = $4 then coalesce(evidence->0->>'quote', '') else '' end as quote,
    because, refusal, state from lead_proposal
where company_id = $1 and board_id = $2 and state in ('{ProposalState.REFUSED.value}', '{ProposalState.UNDONE.value}')
    and (because <> '' or refusal is not null or conversation_id = $4 and coalesce(evidence->0->>'quote', '') <> '')
order by decided_at desc limit $3
"""


async def of(judging: Judging) -> Context | None:
    """None: the conversation is gone, or the board is archived."""
    async with read(worker(judging.company_id), Permission.CONVERSATIONS_READ) as r:
        return await load(r, judging)


async def load(r: Read, judging: Judging) -> Context | None:
    """The same inside a unit of work."""
    company_id, board_id = judging.company_id, judging.board_id
    row = await r.fetchrow(_FACTS, company_id, judging.conversation_id, board_id)
    if row is None:
        return None
    chosen = await settings.of(r, company_id, board_id)
    found = await r.fetch(_LEADS, company_id, row["contact_id"], board_id, judging.conversation_id)
    serving = await _serving(r, row)
    reasons = await r.fetch(
        "select name from lost_reason where company_id = $1 and board_id = $2 order by id", company_id, board_id
    )
    return Context(
        judging=judging,
        board_name=row["board_name"],
        currency=row["currency"],
        settings=chosen,
        stages=await stages_of(r, company_id, board_id),
        lost_reasons=[one["name"] for one in reasons],
        fields=[
            LeadField(one["key"], one["label"], LeadFieldKind(one["kind"]), list(one["choices"]))
            for one in await lead_fields.fields_in(r, company_id, board_id)
        ],
        tags=await tags_of(r, company_id, board_id),
        people=await people_of(r, company_id),
        templates=await templates_of(r, company_id, chosen.template_ids, row["channel_id"]),
        lead=_lead(found[0]) if found else None,
        leads=len(found),
        contact_id=row["contact_id"],
        contact_name=row["contact_name"],
        channel_id=row["channel_id"],
        company=row["company"],
        language=row["language"],
        time_zone=row["time_zone"],
        region=row["country"],
        today=row["today"],
        persona=_persona(serving),
        allowed=await allowed.of(
            r,
            company_id,
            judging.conversation_id,
            row["contact_id"],
            row["channel_id"],
            chosen.files,
            chosen.cadence_ids,
            serving,
            board_id,
            found[0]["id"] if found else None,
        ),
        said=await said(r, company_id, row["contact_id"], row["channel_id"], row["opened_at"]),
        refused=[
            Refused(
                LeadTool(one["tool"]),
                one["to"],
                one["quote"],
                one["because"],
                RefusalReason(one["refusal"]) if one["refusal"] else None,
                one["state"] == ProposalState.UNDONE,
            )
            for one in await r.fetch(_REFUSED, company_id, board_id, MOST_EXAMPLES, judging.conversation_id)
        ],
    )


async def stages_of(r: Read, company_id: UUID, board_id: UUID) -> list[Stage]:
    rows = await r.fetch(_STAGES, company_id, board_id)
    return [Stage(one["id"], one["name"], StageKind(one["kind"]), one["rank"], one["probability"]) for one in rows]


async def tags_of(r: Read, company_id: UUID, board_id: UUID) -> list[str]:
    return [one["tag"] for one in await r.fetch(_TAGS, company_id, board_id, MOST_TAGS)]


async def people_of(r: Read, company_id: UUID) -> list[Named]:
    return [Named(*one) for one in await r.fetch(_PEOPLE, company_id, MOST_PEOPLE)]


def _lead(row: asyncpg.Record) -> Lead:
    values = {name: row[name] for name in Lead._fields if name != "values"}
    return Lead(**values | {"values": msgspec.json.decode(row["custom"], type=dict[str, str])})


async def said(r: Read, company_id: UUID, contact_id: UUID, channel_id: UUID, since: datetime) -> list[Said]:
    """The newest of this talk, oldest first; sounds and pictures in words, where somebody heard or saw them."""
    entries = await conversation.thread(r, company_id, contact_id, channel_id, beyond=None, direction=None, limit=MOST * 2)
    found = [as_said(entry) for entry in reversed(entries) if belongs(entry, since)][-MOST:]
    made = await words.of(r, company_id, [one.file_id for one in found if one.file_id is not None])
    return [one._replace(text=one.text or made.get(one.file_id, "")) if one.file_id is not None else one for one in found]


async def _serving(r: Read, row: asyncpg.Record) -> Serving | None:
    """Who serves the conversation, unless somebody switched that off here."""
    if row["mode"] == AssistantMode.OFF:
        return None
    return await personas.serving(r, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"])


def _persona(found: Serving | None) -> Persona | None:
    if found is None:
        return None
    return Persona(found.persona_id, found.version_id, found.name, forbidden(found.config))


def forbidden(config: PersonaConfig) -> frozenset[LeadTool]:
    return frozenset(tool for tool, name in _OF_PERSONA.items() if getattr(config.tools, name) is ToolPolicy.NEVER)


async def templates_of(r: Read, company_id: UUID, ids: list[UUID], channel_id: UUID | None) -> list[Template]:
    """Those allowed that may be sent over this channel; None: over any."""
    rows = await r.fetch(_TEMPLATES, company_id, ids, channel_id) if ids else []
    found = []
    for row in rows:
        components: list[dict[str, Any]] = msgspec.json.decode(row["components"])
        body = next((str(part.get("text", "")) for part in components if str(part.get("type", "")).upper() == "BODY"), "")
        found.append(Template(row["id"], row["name"], body, placeholders(components, row["parameter_format"], row["category"])))
    return found
