"""Why proposals for leads cannot be decided as asked."""

from db.errors import ErrorCode, FieldCode


class ProposalError(ErrorCode):
    PROPOSAL_DECIDED = "proposal_decided", 409, "Somebody decided this already. Load it again and look."
    PROPOSAL_EXPIRED = "proposal_expired", 409, "The lead changed since this was suggested, so it is not done any more."
    PROPOSAL_TOO_OLD = "proposal_too_old", 409, "This can be undone for one day. Change the lead by hand."
    UNDO_CHANGED = "undo_changed", 409, "Somebody changed the lead there since. Change it by hand."
    CANNOT_UNDO = "cannot_undo", 409, "This cannot be taken back."
    NOT_ENROLLED = "not_enrolled", 409, "They are in this sequence already, asked for no more messages, or it does not run."


class ProposalField(FieldCode):
    NOT_BY_ITSELF = "not_by_itself", "Messages are sent only after a person says so. Choose to suggest it."
    CADENCE_ABSENT = "cadence_absent", "This sequence is not there, or does not run. Choose another one."
    FILE_ABSENT = "file_absent", "This file is not there any more. Upload it again."
    TEMPLATE_ABSENT = "template_absent", "This template is not there, or is not approved. Choose another one."
