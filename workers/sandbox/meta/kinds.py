"""What a person can do in WhatsApp, kind by kind, as Meta's webhooks tell it. The files, places and cards are invented.

Sources: Cloud API webhooks, messages; calls; coexistence echoes.
"""

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

FLOW: Final = '{"cep": "01310-100", "horario": "manhã", "itens": [1, 2]}'


class Telling(NamedTuple):
    """What a message is about: the text typed, the message of ours it answers or changes, and what keeps a file of a type for us to
    fetch and says how a message names it. `option`: the id of what was pressed or chosen, `description` the line under it."""

    text: str
    ours: str | None
    keep: Callable[[str], dict[str, Any]]
    option: str = ""
    description: str = ""


Part = tuple[str, Any]
"""Type of Meta's, and what stands under the key of that name."""


def _file(telling: Telling, mime: str, **more: Any) -> dict[str, Any]:
    return {**telling.keep(mime), "mime_type": mime, **more}


def _captioned(telling: Telling, mime: str, **more: Any) -> dict[str, Any]:
    return _file(telling, mime, **more, **({"caption": telling.text} if telling.text else {}))


def _card(telling: Telling) -> list[dict[str, Any]]:
    name = {"formatted_name": telling.text or "Marina Prado", "first_name": "Marina", "last_name": "Prado"}
    return [
        {
            "name": name,
            "phones": [{"phone": "+55 11 98765-4321", "type": "CELL", "wa_id": "5511987654321"}],
            "emails": [{"email": "marina@example.com", "type": "WORK"}],
            "org": {"company": "Padaria Prado"},
        }
    ]


def _order(telling: Telling) -> dict[str, Any]:
    items = [
        {"product_retailer_id": "camiseta-azul-m", "quantity": 2, "item_price": 49.9, "currency": "BRL"},
        {"product_retailer_id": "bone-preto", "quantity": 1, "item_price": 35, "currency": "BRL"},
    ]
    return {"catalog_id": "712345678901234", "text": telling.text, "product_items": items}


def _interactive(kind: str, part: dict[str, Any]) -> Part:
    return "interactive", {"type": kind, kind: part}


def _chosen(telling: Telling) -> dict[str, Any]:
    if not telling.option:
        return {"id": "m", "title": telling.text or "Tamanho M", "description": "Azul"}
    described = {"description": telling.description} if telling.description else {}
    return {"id": telling.option, "title": telling.text, **described}


PARTS: Final[dict[str, Callable[[Telling], Part]]] = {
    "text": lambda t: ("text", {"body": t.text or "Oi!"}),
    "image": lambda t: ("image", _captioned(t, "image/jpeg")),
    "video": lambda t: ("video", _captioned(t, "video/mp4")),
    "voice": lambda t: ("audio", _file(t, "audio/ogg; codecs=opus", voice=True)),
    "audio": lambda t: ("audio", _file(t, "audio/mpeg", voice=False)),
    "document": lambda t: ("document", _captioned(t, "application/pdf", filename="comprovante.pdf")),
    "sticker": lambda t: ("sticker", _file(t, "image/webp", animated=False)),
    "location": lambda t: (
        "location",
        {"latitude": -23.561414, "longitude": -46.655881, "name": t.text or "MASP", "address": "Av. Paulista, 1578"},
    ),
    "contacts": lambda t: ("contacts", _card(t)),
    "order": lambda t: ("order", _order(t)),
    "button": lambda t: ("button", {"text": t.text or "Quero sim", "payload": t.option or "QUERO"}),
    "button_reply": lambda t: _interactive("button_reply", {"id": t.option or "sim", "title": t.text or "Sim"}),
    "list_reply": lambda t: _interactive("list_reply", _chosen(t)),
    "form": lambda t: _interactive("nfm_reply", {"name": "flow", "body": t.text or "Sent", "response_json": FLOW}),
    "reaction": lambda t: ("reaction", {"message_id": t.ours, "emoji": t.text or "👍"}),
    "reaction_removed": lambda t: ("reaction", {"message_id": t.ours}),
    "edit": lambda t: (
        "edit",
        {"original_message_id": t.ours, "message": {"type": "text", "text": {"body": t.text or "Quis dizer amanhã"}}},
    ),
    "revoke": lambda t: ("revoke", {"original_message_id": t.ours}),
    "unsupported": lambda t: ("unsupported", {"type": "video_note"}),
    "ad": lambda t: ("text", {"body": t.text or "Vi o anúncio, ainda tem?"}),
    "forwarded": lambda t: ("text", {"body": t.text or "Olha isso"}),
}
"""Kinds that are a message of `messages`."""
MORE: Final[dict[str, dict[str, Any]]] = {
    "unsupported": {"errors": [{"code": 131051, "title": "Message type unknown", "error_data": {"details": "Not supported."}}]},
    "ad": {
        "referral": {
            "source_url": "https://fb.me/3cr4Wqqkv", "source_id": "120226305854810726", "source_type": "ad",
            "headline": "Loja Aurora no WhatsApp", "body": "Fale com a gente", "media_type": "image",
            "image_url": "https://scontent.xx.fbcdn.net/v/x.jpg", "ctwa_clid": "Aff-n8ZTODiE79d22KtAwQKj9e",
        }
    },
    "forwarded": {"context": {"forwarded": True}},
}  # fmt: skip
SYSTEM: Final = {
    "number_changed": "user_changed_number",
    "user_id_changed": "user_changed_user_id",
    "identity_changed": "customer_identity_changed",
}
SPOKEN: Final = frozenset(("voice", "audio"))
"""Their text is what is said in them."""
PRESSED: Final = frozenset(("button", "button_reply", "list_reply"))
"""What is done on a message of ours, and names it."""
NEEDS_OURS: Final = frozenset(("reaction", "reaction_removed", "edit", "revoke"))
KINDS: Final = frozenset((*PARTS, *SYSTEM, "call", "echo"))


def message(kind: str, telling: Telling) -> dict[str, Any]:
    """Type and content of a message, without sender and id."""
    type_, part = PARTS[kind](telling)
    return {"type": type_, type_: part, **MORE.get(kind, {})}


def system(kind: str, previous: str, current: str, wa_id: str) -> dict[str, Any]:
    """What WhatsApp tells about a person who changed number, user id or device."""
    told: dict[str, Any] = {"type": SYSTEM[kind], "body": f"User changed from {previous} to {current}"}
    if kind == "number_changed":
        told |= {"wa_id": wa_id}
    if kind == "user_id_changed":
        told |= {"user_id": current, "previous_user_id": previous}
    return {"type": "system", "system": told}


def call(call_id: str, wa_id: str, ours: str, *, ended: bool) -> dict[str, Any]:
    """A call that rings, and its end."""
    told = {"id": call_id, "from": wa_id, "to": ours, "direction": "USER_INITIATED", "timestamp": str(int(time.time()))}
    if not ended:
        return {**told, "event": "connect"}
    return {**told, "event": "terminate", "status": "COMPLETED", "duration": 42}


NEWS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "account_restricted": (
        "account_update",
        {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_ADD_PHONE_NUMBER_ACTION"}]},
    ),
    "account_violation": ("account_update", {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}),
    "app_removed": ("account_update", {"event": "PARTNER_REMOVED"}),
    "review_rejected": ("account_review_update", {"decision": "REJECTED"}),
    "review_approved": ("account_review_update", {"decision": "APPROVED"}),
    "alert": (
        "account_alerts",
        {
            "entity_type": "BUSINESS",
            "alert_info": {
                "alert_severity": "CRITICAL",
                "alert_status": "ACTIVE",
                "alert_type": "OBA_REJECTED",
                "alert_description": "Your application for the official business account was rejected.",
            },
        },
    ),
    "name_rejected": (
        "phone_number_name_update",
        {"decision": "REJECTED", "requested_verified_name": "Loja Aurora", "rejection_reason": "NAME_EMPLOYEE"},
    ),
    "name_approved": ("phone_number_name_update", {"decision": "APPROVED", "requested_verified_name": "Loja Aurora"}),
    "pin_changed": ("security", {"event": "PIN_CHANGED", "requester": "61555822107539"}),
    "flow_blocked": (
        "flows",
        {"event": "FLOW_STATUS_CHANGE", "message": "Flow moved to BLOCKED", "flow_id": "9876", "new_status": "BLOCKED"},
    ),
    "unknown": ("holograms", {"depth": 3}),
}
"""News about an account: field and value."""
