"""Meta's error envelope and the sentence that goes with each code (contracts: Graph API, section 4)."""

import base64
import secrets
from typing import Any, Final

from workers.sandbox.server import Reply, json_reply

# code: (HTTP status, title)
ERRORS: Final[dict[int, tuple[int, str]]] = {
    1: (400, "An unknown error occurred"),
    2: (503, "Service temporarily unavailable"),
    3: (403, "Application does not have the capability to make this API call."),
    4: (429, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    33: (400, "Object does not exist"),
    100: (400, "Invalid parameter"),
    190: (401, "Error validating access token"),
    200: (403, "You do not have the necessary permissions to send messages on behalf of this WhatsApp Business Account"),
    368: (403, "Temporarily blocked for policies violations"),
    2200: (400, "Callback verification failed with the following errors"),
    80007: (429, "Rate limit issues"),
    130429: (429, "Rate limit hit"),
    130497: (403, "Business account is restricted from messaging users in this country."),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Business Account locked"),
    131037: (400, "WhatsApp provided number needs display name approval before message can be sent."),
    131042: (403, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement."),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131055: (400, "Method not allowed"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132007: (400, "Template format character policy violated"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    132018: (400, "There was an issue with the parameters in your template"),
    133000: (500, "Incomplete deregistration"),
    133004: (503, "Server is temporarily unavailable"),
    133005: (400, "Two step verification PIN mismatch"),
    133010: (400, "Phone number not registered"),
    2388019: (400, "Message template limit exceeded"),
}
TEMPORARY: Final = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131056, 131057, 133004})


def fbtrace_id() -> str:
    return "A" + base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")


def fail(code: int, details: str = "", *, message: str = "", status: int = 0, subcode: int = 0, extra: bytes = b"") -> Reply:
    """The answer for one code. `message` replaces Meta's sentence; `details` is what `error_data` explains."""
    usual, title = ERRORS.get(code, (400, "Error"))
    error: dict[str, Any] = {
        "message": message or f"(#{code}) {title}",
        "type": "OAuthException",
        "code": code,
    }
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    if subcode:
        error["error_subcode"] = subcode
    error["is_transient"] = code in TEMPORARY
    error["fbtrace_id"] = fbtrace_id()
    reply = json_reply({"error": error}, status or usual)
    reply.extra = extra
    return reply


def no_token(reason: str, subcode: int = 0) -> Reply:
    """Code 190 with 401: the token is missing, unreadable or expired (subcode 463)."""
    header = b'www-authenticate: OAuth "Facebook Platform" "invalid_token"\r\n'
    return fail(190, message=reason, subcode=subcode, extra=header)


def no_object(method: str, identifier: str) -> Reply:
    """Code 100, subcode 33: the object is unknown or not visible to this token."""
    sentence = (
        f"Unsupported {method.lower()} request. Object with ID '{identifier}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation. Please read the Graph API documentation at "
        "https://developers.facebook.com/docs/graph-api"
    )
    return fail(100, message=sentence, subcode=33)
