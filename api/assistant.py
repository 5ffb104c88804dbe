"""The assistant of a conversation over HTTP. Thin, every rule is in db/assistant."""

from typing import Any
from uuid import UUID

from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.assistant import (
    Assistant,
    AssistantDraft,
    AssistantFact,
    AssistantPersona,
    AssistantRun,
    AssistantStep,
    AssistantTokens,
    AssistantTrace,
    AssistantTurn,
    AssistantUpdate,
    Citation,
)
from api.contract.base import Page, PersonRef
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.assistant import actions, queries
from db.messages import conversation


def citation(found: conversation.Citation) -> Citation:
    return struct({name: getattr(found, name) for name in found.__struct_fields__}, Citation)


def _assistant(found: queries.Assistant) -> Assistant:
    draft = None
    if found.draft is not None:
        cited = [citation(one) for one in found.draft.citations]
        facts = [AssistantFact(key=one.key, label=one.label, value=one.value) for one in found.draft.facts]
        draft = struct(found.draft._asdict(), AssistantDraft, citations=cited, facts=facts)
    return struct(
        found._asdict(),
        Assistant,
        persona=None if found.persona is None else struct(found.persona._asdict(), AssistantPersona),
        owner_by=None if found.owner_by is None else PersonRef(id=found.owner_by.id, name=found.owner_by.name),
        draft=draft,
    )


def _turn(found: queries.TurnRow) -> AssistantTurn:
    return struct(
        found._asdict(), AssistantTurn, citations=[citation(one) for one in found.citations], usage=_tokens(found.usage or None)
    )


def _tokens(usage: Any) -> AssistantTokens | None:
    return None if usage is None else struct(usage, AssistantTokens)


def step(one: dict[str, Any]) -> AssistantStep:
    return AssistantStep(
        kind=one["kind"], ms=one["ms"], asked=one["asked"], answered=one["answered"], usage=_tokens(one["usage"])
    )


class AssistantController(Controller):
    path = "/v1/conversations/{conversation_id:uuid}/assistant"
    tags = ("Assistant",)

    @get(summary="Who answers")
    async def read_assistant(self, actor: Caller, conversation_id: FromPath[UUID]) -> Assistant:
        """Whether people or a persona, what that does now, and its draft. Needs `conversations:read`."""
        return _assistant(await queries.assistant_of(actor, conversation_id))

    @put(summary="Switch the assistant")
    async def set_assistant(self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[AssistantUpdate]) -> Assistant:
        """Of this conversation alone; what it was about to say is not said. Needs `conversations:write`."""
        return _assistant(await actions.set_mode(actor, conversation_id, data.mode))

    @post("/take-over", summary="Take a conversation over", status_code=200)
    async def take_over(self, actor: Caller, conversation_id: FromPath[UUID]) -> Assistant:
        """People answer from now on: nothing that was not sent yet is sent. Needs `conversations:write`."""
        return _assistant(await actions.take_over(actor, conversation_id))

    @post("/give-back", summary="Give a conversation back", status_code=200)
    async def give_back(self, actor: Caller, conversation_id: FromPath[UUID]) -> Assistant:
        """The assistant answers again, at once what came in during the last ten minutes and waits. Needs `conversations:write`."""
        return _assistant(await actions.give_back(actor, conversation_id))

    @delete("/drafts/{turn_id:uuid}", summary="Put a draft away", status_code=200)
    async def put_away(self, actor: Caller, conversation_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Assistant:
        """Nothing happens where it is none any more. Needs `conversations:write`."""
        return _assistant(await actions.put_away(actor, conversation_id, turn_id))

    @post("/drafts/{turn_id:uuid}/keep", summary="Keep what a draft found out", status_code=200)
    async def keep_facts(self, actor: Caller, conversation_id: FromPath[UUID], turn_id: FromPath[UUID]) -> Assistant:
        """Its `facts` are written to the contact, where nothing is yet; it stays a draft. Nothing happens where it is none any more. Needs
        `conversations:write` and `contacts:write`."""
        return _assistant(await actions.keep_facts(actor, conversation_id, turn_id))

    @get("/turns", summary="Turns of the assistant")
    async def list_turns(
        self, actor: Caller, conversation_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[AssistantTurn]:
        """What it did, newest first. Needs `ai:read` and `conversations:read`."""
        before = decode_cursor(cursor, tuple[int])
        rows = await queries.turns_of(actor, conversation_id, before=before[0] if before else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.seq,), _turn)

    @get("/turns/{turn_id:uuid}", summary="Read the trace of a turn")
    async def read_turn(self, actor: Caller, conversation_id: FromPath[UUID], turn_id: FromPath[UUID]) -> AssistantTrace:
        """Everything that models were asked and what they answered. Needs `ai:read`, `conversations:read` and `knowledge:read`."""
        turn, runs, cost = await queries.trace_of(actor, conversation_id, turn_id)
        return AssistantTrace(
            turn=_turn(turn),
            cost_micro=cost,
            runs=[AssistantRun(epoch=run.epoch, at=run.at, steps=[step(one) for one in run.steps]) for run in runs],
        )
