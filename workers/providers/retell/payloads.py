"""Bodies of `POST /v2/create-phone-call`. Source: retell-sdk 6.2.13, call_create_phone_call_params.py.

The body of an attempt is always the same, to the byte: Retell takes a repetition under one key only then for the same call.
"""

from typing import Any

import msgspec

from db.messages.render import CallContent
from db.providers.retell.live import told_at

HINT = "A colleague who follows this call says, for you alone (the person does not hear it): {text}"
TAKE_OVER = (
    "A colleague takes this call over now. Tell the person in one short sentence that you put them through, use the tool request_human at once,"
    " and transfer the call to the number that it answers with."
)


def call_body(to: str, sender: str, attempt: str, webhook: str, content: CallContent) -> bytes:
    """One call. Only this call's news comes to `webhook`; the agent itself stays as its owner left it."""
    override = told_at(webhook)
    if content.voicemail is not None:
        said = {"type": "static_text", "text": content.voicemail} if content.voicemail else {"type": "hangup"}
        override["agent"]["voicemail_option"] = {"action": said}
    body: dict[str, Any] = {
        "from_number": sender,
        "to_number": to,
        "idempotency_key": attempt,
        "honor_internal_dnc": True,
        "metadata": {"attempt": attempt},
        "retell_llm_dynamic_variables": content.variables,
        "agent_override": override,
    }
    if content.agent:
        body["override_agent_id"] = content.agent
    return msgspec.json.encode(body)
