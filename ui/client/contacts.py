"""Contacts, tags, fields, bulk actions and imports over the API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx

from api.contract.base import Done, Page
from api.contract.contacts import (
    Bulk,
    BulkAction,
    Contact,
    ContactCreate,
    ContactMerge,
    ContactParted,
    ContactPatch,
    ContactRow,
    CustomField,
    CustomFieldCreate,
    CustomFieldPatch,
    CustomFieldUse,
    Import,
    ImportMend,
    ImportMended,
    ImportReject,
    ImportStart,
    ImportUndo,
    Note,
    NoteCreate,
    PastIdentity,
    Tag,
)
from api.contract.duplicates import ContactJoin, Duplicate, KeepApart
from ui.client.base import ApiClient, Params, Uploaded

_PAGE = 200  # the largest page that the API gives


async def contacts(api: ApiClient, params: Params) -> Page[ContactRow]:
    return await api.get("/v1/contacts", Page[ContactRow], params)


async def contact(api: ApiClient, contact_id: UUID) -> Contact:
    return await api.get(f"/v1/contacts/{contact_id}", Contact)


async def create_contact(api: ApiClient, body: ContactCreate) -> Contact:
    return await api.post("/v1/contacts", Contact, body)


async def change_contact(api: ApiClient, seen: Contact, body: ContactPatch) -> Contact:
    """412 when somebody changed it since it was `seen`."""
    return await api.patch(f"/v1/contacts/{seen.id}", Contact, body, version=seen.version)


async def delete_contact(api: ApiClient, contact_id: UUID) -> None:
    await api.delete(f"/v1/contacts/{contact_id}")


async def notes(api: ApiClient, contact_id: UUID) -> Page[Note]:
    return await api.get(f"/v1/contacts/{contact_id}/notes", Page[Note], {"limit": 100})


async def add_note(api: ApiClient, contact_id: UUID, body: str) -> Note:
    return await api.post(f"/v1/contacts/{contact_id}/notes", Note, NoteCreate(body=body))


async def delete_note(api: ApiClient, contact_id: UUID, note_id: UUID) -> None:
    await api.delete(f"/v1/contacts/{contact_id}/notes/{note_id}")


async def tags(api: ApiClient) -> list[Tag]:
    """The first 200 by name."""
    return (await api.get("/v1/tags", Page[Tag], {"limit": _PAGE})).items


async def fields(api: ApiClient) -> list[CustomField]:
    return (await api.get("/v1/custom-fields", Page[CustomField])).items


async def counted_fields(api: ApiClient) -> list[CustomField]:
    """With how many contacts have a value."""
    return (await api.get("/v1/custom-fields", Page[CustomField], {"counted": True})).items


async def create_field(api: ApiClient, body: CustomFieldCreate) -> CustomField:
    return await api.post("/v1/custom-fields", CustomField, body)


async def change_field(api: ApiClient, field_id: UUID, patch: CustomFieldPatch) -> CustomField:
    return await api.patch(f"/v1/custom-fields/{field_id}", CustomField, patch)


async def delete_field(api: ApiClient, field_id: UUID) -> None:
    await api.delete(f"/v1/custom-fields/{field_id}")


async def field_uses(api: ApiClient, field_id: UUID) -> list[CustomFieldUse]:
    return (await api.get(f"/v1/custom-fields/{field_id}/uses", Page[CustomFieldUse])).items


async def start_bulk(api: ApiClient, body: BulkAction) -> Bulk:
    return await api.post("/v1/contacts/bulk", Bulk, body)


async def identities(api: ApiClient, contact_id: UUID) -> list[PastIdentity]:
    return (await api.get(f"/v1/contacts/{contact_id}/identities", Page[PastIdentity])).items


async def upload_import(api: ApiClient, file: Uploaded) -> Import:
    return await api.upload("/v1/imports", Import, file)


async def imports(api: ApiClient) -> Page[Import]:
    return await api.get("/v1/imports", Page[Import], {"limit": 25})


async def one_import(api: ApiClient, import_id: UUID) -> Import:
    return await api.get(f"/v1/imports/{import_id}", Import)


async def dry_run_import(api: ApiClient, import_id: UUID, body: ImportStart) -> Import:
    return await api.post(f"/v1/imports/{import_id}/dry-run", Import, body)


async def start_import(api: ApiClient, import_id: UUID, body: ImportStart) -> Import:
    return await api.post(f"/v1/imports/{import_id}/start", Import, body)


async def cancel_import(api: ApiClient, import_id: UUID) -> Import:
    return await api.post(f"/v1/imports/{import_id}/cancel", Import)


async def undo_preview(api: ApiClient, import_id: UUID) -> ImportUndo:
    return await api.get(f"/v1/imports/{import_id}/undo-preview", ImportUndo)


async def undo_import(api: ApiClient, import_id: UUID) -> Import:
    return await api.post(f"/v1/imports/{import_id}/undo", Import)


async def repeat_import(api: ApiClient, import_id: UUID) -> Import:
    return await api.post(f"/v1/imports/{import_id}/repeat", Import)


async def mend(api: ApiClient, import_id: UUID, body: ImportMend) -> ImportMended:
    return await api.post(f"/v1/imports/{import_id}/mend", ImportMended, body)


async def rejects(api: ApiClient, import_id: UUID, params: Params) -> Page[ImportReject]:
    return await api.get(f"/v1/imports/{import_id}/rejects", Page[ImportReject], params)


@asynccontextmanager
async def download(api: ApiClient, path: str, params: Params) -> AsyncIterator[httpx.Response]:
    """A CSV as a stream; never held in memory here."""
    async with api.download(path, params) as response:
        yield response


async def duplicates(api: ApiClient) -> list[Duplicate]:
    """The surest first, 100 at most."""
    return (await api.get("/v1/contacts/duplicates", Page[Duplicate])).items


async def keep_apart(api: ApiClient, one_id: UUID, other_id: UUID) -> None:
    await api.post("/v1/contacts/duplicates/keep-apart", Done, KeepApart(contact_id=one_id, other_id=other_id))


async def join(api: ApiClient, contact_id: UUID, other_id: UUID) -> Contact:
    """`other_id` becomes a part of `contact_id`."""
    return await api.post(f"/v1/contacts/{contact_id}/merge", Contact, ContactJoin(contact_id=other_id))


async def merges(api: ApiClient, contact_id: UUID) -> list[ContactMerge]:
    return (await api.get(f"/v1/contacts/{contact_id}/merges", Page[ContactMerge])).items


async def undo_merge(api: ApiClient, contact_id: UUID, merge_id: UUID) -> ContactParted:
    return await api.post(f"/v1/contacts/{contact_id}/merges/{merge_id}/undo", ContactParted)
