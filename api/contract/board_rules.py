"""Rules of stages: what happens by itself when a lead comes into a stage, or stays there."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Output, example
from api.contract.contacts import Moment
from db.boards.enums import RuleOccasion, RunReason, RunState
from db.boards.rule import AddTag as AddTag
from db.boards.rule import Assign as Assign
from db.boards.rule import Move as Move
from db.boards.rule import Notify as Notify
from db.boards.rule import RemoveTag as RemoveTag
from db.boards.rule import RuleAction as RuleAction
from db.boards.rule import SendTemplate as SendTemplate
from db.boards.rule import SendText as SendText
from db.boards.rule import SetDue as SetDue
from db.boards.rule import SlotBinding as SlotBinding
from db.boards.rule import WriteNote as WriteNote

Days = Annotated[int, Meta(ge=1, le=365, examples=[3])]


class StageRule(Output):
    """GET /v1/boards/{id}/rules → Page[StageRule], those of one stage in the order in which they run; POST StageRuleCreate. PATCH, DELETE
    /v1/stage-rules/{id} with If-Match. A rule acts with rights of its own; before it writes to somebody ten seconds pass, in which
    moving the lead on takes it back."""

    id: UUID
    board_id: UUID
    stage_id: UUID
    occasion: RuleOccasion
    days: int | None  # of `stay`: so many without a move
    action: RuleAction
    enabled: bool
    problem: RunReason | None  # why it cannot do what it says, or that it was stopped
    last_state: RunState | None
    last_reason: RunReason | None
    last_at: Moment | None
    version: int


class StageRuleCreate(Input):
    """POST /v1/boards/{id}/rules → StageRule, the last one of its stage. Who may not write to people makes no rule that does."""

    stage_id: UUID
    action: Annotated[RuleAction, example({"kind": "add_tag", "tag": "vip"})]
    occasion: RuleOccasion = RuleOccasion.ENTER
    days: Days | None = None
    enabled: bool = True


class StageRulePatch(Input):
    stage_id: UUID | UnsetType = UNSET
    occasion: RuleOccasion | UnsetType = UNSET
    days: Days | None | UnsetType = UNSET
    action: Annotated[RuleAction, example({"kind": "add_tag", "tag": "vip"})] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class RuleRun(Output):
    """GET /v1/stage-rules/{id}/runs → Page[RuleRun], newest first, of the last 90 days."""

    id: UUID
    lead_id: UUID
    lead_title: Annotated[str, example("Reforma da loja")] | None  # null once it is gone
    state: RunState
    reason: RunReason | None  # why it did nothing
    created_at: Moment
    due_at: Moment
    done_at: Moment | None


class RulesTry(Input):
    """POST /v1/stages/{id}/try-rules → RulesTried. Nothing is changed or sent."""

    lead_id: UUID


class RuleTried(Output):
    rule_id: UUID
    stage_id: UUID  # whose rule it is; another one where a rule moved the lead on
    state: RunState
    reason: RunReason | None
    detail: str | None  # the person's name, the text of the message, the stage


class RulesTried(Output):
    """In the order in which it would happen."""

    steps: list[RuleTried]
