"""Rules of stages over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.board_rules import RuleRun, RulesTried, RulesTry, StageRule, StageRuleCreate, StageRulePatch
from ui.client.base import ApiClient


async def rules(api: ApiClient, board_id: UUID) -> list[StageRule]:
    return (await api.get(f"/v1/boards/{board_id}/rules", Page[StageRule])).items


async def create(api: ApiClient, board_id: UUID, body: StageRuleCreate) -> StageRule:
    return await api.post(f"/v1/boards/{board_id}/rules", StageRule, body)


async def change(api: ApiClient, seen: StageRule, body: StageRulePatch) -> StageRule:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/stage-rules/{seen.id}", StageRule, body, version=seen.version)


async def delete(api: ApiClient, rule_id: UUID) -> None:
    await api.delete(f"/v1/stage-rules/{rule_id}")


async def runs(api: ApiClient, rule_id: UUID, cursor: str | None = None) -> Page[RuleRun]:
    return await api.get(f"/v1/stage-rules/{rule_id}/runs", Page[RuleRun], {"cursor": cursor})


async def try_out(api: ApiClient, stage_id: UUID, lead_id: UUID) -> RulesTried:
    return await api.post(f"/v1/stages/{stage_id}/try-rules", RulesTried, RulesTry(lead_id=lead_id))
