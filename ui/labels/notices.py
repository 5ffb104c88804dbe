"""What a provider tells about an account, its numbers and templates: what happened, and what to do."""

from typing import NamedTuple

from api.contract.enums import NoticeCode
from ui.i18n import _


class Words(NamedTuple):
    """`name`: what happened; `todo`: empty when nothing is to be done."""

    name: str
    todo: str = ""


def notice(code: NoticeCode) -> Words:
    return _all()[code]


def _all() -> dict[NoticeCode, Words]:
    n = NoticeCode
    look = _("Open the account quality page of Meta: it says what is wrong and how to appeal.")
    return {
        n.ACCOUNT_RESTRICTED: Words(_("Meta restricts what this account may send"), look),
        n.ACCOUNT_VIOLATION: Words(_("Meta says that the account broke its policy"), look),
        n.ACCOUNT_DISABLED: Words(_("Meta disabled the account"), look),
        n.ACCOUNT_DISABLE_SCHEDULED: Words(_("Meta is going to disable the account"), look),
        n.ACCOUNT_REINSTATED: Words(_("Meta reinstated the account")),
        n.ACCOUNT_DELETED: Words(_("The account was deleted at Meta"), _("Connect another account, or ask who deleted it.")),
        n.ACCOUNT_CHANGED: Words(_("Something about the account changed")),
        n.APP_REMOVED: Words(
            _("Our access was removed from the account"), _("Connect the number again, or nothing can be sent or received.")
        ),
        n.APP_ADDED: Words(_("Access to the account was given")),
        n.REVIEW_REJECTED: Words(_("Meta rejected the account in its review"), look),
        n.REVIEW_APPROVED: Words(_("Meta approved the account")),
        n.REVIEW_PENDING: Words(_("Meta reviews the account")),
        n.ALERT: Words(_("Meta alerts about the account"), _("Read what Meta says and open its business manager.")),
        n.ALERT_ENDED: Words(_("An alert about the account is over")),
        n.HINT: Words(_("A hint of Meta about the account")),
        n.NAME_REJECTED: Words(
            _("Meta rejected the display name of the number"), _("Choose another name in the WhatsApp manager and send it again.")
        ),
        n.NAME_APPROVED: Words(_("Meta approved the display name of the number")),
        n.NAME_PENDING: Words(_("Meta reviews the display name of the number")),
        n.PIN_CHANGED: Words(
            _("The two-step code of the number was changed"),
            _("If it was not one of you, change it in the WhatsApp manager now."),
        ),
        n.PIN_RESET_REQUESTED: Words(
            _("Somebody asks to reset the two-step code of the number"),
            _("If it was not one of you, secure your Meta account now."),
        ),
        n.QUALITY_DROPPED: Words(
            _("The quality of the number dropped"), _("Write to fewer people, and only to those who asked for it.")
        ),
        n.QUALITY_RECOVERED: Words(_("The quality of the number is fine again")),
        n.LIMIT_CHANGED: Words(_("The limits of the number changed")),
        n.TEMPLATE_REJECTED: Words(_("Meta rejected a template"), _("Change it as Meta says and send it again.")),
        n.TEMPLATE_PAUSED: Words(_("Meta paused a template"), _("People blocked or reported it. Use another one meanwhile.")),
        n.TEMPLATE_DISABLED: Words(_("Meta disabled a template"), _("Write a new one that people want to read.")),
        n.TEMPLATE_APPROVED: Words(_("Meta approved a template")),
        n.TEMPLATE_MOVED: Words(
            _("Meta moved a template to another category"), _("Its messages may cost more now: see it under Templates.")
        ),
        n.TEMPLATE_DISLIKED: Words(
            _("People block or report a template"), _("Send it to fewer people, before Meta pauses it, or use another one.")
        ),
        n.TEMPLATE_LIKED: Words(_("People take a template well again")),
        n.FLOW_BLOCKED: Words(_("Meta blocked a form"), _("Mend the form in the WhatsApp manager.")),
        n.FLOW_CHANGED: Words(_("Something about a form changed")),
        n.HISTORY_SYNCED: Words(_("Past messages of the phone's app were taken over")),
        n.HISTORY_DECLINED: Words(_("The past messages of the phone's app are not shared")),
        n.ADDRESS_BOOK_SYNCED: Words(_("The phone's app told of its address book")),
        n.STOPS_RISING: Words(
            _("More people than usual ask for no more messages"),
            _("It sends more slowly now. Write only to those who asked for it, and less often."),
        ),
        n.FAILURES_RISING: Words(
            _("More messages than usual fail"),
            _("It sends more slowly now. See the reasons in the campaign and clean the list."),
        ),
        n.RATES_NORMAL: Words(_("The number sends at full speed again")),
        n.TEMPLATE_QUALITY_DROPPED: Words(
            _("The quality of a template dropped"),
            _("People block or report it, and Meta may pause it. Change it, or use another one."),
        ),
        n.TEMPLATE_QUALITY_RECOVERED: Words(_("The quality of a template is fine again")),
        n.SESSION_ENDED: Words(
            _("The phone disconnected this device"), _("Open the channel and scan its code again. Messages wait until then.")
        ),
        n.SESSION_ELSEWHERE: Words(
            _("Another program opened this number"),
            _("Close it there, then open it here on the channel's page. Messages wait until then."),
        ),
        n.SESSION_BANNED: Words(
            _("WhatsApp blocked the number"),
            _("Ask for a review in the WhatsApp app on the phone. Messages wait; connect another number if it lasts."),
        ),
        n.SESSION_RESTRICTED: Words(
            _("WhatsApp lets the number write to nobody new"),
            _("Whoever wrote gets answers. Write to fewer new people a day once it is over."),
        ),
        n.SESSION_OUTDATED: Words(
            _("WhatsApp refuses this version"), _("Tell who runs Master IA: it has to be updated. Messages wait until then.")
        ),
        n.SESSION_AWAY: Words(
            _("The connection does not come back"),
            _("See whether the phone is on and online, then press Try now on the channel's page."),
        ),
        n.SESSION_QUIET: Words(
            _("Nothing was heard of the phone for ten days"),
            _("Open WhatsApp on the phone, online: after about 14 days without it WhatsApp disconnects the number."),
        ),
        n.SESSION_BACK: Words(_("The number is connected again")),
        n.OUTAGE: Words(_("The provider has not answered for a while"), _("Sending goes on by itself when it does.")),
    }
