"""How the installation is, over HTTP: thin, every rule is in db/status."""

from litestar import Controller, get

from api.auth.guard import Caller
from api.contract.status import InstallationStatus, StatusLine
from api.pagination import struct
from db.status import health


class StatusController(Controller):
    path = "/v1/status"
    tags = ("Company",)

    @get(summary="How the installation is")
    async def status(self, actor: Caller) -> InstallationStatus:
        """Programs, queues, channels, the last backup and the self-check of the figures, each with a level. Needs `company:write`."""
        found = await health.status(actor)
        return InstallationStatus(
            checks=[struct(one._asdict(), StatusLine, count=one.n) for one in found.checks],
            versions=dict(sorted(found.versions.items())),
        )
