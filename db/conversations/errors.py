"""Why conversations, labels, teams and quick replies refuse."""

from db.errors import ErrorCode, FieldCode


class ConversationError(ErrorCode):
    SOMEONE_ANSWERED = "someone_answered", 409, "A colleague answered meanwhile. Read it, then send again if yours still fits."
    LABEL_EXISTS = "label_exists", 409, "There is a label of this name already. Take another name."
    TEAM_EXISTS = "team_exists", 409, "There is a team of this name already. Take another name."
    SHORTCUT_EXISTS = "shortcut_exists", 409, "There is a quick reply with this shortcut already. Take another one."


class ConversationField(FieldCode):
    NOT_A_MEMBER = "not_a_member", "This person is not in the company, or may not answer. Choose somebody else."
    NO_TEAM = "team_unknown", "There is no such team. Load the page again."
    NO_CHANNEL = "channel_unknown", "There is no such channel. Load the page again."
    COLOR = "color", "Write a color as # and six digits, like #2f6f4f."
    SHORTCUT = "shortcut", "A shortcut has small letters, digits, _ and -, and no spaces."
    ODD_HOURS = "odd_hours", "Something closes before it opens, or two times of a day overlap. Correct the times."
