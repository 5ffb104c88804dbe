"""Webhooks as Meta posts them, signed."""

import hashlib
import hmac
from typing import Any

import msgspec

SECRET = "0123456789abcdef0123456789abcdef"
BUSINESS = "102290129340398"
NUMBER = "106540352242922"


def status_webhook(provider_id: str, attempt_id: str, phone: str, status: str, at: int) -> bytes:
    """The body: one status (sent, delivered, read) of one message; `phone` as E.164, `at` in Unix seconds."""
    told = {
        "id": provider_id,
        "status": status,
        "timestamp": str(at),
        "recipient_id": phone.lstrip("+"),
        "biz_opaque_callback_data": attempt_id,
        "pricing": {"billable": True, "pricing_model": "PMP", "category": "marketing", "type": "regular"},
    }
    return _webhook({"statuses": [told]})


def message_webhook(provider_id: str, phone: str, text: str, at: int) -> bytes:
    """The body: one text of a person; `phone` in digits, `at` in Unix seconds."""
    said = {"from": phone, "id": provider_id, "timestamp": str(at), "type": "text", "text": {"body": text}}
    person = {"profile": {"name": f"Cliente {phone[-4:]}"}, "wa_id": phone}
    return _webhook({"contacts": [person], "messages": [said]})


def _webhook(told: dict[str, Any]) -> bytes:
    metadata = {"display_phone_number": "551140001234", "phone_number_id": NUMBER}
    value = {"messaging_product": "whatsapp", "metadata": metadata, **told}
    entry = {"id": BUSINESS, "changes": [{"value": value, "field": "messages"}]}
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


def signed(path: str, body: bytes) -> bytes:
    """The body as a request, ready for the wire."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: facebookexternalua\r\ncontent-type: application/json\r\n"
        f"x-hub-signature-256: sha256={signature}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
