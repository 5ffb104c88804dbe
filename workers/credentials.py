"""The channel that a job is about, with its secrets opened."""

from uuid import UUID

from db.channels.secrets import Credentials, credentials
from db.errors import NotFound
from db.permissions import Permission
from db.tenancy import worker
from db.work import read
from workers.runtime import Cancel


async def channel_of(company_id: UUID, channel_id: UUID) -> Credentials:
    """The channel that a job is about. Raises Cancel when it is gone, SealBroken."""
    try:
        async with read(worker(company_id), Permission.CHANNELS_READ) as r:
            return await credentials(r, channel_id)
    except NotFound as error:
        raise Cancel("the channel is gone") from error
