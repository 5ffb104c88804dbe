"""Personas over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.knowledge import KnowledgeBase
from api.contract.personas import (
    Persona,
    PersonaBindings,
    PersonaCase,
    PersonaCaseCreate,
    PersonaCasePatch,
    PersonaConfig,
    PersonaCreate,
    PersonaDraft,
    PersonaDraftSave,
    PersonaPatch,
    PersonaPublish,
    PersonaRun,
    PersonaRunStart,
    PersonaTrial,
    PersonaTry,
    PersonaVersion,
    PersonaVersionDetail,
    TrialLine,
)
from ui.client.base import ApiClient, Uploaded


async def personas(api: ApiClient) -> list[Persona]:
    return (await api.get("/v1/personas", Page[Persona])).items


async def persona(api: ApiClient, persona_id: UUID) -> Persona:
    return await api.get(f"/v1/personas/{persona_id}", Persona)


async def create(api: ApiClient, body: PersonaCreate) -> Persona:
    return await api.post("/v1/personas", Persona, body)


async def change(api: ApiClient, seen: Persona, body: PersonaPatch) -> Persona:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/personas/{seen.id}", Persona, body, version=seen.version)


async def delete(api: ApiClient, persona_id: UUID) -> None:
    await api.delete(f"/v1/personas/{persona_id}")


async def upload_picture(api: ApiClient, persona_id: UUID, file: Uploaded) -> Persona:
    """It is cut a moment later."""
    return await api.upload(f"/v1/personas/{persona_id}/picture", Persona, file)


async def remove_picture(api: ApiClient, persona_id: UUID) -> None:
    await api.delete(f"/v1/personas/{persona_id}/picture")


async def pause(api: ApiClient, persona_id: UUID) -> Persona:
    return await api.post(f"/v1/personas/{persona_id}/pause", Persona)


async def resume(api: ApiClient, persona_id: UUID) -> Persona:
    return await api.post(f"/v1/personas/{persona_id}/resume", Persona)


async def set_bindings(api: ApiClient, seen: Persona, body: PersonaBindings) -> Persona:
    """412 when somebody changed it since it was `seen`."""
    return await api.put(f"/v1/personas/{seen.id}/bindings", Persona, body, version=seen.version)


async def draft(api: ApiClient, persona_id: UUID) -> PersonaDraft:
    return await api.get(f"/v1/personas/{persona_id}/draft", PersonaDraft)


async def save_draft(api: ApiClient, persona_id: UUID, config: PersonaConfig, version: int) -> PersonaDraft:
    """412 when somebody else saved one since `version`."""
    return await api.put(f"/v1/personas/{persona_id}/draft", PersonaDraft, PersonaDraftSave(config=config), version=version)


async def publish(api: ApiClient, persona_id: UUID, note: str, version: int) -> Persona:
    """`version` is the draft's."""
    return await api.post(f"/v1/personas/{persona_id}/publish", Persona, PersonaPublish(note=note), version=version)


async def versions(api: ApiClient, persona_id: UUID, cursor: str | None = None) -> Page[PersonaVersion]:
    return await api.get(f"/v1/personas/{persona_id}/versions", Page[PersonaVersion], {"cursor": cursor})


async def version(api: ApiClient, persona_id: UUID, version_id: UUID) -> PersonaVersionDetail:
    return await api.get(f"/v1/personas/{persona_id}/versions/{version_id}", PersonaVersionDetail)


async def knowledge_bases(api: ApiClient) -> list[KnowledgeBase]:
    """That a persona may know."""
    return (await api.get("/v1/knowledge-bases", Page[KnowledgeBase])).items


async def restore(api: ApiClient, persona_id: UUID, version_id: UUID, version: int) -> PersonaDraft:
    """`version` is the draft's."""
    return await api.post(f"/v1/personas/{persona_id}/versions/{version_id}/restore", PersonaDraft, version=version)


async def try_out(api: ApiClient, persona_id: UUID, lines: list[TrialLine]) -> PersonaTrial:
    """The draft."""
    return await api.post(f"/v1/personas/{persona_id}/trials", PersonaTrial, PersonaTry(lines=lines))


async def trial(api: ApiClient, persona_id: UUID, trial_id: UUID) -> PersonaTrial:
    return await api.get(f"/v1/personas/{persona_id}/trials/{trial_id}", PersonaTrial)


async def cases(api: ApiClient, persona_id: UUID) -> list[PersonaCase]:
    return (await api.get(f"/v1/personas/{persona_id}/cases", Page[PersonaCase])).items


async def create_case(api: ApiClient, persona_id: UUID, body: PersonaCaseCreate) -> PersonaCase:
    return await api.post(f"/v1/personas/{persona_id}/cases", PersonaCase, body)


async def change_case(api: ApiClient, persona_id: UUID, seen: PersonaCase, body: PersonaCasePatch) -> PersonaCase:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/personas/{persona_id}/cases/{seen.id}", PersonaCase, body, version=seen.version)


async def delete_case(api: ApiClient, persona_id: UUID, case_id: UUID) -> None:
    await api.delete(f"/v1/personas/{persona_id}/cases/{case_id}")


async def start_run(api: ApiClient, persona_id: UUID, model: str = "") -> PersonaRun:
    """`model`: what serves is asked with it, and with its own; "": the draft and what serves."""
    return await api.post(f"/v1/personas/{persona_id}/runs", PersonaRun, PersonaRunStart(model=model))


async def last_run(api: ApiClient, persona_id: UUID, *, draft: bool = False) -> PersonaRun | None:
    """With its trials, as far as they are. `draft`: of those without a model."""
    found = (await api.get(f"/v1/personas/{persona_id}/runs", Page[PersonaRun], {"draft": True} if draft else None)).items
    return await api.get(f"/v1/personas/{persona_id}/runs/{found[0].id}", PersonaRun) if found else None
