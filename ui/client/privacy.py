"""Privacy over the API: a person's data as one file, erasures with their receipts, and how long things are kept."""

from typing import Literal
from uuid import UUID

from api.contract.base import Page
from api.contract.privacy import (
    ContactExport,
    ContactExportCreate,
    Erasure,
    ReceiptVerified,
    ReceiptVerify,
    Retention,
    RetentionPreview,
    RetentionSet,
)
from ui.client.base import ApiClient, Params


async def start_export(api: ApiClient, contact_id: UUID, language: Literal["pt-BR", "en"]) -> ContactExport:
    return await api.post(f"/v1/contacts/{contact_id}/exports", ContactExport, ContactExportCreate(language=language))


async def export(api: ApiClient, export_id: UUID) -> ContactExport:
    return await api.get(f"/v1/contact-exports/{export_id}", ContactExport)


async def erase(api: ApiClient, contact_id: UUID) -> Erasure:
    return await api.post(f"/v1/contacts/{contact_id}/erase", Erasure)


async def erasures(api: ApiClient, params: Params) -> Page[Erasure]:
    """Newest first."""
    return await api.get("/v1/erasures", Page[Erasure], params)


async def verify(api: ApiClient, erasure: Erasure) -> bool:
    """Whether the receipt is as this company signed it."""
    said = ReceiptVerify(receipt=erasure.receipt or "", signature=erasure.signature or "")
    return (await api.post("/v1/erasures/verify", ReceiptVerified, said)).valid


async def retention(api: ApiClient) -> Retention:
    return await api.get("/v1/retention", Retention)


async def preview_retention(api: ApiClient, body: RetentionSet) -> RetentionPreview:
    """What would go at once."""
    asked = {name: getattr(body, name) for name in ("message_days", "media_days", "log_days", "audit_days", "event_days")}
    return await api.get("/v1/retention/preview", RetentionPreview, {name: days for name, days in asked.items() if days})


async def set_retention(api: ApiClient, body: RetentionSet, version: int) -> Retention:
    """412 when somebody changed it since."""
    return await api.put("/v1/retention", Retention, body, version=version)
