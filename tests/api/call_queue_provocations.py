"""What brings the operations of calls that are handed to people to each answer that is documented."""

from uuid import UUID

from tests.api.provocations import Request, Scene, Stage, conflict


async def _rings(stage: Stage) -> Request:
    """The call rings at the page of who asks."""
    await stage.db.execute(
        "update call_transfer set state = 'ringing', outcome = null, owed = null where id = $1", UUID(stage.things["transfer_id"])
    )
    await stage.db.execute("delete from call_ring where company_id = $1", stage.owner.company_id)
    await stage.db.execute(
        "insert into call_ring(company_id, transfer_id, user_id, until) values ($1, $2, $3, now() + interval '1 hour')",
        stage.owner.company_id,
        UUID(stage.things["transfer_id"]),
        stage.owner.id,
    )
    return Request()


async def _nothing(stage: Stage) -> Request:
    return Request()


ALSO: dict[str, list[Scene]] = {
    "call_transfers_accept": [conflict(_nothing)],
    "call_transfers_refuse": [conflict(_nothing)],
}
SUCCESS: dict[str, Scene] = {"call_transfers_accept": _rings, "call_transfers_refuse": _rings}
