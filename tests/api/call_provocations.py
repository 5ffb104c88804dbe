"""What brings the operations of calls to each answer that is documented."""

from uuid import UUID

from tests import factories
from tests.api.provocations import Request, Scene, Stage, conflict


async def _a_line(stage: Stage) -> Request:
    """A number that calls; of the simulator, where no hour is too late."""
    channel = await factories.channel(stage.db, stage.owner, "voice_retell", external_id="+551130000000")
    await stage.db.execute("delete from call where company_id = $1", stage.owner.company_id)
    return Request(body={"channel_id": str(channel)}, whole=True)


async def _a_broken_line(stage: Stage) -> Request:
    channel = await factories.channel(stage.db, stage.owner, "voice_retell", state="error", external_id="+551130000001")
    return Request(body={"channel_id": str(channel)}, whole=True)


async def _talking(stage: Stage) -> Request:
    """A call that goes on, over a number of VAPI."""
    call = UUID(stage.things["call_id"])
    await stage.db.execute("update call set stage = 1, provider_call_id = 'live' where id = $1", call)
    await stage.db.execute("update channel set kind = 'voice_vapi' where id = (select channel_id from call where id = $1)", call)
    return Request(body={"kind": "hint", "text": "Ofereça frete grátis."}, whole=True)


async def _over(stage: Stage) -> Request:
    request = await _talking(stage)
    await stage.db.execute("update call set stage = 3 where id = $1", UUID(stage.things["call_id"]))
    return request


ALSO: dict[str, list[Scene]] = {"contacts_call": [conflict(_a_broken_line)], "calls_orders_create": [conflict(_over)]}
SUCCESS: dict[str, Scene] = {"contacts_call": _a_line, "calls_orders_create": _talking}
