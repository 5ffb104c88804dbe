"""Why the connection to Kommo refuses, and what became of what is owed."""

from db.errors import Code, ErrorCode, FieldCode


class KommoError(ErrorCode):
    NOT_CONNECTED = "kommo_not_connected", 409, "Kommo is not connected. Connect it under Settings, Integrations."
    NOT_READY = "kommo_not_ready", 409, "The connection to Kommo does not work at the moment. Look under Settings, Integrations."
    NOT_FAILED = "kommo_not_failed", 409, "Only what failed can be tried again."


class KommoField(FieldCode):
    HOST = "kommo_host", "Write the address of your Kommo account, such as yourcompany.kommo.com."
    TOKEN = "kommo_token", "Paste the long-lived token that Kommo shows you, whole."
    SECRET = "kommo_secret", "Copy this again from Kommo, whole and without spaces."
    CODE = "kommo_code", "Paste the integration's ID, its secret key and the authorization code."
    SANDBOX = "kommo_sandbox", "The simulator is switched off on this installation."
    STAGE = "kommo_stage", "This stage is not there any more. Choose another one."
    STATUS = "kommo_status", "This status is not among those of the Kommo account. Test the connection, then choose again."


class KommoReason(Code):
    """Why something was not done in Kommo, or need not be done."""

    TOKEN_REFUSED = "kommo_token_refused", "Kommo refused the token. Make a new one there and paste it here."
    FORBIDDEN = "kommo_forbidden", "The user of the token may not do this in Kommo. Give them the right there."
    BLOCKED = "kommo_blocked", "Kommo blocks this server at the moment. We ask again once an hour."
    UNPAID = "kommo_unpaid", "The Kommo account is not paid. Pay there, then test the connection."
    BUSY = "kommo_busy", "Kommo asked us to slow down. It goes on by itself."
    UNREACHABLE = "kommo_unreachable", "Kommo does not answer. It is tried again by itself."
    UNSURE = "kommo_unsure", "The answer of Kommo got lost. We look whether it arrived before anything is sent again."
    REFUSED = "kommo_refused", "Kommo refused what it was sent."
    ODD_ANSWER = "kommo_odd_answer", "Kommo answered something that we do not understand."
    CODE_REFUSED = "kommo_code_refused", "Kommo refused the authorization code: it holds for 20 minutes and once. Take a new one."
    SECRET_UNREADABLE = "kommo_secret_unreadable", "What is stored cannot be opened any more. Connect again."
    GONE = "kommo_gone", "It is not there any more."
    NO_ADDRESS = "kommo_no_address", "The contact has neither a phone number nor an e-mail address."
    SAME = "kommo_same", "Both sides say the same already."
    NOT_OURS = "kommo_not_ours", "It has no counterpart here."
    NOT_MAPPED = "kommo_not_mapped", "No status in Kommo stands for this stage, or no stage for that status."
    NEWER_HERE = "kommo_newer_here", "It was changed here meanwhile, and that counts."
    REPLACED = "kommo_replaced", "A newer change was sent instead."
    SWITCHED_OFF = "kommo_switched_off", "Somebody switched this rule off, or disconnected Kommo."
