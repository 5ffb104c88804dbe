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
    SPEND_CAP = (
        "spend_cap",
        409,
        "The company's limit of costs for this month is reached, and answers wait for it too. An administrator can raise it.",
    )
    NOT_SENT_AGAIN = (
        "not_sent_again",
        409,
        "Only what failed can be sent again, and what may have arrived only when that is wanted. Write it as a new message.",
    )


class CallError(ErrorCode):
    """Why a person cannot be called now."""

    CALL_HOURS = "call_hours", 409, "At this hour this number is not called. Call in the hours that the law of its place allows."
    TOO_MANY_CALLS = "too_many_calls", 409, "This person was called as often as is allowed. Write a message, or call another day."
    CALL_UNDER_WAY = "call_under_way", 409, "This person is being called already. Wait until that call is over."


class ReplyError(ErrorCode):
    """What a channel does not take."""

    KIND_NOT_TAKEN = "kind_not_taken", 409, "This channel does not take such a message. Write a text, or choose another channel."
    REPLY_TO_NOT_TAKEN = (
        "reply_to_not_taken",
        409,
        "This channel cannot name the message that you answer. Send it without the quote.",
    )
    REACTION_NOT_TAKEN = "reaction_not_taken", 409, "This channel has no reactions. Write an answer instead."
    CHANGE_NOT_TAKEN = "change_not_taken", 409, "This channel cannot change messages or take them back. Write another one."
    CHANGE_TOO_LATE = (
        "change_too_late",
        409,
        "It is too late: the platform takes that for {minutes} minutes after a message was sent. Write another one.",
    )
    NOT_GROUP_ADMIN = (
        "not_group_admin",
        409,
        "Only administrators of the group take away what others wrote, and this number is none. Ask one of them on the phone.",
    )
    NOTHING_TO_CHANGE = (
        "nothing_to_change",
        409,
        "Only what was sent and not taken back can be changed, and only a text can say something else. Write another message.",
    )
    MARKETING_REFUSED = (
        "marketing_refused",
        409,
        "This person asked for no more messages, so marketing may not be sent. Choose a template of another category.",
    )
    COUNTRY_UNREACHED = (
        "country_unreached",
        409,
        "Marketing is not delivered to numbers of this person's country. Choose a template of another category, or write by SMS.",
    )
    TEMPLATE_NOT_TEXT = (
        "template_not_text",
        409,
        "This channel sends a template as text, and this one begins with a file or a place. Choose another template, or write a text.",
    )
    FILE_TYPE_NOT_TAKEN = (
        "file_type_not_taken",
        409,
        "This channel does not take files of this type. Send a JPEG or PNG picture, an MP4 film, audio, a PDF or an Office document.",
    )
    FILE_TOO_BIG_FOR_CHANNEL = (
        "file_too_big_for_channel",
        409,
        "This channel takes such a file only up to {most}. Make it smaller, or send a link to it.",
    )
    CAPTION_NOT_TAKEN = "caption_not_taken", 409, "Audio has no caption. Write the text as a message of its own."
    VOICE_NOT_TAKEN = (
        "voice_not_taken",
        409,
        "This channel has no voice messages, or the file is no recording. Send it as a file.",
    )


class UploadError(ErrorCode):
    """Why a file that is to be sent is not stored."""

    UPLOAD_WRONG_TYPE = (
        "upload_wrong_type",
        409,
        "This file is not what its name says. Open it, save it anew, and attach it again.",
    )
    NO_ROOM_FOR_UPLOAD = (
        "no_room_for_upload",
        409,
        "Your company keeps files of {most_mb} MB already, which is all the room there is. Ask who runs the installation for more.",
    )


class ReplyField(FieldCode):
    NO_TEMPLATE = "template_unknown", "There is no such template on this channel. Choose another one."
    VALUE_MISSING = "value_missing", "Write what stands for {name}."
    TEMPLATE_TOO_LONG = "template_too_long", "With these values the text is longer than {max} characters. Shorten them."
    TITLE_TWICE = "title_twice", "Two of them have the same name. Write another one."
    NO_SUCH_FILE = "no_such_file", "This file is not here any more, or was sent already. Attach it again."
    NO_SUCH_CONTACT = "no_such_contact", "This contact is not here any more. Choose another one."
    CONTACT_WITHOUT_NUMBER = "contact_without_number", "This contact has no phone number. Choose another one, or add it there."
    NOT_AN_EMOJI = "not_an_emoji", "Choose one emoji."
    NOT_TO_ANSWER = "not_to_answer", "Choose a message of this conversation that was sent or came in."
