"""Channels, messages and signed webhooks for tests."""

import hashlib
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import msgspec

from db.channels.secrets import seal
from db.ids import uuid7
from db.providers.meta.signature import sign_meta
from db.providers.twilio.signature import sign_twilio
from db.tenancy import Actor
from tests import factories

APP_SECRET = "app-secret-of-tests"
AUTH_TOKEN = "auth-token-of-tests"
WABA = "900100"


async def make_channel(owner_db: asyncpg.Connection, actor: Actor, kind: str = "whatsapp", **columns: Any) -> UUID:
    """A connected channel of a real account, with secrets. A company's first WhatsApp number has the id that `text` and `status` name."""
    channel_id, whatsapp = uuid7(), kind == "whatsapp"
    further = await owner_db.fetchval(
        "select true from channel where company_id = $1 and kind = $2 and external_id = '1'", actor.company_id, kind
    )
    values: dict[str, Any] = {
        "id": channel_id,
        "sandbox": False,
        "number": None,
        "account_id": WABA if whatsapp else "AC" + "1" * 32,
        "external_id": (str(channel_id.int)[:15] if further else "1") if whatsapp else "+15005550006",
        "portfolio_id": str(channel_id),
        "token": seal(actor.company_id, channel_id, "token", "EAAtoken-of-tests"),
        "signing_secret": seal(actor.company_id, channel_id, "signing_secret", APP_SECRET if whatsapp else AUTH_TOKEN),
        "verify_token": "verify-me" if whatsapp else None,
    }
    return await factories.channel(owner_db, actor, kind, **{**values, **columns})


async def make_contact(owner_db: asyncpg.Connection, actor: Actor, phone: str, name: str = "Ana") -> UUID:
    contact_id: UUID = await owner_db.fetchval(
        "insert into contact(company_id, name) values ($1, $2) returning id", actor.company_id, name
    )
    await owner_db.execute(
        "insert into contact_identity(company_id, contact_id, kind, value) values ($1, $2, 'phone', $3)",
        actor.company_id,
        contact_id,
        phone,
    )
    return contact_id


async def make_campaign(owner_db: asyncpg.Connection, actor: Actor, channel_id: UUID) -> UUID:
    campaign_id: UUID = await owner_db.fetchval(
        "insert into campaign(company_id, name, state, channel_id, content) values ($1, 'Promo', 'running', $2, $3::jsonb)"
        " returning id",
        actor.company_id,
        channel_id,
        msgspec.json.encode({"kind": "text", "body": "Oi {{first_name|você}}"}).decode(),
    )
    return campaign_id


async def make_message(
    owner_db: asyncpg.Connection,
    actor: Actor,
    channel_id: UUID,
    *,
    phone: str = "+5511987654321",
    contact_id: UUID | None = None,
    campaign_id: UUID | None = None,
    state: int = 2,
    provider_id: str | None = None,
    sent_at: str | None = None,
) -> tuple[UUID, UUID]:
    """A message with one attempt; returns both ids."""
    message_id: UUID = await owner_db.fetchval(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, epoch, tries,"
        " sent_at, params, provider_id)"
        " values ($1, $2, $3, $4, $5, $6, gen_random_uuid()::text, $7, 1, 1, $8::text::timestamptz, '{Ana Lima}', $9) returning id",
        actor.company_id,
        channel_id,
        campaign_id or channel_id,
        campaign_id,
        contact_id,
        phone,
        state,
        sent_at,
        provider_id,
    )
    attempt_id: UUID = await owner_db.fetchval(
        "insert into attempt(company_id, message_id, channel_id, epoch, state, provider_id, detail)"
        " values ($1, $2, $3, 1, $4, $5, $6) returning id",
        actor.company_id,
        message_id,
        channel_id,
        3 if state == 2 else 1,
        provider_id,
        "timeout" if state == 2 else None,
    )
    return message_id, attempt_id


async def put_inbox(
    owner_db: asyncpg.Connection,
    actor: Actor,
    channel_id: UUID,
    body: bytes,
    source: str = "meta",
    attempt_id: UUID | None = None,
    *,
    people: bool = False,
) -> UUID:
    row_id: UUID = await owner_db.fetchval(
        "insert into webhook_inbox(company_id, channel_id, source, attempt_id, body, people) values ($1, $2, $3, $4, $5, $6) returning id",
        actor.company_id,
        channel_id,
        source,
        attempt_id,
        body,
        people,
    )
    return row_id


def envelope(*values: dict[str, Any], field: str = "messages", account: str = WABA, at: int = 1_790_000_000) -> bytes:
    """A POST of Meta with one change per value."""
    changes = [{"field": field, "value": value} for value in values]
    return msgspec.json.encode(
        {"object": "whatsapp_business_account", "entry": [{"id": account, "time": at, "changes": changes}]}
    )


def status(
    attempt_id: UUID | None,
    word: str,
    *,
    wamid: str = "wamid.OUR",
    at: int = 1_790_000_000,
    code: int | None = None,
    phone: str = "5511987654321",
) -> dict[str, Any]:
    item: dict[str, Any] = {"id": wamid, "status": word, "timestamp": str(at), "recipient_id": phone}
    if attempt_id:
        item["biz_opaque_callback_data"] = str(attempt_id)
    if code:
        item["errors"] = [{"code": code, "title": "refused"}]
    return {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "statuses": [item]}


def text(
    body: str, *, wamid: str = "wamid.IN", phone: str = "5511987654321", at: int = 1_790_000_000, quotes: str | None = None
) -> dict[str, Any]:
    message: dict[str, Any] = {"from": phone, "id": wamid, "timestamp": str(at), "type": "text", "text": {"body": body}}
    if quotes:
        message["context"] = {"id": quotes}
    return {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": "1"},
        "contacts": [{"profile": {"name": "Ana"}, "wa_id": phone}],
        "messages": [message],
    }


def meta_headers(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": sign_meta(secret, body), "content-type": "application/json"}


def twilio_json(url: str, body: bytes) -> tuple[str, str]:
    """How Twilio signs a JSON body: the URL with `bodySHA256` added, and its signature."""
    url += ("&" if "?" in url else "?") + "bodySHA256=" + hashlib.sha256(body).hexdigest()
    return url, sign_twilio(AUTH_TOKEN, url)


def twilio_form(url: str, fields: dict[str, str], token: str = AUTH_TOKEN) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a signed form post."""
    body = urlencode(fields).encode()
    signature = sign_twilio(token, url, list(fields.items()))
    return body, {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
