"""What brings operations of saved views and dashboards to each answer that is documented."""

from uuid import UUID, uuid4

from db.analytics.reports import token
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


async def _stops(stage: Stage) -> Request:
    given = token(stage.owner.company_id, UUID(stage.things["report_id"]), stage.owner.id or uuid4())
    return Request(body={"token": given}, whole=True)


async def _reads(stage: Stage) -> None:
    add = "insert into figure_report_reader(company_id, report_id, user_id) values ($1, $2, $3) on conflict do nothing"
    await stage.db.execute(add, stage.owner.company_id, UUID(stage.things["report_id"]), stage.owner.id)


async def _wants(stage: Stage) -> Request:
    await _reads(stage)
    return Request(body={"wanted": True}, whole=True)


async def _wants_what_is_not_theirs(stage: Stage) -> Request:
    await stage.db.execute("delete from figure_report_reader where company_id = $1", stage.owner.company_id)
    return Request(body={"wanted": True}, whole=True, status=409)


async def _mail(stage: Stage, state: str) -> None:
    await stage.db.execute(
        "update figure_report_mail set state = $2 where company_id = $1 and id = $3", stage.owner.company_id, state, UUID(stage.things["mail_id"])
    )  # fmt: skip


async def _sends_again(stage: Stage) -> Request:
    await _mail(stage, "unknown")
    return Request()


async def _sends_what_was_sent(stage: Stage) -> Request:
    await _mail(stage, "sent")
    return Request(status=409)


async def _sets_up(stage: Stage) -> Request:
    await stage.db.execute("delete from figure_report where company_id = $1 and name = 'x'", stage.owner.company_id)
    return Request()


async def _sets_up_too_many(stage: Stage) -> Request:
    add = "insert into figure_report(company_id, name, rhythm, hour, next_at) select $1, 'x', 'weekly', 8, now() + interval '9 days' from generate_series(1, 50)"
    await stage.db.execute(add, stage.owner.company_id)
    return Request(status=409)


SUCCESS: dict[str, Scene] = {
    "analytics_views_create": _saves,
    "analytics_dashboard_set": _arranges,
    "analytics_reports_stop": _stops,
    "analytics_reports_create": _sets_up,
    "analytics_reports_wanted_set": _wants,
    "analytics_reports_mails_again": _sends_again,
}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "analytics_views_create": [_saves_again],
    "analytics_views_set": [_changes_to_taken],
    "analytics_reports_create": [_sets_up_too_many],
    "analytics_reports_wanted_set": [_wants_what_is_not_theirs],
    "analytics_reports_mails_again": [_sends_what_was_sent],
}
"""Conflicts that no rule tells."""


async def _tells(stage: Stage) -> Request:
    return Request(body={"active": True, "dataset_id": "1029384756"}, whole=True)


SUCCESS["analytics_conversion_setting_set"] = _tells
