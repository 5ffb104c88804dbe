"""Leads over HTTP. Thin, every rule is in db/boards."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page, PersonRef
from api.contract.boards import (
    ContactRef,
    Lead,
    LeadChange,
    LeadCreate,
    LeadMove,
    LeadPatch,
    LeadsMove,
    LeadsMoved,
    LeadsMovedBack,
    MovedByAi,
    StageCount,
    StageRef,
)
from api.contract.contacts import Note, NoteCreate
from api.contract.upserts import LeadUpsert
from api.pagination import Cursor, Fields, Limit, decode_cursor, one_over, page, sparse, struct
from api.strict import METADATA, family
from api.versions import IfMatch
from db.boards import counts, history, leads, listing, moves, partner, undo
from db.boards.enums import Due, LeadSort
from db.permissions import Permission
from db.tenancy import Actor

_KEYS: dict[LeadSort, Any] = {
    LeadSort.RANK: tuple[str, UUID],
    LeadSort.CREATED: tuple[UUID],
    LeadSort.VALUE: tuple[int, UUID],
    LeadSort.DUE: tuple[date | None, UUID],
    LeadSort.MOVED: tuple[datetime, UUID],
    LeadSort.STAGE: tuple[UUID, str, UUID],
    LeadSort.TITLE: tuple[str, UUID],
    LeadSort.OWNER: tuple[str | None, UUID | None, UUID],
}

Search = Annotated[
    str | None, QueryParameter(max_length=100, description="Words of the title or of the contact's name: each is somewhere.")
]
Tag = Annotated[str | None, QueryParameter(max_length=60, description="Has this tag, as it is written.")]
Values = Annotated[
    list[str] | None,
    QueryParameter(name="value", description="`key:value`: has this value in this field of the board; may be repeated."),
]
DueWhen = Annotated[
    Literal["overdue", "today", "week", "none"] | None,
    QueryParameter(description="By the company's calendar; `week` is today and the six days after."),
]


def _person(row: asyncpg.Record, who: str) -> PersonRef | None:
    return PersonRef(id=row[f"{who}_id"], name=row[f"{who}_name"] or "") if row[f"{who}_id"] is not None else None


def _maker(actor: Actor) -> Callable[[asyncpg.Record], Lead]:
    """Rows as the actor may see them."""

    def make(row: asyncpg.Record) -> Lead:
        contact = ContactRef(id=row["contact_id"], name=row["contact_name"]) if row["contact_name"] is not None else None
        moved = msgspec.json.decode(row["moved_by_ai"], type=MovedByAi) if row["moved_by_ai"] else None
        if moved is not None and Permission.CONVERSATIONS_READ not in actor.permissions:
            moved.quote = ""
        values = msgspec.json.decode(row["custom"])
        metadata = msgspec.json.decode(row["metadata"])
        owner = _person(row, "owner")
        return struct(row, Lead, contact=contact, owner=owner, values=values, metadata=metadata, moved_by_ai=moved)

    return make


def _change(row: asyncpg.Record) -> LeadChange:
    def stage(which: str) -> StageRef | None:
        return StageRef(id=row[f"{which}_id"], name=row[which]) if row[f"{which}_id"] is not None else None

    what = msgspec.json.decode(row["what"])
    return struct(
        row,
        LeadChange,
        by=_person(row, "by"),
        from_stage=stage("from_stage"),
        to_stage=stage("to_stage"),
        lost_reason=what.get("lost_reason"),
        rule_id=UUID(what["rule_id"]) if what.get("rule_id") else None,
        proposal_id=UUID(what["proposal_id"]) if what.get("proposal_id") else None,
        persona_name=what.get("persona"),
        fields=what.get("fields", []),
    )


def _filter(
    owner_id: UUID | None, search: str | None, tag: str | None, due: str | None, values: list[str] | None
) -> listing.LeadFilter:
    wanted = listing.values_of(values)
    return listing.LeadFilter(owner_id=owner_id, search=search, tag=tag, due=Due(due) if due else None, values=wanted)


class BoardLeadController(Controller):
    path = "/v1/boards/{board_id:uuid}/leads"
    tags = ("Boards",)

    @get(
        summary="List a board's leads",
        description="With `stage_id` in the order in which people put them, else newest first, or by `sort`: `rank` needs a stage, `value` "
        "begins with the highest, `due` with the soonest, `moved` with those moved last, `title` goes by the alphabet, "
        "`owner` by the owners' names, `stage` through the stages in their order. How many there are is in the totals of the stages.",
    )
    async def list_leads(
        self,
        actor: Caller,
        board_id: FromPath[UUID],
        stage_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        search: Search = None,
        tag: Tag = None,
        due: DueWhen = None,
        values: Values = None,
        sort: FromQuery[Literal["rank", "created", "value", "due", "moved", "stage", "title", "owner"] | None] = None,
        fields: Fields = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Lead]:
        filter = _filter(owner_id, search, tag, due, values)._replace(stage_id=stage_id)
        order = listing.order_of(filter, LeadSort(sort) if sort else None)
        after = decode_cursor(cursor, _KEYS[order])
        rows = await listing.board_leads(actor, board_id, filter, sort=order, after=after, limit=one_over(limit))
        return sparse(page(rows, limit, lambda row: listing.key(row, order), _maker(actor)), fields)


class BoardTotalsController(Controller):
    path = "/v1/boards/{board_id:uuid}/totals"
    tags = ("Boards",)

    @get(
        summary="Count what a filter finds on a board",
        description="Leads and their value in each stage, in order, for the filters of the list of leads. Exact for a tag alone, and for words, "
        "tag and values that at most 20,000 leads have; else up to 1,000 in a stage: `more` says that there are more than that. Without a filter the stages themselves have exact totals.",
    )
    async def list_totals(
        self,
        actor: Caller,
        board_id: FromPath[UUID],
        owner_id: FromQuery[UUID | None] = None,
        search: Search = None,
        tag: Tag = None,
        due: DueWhen = None,
        values: Values = None,
    ) -> Page[StageCount]:
        filter = _filter(owner_id, search, tag, due, values)
        rows = await counts.counts(actor, board_id, filter)
        return Page(items=[struct(row, StageCount) for row in rows], total=len(rows))


class ContactLeadController(Controller):
    path = "/v1/contacts/{contact_id:uuid}/leads"
    tags = ("Boards",)

    @get(summary="List a contact's leads", description="Of all boards, newest first.")
    async def list_contact_leads(
        self, actor: Caller, contact_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[Lead]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await listing.contact_leads(actor, contact_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), _maker(actor))


class LeadController(Controller):
    path = "/v1/leads"
    tags = ("Boards",)

    @post(
        summary="Create a lead",
        description="The first one of its stage; without `stage_id`, of the board's first stage. 409 `board_archived`, 422 "
        "`lost_reason_missing` in a stage of kind lost.",
    )
    async def create_lead(self, actor: Caller, data: JSONBody[LeadCreate]) -> Lead:
        return _maker(actor)(await leads.create_lead(actor, **msgspec.structs.asdict(data)))

    @get(
        summary="List leads of partners",
        description="Of all boards, newest first: by `external_id`, by what is kept under a key (`metadata.<key>=<value>`), or all.",
        opt={"parameter_families": (METADATA,)},
    )
    async def list_partner_leads(
        self,
        request: Request[Any, Any, Any],
        actor: Caller,
        external_id: Annotated[str | None, QueryParameter(max_length=200)] = None,
        board_id: FromQuery[UUID | None] = None,
        fields: Fields = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Lead]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await partner.partner_leads(
            actor,
            external_id=external_id,
            metadata=family(request, METADATA),
            board_id=board_id,
            after=after[0] if after else None,
            limit=one_over(limit),
        )
        return sparse(page(rows, limit, lambda row: (row["id"],), _maker(actor)), fields)

    @post(
        "/upsert",
        status_code=200,
        summary="Create or update a lead",
        description="Found by `external_id`; made when there is none, which needs `board_id` and `title`. What is left out stays; `values` and "
        "`metadata` are merged, an empty value removes its key; another `stage_id` moves it. 409 `other_board`, `board_archived`, 422 `lost_reason_missing`.",
    )
    async def upsert_lead(self, actor: Caller, data: JSONBody[LeadUpsert]) -> Lead:
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        placed = {name: given.pop(name, None) for name in ("board_id", "stage_id", "lost_reason")}
        found = await partner.upsert(actor, given.pop("external_id"), **placed, **given)
        return _maker(actor)(found)

    @get("/{lead_id:uuid}", summary="Get a lead", description="With its ETag for If-Match.")
    async def get_lead(self, actor: Caller, lead_id: FromPath[UUID]) -> Lead:
        return _maker(actor)(await leads.lead(actor, lead_id))

    @patch(
        "/{lead_id:uuid}",
        opt={"versioned": True},
        summary="Change a lead",
        description="What is left out stays; `values` of the board's fields are merged, an empty one takes its key out. 412 when somebody else changed it.",
    )
    async def change_lead(self, actor: Caller, lead_id: FromPath[UUID], data: JSONBody[LeadPatch], expected: IfMatch) -> Lead:
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        return _maker(actor)(await leads.change_lead(actor, lead_id, expected=expected, **given))

    @delete(
        "/{lead_id:uuid}",
        opt={"versioned": True},
        summary="Delete a lead",
        description="With its notes and history, for good. 412 when somebody else changed it.",
    )
    async def delete_lead(self, actor: Caller, lead_id: FromPath[UUID], expected: IfMatch) -> None:
        await leads.delete_lead(actor, lead_id, expected=expected)

    @post(
        "/{lead_id:uuid}/move",
        status_code=200,
        summary="Move a lead",
        description="Behind `after_id`; where that one is no longer in the stage, in front of `before_id`; else to the top. Moving it back "
        "between its former neighbours undoes it. 412 when `version` is given and another one now; 409 `other_board`, `board_archived`; 422 "
        "`lost_reason_missing`.",
    )
    async def move_lead(self, actor: Caller, lead_id: FromPath[UUID], data: JSONBody[LeadMove]) -> Lead:
        return _maker(actor)(await moves.move_lead(actor, lead_id, **msgspec.structs.asdict(data)))

    @post(
        "/bulk-move",
        status_code=200,
        summary="Move many leads",
        description="At most 500, to the top of a stage of their board in the order given; all of them or none. Rules of the stage "
        "run only with `run_rules`. 409 `other_board`, `board_archived`; 422 `lost_reason_missing`.",
    )
    async def move_leads(self, actor: Caller, data: JSONBody[LeadsMove]) -> LeadsMoved:
        moved = await moves.move_leads(
            actor, data.lead_ids, stage_id=data.stage_id, lost_reason=data.lost_reason, run_rules=data.run_rules
        )
        return LeadsMoved(moved=moved.moved, bulk_move_id=moved.id)

    @post("/bulk-move/{bulk_move_id:uuid}/undo", status_code=200, summary="Undo a move of many leads")
    async def undo_move(self, actor: Caller, bulk_move_id: FromPath[UUID]) -> LeadsMovedBack:
        """Every lead goes back to the stage and place it had, except those that somebody moved since. Once, within seven days. 409
        `move_undone`, `board_archived`."""
        done = await undo.undo_move(actor, bulk_move_id)
        return LeadsMovedBack(moved=done.moved, stayed=done.stayed)

    @get(
        "/{lead_id:uuid}/history", summary="What became of a lead", description="Newest first: who moved or changed it, and when."
    )
    async def list_history(
        self, actor: Caller, lead_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[LeadChange]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await history.history(actor, lead_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), _change)

    @get("/{lead_id:uuid}/notes", summary="List a lead's notes", description="Newest first.")
    async def list_notes(self, actor: Caller, lead_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50) -> Page[Note]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await history.notes(actor, lead_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, Note))

    @post("/{lead_id:uuid}/notes", summary="Write a note about a lead")
    async def add_note(self, actor: Caller, lead_id: FromPath[UUID], data: JSONBody[NoteCreate]) -> Note:
        """Colleagues see it, the contact never does."""
        return struct(await history.add_note(actor, lead_id, data.body), Note)

    @delete("/{lead_id:uuid}/notes/{lead_note_id:uuid}", summary="Delete a note about a lead")
    async def delete_note(self, actor: Caller, lead_id: FromPath[UUID], lead_note_id: FromPath[UUID]) -> None:
        """For good."""
        await history.delete_note(actor, lead_id, lead_note_id)
