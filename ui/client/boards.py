"""Boards, their stages and leads over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.boards import (
    Board,
    BoardCreate,
    BoardPatch,
    Lead,
    LeadChange,
    LeadCreate,
    LeadField,
    LeadFieldCreate,
    LeadFieldPatch,
    LeadMove,
    LeadPatch,
    LeadsMove,
    LeadsMoved,
    LeadsMovedBack,
    LostReason,
    LostReasonCreate,
    Stage,
    StageCount,
    StageCreate,
    StagePatch,
)
from api.contract.contacts import Note, NoteCreate
from ui.client.base import ApiClient, Params


async def boards(api: ApiClient, *, archived: bool = False) -> list[Board]:
    return (await api.get("/v1/boards", Page[Board], {"archived": archived})).items


async def board(api: ApiClient, board_id: UUID) -> Board:
    return await api.get(f"/v1/boards/{board_id}", Board)


async def create_board(api: ApiClient, body: BoardCreate) -> Board:
    return await api.post("/v1/boards", Board, body)


async def change_board(api: ApiClient, seen: Board, body: BoardPatch) -> Board:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/boards/{seen.id}", Board, body, version=seen.version)


async def archive_board(api: ApiClient, board_id: UUID) -> None:
    await api.delete(f"/v1/boards/{board_id}")


async def create_stage(api: ApiClient, board_id: UUID, body: StageCreate) -> Stage:
    return await api.post(f"/v1/boards/{board_id}/stages", Stage, body)


async def change_stage(api: ApiClient, stage_id: UUID, body: StagePatch, version: int | None = None) -> Stage:
    return await api.patch(f"/v1/stages/{stage_id}", Stage, body, version=version)


async def delete_stage(api: ApiClient, stage_id: UUID, move_to: UUID | None) -> None:
    """409 `stage_not_empty` while leads stand in it and nobody says where they go."""
    await api.delete(f"/v1/stages/{stage_id}", {"move_to": move_to})


async def lost_reasons(api: ApiClient, board_id: UUID) -> list[LostReason]:
    return (await api.get(f"/v1/boards/{board_id}/lost-reasons", Page[LostReason])).items


async def add_lost_reason(api: ApiClient, board_id: UUID, name: str) -> LostReason:
    return await api.post(f"/v1/boards/{board_id}/lost-reasons", LostReason, LostReasonCreate(name=name))


async def delete_lost_reason(api: ApiClient, board_id: UUID, reason_id: UUID) -> None:
    await api.delete(f"/v1/boards/{board_id}/lost-reasons/{reason_id}")


async def lead_fields(api: ApiClient, board_id: UUID) -> list[LeadField]:
    return (await api.get(f"/v1/boards/{board_id}/fields", Page[LeadField])).items


async def create_lead_field(api: ApiClient, board_id: UUID, body: LeadFieldCreate) -> LeadField:
    return await api.post(f"/v1/boards/{board_id}/fields", LeadField, body)


async def change_lead_field(api: ApiClient, board_id: UUID, field_id: UUID, body: LeadFieldPatch) -> LeadField:
    return await api.patch(f"/v1/boards/{board_id}/fields/{field_id}", LeadField, body)


async def delete_lead_field(api: ApiClient, board_id: UUID, field_id: UUID) -> None:
    await api.delete(f"/v1/boards/{board_id}/fields/{field_id}")


async def leads(api: ApiClient, board_id: UUID, params: Params) -> Page[Lead]:
    return await api.get(f"/v1/boards/{board_id}/leads", Page[Lead], params)


async def totals(api: ApiClient, board_id: UUID, params: Params) -> list[StageCount]:
    """What a filter finds in each stage."""
    return (await api.get(f"/v1/boards/{board_id}/totals", Page[StageCount], params)).items


async def contact_leads(api: ApiClient, contact_id: UUID) -> list[Lead]:
    """The newest of all boards."""
    return (await api.get(f"/v1/contacts/{contact_id}/leads", Page[Lead])).items


async def lead(api: ApiClient, lead_id: UUID) -> Lead:
    return await api.get(f"/v1/leads/{lead_id}", Lead)


async def create_lead(api: ApiClient, body: LeadCreate) -> Lead:
    return await api.post("/v1/leads", Lead, body)


async def change_lead(api: ApiClient, seen: Lead, body: LeadPatch) -> Lead:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/leads/{seen.id}", Lead, body, version=seen.version)


async def delete_lead(api: ApiClient, lead_id: UUID) -> None:
    await api.delete(f"/v1/leads/{lead_id}")


async def move_lead(api: ApiClient, lead_id: UUID, body: LeadMove) -> Lead:
    return await api.post(f"/v1/leads/{lead_id}/move", Lead, body)


async def move_leads(api: ApiClient, body: LeadsMove) -> LeadsMoved:
    return await api.post("/v1/leads/bulk-move", LeadsMoved, body)


async def undo_move(api: ApiClient, bulk_move_id: UUID) -> LeadsMovedBack:
    return await api.post(f"/v1/leads/bulk-move/{bulk_move_id}/undo", LeadsMovedBack)


async def history(api: ApiClient, lead_id: UUID, cursor: str | None = None) -> Page[LeadChange]:
    return await api.get(f"/v1/leads/{lead_id}/history", Page[LeadChange], {"cursor": cursor})


async def notes(api: ApiClient, lead_id: UUID) -> Page[Note]:
    return await api.get(f"/v1/leads/{lead_id}/notes", Page[Note], {"limit": 100})


async def add_note(api: ApiClient, lead_id: UUID, body: str) -> Note:
    return await api.post(f"/v1/leads/{lead_id}/notes", Note, NoteCreate(body=body))


async def delete_note(api: ApiClient, lead_id: UUID, note_id: UUID) -> None:
    await api.delete(f"/v1/leads/{lead_id}/notes/{note_id}")
