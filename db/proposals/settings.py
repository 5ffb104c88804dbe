"""What a board lets the AI do: whether it is watched, what each tool may do by itself, what is said to the model."""

from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.boards import boards
from db.boards.errors import BoardError
from db.boards.events import BoardChanged
from db.cadences.enums import CadenceState
from db.channels.enums import TemplateStatus
from db.errors import Field, RequestError, RequestField
from db.permissions import Permission
from db.proposals import queries
from db.proposals.allowed import BoardFile, decode
from db.proposals.enums import SUGGEST_ONLY, USUAL, JudgingState, LeadPolicy, LeadTool, ProposalState
from db.proposals.errors import ProposalField
from db.storable import text
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

KEPT_OF = 50
"""Proposals done by themselves, the newest, of which most must have been kept."""
FEW = 10
"""So many are too few to tell."""
KEPT_SHARE = 0.9


class BoardAi(NamedTuple):
    watching: bool
    guidance: str
    tools: dict[LeadTool, LeadPolicy]
    closing: bool
    min_confidence: float
    quiet_seconds: int
    template_ids: list[UUID]
    cadence_ids: list[UUID]
    files: list[BoardFile]
    version: int


class Watched(NamedTuple):
    """`judged`: looks of the last 30 days; `spent_micro`: what they cost, None for who may not see it; `kept`: the share of what was done by
    itself, of the last 50, that nobody undid, None before there is any; `waiting`: suggestions; `connected`: there is an AI service."""

    settings: BoardAi
    judged: int
    spent_micro: int | None
    kept: float | None
    waiting: int
    connected: bool


_SETTINGS = """
select watching, guidance, tools::text as tools, closing, min_confidence, quiet_seconds, template_ids, version, cadence_ids,
    files::text as files from board_ai where company_id = $1 and board_id = $2
"""
# Through the conversations of the looks: by them the ledger has an index.
_SPENT = """
with j as materialized (select id, conversation_id from lead_judging where company_id = $1 and board_id = $2 and at > now() - interval '30 days')
select coalesce(sum(u.cost), 0)::bigint from j join ai_usage u on u.company_id = $1 and u.conversation_id = j.conversation_id and u.turn_id = j.id
"""
_JUDGED = f"""
select count(*) from lead_judging where company_id = $1 and board_id = $2 and at > now() - interval '30 days'
    and state = '{JudgingState.DONE.value}'
"""
_KEPT = f"""
select count(*) as done, count(*) filter (where state = '{ProposalState.APPLIED.value}') as kept from (
    select state from lead_proposal where company_id = $1 and board_id = $2 and automatic order by id desc limit {KEPT_OF}) x
"""
_PUT = """
insert into board_ai as a (company_id, board_id, watching, guidance, tools, closing, min_confidence, quiet_seconds, template_ids, cadence_ids,
    files)
values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11::jsonb)
on conflict (company_id, board_id) do update set watching = $3, guidance = $4, tools = $5::jsonb, closing = $6, min_confidence = $7,
    quiet_seconds = $8, template_ids = $9, cadence_ids = $10, files = $11::jsonb, version = a.version + 1
"""


async def of(r: Read, company_id: UUID, board_id: UUID) -> BoardAi:
    """As it is set; version 0: nobody set anything."""
    row = await r.fetchrow(_SETTINGS, company_id, board_id)
    if row is None:
        return BoardAi(False, "", dict(USUAL), False, 0.85, 60, [], [], [], 0)
    return _settings(row)


def _settings(row: asyncpg.Record) -> BoardAi:
    given = msgspec.json.decode(row["tools"])
    known = {tool: LeadPolicy(given.get(tool.value, USUAL[tool].value)) for tool in LeadTool}
    return BoardAi(
        row["watching"],
        row["guidance"],
        known,
        row["closing"],
        float(row["min_confidence"]),
        row["quiet_seconds"],
        list(row["template_ids"]),
        list(row["cadence_ids"]),
        decode.decode(row["files"]),
        row["version"],
    )


async def kept_share(r: Read, company_id: UUID, board_id: UUID) -> tuple[int, float | None]:
    """How many of the newest proposals were done by themselves, and the share of them that nobody undid."""
    row = await r.fetchrow(_KEPT, company_id, board_id)
    assert row is not None
    return row["done"], row["kept"] / row["done"] if row["done"] else None


async def rarely_kept(r: Read, company_id: UUID, board_id: UUID) -> bool:
    """Whether people undo too much of what is done by itself, so that it is only suggested."""
    done, share = await kept_share(r, company_id, board_id)
    return done >= FEW and share is not None and share < KEPT_SHARE


async def watched(actor: Actor, board_id: UUID) -> Watched:
    """Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return await _watched(r, actor, board_id)


async def _watched(r: Read, actor: Actor, board_id: UUID) -> Watched:
    where = actor.company_id, board_id
    may = Permission.AI_READ in actor.permissions
    return Watched(
        await of(r, *where),
        await r.fetchval(_JUDGED, *where),
        await r.fetchval(_SPENT, *where) if may else None,
        (await kept_share(r, *where))[1],
        await queries.waiting_on(r, *where),
        await r.fetchval("select exists (select from ai_connection where company_id = $1)", actor.company_id),
    )


async def put(actor: Actor, board_id: UUID, *, expected: Expected = None, **values: Any) -> Watched:
    """`values`: all of BoardAi but the version. What waits to be judged is given up, once it is due, where a board is not watched any more.
    Raises NotFound, PreconditionFailed, Invalid, Conflict `board_archived`."""
    values = {"cadence_ids": [], "files": []} | values
    tools: dict[LeadTool, LeadPolicy] = values["tools"]
    wrong = [
        ProposalField.NOT_BY_ITSELF(f"tools.{tool.value}") for tool in SUGGEST_ONLY if tools.get(tool) is LeadPolicy.AUTOMATIC
    ]
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    async with work(actor, Permission.BOARDS_WRITE) as w:
        board = await boards.lock(w, board_id)
        before = await of(w, w.company_id, board_id)
        versions.check(before.version, expected)
        if values["watching"] and board["archived_at"] is not None:
            raise BoardError.BOARD_ARCHIVED()
        template_ids = _once(values["template_ids"])
        approved = await w.fetch(
            "select id from template where company_id = $1 and id = any($2::uuid[]) and status = $3",
            w.company_id,
            template_ids,
            TemplateStatus.APPROVED.value,
        )
        known = {row["id"] for row in approved} | set(before.template_ids)  # one that went away since stays until it is taken out
        unknown = [number for number, one in enumerate(values["template_ids"]) if one not in known]
        absent = [ProposalField.TEMPLATE_ABSENT(f"template_ids[{number}]") for number in unknown]
        cadence_ids, files = _once(values["cadence_ids"]), _cleaned(values["files"])
        absent += await _absent_cadences(w, cadence_ids, before) + await _absent_files(w, files, before)
        if absent:
            raise RequestError.INVALID(fields=absent)
        await w.execute(
            _PUT,
            w.company_id,
            board_id,
            values["watching"],
            values["guidance"].replace("\0", "").strip(),
            msgspec.json.encode({tool.value: policy.value for tool, policy in tools.items()}).decode(),
            values["closing"],
            values["min_confidence"],
            values["quiet_seconds"],
            template_ids,
            cadence_ids,
            msgspec.json.encode(files).decode(),
        )
        w.audit(
            "board.ai_changed", board_id, watching=values["watching"], tools={tool.value: p.value for tool, p in tools.items()}
        )
        w.emit(BoardChanged(board_id=board_id))
        return await _watched(w, actor, board_id)


def _cleaned(files: list[BoardFile]) -> list[BoardFile]:
    """Each once, as jsonb takes it. Raises Invalid for one without a name."""
    found = {one.file_id: BoardFile(one.file_id, text(one.name).strip(), text(one.caption).strip()) for one in files}
    nameless = [number for number, one in enumerate(found.values()) if not one.name]
    if nameless:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED(f"files[{number}].name") for number in nameless])
    return list(found.values())


def _once(ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))


async def _absent_cadences(w: Work, ids: list[UUID], before: BoardAi) -> list[Field]:
    """Those that take nobody in; one that ended since stays until it is taken out."""
    rows = await w.fetch(
        "select id from cadence where company_id = $1 and id = any($2::uuid[]) and state = any($3)",
        w.company_id,
        ids,
        [CadenceState.RUNNING.value, CadenceState.PAUSED.value],
    )
    known = {row["id"] for row in rows} | set(before.cadence_ids)
    return [ProposalField.CADENCE_ABSENT(f"cadence_ids[{number}]") for number, one in enumerate(ids) if one not in known]


_UPLOADED = """
select id from message_file where company_id = $1 and id = any($2::uuid[]) and state = 'stored' and message_id is null
    and shelf_id is null and (uploaded_by = $3 or id = any($4::uuid[])) for share
"""


async def _absent_files(w: Work, files: list[BoardFile], before: BoardAi) -> list[Field]:
    """Those that the caller did not upload, or that a message took; what the board had stays as long as it is there."""
    ids, had = [one.file_id for one in files], [one.file_id for one in before.files]
    by = w.actor.id if w.actor is not None else None
    known = {row["id"] for row in await w.fetch(_UPLOADED, w.company_id, ids, by, had)}
    return [ProposalField.FILE_ABSENT(f"files[{number}].file_id") for number, one in enumerate(ids) if one not in known]
