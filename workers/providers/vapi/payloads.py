"""Bodies of `POST /call`. Source: vapi_server_sdk 3.0.0, CreateCallDTO.

There is no idempotency key: our attempt stands in the call's name and in the customer's `externalId`, by which a lost answer is looked for.
No address of ours is named: VAPI proves itself only at those that the owner saved on the assistant.
"""

import msgspec


def call_body(to: str, phone_number_id: str, assistant_id: str, attempt: str, variables: dict[str, str]) -> bytes:
    body = {
        "assistantId": assistant_id,
        "assistantOverrides": {"variableValues": variables, "metadata": {"attempt": attempt}},
        "phoneNumberId": phone_number_id,
        "customer": {"number": to, "externalId": attempt},
        "name": attempt,
    }
    return msgspec.json.encode(body)
