"""Privacy: everything about a person as one file, erasing a person with a signed receipt, and how long things are kept."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import Input, Output, example
from db.contacts.filter import Moment
from db.privacy.enums import ErasureState, ExportState

Days = Annotated[int, Meta(ge=1, le=3650, examples=[365])]
AuditDays = Annotated[int, Meta(ge=184, le=3650, examples=[1826])]
EventDays = Annotated[int, Meta(ge=1, le=30, examples=[7])]
_RECEIPT = '{"format":"master-ia/erasure/1","erasure_id":"0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42"}'
_SIGNATURE = "3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="


class ContactExportCreate(Input):
    """POST /v1/contacts/{contact_id}/exports. `language`: of the page to be read."""

    language: Literal["pt-BR", "en"] = "pt-BR"


class ContactExport(Output):
    """GET /v1/contact-exports/{contact_export_id}; events `contact_export.progress`. `processed` of `total` messages. Once it is `done`, `url`
    is an address of the ZIP that works without a token for five minutes; one that begins with `/` is of this API. `expires_at`: then the
    file is deleted."""

    id: UUID
    contact_id: UUID
    state: ExportState
    processed: Annotated[int, example(120)]
    total: Annotated[int, example(480)]
    size: Annotated[int | None, example(52_100)]
    created_at: Moment
    expires_at: Moment | None
    url: Annotated[str | None, example("/exports/AZehwn0-")]


class Erasure(Output):
    """GET /v1/erasures → Page[Erasure], newest first; events `erasure.changed`. `receipt` is the text that was signed, byte by byte;
    `signature` its Ed25519 signature and `public_key` the company's key, both in base64. Null until it is done."""

    id: UUID
    contact_id: UUID
    state: ErasureState
    asked_by: UUID | None
    asked_by_name: Annotated[str | None, example("Ana Lima")]
    created_at: Moment
    done_at: Moment | None
    receipt: Annotated[str | None, example(_RECEIPT)]
    signature: Annotated[str | None, example(_SIGNATURE)]
    public_key: Annotated[str | None, example("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lA==")]


class ReceiptVerify(Input):
    """POST /v1/erasures/verify. Both as the erasure has them."""

    receipt: Annotated[str, Meta(max_length=100_000, examples=[_RECEIPT])]
    signature: Annotated[str, Meta(max_length=200, examples=[_SIGNATURE])]


class ReceiptVerified(Output):
    """`valid`: this company signed this receipt, and not a sign of it is another."""

    valid: bool


class Retention(Output):
    """GET /v1/retention; PUT RetentionSet. In days; null: for ever. `message_days`: words of messages, `media_days`: their files,
    `log_days`: the log of channels, `audit_days`: the audit log (184 at least: Lei 12.965/2014, art. 15), `event_days`: raw events of webhooks, those
    of providers that nobody could process and those that endpoints were told (null: 30 and 14 days). `version` 0: nobody chose yet."""

    message_days: Days | None
    media_days: Days | None
    log_days: Days | None
    audit_days: AuditDays | None
    event_days: EventDays | None
    version: Annotated[int, example(1)]


class RetentionPreview(Output):
    """GET /v1/retention/preview: what would go at once. 100000 stands for that and more."""

    messages: Annotated[int, example(1204)]
    files: Annotated[int, example(88)]
    file_bytes: Annotated[int, example(73400320)]
    log_lines: Annotated[int, example(512)]
    audit_lines: Annotated[int, example(2048)]
    events: Annotated[int, example(31)]


class RetentionSet(Input):
    """PUT /v1/retention. `audit_days` and `event_days` left out: as they stand."""

    message_days: Days | None
    media_days: Days | None
    log_days: Days | None
    audit_days: AuditDays | UnsetType | None = UNSET
    event_days: EventDays | UnsetType | None = UNSET
