"""Webhooks in the reader's words."""

from datetime import datetime

from api.contract.enums import DeliveryState, OffBecause, TryFailure, WebhookType
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, pgettext


def groups() -> list[tuple[str, dict[WebhookType, str]]]:
    """What one can be told of, by what it concerns."""
    kind = WebhookType
    return [
        (
            _("Messages"),
            {
                kind.MESSAGE_RECEIVED: _("Somebody wrote"),
                kind.MESSAGE_STATUS: _("A message was sent, delivered, read or failed"),
                kind.MESSAGE_FILE: _("The file of a message arrived"),
            },
        ),
        (
            _("Conversations"),
            {
                kind.CONVERSATION_UPDATED: _("A conversation began or changed"),
                kind.CONVERSATION_ANSWERED: _("Somebody got the first answer"),
                kind.CONVERSATION_CLOSED: _("A conversation was closed"),
            },
        ),
        (
            _("Contacts"),
            {
                kind.CONTACT_CHANGED: _("A contact was made, changed or deleted"),
                kind.CONSENT_CHANGED: _("Somebody said stop, or wants messages again"),
            },
        ),
        (
            _("Leads"),
            {
                kind.LEAD_CHANGED: _("A lead was made, changed or deleted"),
                kind.LEAD_MOVED: _("A lead went to another stage"),
                kind.APPOINTMENT_CHANGED: _("A time was booked, moved or cancelled"),
            },
        ),
        (
            _("Campaigns"),
            {kind.CAMPAIGN_CHANGED: _("A campaign began, ended or changed"), kind.CAMPAIGN_DELETED: _("A draft was deleted")},
        ),
        (
            _("Channels and templates"),
            {
                kind.CHANNEL_STATE: _("A channel stopped or sends again"),
                kind.CHANNEL_CHANGED: _("A channel was connected or anything about it changed"),
                kind.TEMPLATE_STATUS: _("A template was approved, rejected or paused"),
                kind.TEMPLATE_CHANGED: _("A template was reviewed or changed"),
            },
        ),
    ]


def names() -> dict[str, str]:
    """Each type by its name on the wire."""
    return {kind.value: text for _group, named in groups() for kind, text in named.items()}


def off_since(at: datetime, who: str | None) -> str:
    """When it was switched off, and by whom."""
    when = formats.moment(at)
    return _("Since {when}, by {who}.").format(when=when, who=who) if who else _("Since {when}.").format(when=when)


def type_name(kind: str) -> str:
    """Of a type on the wire; `ping` too."""
    known = {name: text for _group, named in groups() for name, text in named.items()}
    return known[WebhookType(kind)] if kind in set(WebhookType) else _("Test")


def off(because: OffBecause) -> str:
    return {
        OffBecause.PERSON: _("It was switched off. What happens meanwhile waits for 14 days."),
        OffBecause.GONE: _("The address answered that it is gone (410), so nothing more is sent. Switch it on when it is back."),
        OffBecause.FAILING: _(
            "For five days every try failed, so nothing more is sent. Mend the receiver, then switch it on: what it missed goes out."
        ),
    }[because]


def delivery(state: DeliveryState) -> tuple[str, Tone]:
    found: dict[DeliveryState, tuple[str, Tone]] = {
        DeliveryState.WAITING: (_("Waiting"), "info"),
        DeliveryState.SENDING: (_("On its way"), "info"),
        DeliveryState.DELIVERED: (pgettext("webhook", "Delivered"), "ok"),
        DeliveryState.FAILED: (pgettext("webhook", "Failed"), "bad"),
    }
    return found[state]


def failure(kind: TryFailure) -> str:
    return {
        TryFailure.BLOCKED: _("This address is not called: it has to be a public https address."),
        TryFailure.DNS: _("No server has this name. Check how the address is written."),
        TryFailure.CONNECT: _("The server does not take connections. Is it running?"),
        TryFailure.TLS: _("The server's certificate is not valid."),
        TryFailure.TIMEOUT: _("There was no answer in time. Answer first, and work on the event afterwards."),
        TryFailure.PROTOCOL: _("The connection broke before the answer was complete."),
        TryFailure.REDIRECT: _("The address leads elsewhere. Redirects are not followed: write the last address."),
        TryFailure.STATUS: _("The receiver answered with an error."),
    }[kind]
