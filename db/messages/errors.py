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
        "WhatsApp takes free texts only within 24 hours after a person wrote. Send an approved template by a campaign.",
    )


class ReplyError(ErrorCode):
    """What a channel does not take."""

    KIND_NOT_TAKEN = "kind_not_taken", 409, "This channel does not take such a message. Write a text, or choose another channel."
    REPLY_TO_NOT_TAKEN = (
        "reply_to_not_taken",
        409,
        "This channel cannot name the message that you answer. Send it without the quote.",
    )


class ReplyField(FieldCode):
    NOT_TO_ANSWER = "not_to_answer", "Choose a message of this conversation that was sent or came in."
