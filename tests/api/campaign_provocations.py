"""What brings the operations of campaigns and sequences to each answer that is documented."""

from tests.api.provocations import Scene, conflict, given

SUCCESS: dict[str, Scene] = {
    "cadences_delete": given("cadence", state="draft", live=None),
    "cadences_resume": given("cadence", state="paused"),
    "cadences_update": given("cadence", state="draft"),
    **dict.fromkeys(("campaigns_update", "campaigns_delete"), given("campaign", state="draft")),
    "campaigns_pause": given("campaign", state="running"),
    "campaigns_resume": given("campaign", state="paused"),
    "campaigns_cancel": given("campaign", state="running"),
    "campaigns_retry_failed": given("campaign", state="finished"),
    "campaigns_limit_set": given("campaign", state="running"),
}

ALSO: dict[str, list[Scene]] = {
    **{f"cadences_{verb}": [conflict(given("cadence", state="ended", live=1))] for verb in ("delete", "update")},
    "campaigns_update": [conflict(given("campaign", state="finished"))],
    "campaigns_delete": [conflict(given("campaign", state="running"))],
    "campaigns_limit_set": [conflict(given("campaign", state="finished"))],
}
