"""Numbers that are bought and set up for calls, over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.enums import SetupStep
from api.contract.phone_setups import PhoneContinue, PhoneOrder, PhoneSearch, PhoneSetup, PhoneSetupStart, PhoneUndo
from ui.client.base import ApiClient

_PATH = "/v1/phone-setups"


async def setups(api: ApiClient) -> list[PhoneSetup]:
    return (await api.get(_PATH, Page[PhoneSetup])).items


async def start(api: ApiClient, body: PhoneSetupStart) -> PhoneSetup:
    return await api.post(_PATH, PhoneSetup, body)


async def setup(api: ApiClient, setup_id: UUID) -> PhoneSetup:
    return await api.get(f"{_PATH}/{setup_id}", PhoneSetup)


async def search(api: ApiClient, setup_id: UUID, body: PhoneSearch) -> PhoneSetup:
    return await api.post(f"{_PATH}/{setup_id}/search", PhoneSetup, body)


async def order(api: ApiClient, setup_id: UUID, body: PhoneOrder) -> PhoneSetup:
    """Costs money."""
    return await api.post(f"{_PATH}/{setup_id}/order", PhoneSetup, body)


async def go_on(api: ApiClient, setup_id: UUID, body: PhoneContinue) -> PhoneSetup:
    return await api.post(f"{_PATH}/{setup_id}/continue", PhoneSetup, body)


async def undo(api: ApiClient, setup_id: UUID, step: SetupStep) -> PhoneSetup:
    return await api.post(f"{_PATH}/{setup_id}/undo", PhoneSetup, PhoneUndo(step=step))


async def forget(api: ApiClient, setup_id: UUID) -> None:
    await api.delete(f"{_PATH}/{setup_id}")
