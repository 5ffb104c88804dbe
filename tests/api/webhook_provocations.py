"""What brings the operations of webhooks to each answer that is documented."""

from tests.api.provocations import Request, Scene, Stage, conflict


async def _off(stage: Stage) -> Request:
    await stage.db.execute("update webhook_endpoint set off_because = 'person' where company_id = $1", stage.owner.company_id)
    return Request()


async def _as_many_as_can_be(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into webhook_endpoint(company_id, id, url, types, secret) select $1, uuidv7(), 'https://example.com/', '{lead.moved}', ''"
        " from generate_series(1, 50)",
        stage.owner.company_id,
    )
    return Request()


async def _on(stage: Stage) -> Request:
    await stage.db.execute("update webhook_endpoint set off_because = null where company_id = $1", stage.owner.company_id)
    return Request()


async def _room(stage: Stage) -> Request:
    await stage.db.execute("delete from webhook_endpoint where company_id = $1 and secret = ''", stage.owner.company_id)
    return Request()


async def _history(stage: Stage) -> Request:
    await stage.client.put("/v1/events/history", json={"kept": True}, headers=stage.auth)
    return Request()


async def _no_history(stage: Stage) -> Request:
    await stage.client.put("/v1/events/history", json={"kept": False}, headers=stage.auth)
    return Request()


SUCCESS: dict[str, Scene] = {
    "events_history_list": _history,
    "webhooks_create": _room,
    "webhooks_deliveries_replay": _on,
    "webhooks_replay": _on,
    "webhooks_test": _on,
}
ALSO: dict[str, list[Scene]] = {
    "events_history_list": [conflict(_no_history)],
    "webhooks_create": [conflict(_as_many_as_can_be)],
    "webhooks_deliveries_replay": [conflict(_off)],
    "webhooks_replay": [conflict(_off)],
    "webhooks_test": [conflict(_off)],
}
