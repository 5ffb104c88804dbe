"""Leads that come with a list of contacts: one for each row that is taken, in the transaction of its contact.

Stands beneath the imports, which call it: knows boards and leads, and nothing of files. A stage or an owner that is not found is left
out and said, never guessed.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import date
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import fields, rule_runs
from db.boards.enums import LeadEvent, LeadFieldKind, StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged, BoardTotals
from db.boards.rank import spread
from db.boards.totals import totals_of
from db.contacts.enums import ImportTarget
from db.contacts.mapping import ColumnTarget, called
from db.errors import RequestError
from db.permissions import Permission
from db.work import Read, Work

MOST_TITLE = 120


class Arrival(NamedTuple):
    """A lead to be. `stage` and `owner`: as the list has them, the name of a stage and an e-mail of the team; empty: the first stage, nobody.
    `values` of the board's fields, choices as the list has them."""

    contact_id: UUID
    title: str
    value_cents: int | None
    stage: str
    owner: str
    due_on: date | None
    tags: list[str]
    values: Mapping[str, str]


class Place(NamedTuple):
    """Stages of a board by folded names, people of the team by e-mail, the stage of leads that name none, and the board's fields: their keys,
    and what those of kind choice offer, by how it is called."""

    board_id: UUID
    stage_id: UUID
    stages: Mapping[str, UUID]
    people: Mapping[str, UUID]
    fields: Set[str]
    choices: Mapping[str, Mapping[str, str]]

    def value(self, key: str, text: str) -> str | None:
        """As the field keeps it; None for what it does not offer."""
        return self.choices[key].get(called(text)) if key in self.choices else text


_STAGES = """
select s.id, fold(s.name) as name, s.moving_to, b.archived_at from board b join stage s on s.company_id = $1 and s.board_id = b.id
where b.company_id = $1 and b.id = $2 order by s.rank, s.id
"""
_PEOPLE = """
select lower(u.email) as email, u.id from membership m join account_user u on u.id = m.user_id where m.company_id = $1
"""
_FIELDS = "select key, kind, choices from lead_field where company_id = $1 and board_id = $2 and deleted_at is null order by id"
_INSERT = """
with made as (
    insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id, value_cents, owner_id, due_on, tags, custom,
        import_id, lost_reason)
    select $1, $2, r.stage, r.rank, r.title, lead_text(r.title, c.name), r.contact, r.value, r.owner, r.due,
        coalesce(string_to_array(nullif(r.tags, ''), chr(10)), '{}'), r.custom::jsonb, $3,
        case s.kind when $14 then s.name end
    from unnest($4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::bigint[], $9::uuid[], $10::date[], $11::text[], $12::text[])
        r(stage, rank, title, contact, value, owner, due, tags, custom)
    join contact c on c.company_id = $1 and c.id = r.contact join stage s on s.company_id = $1 and s.id = r.stage
    returning id, stage_id
)
insert into lead_change(company_id, lead_id, kind, to_stage_id, to_stage)
select $1, m.id, $13, s.id, s.name from made m join stage s on s.company_id = $1 and s.id = m.stage_id
returning id, lead_id, to_stage_id
"""
TOUCHED = f"""
(exists (select from lead_change h where h.company_id = l.company_id and h.lead_id = l.id and h.kind <> '{LeadEvent.CREATED}'
    and not h.what ?| array['rule_id', 'stage_deleted'])
or l.version > 1 and l.version > 1 + (select count(*) from lead_change h where h.company_id = l.company_id and h.lead_id = l.id
    and h.kind in ('{LeadEvent.UPDATED}', '{LeadEvent.MOVED}', '{LeadEvent.MOVED_BACK}')))
"""
"""SQL: whether somebody had to do with lead `l` since it came: its history has a line for each change, move and note. Rules sign theirs, and
a stage that was deleted moved all that it had. What is put elsewhere in its stage has a new version without a line, as has what lost its
reason because its stage is no longer a lost one."""
_FORECAST = f"select count(*) as leads, count(*) filter (where {TOUCHED}) as kept from lead l where l.company_id = $1 and l.import_id = $2"
_UNTOUCHED = f"select id from lead l where l.company_id = $1 and l.import_id = $2 and not {TOUCHED}"
_OF_CONTACTS = f"{_UNTOUCHED} and l.contact_id = any($3::uuid[]) order by id limit $4 for update"
# What is left once the people of the list are done: their contacts were deleted, or are another person's now.
_OTHERS = f"{_UNTOUCHED} order by id limit $3 for update"
_FORGOTTEN = "delete from lead_stay where company_id = $1 and lead_id = any($2::uuid[])"
_BACK = f"delete from lead l where l.company_id = $1 and l.id = any($2::uuid[]) and not {TOUCHED} returning l.id, l.board_id, l.stage_id"


async def check(w: Work, board_id: UUID, stage_id: UUID | None, *, run_rules: bool) -> None:
    """Whether leads may come to this board, and to this stage of it. Many leads that rules write to are a campaign. Raises Forbidden,
    NotFound, Conflict `board_archived`, `stage_leaving`."""
    assert w.actor is not None
    w.actor.require(Permission.LEADS_WRITE)
    rows = await w.fetch(_STAGES, w.company_id, board_id)
    if not rows:
        raise RequestError.NOT_FOUND(what="board")
    if rows[0]["archived_at"] is not None:
        raise BoardError.BOARD_ARCHIVED()
    if stage_id is not None:
        chosen = next((row for row in rows if row["id"] == stage_id), None)
        if chosen is None:
            raise RequestError.NOT_FOUND(what="stage")
        if chosen["moving_to"] is not None:
            raise BoardError.STAGE_LEAVING()
    if await rule_runs.sends(w, w.company_id, board_id, run_rules=run_rules):
        w.actor.require(Permission.CAMPAIGNS_SEND)


async def place(r: Read, company_id: UUID, board_id: UUID, stage_id: UUID | None) -> Place | None:
    """None once the board is gone or archived: then its leads are left out. Stages that are leaving take none: those for the chosen one go
    where its leads go."""
    rows = await r.fetch(_STAGES, company_id, board_id)
    if not rows or rows[0]["archived_at"] is not None:
        return None
    moving = {row["id"]: row["moving_to"] for row in rows}
    chosen = moving.get(stage_id) or stage_id if stage_id is not None else None
    rows = [row for row in rows if row["moving_to"] is None]
    ids = [row["id"] for row in rows]
    people = {row["email"]: row["id"] for row in await r.fetch(_PEOPLE, company_id)}
    stages = {row["name"]: row["id"] for row in reversed(rows)}
    own = await r.fetch(_FIELDS, company_id, board_id)
    choices = {
        row["key"]: {called(choice): choice for choice in reversed(row["choices"])}
        for row in own
        if row["kind"] == LeadFieldKind.CHOICE
    }
    place = chosen if chosen is not None and chosen in ids else ids[0]
    return Place(board_id, place, stages, people, {row["key"] for row in own}, choices)


async def hold(w: Work, board_id: UUID) -> None:
    """Until the transaction ends no stage of the board is deleted or begins to leave, and no field is deleted. Before leads are locked."""
    await w.execute("select from stage where company_id = $1 and board_id = $2 order by id for key share", w.company_id, board_id)
    await w.execute(f"{_FIELDS} for share", w.company_id, board_id)


async def columns(w: Work, board_id: UUID, given: Sequence[ColumnTarget], *, make: bool) -> list[ColumnTarget]:
    """The columns of a list with the kinds of the board's fields that they fill. A field that there is not is made, by who may: without
    `make` it is only looked whether it could be. Raises Forbidden, Conflict `field_busy`, `too_many_lead_fields`."""
    assert w.actor is not None
    wanted = {one.field_key: one for one in given if one.target is ImportTarget.LEAD_CUSTOM and one.field_key}
    if not wanted:
        return list(given)
    kinds = {row["key"]: LeadFieldKind(row["kind"]) for row in await w.fetch(_FIELDS, w.company_id, board_id)}
    fresh = {
        key: (one.field_label or key, LeadFieldKind(one.field_kind.value)) for key, one in wanted.items() if key not in kinds
    }
    if fresh:
        w.actor.require(Permission.BOARDS_WRITE)
        await fields.make(w, board_id, fresh, only_look=not make)
    kinds |= {key: kind for key, (_label, kind) in fresh.items()}
    return [
        msgspec.structs.replace(one, lead_kind=kinds[one.field_key]) if wanted.get(one.field_key or "") is one else one
        for one in given
    ]


async def new_fields(r: Read, board_id: UUID, given: Sequence[ColumnTarget]) -> list[str]:
    """The labels of the fields that the board has not, and that a list with these columns makes."""
    wanted = {
        one.field_key: one.field_label or one.field_key
        for one in given
        if one.target is ImportTarget.LEAD_CUSTOM and one.field_key
    }
    return await fields.foreseen(r, board_id, wanted) if wanted else []


async def folded(r: Read, names: Sequence[str]) -> dict[str, str]:
    """Names as `Place.stages` has them."""
    wanted = sorted({name for name in names if name})
    rows = await r.fetch("select n, fold(n) as folded from unnest($1::text[]) n", wanted) if wanted else []
    return {row["n"]: row["folded"] for row in rows}


def settled(w: Work, board_id: UUID | None) -> None:
    """Has open boards read themselves again behind the last batch; each batch changes only the totals that they show."""
    if board_id is not None:
        w.emit(BoardChanged(board_id=board_id))


async def make(w: Work, import_id: UUID, to: Place, arrivals: Sequence[Arrival], *, run_rules: bool) -> int:
    """The leads, below those that are there, in their order; in a lost stage they are lost for its name. How many. The stages are held by
    `hold`."""
    if not arrivals:
        return 0
    names = await folded(w, [one.stage for one in arrivals])
    by_stage: dict[UUID, list[Arrival]] = {}
    for one in arrivals:
        by_stage.setdefault(to.stages.get(names.get(one.stage, ""), to.stage_id), []).append(one)
    entries: dict[UUID, dict[UUID, UUID]] = {}
    made = 0
    for stage_id in sorted(by_stage):
        found = await _insert(w, import_id, to, stage_id, by_stage[stage_id])
        entries[stage_id] = {line["lead_id"]: line["id"] for line in found}
        made += len(found)
    for stage_id, lines in entries.items():
        await rule_runs.entered(w, stage_id, lines, run_rules=run_rules)
    w.emit(BoardTotals(board_id=to.board_id, stages=await totals_of(w, sorted(entries))))
    return made


async def _insert(w: Work, import_id: UUID, to: Place, stage_id: UUID, arrivals: list[Arrival]) -> list[asyncpg.Record]:
    last = await w.fetchval("select max(rank) from lead where company_id = $1 and stage_id = $2", w.company_id, stage_id)
    return await w.fetch(
        _INSERT,
        w.company_id,
        to.board_id,
        import_id,
        [stage_id] * len(arrivals),
        spread(last, None, len(arrivals)),
        [one.title[:MOST_TITLE] for one in arrivals],
        [one.contact_id for one in arrivals],
        [one.value_cents for one in arrivals],
        [to.people.get(one.owner.lower()) for one in arrivals],
        [one.due_on for one in arrivals],
        ["\n".join(one.tags) for one in arrivals],
        [msgspec.json.encode(_values(one, to)).decode() for one in arrivals],
        LeadEvent.CREATED.value,
        StageKind.LOST.value,
    )


def _values(one: Arrival, to: Place) -> dict[str, str]:
    """Those of fields that there are, without what a field does not offer."""
    kept = {key: to.value(key, text) for key, text in one.values.items() if key in to.fields}
    return {key: value for key, value in kept.items() if value is not None}


class Undone(NamedTuple):
    """How many leads of an import go when it is undone, and how many stay because somebody had to do with them."""

    removed: int
    kept: int


async def forecast(r: Read, company_id: UUID, import_id: UUID) -> Undone:
    """What taking the import back now would do."""
    row = await r.fetchrow(_FORECAST, company_id, import_id)
    assert row is not None
    return Undone(row["leads"] - row["kept"], row["kept"])


class Taken(NamedTuple):
    """How many leads were found to be deleted, and how many were: the others were touched while they were waited for."""

    found: int
    removed: int


async def take_back(w: Work, import_id: UUID, contact_ids: list[UUID], most: int) -> Taken:
    """Deletes leads of these contacts that came with the import and that nothing but rules touched since. Holds leads and totals: nothing
    else is locked behind it."""
    return await _delete(w, await w.fetch(_OF_CONTACTS, w.company_id, import_id, contact_ids, most))


async def take_back_others(w: Work, import_id: UUID, most: int) -> Taken:
    """Likewise the next leads of the import, whoever they are about by now."""
    return await _delete(w, await w.fetch(_OTHERS, w.company_id, import_id, most))


async def all_back(w: Work, import_id: UUID) -> bool:
    """Whether all leads of the import that are there stay."""
    return not await w.fetchval(f"select exists ({_UNTOUCHED})", w.company_id, import_id)


async def left(w: Work, import_id: UUID) -> int:
    """How many leads there are that came with the import."""
    count: int = await w.fetchval("select count(*) from lead where company_id = $1 and import_id = $2", w.company_id, import_id)
    return count


async def _delete(w: Work, found: list[asyncpg.Record]) -> Taken:
    """Those of these leads, which are locked, that nobody had to do with."""
    rows = await w.fetch(_BACK, w.company_id, [row["id"] for row in found]) if found else []
    if rows:
        await w.execute(_FORGOTTEN, w.company_id, [row["id"] for row in rows])
    for board_id in sorted({row["board_id"] for row in rows}):
        stages = sorted({row["stage_id"] for row in rows if row["board_id"] == board_id})
        w.emit(BoardTotals(board_id=board_id, stages=await totals_of(w, stages)))
    return Taken(len(found), len(rows))
