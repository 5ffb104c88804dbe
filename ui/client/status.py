"""How the installation is, over the API."""

from api.contract.status import InstallationStatus
from ui.client.base import ApiClient


async def status(api: ApiClient) -> InstallationStatus:
    return await api.get("/v1/status", InstallationStatus)
