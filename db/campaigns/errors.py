"""Why campaigns refuse, and what stands between a draft and its launch."""

from db.errors import ErrorCode, FieldCode


class CampaignError(ErrorCode):
    NOT_EDITABLE = "not_editable", 409, "This campaign was launched already and can no longer be changed. Clone it instead."
    ALREADY_LAUNCHED = "already_launched", 409, "This campaign was launched already. Clone it to send it again."
    NOT_DELETABLE = "not_deletable", 409, "Only drafts can be deleted."
    NOT_READY = "not_ready", 409, "This campaign cannot be sent yet. See what is missing."
    NOT_RUNNING = "not_running", 409, "This campaign is not sending any more."
    NOT_PAUSED = "not_paused", 409, "This campaign is not paused any more."
    TEMPLATE_STOPPED = (
        "template_stopped",
        409,
        "WhatsApp has stopped the template of this campaign. Go on once it is approved again, or send a copy with another one.",
    )
    NOT_CANCELLABLE = "not_cancellable", 409, "There is nothing left to cancel."
    NOT_RETRYABLE = "not_retryable", 409, "Failed messages can be tried again once the campaign sends or is done."
    NOBODY_LEFT = (
        "nobody_left",
        409,
        "Nobody is left whom this is for: they have read, answered or got it meanwhile, or are no contacts any more.",
    )
    STILL_SENDING = (
        "still_sending",
        409,
        "This campaign is not over: whoever has not got the message still gets it from this one.",
    )
    TRIAL_OVER = "trial_over", 409, "There is no test of texts to decide here any more."
    EXTERNAL_ID_TAKEN = "external_id_taken", 409, "Another campaign has this id already."
    IN_THE_PAST = "in_the_past", 422, "Choose a time in the future."


class WarmUpField(FieldCode):
    """What is wrong with the pace of a young number."""

    SHRINKS = "warm_up_shrinks", "Each day takes at least as many new people as the day before."


class CampaignField(FieldCode):
    """What a draft lacks; the path is the step of the campaign. `name` is a placeholder or a contact field."""

    NO_CHANNEL = "no_channel", "Choose the channel that sends."
    CHANNEL_NOT_CONNECTED = "channel_not_connected", "The channel is not connected. Mend it or choose another one."
    NO_BODY = "no_body", "Write the message."
    BODY_TOO_LONG = "body_too_long", "The text has {length} characters; {max} is the limit. Shorten it."
    BAD_VARIABLE = "bad_variable", "A variable is not written right: {name}. Write it like {{first_name|customer}}."
    OPEN_VARIABLE = "open_variable", "A variable is opened and not closed. Write it like {{first_name|customer}}."
    FALLBACK_TOO_LONG = "fallback_too_long", "What stands in {name} in place of a missing value is too long. Shorten it."
    UNKNOWN_FIELD = "unknown_contact_field", "There is no contact field called {name}. Choose another one."
    MISSING_FALLBACK = "missing_fallback", "Write what people without a value for {name} should read."
    HEADER_FILE = "campaign_header_file", "This text begins with a picture, a film or a PDF. Choose the file that goes out."
    NO_TEMPLATE = "no_template", "Choose an approved template."
    TEMPLATE_NOT_APPROVED = "template_not_approved", "WhatsApp has not approved this template. Choose another one, or wait."
    NO_AUDIENCE = "no_audience", "Choose who gets the message."
    SEGMENT_GONE = (
        "segment_gone",
        "The segment of this campaign was deleted, or asks for something that is gone. Mend it, or choose who else gets the message.",
    )
    AUDIENCE_EMPTY = "audience_empty", "Nobody can be reached with this audience. Change it."
    PRICE_UNKNOWN = (
        "price_unknown",
        "There is a limit in {currency}, and no price in {currency} is known for {count} of these people. Add the price, or take the limit out.",
    )
    NO_PRICE = (
        "no_price",
        "There is a limit in {currency}, and no price in {currency} is known for this message. Add the price, or take the limit out.",
    )
    FALLBACK_PRICE_UNKNOWN = (
        "fallback_price_unknown",
        "There is a limit in {currency}, and no price in {currency} is known for what goes instead to {count} of these people. Add the price, or take the limit out.",
    )
    VARIANT_CATEGORY = (
        "variant_category",
        "Text {variant} is of another category than the first one. Choose templates of one category: price and consent depend on it.",
    )
    VARIANT_SHARES = "variant_shares", "The shares of the texts leave nothing for the first one. Make them smaller."
    METRIC_UNKNOWN = "metric_unknown", "This channel does not tell who has read. Compare the texts by answers."
    GOAL_MISSING = "goal_missing", "Choose the tag or the stage that counts as a conversion."
    UNKNOWN_VARIANT = "unknown_variant", "There is no text {variant} in this campaign."
    FALLBACK_CHANNEL = (
        "fallback_channel",
        "What goes in place of what does not arrive needs a connected SMS channel, or for a number by QR code an official WhatsApp number, as real as the campaign's. Choose one, or take it out.",
    )
    SAME_TO_ALL = (
        "same_to_all",
        "Over a number by QR code at most {max} people may get the same words: WhatsApp blocks numbers that repeat themselves. Put something of each person in,"
        " like {{first_name|customer}}, or write more texts beside this one.",
    )
    UNKNOWN_REASON = "unknown_reason", "Say which failures are meant, by the reasons that the campaign's progress names."
