"""The connection to Kommo over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.kommo import Kommo, KommoConnect, KommoPatch, KommoPlace, KommoPushContact, KommoTask
from ui.client.base import ApiClient, Params

_PATH = "/v1/integrations/kommo"


async def connection(api: ApiClient) -> Kommo:
    return await api.get(_PATH, Kommo)


async def connect(api: ApiClient, body: KommoConnect, version: int) -> Kommo:
    """A check starts at once."""
    return await api.put(_PATH, Kommo, body, version=version)


async def change(api: ApiClient, body: KommoPatch, version: int) -> Kommo:
    """412 when somebody changed it since."""
    return await api.patch(_PATH, Kommo, body, version=version)


async def disconnect(api: ApiClient) -> None:
    await api.delete(_PATH)


async def test(api: ApiClient) -> Kommo:
    return await api.post(f"{_PATH}/test", Kommo)


async def tasks(api: ApiClient, params: Params) -> Page[KommoTask]:
    return await api.get(f"{_PATH}/tasks", Page[KommoTask], params)


async def of_contact(api: ApiClient, contact_id: UUID) -> KommoPlace:
    """404 when the contact is gone."""
    return await api.get(f"{_PATH}/contacts/{contact_id}", KommoPlace)


async def push_contact(api: ApiClient, contact_id: UUID) -> KommoTask:
    """409 while nothing goes to Kommo."""
    return await api.post(f"{_PATH}/push-contact", KommoTask, KommoPushContact(contact_id=contact_id))


async def again(api: ApiClient, task_id: UUID) -> KommoTask:
    return await api.post(f"{_PATH}/tasks/{task_id}/retry", KommoTask)
