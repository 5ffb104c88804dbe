"""What brings the operations of the connection to Kommo to each answer that is documented."""

from typing import Any

from tests.api.provocations import Request, Scene, Stage, conflict, given

_CONNECT = """
insert into kommo_connection(company_id, id, way, host, hook_hash, hook_token, state, account_id, pipelines)
values ($1, uuidv7(), 'sandbox', 'sandbox', uuid_send($1), '', 'ready', 7, '[{"id": 701, "name": "Vendas", "statuses": [{"id": 7011, "name": "Novo"}]}]')
on conflict (company_id) do update set state = 'ready', pipelines = excluded.pipelines
"""


async def _connected(stage: Stage) -> Request:
    await stage.db.execute(_CONNECT, stage.owner.company_id)
    return Request()


async def _disconnected(stage: Stage) -> Request:
    await stage.db.execute("delete from kommo_connection where company_id = $1", stage.owner.company_id)
    return Request()


def _stopped(**request: Any) -> Scene:
    async def scene(stage: Stage) -> Request:
        await _connected(stage)
        await stage.db.execute("update kommo_connection set state = 'blocked' where company_id = $1", stage.owner.company_id)
        return Request(**request)

    return scene


async def _mapped(stage: Stage) -> Request:
    await _connected(stage)
    stages = [{"stage_id": stage.things["stage_id"], "pipeline_id": 701, "status_id": 7011}]
    return Request(whole=True, body={"push_leads": True, "stages": stages})


async def _failed(stage: Stage) -> Request:
    await _connected(stage)
    return await given("kommo_task", state="failed")(stage)


async def _done(stage: Stage) -> Request:
    await _connected(stage)
    return await given("kommo_task", state="done")(stage)


async def _sandbox(stage: Stage) -> Request:
    return Request(whole=True, body={"way": "sandbox"})


SUCCESS: dict[str, Scene] = {
    "integrations_kommo_push_contact": _connected,
    "integrations_kommo_push_lead_note": _connected,
    "integrations_kommo_set": _sandbox,
    "integrations_kommo_tasks_retry": _failed,
    "integrations_kommo_test": _connected,
    "integrations_kommo_update": _mapped,
}


ALSO: dict[str, list[Scene]] = {
    "integrations_kommo_push_contact": [conflict(_disconnected), conflict(_stopped())],
    "integrations_kommo_push_lead_note": [conflict(_disconnected), conflict(_stopped())],
    "integrations_kommo_tasks_retry": [conflict(_disconnected), conflict(_stopped()), conflict(_done)],
    "integrations_kommo_test": [conflict(_disconnected)],
    "integrations_kommo_update": [conflict(_disconnected)],
}
