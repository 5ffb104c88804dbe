"""Bodies of `POST /v2/create-phone-call`. Source: retell-sdk 6.2.13, call_create_phone_call_params.py.

The body of an attempt is always the same, to the byte: Retell takes a repetition under one key only then for the same call.
"""

from typing import Any

import msgspec

from db.providers.retell.live import told_at


def call_body(to: str, sender: str, attempt: str, webhook: str, variables: dict[str, str]) -> bytes:
    """One call. Only this call's news comes to `webhook`; the agent itself stays as its owner left it."""
    body: dict[str, Any] = {
        "from_number": sender,
        "to_number": to,
        "idempotency_key": attempt,
        "honor_internal_dnc": True,
        "metadata": {"attempt": attempt},
        "retell_llm_dynamic_variables": variables,
        "agent_override": told_at(webhook),
    }
    return msgspec.json.encode(body)
