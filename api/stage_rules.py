"""Rules of stages over HTTP. Thin, every rule is in db/boards."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.board_rules import (
    RuleAction,
    RuleRun,
    RulesTried,
    RulesTry,
    RuleTried,
    StageRule,
    StageRuleCreate,
    StageRulePatch,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.boards import rule_runs, rule_steps, rules

_action: msgspec.json.Decoder[RuleAction] = msgspec.json.Decoder(RuleAction)


def _rule(row: dict[str, Any]) -> StageRule:
    return struct(row, StageRule, action=_action.decode(row["action"]))


class BoardRuleController(Controller):
    path = "/v1/boards/{board_id:uuid}/rules"
    tags = ("Boards",)

    @get(
        summary="List a board's rules", description="Those of one stage in the order in which they run. A board has at most 100."
    )
    async def list_rules(self, actor: Caller, board_id: FromPath[UUID]) -> Page[StageRule]:
        rows = await rules.rules(actor, board_id)
        return Page(items=[_rule(row) for row in rows], total=len(rows))

    @post(
        summary="Make a rule",
        description="The last one of its stage. It acts with rights of its own, for leads that come from now on. 409 `too_many_rules`.",
    )
    async def create_rule(self, actor: Caller, board_id: FromPath[UUID], data: JSONBody[StageRuleCreate]) -> StageRule:
        row = await rules.create_rule(
            actor,
            board_id,
            stage_id=data.stage_id,
            occasion=data.occasion,
            days=data.days,
            action=data.action,
            enabled=data.enabled,
        )
        return _rule(row)


class StageRuleController(Controller):
    path = "/v1/stage-rules"
    tags = ("Boards",)

    @patch(
        "/{stage_rule_id:uuid}",
        opt={"versioned": True},
        summary="Change a rule",
        description="What is left out stays. What waits for a lead follows the rule as it is then. 412 when somebody else changed it.",
    )
    async def change_rule(
        self, actor: Caller, stage_rule_id: FromPath[UUID], data: JSONBody[StageRulePatch], expected: IfMatch
    ) -> StageRule:
        names = ("stage_id", "occasion", "days", "action", "enabled")
        given: dict[str, Any] = {name: value for name in names if (value := getattr(data, name)) is not UNSET}
        return _rule(await rules.change_rule(actor, stage_rule_id, expected=expected, **given))

    @delete(
        "/{stage_rule_id:uuid}",
        opt={"versioned": True},
        summary="Delete a rule",
        description="With its history; what waits for it ends. 412 when somebody else changed it.",
    )
    async def delete_rule(self, actor: Caller, stage_rule_id: FromPath[UUID], expected: IfMatch) -> None:
        await rules.delete_rule(actor, stage_rule_id, expected=expected)

    @get("/{stage_rule_id:uuid}/runs", summary="What became of a rule", description="Newest first, of the last 90 days.")
    async def list_runs(
        self, actor: Caller, stage_rule_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[RuleRun]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await rule_runs.runs(actor, stage_rule_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, RuleRun))


class StageTryController(Controller):
    path = "/v1/stages/{stage_id:uuid}/try-rules"
    tags = ("Boards",)

    @post(
        status_code=200,
        summary="Try a stage's rules out",
        description="What they would do if the lead came into the stage now, and those of the stages to which they move it. Nothing is "
        "changed or sent. Needs `contacts:read` too, as it tells what would be written to whom. 409 `board_archived`.",
    )
    async def try_rules(self, actor: Caller, stage_id: FromPath[UUID], data: JSONBody[RulesTry]) -> RulesTried:
        steps = await rule_steps.try_out(actor, stage_id, data.lead_id)
        return RulesTried(
            steps=[
                RuleTried(
                    rule_id=one.rule_id,
                    stage_id=one.stage_id,
                    state=one.outcome.state,
                    reason=one.outcome.reason,
                    detail=one.outcome.detail,
                )
                for one in steps
            ]
        )
