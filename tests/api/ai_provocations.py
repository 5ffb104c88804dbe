"""What brings the operations of the AI service to each answer that is documented."""

from tests.api.provocations import Request, Scene, Stage, conflict

CONNECT = """
insert into ai_connection(company_id, id, provider, chat_model, embedder, state) values ($1, uuidv7(), 'sandbox', 'gpt-4o', 'none', 'ready')
on conflict do nothing
"""


async def _connected(stage: Stage) -> Request:
    await stage.db.execute(CONNECT, stage.owner.company_id)
    return Request()


async def _disconnected(stage: Stage) -> Request:
    await stage.db.execute("delete from ai_connection where company_id = $1", stage.owner.company_id)
    return Request()


SUCCESS: dict[str, Scene] = {"ai_connection_test": _connected, "conversations_assist_create": _connected}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "ai_connection_test": [conflict(_disconnected)],
    "conversations_assist_create": [conflict(_disconnected)],
}
"""Answers that no rule tells; what of them is not in the document fails."""
