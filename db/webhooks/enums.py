"""Closed lists of names of webhooks out: pure data for database, API and screens."""

from enum import StrEnum


class WebhookType(StrEnum):
    """What outsiders can be told of. A type never changes its meaning; another meaning is another type."""

    MESSAGE_RECEIVED = "message.received"
    MESSAGE_STATUS = "message.status"
    MESSAGE_FILE = "message.file"
    CONVERSATION_UPDATED = "conversation.updated"
    CONVERSATION_ANSWERED = "conversation.answered"
    CONVERSATION_CLOSED = "conversation.closed"
    CONTACT_CHANGED = "contact.changed"
    CONSENT_CHANGED = "consent.changed"
    CAMPAIGN_CHANGED = "campaign.changed"
    CAMPAIGN_DELETED = "campaign.deleted"
    LEAD_CHANGED = "lead.changed"
    LEAD_MOVED = "lead.moved"
    APPOINTMENT_CHANGED = "appointment.changed"
    TEMPLATE_CHANGED = "template.changed"
    TEMPLATE_STATUS = "template.status"
    CHANNEL_CHANGED = "channel.changed"
    CHANNEL_STATE = "channel.state"


class OffBecause(StrEnum):
    """Why an endpoint is told nothing."""

    PERSON = "person"  # somebody switched it off
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # five days of nothing but failures


class DeliveryState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"  # every try failed


class TryFailure(StrEnum):
    """Why a try delivered nothing."""

    BLOCKED = "blocked"  # the address is none of the public internet, or not https
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # not HTTP, or the connection broke
    REDIRECT = "redirect"  # not followed
    STATUS = "status"  # it answered, but no success


class WebhookNotice(StrEnum):
    """What the owners are told of."""

    FAILING = "failing"
    OFF = "off"
    GONE = "gone"
