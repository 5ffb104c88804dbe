"""Bodies of `POST /call`. Source: vapi_server_sdk 3.0.0, CreateCallDTO.

There is no idempotency key: our attempt stands in the call's name and in the customer's `externalId`, by which a lost answer is looked for.
No address of ours is named: VAPI proves itself only at those that the owner saved on the assistant.
"""

from typing import Any

import msgspec

from db.messages.render import CallContent


def call_body(to: str, phone_number_id: str, assistant_id: str, attempt: str, content: CallContent) -> bytes:
    """One call. Without a message for machines the assistant says on one what its owner chose, or hangs up."""
    overrides: dict[str, Any] = {"variableValues": content.variables, "metadata": {"attempt": attempt}}
    if content.voicemail:
        overrides["voicemailMessage"] = content.voicemail
    body = {
        "assistantId": content.agent or assistant_id,
        "assistantOverrides": overrides,
        "phoneNumberId": phone_number_id,
        "customer": {"number": to, "externalId": attempt},
        "name": attempt,
    }
    return msgspec.json.encode(body)
