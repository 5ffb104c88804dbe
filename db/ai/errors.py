"""Why the AI service refuses, and what a check of it found."""

from db.errors import Code, ErrorCode, FieldCode


class AiError(ErrorCode):
    NOT_CONNECTED = "ai_not_connected", 409, "No AI service is connected. Connect one under Settings, AI service."


class AiField(FieldCode):
    BASE_URL = "ai_base_url", "Write the address as your provider shows it, beginning with https://."
    KEY_NEEDED = "ai_key_needed", "Paste the key that your provider shows you."
    MODEL = "ai_model_name", "Use letters, digits, dots, dashes and slashes, and no spaces."
    RANGE = "ai_range", "Choose a first day before the last one, at most {days} days apart."
    SUBJECT = "ai_budget_subject", "A budget of the company is for nobody in particular. Leave this out."


class CallFailure(Code):
    """Why a call to a model brought no answer."""

    KEY_REFUSED = "ai_key_refused", "The key was refused. Copy it again from your provider, whole, and save."
    NO_CREDIT = "ai_no_credit", "There is no credit left at your provider. Add credit there, then test again."
    MODEL_GONE = "ai_model_gone", "This model is not there, or not for your key. Choose another one."
    RATE_LIMITED = "ai_rate_limited", "Your provider asks us to slow down. Try again in a minute."
    UNREACHABLE = "ai_unreachable", "The service does not answer. Check the address, or try again in some minutes."
    ADDRESS_REFUSED = (
        "ai_address_refused",
        "This address is not called: it has to be a public https address. Who runs this installation may allow local ones.",
    )
    TIMED_OUT = "ai_timed_out", "The service took too long to answer. Try again in some minutes."
    MALFORMED = "ai_malformed", "The service answered something that we do not understand. Check the address."
    TOO_LONG = "ai_too_long", "This is more text than the model takes."
    FILTERED = "ai_filtered", "The provider's content filter withheld the answer."
    REFUSED = "ai_refused", "The model refused to answer."
    OVER_BUDGET = "ai_over_budget", "The budget for AI is used up."
    NOT_CONNECTED = "ai_off", "No AI service is connected."
    KEY_UNREADABLE = "ai_key_unreadable", "The stored key cannot be opened any more. Paste it again."
    SANDBOX_OFF = "ai_sandbox_off", "The simulator is switched off on this installation. Ask who runs it."
    LOCAL_OFF = "ai_local_off", "The local model is not installed here. Ask who runs this installation, or choose another one."
