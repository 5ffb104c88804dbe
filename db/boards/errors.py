"""Why boards and leads refuse."""

from db.errors import ErrorCode, FieldCode


class BoardError(ErrorCode):
    TOO_MANY_BOARDS = "too_many_boards", 409, "A company can have {most} boards. Archive one first."
    TOO_MANY_STAGES = "too_many_stages", 409, "A board can have {most} stages. Delete one first."
    TOO_MANY_LOST_REASONS = "too_many_lost_reasons", 409, "A board can have {most} reasons. Delete one first."
    TOO_MANY_LEAD_FIELDS = "too_many_lead_fields", 409, "A board can have {most} fields. Delete one first."
    STAGE_NOT_EMPTY = "stage_not_empty", 409, "There are leads in this stage. Say where they go."
    STAGE_TOO_FULL = (
        "stage_too_full",
        409,
        "More than {most} leads are in this stage. Move some of them to another stage first.",
    )
    STAGE_LEAVING = "stage_leaving", 409, "This stage is being deleted, and its leads go to another one. Take that one."
    LAST_STAGE = "last_stage", 409, "A board needs a stage. Make another one first."
    OTHER_BOARD = "other_board", 409, "This stage belongs to another board. Load the board again."
    BOARD_ARCHIVED = "board_archived", 409, "This board is archived. Bring it back first."
    MOVE_UNDONE = "move_undone", 409, "This move was undone already. Nothing is left to do."
    TOO_MANY_RULES = "too_many_rules", 409, "A board can have {most} rules. Delete one first."
    LOST_REASON_EXISTS = "lost_reason_exists", 409, "There is this reason already. Take another name."
    LOST_REASON_MISSING = "lost_reason_missing", 422, "Say why it was lost."


class BoardField(FieldCode):
    OWNER_UNKNOWN = "owner_unknown", "This person is not in the team. Choose somebody who is."
    CHOOSE_ONE = "choose_one", "Choose a person or a team."
    RULE_UNKNOWN = "rule_unknown", "This is no longer there. Choose another one."
    OWN_STAGE = "own_stage", "The card stands in this stage already. Choose another one."
    FILL_WITHOUT_GAP = "fill_without_gap", "Say what stands there where the contact has no value."
    ONE_STAGE_ONLY = "one_stage_only", "Leads stand in an order in one stage only. Name the stage."
    NOT_AN_AMOUNT = "not_an_amount", "Write the amount in the smallest unit, like 150000 for R$ 1.500,00."
    NOT_A_CHOICE = "not_a_choice", "Choose one of those that the field offers."
    KEY_AND_VALUE = "key_and_value", "Write the key of a field, a colon and the value, like origem:Indicação."
    CURRENCY_CODE = "currency_code", "Write the currency as three capital letters, like BRL."
