"""What happened to a person: the sentence of each kind, its symbol, and the page that it leads to."""

from api.contract.enums import NoticeCode, NoticeTopic, NotificationKind
from api.contract.notifications import Notification
from ui.i18n import _
from ui.labels import notices

K = NotificationKind
ICONS = {
    K.ASSIGNED: "assignment_ind",
    K.WAITS: "hourglass_top",
    K.MENTIONED: "alternate_email",
    K.CALL: "phone_in_talk",
    K.LEAD: "view_kanban",
    K.RULE_STOPPED: "sync_problem",
    K.CAMPAIGN: "campaign",
    K.IMPORT: "upload_file",
    K.NOTICE: "warning",
}


def kind(value: NotificationKind) -> tuple[str, str]:
    """Name and hint of a kind, where ways are chosen for it."""
    return {
        K.ASSIGNED: (_("A conversation becomes mine"), ""),
        K.WAITS: (_("A conversation waits for a person"), _("The assistant, or a call, got no further.")),
        K.MENTIONED: (_("A colleague mentions me in a note"), ""),
        K.CALL: (_("Somebody on the line wants me"), _("A call does not wait for a mail.")),
        K.LEAD: (_("A board calls me to a lead"), ""),
        K.RULE_STOPPED: (_("A rule of mine was stopped"), _("It would have moved a lead in a circle.")),
        K.CAMPAIGN: (_("A campaign of mine ended or stopped"), ""),
        K.IMPORT: (_("An import of mine ended"), ""),
        K.NOTICE: (
            _("Something stops the company's messages"),
            _("Owners only. It always comes by mail, too."),
        ),
    }[value]


def path(one: Notification) -> str:
    """Where it leads."""
    match one.kind:
        case K.ASSIGNED | K.WAITS | K.MENTIONED | K.CALL:
            return f"/inbox/{one.subject_id}"
        case K.LEAD | K.RULE_STOPPED:
            return f"/boards/{one.board_id}?lead={one.subject_id}"
        case K.CAMPAIGN:
            return f"/campaigns/{one.subject_id}"
        case K.IMPORT:
            return f"/imports/{one.subject_id}"
        case K.NOTICE:
            return one.path or "/"


def sentence(one: Notification) -> str:
    """What happened."""
    match one.kind:
        case K.CAMPAIGN:
            return {
                "paused": _("Your campaign stopped by itself. See why."),
                "failed": _("Your campaign could not go on. See why."),
                "trial_waits": _("The test of your campaign has no sure winner. Choose the text for the others."),
            }.get(one.code or "", _("Your campaign is finished."))
        case K.IMPORT:
            return _("Your import failed. See why.") if one.code == "failed" else _("Your import is finished.")
        case K.NOTICE:
            return _notice(one)
        case _:
            return {
                K.ASSIGNED: _("This conversation is yours now."),
                K.WAITS: _("This conversation waits for a person."),
                K.MENTIONED: _("You were mentioned in a note."),
                K.CALL: _("Was on the line and wanted to speak with you."),
                K.LEAD: _("A board calls you to this lead."),
                K.RULE_STOPPED: _("A rule of yours was stopped: it would move this lead in a circle."),
            }[one.kind]


def _notice(one: Notification) -> str:
    if one.topic == NoticeTopic.CHANNEL and one.code in set(NoticeCode):
        return notices.notice(NoticeCode(one.code)).name
    return {
        "key_refused": _("The AI stopped: its provider refused the key."),
        "no_credit": _("The AI stopped: there is no credit left at its provider."),
        "budget_80": _("80% of an AI budget are spent."),
        "budget_100": _("An AI budget is used up."),
        "model_ends": _("An AI model that you use is going to be switched off."),
        "nearly": _("80% of this month's limit of costs are used."),
        "reached": _("This month's limit of costs is reached: campaigns wait."),
        "failing": _("A webhook's address takes no events."),
        "off": _("A webhook was switched off: its address took no event for five days."),
        "gone": _("A webhook was switched off: its address is gone."),
        "token_refused": _("Kommo refused the token: connect it again."),
        "blocked": _("Kommo blocked our access for a while."),
        "unpaid": _("The Kommo account is not paid: it takes nothing."),
    }.get(one.code or "", _("Something needs you."))


def name(one: Notification) -> str:
    """What it is about."""
    if one.name:
        return one.name
    topics = {
        NoticeTopic.AI: _("AI service"),
        NoticeTopic.COST: _("Costs"),
        NoticeTopic.KOMMO: "Kommo",
        NoticeTopic.WEBHOOK: _("Webhooks"),
        NoticeTopic.CHANNEL: _("Channel"),
    }
    return topics[one.topic] if one.topic else _("No name")
