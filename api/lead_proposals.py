"""What the AI may do with leads and what it proposes, over HTTP. Thin, every rule is in db/proposals."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.assistant import step
from api.auth.guard import Caller
from api.contract.base import Page, PersonRef
from api.contract.boards import StageRef
from api.contract.proposals import (
    BoardAi,
    BoardAiPut,
    BoardFile,
    BoardWaiting,
    LeadProposal,
    LeadTools,
    ProposalReason,
    ProposalRefuse,
    ProposalState,
    ProposalsWaiting,
    ProposalTrace,
    ProposedChange,
    Quote,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.boards.enums import LeadFieldKind
from db.clock import now
from db.proposals import allowed, decide, queries, settings
from db.proposals.enums import LeadTool
from db.proposals.queries import Which
from db.proposals.settings import Watched

InState = Annotated[
    ProposalState | None, QueryParameter(name="state", description="As it is now; left out: all but blocked ones.")
]

_quotes: msgspec.json.Decoder[list[Quote]] = msgspec.json.Decoder(list[Quote])


def _board_ai(found: Watched) -> BoardAi:
    chosen = found.settings
    return BoardAi(
        watching=chosen.watching,
        guidance=chosen.guidance,
        tools=LeadTools(**{tool.value: policy for tool, policy in chosen.tools.items()}),
        closing=chosen.closing,
        min_confidence=chosen.min_confidence,
        quiet_seconds=chosen.quiet_seconds,
        template_ids=chosen.template_ids,
        cadence_ids=chosen.cadence_ids,
        files=[BoardFile(file_id=one.file_id, name=one.name, caption=one.caption) for one in chosen.files],
        judged=found.judged,
        spent_micro=found.spent_micro,
        kept=found.kept,
        waiting=found.waiting,
        connected=found.connected,
        version=chosen.version,
    )


def _what(row: asyncpg.Record) -> ProposedChange:
    before = msgspec.json.decode(row["before"])
    was = next((before[key] for key in ("value_cents", "value", "due_on") if before.get(key) not in (None, "")), None)
    given: dict[str, Any] = msgspec.json.decode(row["args"])
    owner = PersonRef(id=row["owner_id"], name=row["owner_name"] or "") if row["owner_id"] is not None else None
    return ProposedChange(
        currency=row["currency"],
        title=given.get("title"),
        value_cents=given.get("value_cents"),
        lost_reason=given.get("lost_reason"),
        key=given.get("key"),
        label=row["field_label"],
        kind=LeadFieldKind(row["field_kind"]) if row["field_kind"] is not None else None,
        value=given.get("value"),
        was=None if was is None else str(was),
        tag=given.get("tag"),
        owner=owner,
        due_on=date.fromisoformat(given["due_on"]) if given.get("due_on") else None,
        note=given.get("note") or None,
        template_id=UUID(given["template_id"]) if given.get("template_id") else None,
        template=row["template_name"],
        values=given.get("values"),
        file_id=UUID(given["file_id"]) if given.get("file_id") else None,
        file=row["file_name"],
        starts_at=datetime.fromisoformat(given["starts_at"]) if given.get("starts_at") else None,
        cadence_id=UUID(given["cadence_id"]) if given.get("cadence_id") else None,
        cadence=row["cadence_name"],
    )


def _proposal(row: asyncpg.Record) -> LeadProposal:
    def stage(which: str) -> StageRef | None:
        return StageRef(id=row[f"{which}_id"], name=row[which] or "") if row[f"{which}_id"] is not None else None

    decided = PersonRef(id=row["decided_by_id"], name=row["decided_by_name"] or "") if row["decided_by_id"] is not None else None
    return struct(
        row,
        LeadProposal,
        contact_name=row["contact_name"] or "",
        from_stage=stage("from_stage"),
        to_stage=stage("to_stage"),
        what=_what(row),
        evidence=_quotes.decode(row["evidence"]),
        decided_by=decided,
        can_undo=queries.undoable(row, now()),
        can_decide=row["state"] == ProposalState.PROPOSED,
    )


class BoardAiController(Controller):
    path = "/v1/boards/{board_id:uuid}/ai"
    tags = ("Leads by AI",)

    @get(
        summary="What the AI may do on a board",
        description="A board without settings is not watched; its version is 0. With what the looks of the last 30 days cost.",
    )
    async def get_ai(self, actor: Caller, board_id: FromPath[UUID]) -> BoardAi:
        return _board_ai(await settings.watched(actor, board_id))

    @put(
        opt={"versioned": True},
        summary="Set what the AI may do on a board",
        description="Where a board watches, the conversation of each person is read once they pause, whoever answers it: for their open lead "
        "there, or for one to be made. What is proposed is checked by code against the customer's own words. 412 when somebody else changed "
        "it; 409 `board_archived`; 422 `not_by_itself`, `template_absent`, `cadence_absent`, `file_absent`.",
    )
    async def put_ai(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[BoardAiPut], expected: IfMatch) -> BoardAi:
        tools = {tool: getattr(data.tools, tool.value) for tool in LeadTool}
        files = [allowed.BoardFile(one.file_id, one.name, one.caption) for one in data.files]
        values = msgspec.structs.asdict(data) | {"tools": tools, "files": files}
        return _board_ai(await settings.put(actor, board_id, expected=expected, **values))


class LeadProposalController(Controller):
    path = "/v1/lead-proposals"
    tags = ("Leads by AI",)

    @get(
        summary="List what the AI proposed",
        description="Newest first, with the words that prove it. Blocked ones only with `state=blocked`: they failed a check and did nothing. "
        "Needs `conversations:read` too, as it quotes what customers wrote.",
    )
    async def list_proposals(
        self,
        actor: Caller,
        in_state: InState = None,
        board_id: FromQuery[UUID | None] = None,
        lead_id: FromQuery[UUID | None] = None,
        conversation_id: FromQuery[UUID | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[LeadProposal]:
        after = decode_cursor(cursor, tuple[UUID])
        which = Which(in_state, board_id, lead_id, conversation_id)
        rows = await queries.proposals(actor, which, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), _proposal)

    @get("/waiting", summary="Count what waits for a person", description="Of one board, or of each that has any.")
    async def count_waiting(self, actor: Caller, board_id: FromQuery[UUID | None] = None) -> ProposalsWaiting:
        found = await queries.waiting(actor, board_id)
        boards = [BoardWaiting(board_id=one, waiting=count) for one, count in found]
        return ProposalsWaiting(waiting=sum(count for _, count in found), boards=boards)

    @get("/{lead_proposal_id:uuid}", summary="Get a proposal", description="With what came of it.")
    async def get_proposal(self, actor: Caller, lead_proposal_id: FromPath[UUID]) -> LeadProposal:
        return _proposal(await queries.proposal(actor, lead_proposal_id))

    @post(
        "/{lead_proposal_id:uuid}/accept",
        status_code=200,
        summary="Accept a proposal",
        description="It is done as if the caller did it by hand, with the same rules; a template or a file is sent, which needs `messages:send`, and putting them into a sequence needs "
        "`campaigns:send`. 409 "
        "`proposal_decided`, `proposal_expired` when the lead changed since, and what the same change by hand is refused with.",
    )
    async def accept(self, actor: Caller, lead_proposal_id: FromPath[UUID]) -> LeadProposal:
        return _proposal(await decide.accept(actor, lead_proposal_id))

    @post(
        "/{lead_proposal_id:uuid}/refuse",
        status_code=200,
        summary="Refuse a proposal",
        description="The board's next looks have it as an example: of this conversation with its words, of others where a reason is said. 409 `proposal_decided`.",
    )
    async def refuse(self, actor: Caller, lead_proposal_id: FromPath[UUID], data: JSONBody[ProposalRefuse]) -> LeadProposal:
        return _proposal(await decide.refuse(actor, lead_proposal_id, data.because, data.reason))

    @get("/{lead_proposal_id:uuid}/trace", summary="Read how a proposal came about")
    async def read_trace(self, actor: Caller, lead_proposal_id: FromPath[UUID]) -> ProposalTrace:
        """Everything that the model of that look was asked and what it answered. Needs `ai:read`, `boards:read` and `conversations:read`."""
        found = await queries.trace(actor, lead_proposal_id)
        return ProposalTrace(at=found.at, cost_micro=found.cost, steps=[step(one) for one in found.steps])

    @put(
        "/{lead_proposal_id:uuid}/reason",
        summary="Say why a proposal was refused",
        description="Of a fixed list, after it was refused or undone; the board's next looks have it as an example. The last word counts. 409 "
        "`proposal_decided` where it was neither.",
    )
    async def say_why(self, actor: Caller, lead_proposal_id: FromPath[UUID], data: JSONBody[ProposalReason]) -> LeadProposal:
        return _proposal(await decide.say_why(actor, lead_proposal_id, data.reason))

    @post(
        "/{lead_proposal_id:uuid}/undo",
        status_code=200,
        summary="Undo what a proposal did",
        description="Within a day, accepted or done by itself: what was there before is there again. 409 `undo_changed` when somebody changed "
        "the same since, `proposal_too_old`, `cannot_undo` for a template or a file, `proposal_decided`. Who was put into a sequence leaves it, which needs "
        "`campaigns:send`.",
    )
    async def undo(self, actor: Caller, lead_proposal_id: FromPath[UUID], data: JSONBody[ProposalRefuse]) -> LeadProposal:
        return _proposal(await decide.undo(actor, lead_proposal_id, data.because, data.reason))
