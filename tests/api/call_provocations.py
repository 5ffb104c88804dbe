"""What brings the operations of calls to each answer that is documented."""

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


ALSO: dict[str, list[Scene]] = {"contacts_call": [conflict(_a_broken_line)]}
SUCCESS: dict[str, Scene] = {"contacts_call": _a_line}
