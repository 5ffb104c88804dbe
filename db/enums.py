"""Every closed list of names, once, for database, API and screens. Pure data: imports nothing of ours."""

from enum import IntEnum, StrEnum


class Role(StrEnum):
    """What a member may do in a company, from most to least."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What an action asks of its actor; also the scopes of an API key."""

    COMPANY_READ = "company:read"
    COMPANY_WRITE = "company:write"
    TEAM_READ = "team:read"
    TEAM_WRITE = "team:write"
    KEYS_WRITE = "keys:write"
    CHANNELS_READ = "channels:read"
    CHANNELS_WRITE = "channels:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONTACTS_EXPORT = "contacts:export"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"
    CAMPAIGNS_SEND = "campaigns:send"
    MESSAGES_SEND = "messages:send"  # one by one, by hand or over the API
    SANDBOX_USE = "sandbox:use"
    AUDIT_READ = "audit:read"
    EVENTS_READ = "events:read"


class KeyEnd(StrEnum):
    """Why an API key ended that nobody revoked."""

    MAKER_REMOVED = "maker_removed"
    MAKER_DEMOTED = "maker_demoted"
    MAKER_UNKNOWN = "maker_unknown"  # made by a key of which nothing is known any more


class MailTemplate(StrEnum):
    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 - a name
    VERIFY_EMAIL = "verify_email"


class InvitationMail(StrEnum):
    """What became of the mail of an invitation. Without it the link still works, and is handed on by who invited."""

    SENT = "sent"
    VERIFY_FIRST = "verify_first"  # who invites has not shown that their own address is theirs
    RECIPIENT_LIMIT = "recipient_limit"  # this address got enough invitations today
    COMPANY_LIMIT = "company_limit"  # the company sent enough invitations today


class Language(StrEnum):
    PT_BR = "pt-BR"
    EN = "en"


class ChannelKind(StrEnum):
    WHATSAPP = "whatsapp"  # Meta Cloud API
    SMS = "sms"  # Twilio


class ChannelState(StrEnum):
    CHECKING = "checking"  # the live check has not answered yet
    CONNECTED = "connected"
    PAUSED = "paused"  # until `paused_until`, or until somebody acts when that is empty
    ERROR = "error"  # nothing is sent until it is mended (token, payment, number)


class Quality(StrEnum):
    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    UNKNOWN = "unknown"


class TemplateStatus(StrEnum):
    """Meta's words, lower case (contracts/meta-whatsapp.md 3)."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    PAUSED = "paused"
    DISABLED = "disabled"
    IN_APPEAL = "in_appeal"
    LIMIT_EXCEEDED = "limit_exceeded"
    ARCHIVED = "archived"
    DELETED = "deleted"


class TemplateCategory(StrEnum):
    MARKETING = "marketing"
    UTILITY = "utility"
    AUTHENTICATION = "authentication"


class IdentityKind(StrEnum):
    """How a person is reachable. `value` is E.164 for phone and wa_id (with `+`), lower case for e-mail, Meta's text for bsuid."""

    PHONE = "phone"
    WA_ID = "wa_id"
    BSUID = "bsuid"
    LID = "lid"
    EMAIL = "email"


class LineType(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    OTHER = "other"


class CustomFieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


class ImportState(StrEnum):
    UPLOADED = "uploaded"  # waits for its column mapping
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"  # from before a restore, a copy or a failover; a person decides (db/holds)
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


class HoldCause(StrEnum):
    """Why what was to be sent is held until a person decides."""

    RESTORE = "restore"  # `python -m db restore`
    COPY = "copy"  # another server or database than the one it was last seen in
    ROLLBACK = "rollback"  # the same place, but it knew more before: a disk snapshot, a recovery to a point in time
    FAILOVER = "failover"  # a replica took over that was behind


class HoldKind(StrEnum):
    CAMPAIGN = "campaign"
    DIRECT = "direct"  # messages of no campaign, by channel
    JOB = "job"  # mails, template submissions, by name


class HoldDecision(StrEnum):
    CONTINUED = "continued"
    DISCARDED = "discarded"


class DeliveryPolicy(StrEnum):
    """What happens to a message whose outcome stays unknown (DESIGN 4.7)."""

    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"


class MessageState(IntEnum):
    """Stored as smallint. `label` is the name the API and the screens use."""

    QUEUED = 0
    SENDING = 1
    UNKNOWN = 2
    SENT = 3
    DELIVERED = 4
    READ = 5
    FAILED = 6
    FAILED_UNKNOWN = 7
    SKIPPED = 8
    CANCELLED = 9

    @property
    def label(self) -> str:
        return self.name.lower()


class AttemptState(IntEnum):
    STARTED = 0
    ACCEPTED = 1
    REJECTED = 2  # surely not sent
    UNKNOWN = 3


class SkipReason(StrEnum):
    """Why a member of the audience gets no message."""

    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    LANDLINE = "landline"
    DUPLICATE_ADDRESS = "duplicate_address"
    RECENTLY_MESSAGED = "recently_messaged"
