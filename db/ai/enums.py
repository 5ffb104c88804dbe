"""Closed lists of names of the AI service: pure data for database, API and screens."""

from enum import StrEnum


class Provider(StrEnum):
    OPENAI = "openai"
    AZURE = "azure"
    COMPATIBLE = "compatible"  # any server that speaks OpenAI's protocol, one in the own house too
    SANDBOX = "sandbox"  # ours: plays a model, free, nothing leaves


class EmbedderKind(StrEnum):
    """Who turns text into vectors."""

    SERVICE = "service"  # the connected service
    LOCAL = "local"  # a small model inside our own programs
    NONE = "none"  # nobody: search goes by words alone


class ConnectionState(StrEnum):
    CHECKING = "checking"  # saved, the live check has not answered yet
    READY = "ready"
    KEY_REFUSED = "key_refused"  # nothing is asked until the key is replaced
    NO_CREDIT = "no_credit"  # nothing is asked until a check finds credit again
    FAILED = "failed"  # the check failed otherwise; calls are tried all the same


class CheckStep(StrEnum):
    """What a check tries, in this order."""

    KEY = "key"
    MODELS = "models"
    CHAT = "chat"
    EMBEDDING = "embedding"


class Purpose(StrEnum):
    """What a model is called for."""

    ANSWER = "answer"
    PLAYGROUND = "playground"
    DRAFT = "draft"
    LEAD = "lead"
    EMBED = "embed"
    TRANSCRIBE = "transcribe"
    DESCRIBE = "describe"
    SUMMARY = "summary"
    EVAL = "eval"
    CHECK = "check"


class ModelKind(StrEnum):
    CHAT = "chat"
    EMBEDDING = "embedding"


class ModelLevel(StrEnum):
    """What a persona asks for in place of a model's name."""

    ECONOMICAL = "economical"
    BALANCED = "balanced"
    BEST = "best"


class ModelState(StrEnum):
    CURRENT = "current"
    ENDING = "ending"  # ends within 30 days
    RETIRED = "retired"  # switched off by its provider


class BudgetScope(StrEnum):
    COMPANY = "company"
    PERSONA = "persona"
    CONVERSATION = "conversation"


class BudgetPeriod(StrEnum):
    DAY = "day"
    MONTH = "month"


class CallResult(StrEnum):
    """What came of one attempt."""

    ANSWERED = "answered"
    CALLED = "called"  # tools
    REFUSED = "refused"  # by the model
    CUT_OFF = "cut_off"  # at the length allowed
    FILTERED = "filtered"  # by the provider's content filter
    TOO_LONG = "too_long"  # more text than the model takes
    RATE_LIMITED = "rate_limited"
    NO_CREDIT = "no_credit"
    KEY_REFUSED = "key_refused"
    MODEL_GONE = "model_gone"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    MALFORMED = "malformed"  # an answer that cannot be read, or a request that was not understood
    CANCELLED = "cancelled"  # by us, while it ran
    LOST = "lost"  # its worker died


class AiNotice(StrEnum):
    """What the owners are mailed about."""

    KEY_REFUSED = "key_refused"
    NO_CREDIT = "no_credit"
    BUDGET_80 = "budget_80"
    BUDGET_100 = "budget_100"
    MODEL_ENDS = "model_ends"
