"""The leads of a made up company: every tenth person of its crowd has one on its first board, with the history that brought it where
it is."""

from uuid import UUID

import asyncpg

from db.boards.enums import LeadEvent, StageKind
from db.boards.rank import spread
from db.permissions import Role
from db.seed.company import Made, fixed_id

_SHARES = (0.30, 0.22, 0.16, 0.14, 0.18)
"""How many of the leads stand in each stage of a first board."""
_TITLES = (
    "Pedido de reposição",
    "Orçamento para a loja",
    "Primeira compra",
    "Kit de Natal",
    "Contrato anual",
    "Troca de fornecedor",
)
_TAGS = ("urgente", "revenda", "indicação", "feira")

_PLACED = """
create temp table placed on commit drop as
select *, uuidv7(created - now()) as id from (
    select c.id as contact_id, c.name, c.dice, p.stage_id, p.stage, p.kind, p.rank, since,
        since - case when p.first then interval '0' else interval '6 days' end as created
    from (select id, name, row_number() over (order by random()) as number, floor(random() * 1e9)::int as dice,
              now() - interval '1 hour' - interval '200 days' * power(random(), 2) as since from crowd where g % 10 = 0) c
    join (select s.id as stage_id, s.name as stage, s.kind, s.rank = min(s.rank) over () as first, r.rank,
              row_number() over (order by s.rank, r.rank) as number
          from unnest('{stages}'::uuid[], '{ranks}'::text[]) r(stage_id, rank) join stage s on s.id = r.stage_id) p using (number)
) l
"""
_LEADS = f"""
insert into lead(company_id, id, board_id, stage_id, rank, title, search, contact_id, conversation_id, value_cents, owner_id, due_on, tags, lost_reason,
                 stage_since, created_at)
select $1, id, $2, stage_id, rank, title, lead_text(title, name), contact_id, conversation_id, case when dice % 10 > 0 then 5000 + dice % 495000 end,
    case when dice % 12 > 0 then ($4::uuid[])[1 + dice % cardinality($4::uuid[])] end,
    case when kind = '{StageKind.OPEN}' and dice % 3 > 0 then current_date - 20 + dice % 60 end,
    case when dice % 2 > 0 then array[($5::text[])[1 + dice % cardinality($5::text[])]] else '{{}}' end,
    case when kind = '{StageKind.LOST}' then ($6::text[])[1 + dice % cardinality($6::text[])] end, since, created
from (select p.*, ($3::text[])[1 + dice % cardinality($3::text[])] as title, v.id as conversation_id from placed p
      left join conversation v on v.company_id = $1 and v.contact_id = p.contact_id and v.channel_id = $7) p
"""
_MADE = f"""
insert into lead_change(company_id, id, lead_id, at, by_id, kind, to_stage_id, to_stage)
select $1, uuidv7(created - now()), id, created, ($4::uuid[])[1 + dice % cardinality($4::uuid[])], '{LeadEvent.CREATED}', $2, $3 from placed
"""
_MOVED = f"""
insert into lead_change(company_id, id, lead_id, at, by_id, kind, from_stage_id, from_stage, to_stage_id, to_stage)
select $1, uuidv7(since - now()), id, since, ($4::uuid[])[1 + dice % cardinality($4::uuid[])], '{LeadEvent.MOVED}', $2, $3, stage_id, stage
from placed where stage_id <> $2
"""


async def write_leads(c: asyncpg.Connection, company: Made, size: int) -> None:
    """For a crowd of `size`, by the role of `act_for`."""
    board = await c.fetchval("select id from board where company_id = $1", company.id)
    stages = await c.fetch("select id, name from stage where company_id = $1 order by rank", company.id)
    reasons = await c.fetchval("select array_agg(name) from lost_reason where company_id = $1", company.id)
    places: list[tuple[UUID, str]] = []
    for stage, share in zip(stages, _SHARES, strict=True):
        places += [(stage["id"], rank) for rank in spread(None, None, round(size // 10 * share))]
    given = {"stages": ",".join(str(stage) for stage, _ in places), "ranks": ",".join(rank for _, rank in places)}
    await c.execute(_PLACED.format_map({name: f"{{{values}}}" for name, values in given.items()}))
    agents = [fixed_id(email) for email, _, role in company.team[2:] if role is not Role.VIEWER]
    await c.execute(_LEADS, company.id, board, list(_TITLES), agents, list(_TAGS), reasons, company.whatsapp)
    for statement in (_MADE, _MOVED):
        await c.execute(statement, company.id, stages[0]["id"], stages[0]["name"], agents)
