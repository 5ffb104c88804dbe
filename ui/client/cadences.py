"""Cadences over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.cadences import (
    Cadence,
    CadenceCreate,
    CadenceEnrol,
    CadenceEnrolled,
    CadenceEnrolment,
    CadencePatch,
    CadenceRemove,
    CadenceRemoved,
    CadenceRow,
    CadenceStep,
    ContactCadence,
    Plan,
)
from api.contract.contacts import ContactFilter
from api.contract.enums import CadenceState
from ui.client.base import ApiClient, Params

_PATH = "/v1/cadences"


async def cadences(api: ApiClient, cursor: str | None = None) -> Page[CadenceRow]:
    return await api.get(_PATH, Page[CadenceRow], {"cursor": cursor, "limit": 50})


async def cadence(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.get(f"{_PATH}/{cadence_id}", Cadence)


async def create(api: ApiClient, name: str) -> Cadence:
    return await api.post(_PATH, Cadence, CadenceCreate(name=name))


async def change(api: ApiClient, seen: Cadence, *, plan: Plan) -> Cadence:
    """Raises ApiProblem 412 when somebody changed it since it was `seen`."""
    return await api.patch(f"{_PATH}/{seen.id}", Cadence, CadencePatch(plan=plan), version=seen.version)


async def start(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.post(f"{_PATH}/{cadence_id}/start", Cadence)


async def pause(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.post(f"{_PATH}/{cadence_id}/pause", Cadence)


async def resume(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.post(f"{_PATH}/{cadence_id}/resume", Cadence)


async def end(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.post(f"{_PATH}/{cadence_id}/end", Cadence)


async def copy(api: ApiClient, cadence_id: UUID) -> Cadence:
    return await api.post(f"{_PATH}/{cadence_id}/copy", Cadence)


async def delete(api: ApiClient, cadence_id: UUID) -> None:
    await api.delete(f"{_PATH}/{cadence_id}")


async def steps(api: ApiClient, cadence_id: UUID) -> dict[UUID, CadenceStep]:
    found = (await api.get(f"{_PATH}/{cadence_id}/steps", Page[CadenceStep])).items
    return {one.step_id: one for one in found}


async def enrol(api: ApiClient, cadence_id: UUID, contacts: ContactFilter) -> CadenceEnrolled:
    return await api.post(f"{_PATH}/{cadence_id}/enrolments", CadenceEnrolled, CadenceEnrol(contacts=contacts))


async def people(api: ApiClient, cadence_id: UUID, params: Params) -> Page[CadenceEnrolment]:
    return await api.get(f"{_PATH}/{cadence_id}/enrolments", Page[CadenceEnrolment], params)


async def of_contact(api: ApiClient, contact_id: UUID) -> Page[ContactCadence]:
    return await api.get(f"/v1/contacts/{contact_id}/cadences", Page[ContactCadence])


async def open_to_people(api: ApiClient) -> list[CadenceRow]:
    """Those that people can be put into."""
    params = {"state": [CadenceState.RUNNING.value, CadenceState.PAUSED.value], "limit": 200}
    return (await api.get(_PATH, Page[CadenceRow], params)).items


async def remove(api: ApiClient, cadence_id: UUID, contact_id: UUID) -> int:
    body = CadenceRemove(contact_ids=[contact_id])
    return (await api.post(f"{_PATH}/{cadence_id}/remove", CadenceRemoved, body)).removed
