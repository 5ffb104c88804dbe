"""What brings the operations of campaigns and sequences to each answer that is documented."""

from typing import Any
from uuid import UUID

from db.clock import now
from db.messages.enums import MessageState
from tests.api.provocations import Request, Scene, Stage, body, conflict, given


def _was_sent(**asked: Any) -> Scene:
    """The campaign was sent to the company's one contact, who did not read it."""

    async def scene(stage: Stage) -> Request:
        await stage.set("campaign", state="finished", launched_at=now())
        campaign, contact = stage.things["campaign_id"], stage.things["contact_id"]
        await stage.db.execute(
            "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at)"
            " values ($1, $2, $3, $3, $4, '+5511900000000', $5, $6, now()) on conflict do nothing",
            stage.owner.company_id,
            UUID(stage.things["channel_id"]),
            UUID(campaign),
            UUID(contact),
            f"{campaign}:{contact}",
            int(MessageState.SENT),
        )
        return Request(body=asked, whole=True) if asked else Request()

    return scene


_TESTING = {
    "trial": '{"variants": [{"share": 50, "body": "Oi!"}]}',
    "contents": '[{"kind": "text", "body": "Oi"}, {"kind": "text", "body": "Oi!"}]',
    "trial_queue": UUID(int=7),
}

SUCCESS: dict[str, Scene] = {
    "cadences_delete": given("cadence", state="draft", live=None),
    "cadences_resume": given("cadence", state="paused"),
    "cadences_update": given("cadence", state="draft"),
    **dict.fromkeys(("campaigns_update", "campaigns_delete"), given("campaign", state="draft")),
    "campaigns_follow_up": _was_sent(who="not_read"),
    "contacts_campaigns_get": _was_sent(),
    "campaigns_goal_set": body(kind="stage", ids=[]),
    "campaigns_pause": given("campaign", state="running"),
    "campaigns_resume": given("campaign", state="paused"),
    "campaigns_cancel": given("campaign", state="running"),
    "campaigns_retry_failed": given("campaign", state="finished"),
    "campaigns_limit_set": given("campaign", state="running"),
    "campaigns_trial_get": given("campaign", state="running", trial_state="testing", **_TESTING),
    "campaigns_trial_winner": given("campaign", state="running", trial_state="testing", **_TESTING),
}

ALSO: dict[str, list[Scene]] = {
    **{f"cadences_{verb}": [conflict(given("cadence", state="ended", live=1))] for verb in ("delete", "update")},
    "campaigns_update": [conflict(given("campaign", state="finished"))],
    "campaigns_delete": [conflict(given("campaign", state="running"))],
    "campaigns_follow_up": [conflict(_was_sent(who="failed", reason="payment"))],
    "campaigns_limit_set": [conflict(given("campaign", state="finished"))],
    "campaigns_trial_winner": [conflict(given("campaign", state="running", trial_state="decided", **_TESTING))],
}
