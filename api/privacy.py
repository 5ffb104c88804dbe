"""Privacy over HTTP: thin, every rule is in db/privacy."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Controller, Response, get, post, put
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
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
from api.files import begun, headers
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from api.versions import IfMatch
from db import blobs, file_links
from db.clock import now
from db.errors import RequestError
from db.file_links import Link
from db.privacy import erasing, exporting, retention
from db.privacy.enums import ExportState
from db.privacy.exporting import Export
from db.tenancy import Actor

_ZIP = "application/zip"


def _erasure(found: erasing.Erasure) -> Erasure:
    return Erasure(**found._asdict())


async def _export(actor: Actor, found: Export) -> ContactExport:
    url = None
    if found.state is ExportState.DONE and found.key is not None and found.expires_at is not None:
        until = min(found.expires_at, now() + timedelta(seconds=file_links.SECONDS))
        seconds = max(1, int((until - now()).total_seconds()))
        url = await blobs.store().link(found.key, seconds) or file_links.sign(
            Link(actor.company_id, found.id, False), until, file_links.EXPORTS
        )
    shown = {name: getattr(found, name) for name in ContactExport.__struct_fields__ if name != "url"}
    return ContactExport(url=url, **shown)


class ContactPrivacyController(Controller):
    path = "/v1/contacts/{contact_id:uuid}"
    tags = ("Privacy",)

    @post(
        "/exports",
        status_code=202,
        summary="Make a file of everything about a contact",
        description="A ZIP with `data.json`, a page to be read and the files of messages, made in the background and kept for a day. Noted in "
        "the audit log. Needs `contacts:export`.",
    )
    async def start_export(self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[ContactExportCreate]) -> ContactExport:
        return await _export(actor, await exporting.start(actor, contact_id, data.language))

    @post(
        "/erase",
        status_code=202,
        summary="Erase a contact for good",
        description="At once nothing is sent to the person any more; in the background everything kept of them goes: addresses, messages, "
        "files, notes, what the AI read, what webhooks were told. What stays are counts, and a mark by which nobody imports, makes or writes to "
        "them again. A signed receipt says what was erased. Asked for twice it is one. Needs `privacy:write`.",
    )
    async def erase_contact(self, actor: Caller, contact_id: FromPath[UUID]) -> Erasure:
        return _erasure(await erasing.start(actor, contact_id))


class ContactExportController(Controller):
    path = "/v1/contact-exports"
    tags = ("Privacy",)

    @get("/{contact_export_id:uuid}", summary="How far a contact's file is")
    async def get_export(self, actor: Caller, contact_export_id: FromPath[UUID]) -> ContactExport:
        """With an address of it once it is ready. Needs `contacts:export`."""
        return await _export(actor, await exporting.export(actor, contact_export_id))


class ErasureController(Controller):
    path = "/v1/erasures"
    tags = ("Privacy",)

    @get(summary="List erasures")
    async def list_erasures(self, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[Erasure]:
        """With their receipts, newest first. Needs `privacy:write`."""
        before = decode_cursor(cursor, tuple[UUID])
        found = await erasing.erasures(actor, before=before[0] if before else None, limit=one_over(limit))
        return page(found, limit, lambda one: (one.id,), _erasure)

    @get("/{erasure_id:uuid}", summary="Read an erasure")
    async def get_erasure(self, actor: Caller, erasure_id: FromPath[UUID]) -> Erasure:
        """With its receipt once it is done. Needs `privacy:write`."""
        return _erasure(await erasing.erasure(actor, erasure_id))

    @post("/verify", status_code=200, summary="Verify a receipt", opt={"idempotent": False})
    async def verify_receipt(self, actor: Caller, data: JSONBody[ReceiptVerify]) -> ReceiptVerified:
        """Whether this company signed it, sign by sign. Needs `privacy:write`."""
        return ReceiptVerified(valid=await erasing.verify(actor, data.receipt, data.signature))


Kept = Annotated[int | None, QueryParameter(ge=retention.LEAST, le=retention.MOST, description="Days.")]
KeptAudit = Annotated[int | None, QueryParameter(ge=retention.AUDIT_LEAST, le=retention.MOST, description="Days.")]
KeptEvents = Annotated[int | None, QueryParameter(ge=retention.LEAST, le=retention.EVENT_MOST, description="Days.")]


class RetentionController(Controller):
    path = "/v1/retention"
    tags = ("Privacy",)

    @get(summary="Read how long things are kept", description="Needs `privacy:write`.")
    async def read_retention(self, actor: Caller) -> Retention:
        return Retention(**(await retention.retention(actor))._asdict())

    @get("/preview", summary="See what rules would delete")
    async def preview_retention(
        self,
        actor: Caller,
        message_days: Kept = None,
        media_days: Kept = None,
        log_days: Kept = None,
        audit_days: KeptAudit = None,
        event_days: KeptEvents = None,
    ) -> RetentionPreview:
        """What would go at once if these days were set, beside what is gone already; a rule that is left out deletes nothing. Needs
        `privacy:write`."""
        found = await retention.preview(actor, message_days, media_days, log_days, audit_days, event_days)
        return RetentionPreview(**found._asdict())

    @put(
        summary="Set how long things are kept",
        description="What is older goes at once and then every hour, for good: words of messages that are over, their files, lines of channels' "
        "logs and of the audit log, raw events of webhooks. Counts and states stay. Needs `privacy:write`.",
        opt={"versioned": True},
    )
    async def set_retention(self, actor: Caller, data: JSONBody[RetentionSet], expected: IfMatch) -> Retention:
        found = await retention.set_retention(
            actor,
            data.message_days,
            data.media_days,
            data.log_days,
            expected,
            audit_days=data.audit_days,
            event_days=data.event_days,
        )
        return Retention(**found._asdict())


@get(f"{file_links.EXPORTS}/{{token:str}}", opt={"public": True, "rate": None}, include_in_schema=False)
async def hand_out(token: Annotated[str, PathParameter(max_length=100)]) -> Response[Any]:
    """The file of everything about a person that a signed address names."""
    link = file_links.read(token, file_links.EXPORTS)
    found = await exporting.served(link.company_id, link.file_id)
    if found.key is None or found.size is None:
        raise RequestError.NOT_FOUND(what="file")
    told = headers(_ZIP, f"{found.contact_id.hex[-8:]}.zip", inline=False) | {
        "Content-Length": str(found.size),
        "Cache-Control": "no-store",
    }
    return Stream(await begun(blobs.store().get(found.key)), media_type=_ZIP, headers=told)
