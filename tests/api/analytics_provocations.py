"""What brings operations of saved views and dashboards to each answer that is documented."""

from tests.api.provocations import Request, Scene, Stage

_SAVED = {"page": "calls", "name": "Verão", "query": {}}


async def _saves(stage: Stage) -> Request:
    await stage.db.execute("delete from saved_view where company_id = $1 and name <> 'Verão'", stage.owner.company_id)
    return Request(body={**_SAVED, "name": "Outono"}, whole=True)


async def _saves_again(stage: Stage) -> Request:
    answer = await stage.client.post("/v1/analytics/views", json={**_SAVED, "name": "Duas"}, headers=stage.auth)
    assert answer.status_code in (201, 409), answer.text
    return Request(body={**_SAVED, "name": "duas"}, whole=True, status=409)


async def _changes_to_taken(stage: Stage) -> Request:
    await _saves_again(stage)
    return Request(body={**_SAVED, "name": "Duas"}, whole=True, status=409)


async def _arranges(stage: Stage) -> Request:
    return Request(body={"tiles": [{"tile": "sent", "size": "half"}]}, whole=True)


SUCCESS: dict[str, Scene] = {"analytics_views_create": _saves, "analytics_dashboard_set": _arranges}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {"analytics_views_create": [_saves_again], "analytics_views_set": [_changes_to_taken]}
"""Conflicts that no rule tells."""
