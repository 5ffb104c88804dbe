"""What brings the operations of boards, their stages and leads to each answer that is documented."""

from datetime import timedelta
from uuid import UUID

from db.clock import now
from tests.api.provocations import Request, Scene, Stage, alone, body, conflict


async def _another_stage(stage: Stage) -> Request:
    """That no lead stands in."""
    found = await stage.db.fetchval(
        "select id from stage where company_id = $1 and kind = 'open' and id <> $2 limit 1",
        stage.owner.company_id,
        UUID(stage.things["stage_id"]),
    )
    return Request(path={"stage_id": str(found)}, body={"stage_id": str(found)})


async def _only_its_leads(stage: Stage) -> Request:
    request = await _another_stage(stage)
    return Request(query={"move_to": request.path["stage_id"]})


async def _archived_beside_fifty(stage: Stage) -> Request:
    await stage.set("board", archived_at=now())
    await stage.db.execute(
        "insert into board(company_id, name) select $1, 'Vendas' from generate_series(1, 50)", stage.owner.company_id
    )
    return Request(body={"archived": False}, status=409)


def _moved(*, undone: bool) -> Scene:
    async def scene(stage: Stage) -> Request:
        sql = "update lead_bulk_move set undone_at = case when $2 then now() end where company_id = $1"
        await stage.db.execute(sql, stage.owner.company_id, undone)
        return Request(status=409 if undone else 0)

    return scene


async def _taken_key(stage: Stage) -> Request:
    return Request(body={"key": "cidade", "label": "Outro"}, status=409)


async def _taken_label(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into lead_field(company_id, board_id, key, label, kind) values ($1, $2, 'rua', 'Rua', 'text')",
        stage.owner.company_id,
        UUID(stage.things["board_id"]),
    )
    return Request(body={"label": "Rua"}, status=409)


async def _leaving(stage: Stage) -> Request:
    """Of the stages only another one: what is asked of the company's own comes after this."""
    request = await _another_stage(stage)
    await stage.db.execute(
        "update stage set moving_to = $3 where company_id = $1 and id = $2",
        stage.owner.company_id,
        UUID(request.path["stage_id"]),
        UUID(stage.things["stage_id"]),
    )
    return Request(path=request.path, status=409)


async def _taken_reason(stage: Stage) -> Request:
    return Request(body={"name": "Comprou de outra empresa"}, status=409)


async def _applied(stage: Stage) -> Request:
    """The lead has the value that it was given, and had none."""
    await stage.set("lead", value_cents=5000)
    await stage.set("lead_proposal", state="applied", undo_until=now() + timedelta(hours=1),
                    before='{"value_cents": null}', after='{"value_cents": 5000}')  # fmt: skip
    return Request()


async def _refused(stage: Stage) -> Request:
    await stage.set("lead_proposal", state="refused")
    return Request()


async def _archived_and_watched(stage: Stage) -> Request:
    await stage.set("board", archived_at=now())
    return Request(body={"watching": True, "template_ids": [], "cadence_ids": [], "files": []}, status=409)


async def _not_archived(stage: Stage) -> Request:
    await stage.set("board", archived_at=None)
    return Request(body={"template_ids": [], "cadence_ids": [], "files": []})


async def _searches(_: Stage) -> Request:
    return Request(query={"q": "ana"})


SUCCESS: dict[str, Scene] = {
    "search_get": _searches,
    "boards_fields_create": body(key=lambda _: "bairro", label=lambda _: "Bairro"),
    "boards_fields_update": body(label=lambda _: "Bairro"),
    "boards_lost_reasons_create": body(name=lambda _: "Fechou a loja"),
    "boards_update": body(archived=lambda _: True),
    "boards_ai_set": _not_archived,
    "lead_proposals_reason_set": _refused,
    "lead_proposals_undo": _applied,
    "leads_bulk_move": body(lead_ids=lambda stage: [stage.things["lead_id"]]),
    "leads_bulk_move_undo": _moved(undone=False),
    "stages_delete": _only_its_leads,
}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "boards_ai_set": [_archived_and_watched],
    "lead_proposals_reason_set": [conflict(alone())],
    "lead_proposals_undo": [conflict(alone())],
    "boards_fields_create": [_taken_key],
    "boards_fields_update": [_taken_label],
    "boards_lost_reasons_create": [_taken_reason],
    "boards_update": [_archived_beside_fifty],
    "stages_update": [_leaving],
    "leads_bulk_move_undo": [_moved(undone=True)],
    "stages_delete": [conflict(alone())],
}
"""What else is asked, before it succeeds."""
