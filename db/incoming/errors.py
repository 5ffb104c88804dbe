"""Why incoming hooks refuse, and why a delivery could not be carried out."""

from db.errors import ErrorCode, FieldCode


class IncomingError(ErrorCode):
    TOO_MANY_HOOKS = "too_many_incoming_hooks", 409, "A company can have {most} incoming hooks. Delete one first."
    PAYLOAD_UNREAD = "payload_unread", 409, "What came could not be read, so there is nothing to repeat."
    WRONG_SIGNATURE = "wrong_signature", 401, "The signature of this body is missing or wrong. Check the secret and the header."


class IncomingField(FieldCode):
    """Stored with deliveries too; never rename one."""

    HEADER_NAME = "header_name", "The name of a header has letters, digits and hyphens, like X-Signature-256."
    PATH = "payload_path", "Take a value from what came, like {{cliente.telefone}}."
    NO_CONTACT_STEP = "no_contact_step", "This needs somebody: put the step that finds or makes the contact before it."
    STEP_TWICE = "step_twice", "There is a step of this kind already. Change that one."
    NOBODY_NAMED = "nobody_named", "Choose a phone, an e-mail or an id of your own: by one of them the contact is found."
    NOT_THERE = "payload_not_there", "In what came there is nothing at {place}."
    NOT_AN_AMOUNT = "payload_not_an_amount", "This is not an amount: {value}"
    TEMPLATE_CHANGED = "hook_template_changed", "The template has other gaps than those that are filled here. Choose it again."
    UNKNOWN_TARGET = "hook_target_gone", "This is no longer there. Choose another one."
    LOST_REASON = "hook_lost_stage", "Leads are not lost by a hook. Choose another stage."
    BOARD_ARCHIVED = "hook_board_archived", "The board is archived, so no card comes to it. Bring it back, or choose another one."
    STAGE_LEAVING = "hook_stage_leaving", "This stage is being deleted. Choose another one."
    REFUSED = "hook_refused", "This could not be done as the step says. Open the step and correct it."
    UNREADABLE = "body_unreadable", "What came is neither JSON nor form data, or it is damaged."
    BODY_TOO_DEEP = "body_too_deep", "What came has too many values, or too many levels inside one another."
    BODY_EMPTY = "body_empty", "What came has no values."
    LOOP = (
        "hook_loop",
        "This lead was changed {most} times by hooks within an hour. It may go in a circle: look at what calls this hook.",
    )
    OPTED_OUT = "hook_opted_out", "Nothing was written: this person asked for no more messages."
    NO_ADDRESS = "hook_no_address", "Nothing was written: the contact has no number for this channel."
    CHANNEL_GONE = "hook_channel_gone", "Nothing was written: the channel is gone, or not connected."
    TEMPLATE_GONE = "hook_template_gone", "Nothing was written: the template is gone, or not approved any more."
    CAMPAIGN_GONE = "hook_campaign_gone", "Not put into the campaign: it is not there any more."
    CAMPAIGN_OVER = "hook_campaign_over", "Not put into the campaign: it was cancelled, has failed or is held back."
    CAMPAIGN_RULED = (
        "hook_campaign_ruled",
        "Not put into the campaign: it has not started, and its audience is a rule. Add a tag here, and choose that tag there.",
    )
    IN_CAMPAIGN = "hook_in_campaign", "This person is in the campaign already."
    NOT_ENROLLED = (
        "hook_not_enrolled",
        "Not put into the campaign: this person cannot be reached over its channel, or had a message lately.",
    )
    CADENCE_GONE = "hook_cadence_gone", "Not put into the sequence: it is not there any more."
    CADENCE_OVER = "hook_cadence_over", "Not put into the sequence: it does not run."
    CADENCE_OUT = "hook_cadence_opted_out", "Not put into the sequence: this person asked for no more messages."
    IN_CADENCE = "hook_in_cadence", "This person is in the sequence already, or was in it before."
    NOT_WRITTEN = "hook_not_written", "Nothing was written: this person cannot be reached over this channel."
    BROKE = "hook_broke", "This could not be carried out because of a fault on our side. Carry it out again."
