"""Bodies of `POST /call`. Source: vapi_server_sdk 3.0.0, CreateCallDTO.

There is no idempotency key: our attempt stands in the call's name and in the customer's `externalId`, by which a lost answer is looked for.
No address of ours is named: VAPI proves itself only at those that the owner saved on the assistant.
"""

from typing import Any

import msgspec

from db.messages.enums import CallOrderKind
from db.messages.render import CallContent
from db.providers.vapi.live import sorry_at, warm_transfer
from db.transfers.orders import Open


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


def control_body(order: Open) -> dict[str, Any]:
    """What the control address of a call that goes on is told. Source: docs.vapi.ai, live call control."""
    match order.kind:
        case CallOrderKind.HINT:
            hint = f"A colleague who follows this call says, for you alone: {order.text}"
            return {"type": "add-message", "message": {"role": "system", "content": hint}, "triggerResponseEnabled": True}
        case CallOrderKind.TAKE_OVER:
            return {"type": "transfer", "destination": warm_transfer(order.number, order.summary, sorry_at(order.number))}
        case CallOrderKind.HANG_UP:
            return {"type": "end-call"}
    raise ValueError("not told to a call")
