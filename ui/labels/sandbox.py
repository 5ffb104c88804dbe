"""What the simulator's model read, and what may go wrong with it."""

from api.contract.sandbox import ModelTrick
from ui.i18n import _


def role(role: str) -> str:
    """Who wrote one message of a request."""
    return {"system": _("Rules"), "user": _("Customer"), "assistant": _("Model"), "tool": _("Tool")}.get(role, role)


def kind(kind: str) -> str:
    """What a request wanted."""
    return {
        "chat": _("Answer"), "embeddings": _("Vectors"), "moderations": _("Check of content"), "transcriptions": _("Transcription"),
    }.get(kind, kind)  # fmt: skip


def tricks() -> dict[ModelTrick, str]:
    return {
        "none": _("Works"),
        "rate_limit": _("Too many requests"),
        "rate_limit_after": _("Too many requests, says how long to wait"),
        "no_quota": _("No credit left"),
        "error": _("Answers with an error"),
        "hang": _("Never answers"),
        "cut": _("Hangs up half way"),
        "refusal": _("Refuses to answer"),
        "length": _("Answer is cut off"),
        "filtered": _("Answer is filtered out"),
        "wrong_shape": _("Answer has the wrong form"),
        "wrong_citations": _("Cites what nobody wrote"),
        "bad_arguments": _("Tool call that cannot be read"),
        "unknown_tool": _("Calls a tool that there is not"),
        "parallel_calls": _("Calls a tool twice at once"),
        "same_call_ids": _("Two calls under one name"),
        "no_choices": _("Empty answer"),
        "no_usage": _("Does not say what it used"),
    }
