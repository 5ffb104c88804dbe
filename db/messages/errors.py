"""Why a message cannot be written to a person."""

from db.errors import ErrorCode, FieldCode


class MessageError(ErrorCode):
    CHANNEL_NOT_CONNECTED = (
        "channel_not_connected",
        409,
        "This channel cannot send at the moment. Mend or resume it, or choose another one.",
    )
    NO_ADDRESS = "no_address", 409, "This contact has no number that this channel reaches. Add one, or choose another channel."
    OPTED_OUT = "opted_out", 409, "This person asked for no more messages."
    WINDOW_CLOSED = (
        "window_closed",
        409,
        "WhatsApp takes free texts only within 24 hours after a person wrote. Send an approved template.",
    )


class ReplyError(ErrorCode):
    """What a channel does not take."""

    KIND_NOT_TAKEN = "kind_not_taken", 409, "This channel does not take such a message. Write a text, or choose another channel."
    REPLY_TO_NOT_TAKEN = (
        "reply_to_not_taken",
        409,
        "This channel cannot name the message that you answer. Send it without the quote.",
    )
    MARKETING_REFUSED = (
        "marketing_refused",
        409,
        "This person asked for no more messages, so marketing may not be sent. Choose a template of another category.",
    )


class ReplyField(FieldCode):
    NO_TEMPLATE = "template_unknown", "There is no such template on this channel. Choose another one."
    VALUE_MISSING = "value_missing", "Write what stands for {name}."
    TEMPLATE_TOO_LONG = "template_too_long", "With these values the text is longer than {max} characters. Shorten them."
    TITLE_TWICE = "title_twice", "Two of them have the same name. Write another one."
    NOT_TO_ANSWER = "not_to_answer", "Choose a message of this conversation that was sent or came in."
