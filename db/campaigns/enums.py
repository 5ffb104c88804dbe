"""Closed lists of names of campaigns: pure data for database, API and screens."""

from enum import StrEnum


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"  # from before a restore, a copy or a failover; a person decides (db/holds)
    FINISHED = "finished"  # nothing is left to send; how it went, the counts say
    CANCELLED = "cancelled"
    FAILED = "failed"


class Enrolment(StrEnum):
    """What became of one person who was to join a campaign. Who may not get the message is told by a SkipReason instead."""

    QUEUED = "queued"  # the message waits for its turn
    CHOSEN = "chosen"  # the campaign has not started; they are in its audience
    ALREADY = "already"
    GONE = "gone"  # there is no such campaign
    OVER = "over"  # cancelled, failed or held: it takes nobody
    RULED = "ruled"  # a draft whose audience is a rule that leaves them out
    CHANNEL_GONE = "channel_gone"
    TEMPLATE_GONE = "template_gone"


class FailedJob(StrEnum):
    """Background work that was given up and can be done again."""

    CHANNEL_CHECK = "channel_check"
    TEMPLATES_SYNC = "templates_sync"
    TEMPLATE_SUBMIT = "template_submit"
    CONTACTS_BULK = "contacts_bulk"
    IMPORT_UNDO = "import_undo"
    STAGE_REMOVAL = "stage_removal"  # `subject_id` is the board's


class PreflightRule(StrEnum):
    """What may keep somebody from getting a campaign at once and as it is written; the first ones are those of SkipReason."""

    OPTED_OUT = "opted_out"
    CATEGORY_REFUSED = "category_refused"
    NO_ADDRESS = "no_address"
    LANDLINE = "landline"
    DUPLICATE_ADDRESS = "duplicate_address"
    RECENTLY_MESSAGED = "recently_messaged"
    CONTACT_DELETED = "contact_deleted"
    SAMPLE_CONTACT = "sample_contact"
    STRANGER = "stranger"
    COUNTRY_UNREACHED = "country_unreached"
    SAME_TEXT = "same_text"
    MISSING_VALUE = "missing_value"
    QUIET_HOURS = "quiet_hours"
    NO_HOURS = "no_hours"  # the rules leave no hour in which they may be written to
    WARM_UP = "warm_up"  # the number is young
    TIER = "tier"
    PRICE_UNKNOWN = "price_unknown"
    SPEND_CAP = "spend_cap"
    TEMPLATE = "template"  # not approved, or paused or disabled since


class PreflightEffect(StrEnum):
    """What a rule does to those whom it is about."""

    LEAVES_OUT = "leaves_out"
    DELAYS = "delays"
    SUBSTITUTES = "substitutes"  # a substitute stands where their value is missing
    STOPS = "stops"  # they do not get it before somebody changes something
    TELLS = "tells"


class TrialMetric(StrEnum):
    """What tells which text of a campaign does better, of those whom it reached."""

    REPLIED = "replied"
    READ = "read"
    CONVERTED = "converted"  # a tag was given, or a lead came into a stage


class Unsure(StrEnum):
    """What happens when the time of a test is over and nobody can be sure which text is better."""

    LEADING = "leading"  # the one that is ahead goes to the rest
    WAIT = "wait"  # a person decides


class TrialPhase(StrEnum):
    """How far a test of texts is."""

    TESTING = "testing"
    WAITING = "waiting"  # for a person
    DECIDED = "decided"


class TrialBy(StrEnum):
    """How it was decided."""

    SURE = "sure"  # with a probability of 95 %
    LEADING = "leading"  # it was ahead, without being sure
    PERSON = "person"


class CompareMetric(StrEnum):
    """By what campaigns are compared, of those whom they reached."""

    READ = "read"
    REPLIED = "replied"


class CampaignPart(StrEnum):
    """Whom of a campaign another one is for."""

    NOT_READ = "not_read"  # it was sent, and not read so far
    NOT_REPLIED = "not_replied"
    FAILED = "failed"
    NOT_SENT = "not_sent"  # the campaign was cancelled or failed before their turn


class CampaignGoalKind(StrEnum):
    """What may count as done for a campaign."""

    STAGE = "stage"  # a lead of the person came into a stage
    TAG = "tag"  # the person got a tag
    HOOK = "hook"  # another system told of the person by an incoming hook
