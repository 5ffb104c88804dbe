"""Messages of both directions: names of their states and kinds, and what keeps an answer from going out."""

from api.contract.enums import FileReason, FileState, MessageState
from api.contract.labels import MESSAGE, MESSAGE_STATES
from ui.components.text import Tone
from ui.i18n import _, pgettext

_TONES: dict[str, Tone] = {
    "sending": "info", "unknown": "warn", "sent": "info", "delivered": "ok", "read": "ok", "failed": "bad", "failed_unknown": "warn",
}  # fmt: skip


def message_states() -> dict[str, tuple[str, Tone]]:
    """Label of a message's state → its name and tone."""
    return {key: (pgettext(MESSAGE, name), _TONES.get(key, "quiet")) for key, name in MESSAGE_STATES.items()}


def message_state(label: str | None) -> tuple[str, Tone]:
    """Name and tone of the state of a message that we send; nothing is known of it yet: it is queued."""
    return message_states().get(label or MessageState.QUEUED.label, ("", "quiet"))


def message_kind(kind: str) -> tuple[str, str]:
    """Name and symbol of a kind that people send; an unknown one says that it cannot be shown."""
    return {
        "text": ("", "chat"),
        "button": (_("Pressed a button"), "touch_app"),
        "button_reply": (_("Chose an answer"), "touch_app"),
        "list_reply": (_("Chose from a list"), "list"),
        "buttons": (_("Message with buttons"), "smart_button"),
        "list": (_("Message with a list"), "list"),
        "form": (_("Filled in a form"), "assignment_turned_in"),
        "call": (_("Call"), "call"),
        "call_permission": (_("Answered whether we may call"), "perm_phone_msg"),
        "image": (_("Picture"), "image"),
        "video": (_("Video"), "play_circle"),
        "audio": (_("Audio"), "mic"),
        "document": (_("Document"), "description"),
        "media": (_("File"), "attach_file"),
        "sticker": (_("Sticker"), "sentiment_satisfied"),
        "location": (_("Location"), "location_on"),
        "contacts": (_("Contact card"), "badge"),
        "order": (_("Products ordered"), "shopping_cart"),
        "reaction": (_("Reaction"), "add_reaction"),
        "edit": (_("Edited a message"), "edit"),
        "revoke": (_("Took a message back"), "undo"),
        "system": (_("WhatsApp tells"), "info"),
    }.get(kind, (_("A kind of message that cannot be shown"), "help"))


def file_state(state: FileState, reason: FileReason | None) -> tuple[str, str]:
    """Symbol and sentence of a file that is not here."""
    if state is FileState.WAITING:
        return "hourglass_top", _("The file is being fetched.")
    return {
        FileReason.TOO_BIG: ("block", _("The file is too large to be kept here. Ask for it another way.")),
        FileReason.WRONG_TYPE: ("gpp_maybe", _("The file is not what it claims to be, so it was not kept.")),
        FileReason.ADDRESS_REFUSED: ("gpp_maybe", _("The file does not come from the provider, so it was not fetched.")),
        FileReason.EXPIRED: (
            "history_toggle_off",
            _("The provider does not have the file any more. Ask the person to send it again."),
        ),
        FileReason.FORGOTTEN: ("auto_delete", _("The file is older than your company keeps files, so it was deleted.")),
        FileReason.CHANNEL_REMOVED: ("link_off", _("The channel was removed before the file was fetched.")),
    }.get(reason or FileReason.NOT_FETCHED, ("cloud_off", _("The file could not be fetched. Ask the person to send it again.")))


def preference(text: str) -> str:
    """A wish that came without a text."""
    return _("Asked for no more messages") if text == "stop" else _("Wants messages again")


def obstacle(code: str) -> tuple[str, str]:
    """Why a person cannot be answered over a channel now, and what to do."""
    return {
        "no_channel": (_("No channel is connected."), _("Connect a WhatsApp or SMS number to answer.")),
        "only_calls": (_("Over this channel people are called."), _("Call again, or answer over another channel.")),
        "window_closed": (
            _("WhatsApp takes free texts only within 24 hours after a person wrote."),
            _("Send an approved template, or wait until the person writes."),
        ),
        "opted_out": (
            _("This person asked for no more messages."),
            _("They can be answered over WhatsApp once they write again, or when they may get messages again."),
        ),
        "no_address": (
            _("This contact has no number that this channel reaches."),
            _("Add a mobile number in the details, or choose another channel."),
        ),
        "spend_cap": (
            _("The company's limit of costs for this month is reached."),
            _("Answers wait for it too. Raise the limit under Settings, Costs and hours, or answer once the month is over."),
        ),
        "channel_not_connected": (_("This channel cannot send at the moment."), _("Mend or resume it, or choose another one.")),
    }[code]
