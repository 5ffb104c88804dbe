"""What each figure counts, in plain words: shown where one points at it, and written below."""

from collections.abc import Callable

from api.contract.enums import LeadFact, MessageFact, TalkFact
from ui import formats
from ui.i18n import _, pgettext

Show = Callable[[float | None], str]


def SENT() -> str:
    return _("Messages that the provider accepted on these days and that did not fail afterwards.")


def DELIVERED() -> str:
    return _("Of those sent on these days: how many arrived, whenever that was.")


def READ() -> str:
    return _("Of those sent on these days: how many were read. Channels that do not tell it count none.")


def REPLIED() -> str:
    return _("Of those sent on these days: how many got an answer. Only the first answer counts.")


def FAILED() -> str:
    return _("Messages that were refused, or failed after they were accepted, on these days.")


def RECEIVED() -> str:
    return _("Messages that people wrote to you, by when they wrote them. Reactions and edits are left out.")


def OPENED() -> str:
    return _("Times that a conversation was opened. Who comes back after it was closed opens it once more.")


def ANSWERED() -> str:
    return _(
        "Half of the people waited at most so long for the first answer of your team: since they wrote, or since the assistant asked for people."
    )


def SPENT() -> str:
    return _("What providers billed for messages of these days, at the price of that day.")


def facts() -> dict[TalkFact, tuple[str, str]]:
    """Name and meaning of each figure of conversations."""
    return {
        TalkFact.OPENED: (_("Opened"), OPENED()),
        TalkFact.REOPENED: (_("Reopened"), _("Of those opened: within 24 hours after they were closed.")),
        TalkFact.ASSISTED: (
            _("Answered by the assistant"),
            _("The assistant gave the first answer, before anybody of your team."),
        ),
        TalkFact.ANSWERED: (
            _("Answered by people"),
            _("First answers of your team, here or over the API, for which somebody waited."),
        ),
        TalkFact.PHONED: (
            _("Answered on a phone"),
            _("First answers of your team that were written on the phone that shares the number."),
        ),
        TalkFact.CLOSED: (
            pgettext("figures", "Closed"),
            _("Times that a conversation was closed. A close that was taken back within a minute was none."),
        ),
        TalkFact.CLOSED_ALONE: (
            _("Closed by the assistant alone"),
            _("Of those closed: answered by the assistant, and by nobody of your team."),
        ),
        TalkFact.HANDED: (_("Handed to people"), _("The assistant asked for somebody of your team.")),
    }


def lead_facts() -> dict[LeadFact, tuple[str, str]]:
    """Name and meaning of each figure of a board."""
    return {
        LeadFact.ENTERED: (_("Came in"), _("Leads that came onto the board, by hand, by a list or by themselves.")),
        LeadFact.MOVED: (
            _("Moved on"),
            _("Times that a lead left a stage for another one. A move that was taken back was none."),
        ),
        LeadFact.WON: (pgettext("figures", "Won"), _("Times that a lead came into a stage that means won.")),
        LeadFact.LOST: (pgettext("figures", "Lost"), _("Times that a lead came into a stage that means lost.")),
        LeadFact.ARRIVED: (_("Came into the stage"), _("Times that a lead came into this stage, also if it was there before.")),
        LeadFact.REACHED: (_("Came for the first time"), _("Leads that came into this stage for the first time on these days.")),
        LeadFact.PASSED: (
            _("Went from stage to stage"),
            _("Of the leads that came into one stage for the first time on these days: those that came later into the other."),
        ),
    }


def message_facts() -> dict[MessageFact, tuple[str, str]]:
    """Name and meaning of each figure of messages."""
    return {
        MessageFact.SENT: (_("Sent"), SENT()),
        MessageFact.DELIVERED: (_("Delivered"), DELIVERED()),
        MessageFact.READ: (_("Read"), READ()),
        MessageFact.REPLIED: (_("Replied"), REPLIED()),
        MessageFact.FAILED: (_("Failed"), FAILED()),
        MessageFact.NO_RESULT: (_("No result"), _("Messages of which nobody will ever know whether they went out.")),
        MessageFact.RECEIVED: (_("Received"), RECEIVED()),
    }


def messages() -> list[tuple[str, str]]:
    return [*message_facts().values(), (_("Spent"), SPENT())]


def conversations() -> list[tuple[str, str]]:
    times = _("Half of them took at most the first time, nine in ten at most the second; both are right within 13%.")
    return [*facts().values(), (_("Times"), times)]


def consent() -> list[tuple[str, str]]:
    """Out and back of everything, out and back of a part."""
    return [
        (
            _("Asked for nothing more"),
            _("People who asked for no messages at all, by themselves, by a list, or set by your team."),
        ),
        (_("Said yes"), _("Times that somebody said yes to messages, or took a no back.")),
        (_("Asked for less"), _("Times that somebody asked for no offers, or for no notices, and still gets the others.")),
        (_("Said yes to a part"), _("Times that somebody said yes to offers, or to notices.")),
    ]


def calls() -> list[tuple[str, str]]:
    return [
        (_("Calls"), _("Calls that were placed or came in on these days.")),
        (_("A person answered"), _("Of the calls of these days: those in which a person spoke, not a machine.")),
        (_("Length of a call"), _("Half of the calls in which a person spoke took at most so long.")),
    ]


def decimal(value: float | None) -> str:
    return formats.DASH if value is None else formats.number(value, 1)


def share(value: float | None) -> str:
    return formats.DASH if value is None else formats.percent(value)


def whole_money(currency: str) -> Show:
    """Without cents, for what is large."""

    def show(micro: float | None) -> str:
        return formats.DASH if micro is None else f"{formats.symbol(currency)} {formats.number(micro / 1_000_000)}"

    return show


def money(currency: str) -> Show:
    def show(micro: float | None) -> str:
        return formats.DASH if micro is None else formats.money(round(micro / 10_000), currency)

    return show
