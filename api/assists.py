"""What agents ask for while they work, over HTTP. Thin, every rule is in db/assistant/assists.py."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from api.assistant import citation, step
from api.auth.guard import Caller
from api.contract.assists import Assist, AssistCreate, AssistKind, AssistTrace
from api.contract.base import Page
from api.contract.conversations import LabelRef
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.assistant import assists


def _assist(found: assists.Assist) -> Assist:
    return struct(
        found._asdict(),
        Assist,
        citations=[citation(one) for one in found.citations],
        labels=[struct(one._asdict(), LabelRef) for one in found.labels],
    )


class AssistController(Controller):
    path = "/v1/conversations/{conversation_id:uuid}/assist"
    tags = ("Assistant",)

    @get(summary="What was asked for")
    async def list_assists(
        self,
        actor: Caller,
        conversation_id: FromPath[UUID],
        what: FromQuery[AssistKind | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Assist]:
        """About this conversation, and by the caller about texts of theirs; newest first. Needs `conversations:write`."""
        before = decode_cursor(cursor, tuple[UUID])
        rows = await assists.assists(
            actor, conversation_id, what=what, before=before[0] if before else None, limit=one_over(limit)
        )
        return page(rows, limit, lambda row: (row.id,), _assist)

    @post(summary="Ask for a draft, other words, a summary")
    async def create_assist(self, actor: Caller, conversation_id: FromPath[UUID], data: JSONBody[AssistCreate]) -> Assist:
        """Answers at once; it is written by a worker, and `assist.progress` tells the pieces. Nothing is sent to the customer. What is about
        the conversation and was written since its newest message is given again, at no cost. 409 `ai_not_connected`. Needs
        `conversations:write`."""
        return _assist(await assists.ask(actor, conversation_id, data.what, text=data.text, language=data.language))

    @get("/{assist_id:uuid}", summary="What is there of it")
    async def get_assist(self, actor: Caller, conversation_id: FromPath[UUID], assist_id: FromPath[UUID]) -> Assist:
        """As far as it is written. Needs `conversations:write`."""
        return _assist(await assists.assist(actor, conversation_id, assist_id))

    @get("/{assist_id:uuid}/trace", summary="Read how it came about")
    async def read_trace(self, actor: Caller, conversation_id: FromPath[UUID], assist_id: FromPath[UUID]) -> AssistTrace:
        """Everything that a model was asked and what it answered. Needs `ai:read`, `conversations:write` and `knowledge:read`."""
        found = await assists.trace(actor, conversation_id, assist_id)
        return AssistTrace(at=found.at, cost_micro=found.cost, steps=[step(one) for one in found.steps])

    @delete("/{assist_id:uuid}", summary="Stop writing", status_code=200)
    async def stop_assist(self, actor: Caller, conversation_id: FromPath[UUID], assist_id: FromPath[UUID]) -> Assist:
        """Nothing happens where it is done. Needs `conversations:write`."""
        return _assist(await assists.stop(actor, conversation_id, assist_id))
