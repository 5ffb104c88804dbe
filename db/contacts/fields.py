"""Fields that a company adds to its contacts. Values are texts, kept by key in `contact.custom`; the kind says how they look."""

import re
from datetime import date, datetime
from uuid import UUID

import asyncpg

from db.contacts.enums import CustomFieldKind
from db.contacts.errors import ContactError, ContactField
from db.contacts.events import ContactsChanged
from db.errors import Field, RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

MAX_FIELDS = 200  # per company

_NOT_A = {
    CustomFieldKind.NUMBER: ContactField.NOT_A_NUMBER,
    CustomFieldKind.DATE: ContactField.NOT_A_DATE,
    CustomFieldKind.BOOLEAN: ContactField.NOT_A_BOOLEAN,
}
_TRUE = frozenset(("true", "1", "sim", "yes"))
_FALSE = frozenset(("false", "0", "nao", "não", "no"))


async def custom_fields(actor: Actor) -> list[asyncpg.Record]:
    """Rows `id, key, label, kind` by label; at most 200."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await r.fetch(
            "select id, key, label, kind from custom_field where company_id = $1 order by fold(label), id", actor.company_id
        )


async def create_field(actor: Actor, *, key: str, label: str, kind: CustomFieldKind) -> asyncpg.Record:
    """Raises Conflict `field_exists`, `too_many_fields`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _room(w, 1)
        row = await w.fetchrow(
            "insert into custom_field(company_id, key, label, kind) values ($1, $2, $3, $4) on conflict do nothing "
            "returning id, key, label, kind",
            w.company_id,
            key,
            label.strip() or key,
            kind,
        )
        if row is None:
            raise ContactError.FIELD_EXISTS()
        w.audit("custom_field.created", row["id"], key=key)
        w.emit(ContactsChanged())
        return row


async def delete_field(actor: Actor, field_id: UUID) -> None:
    """Its values go with it. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        key = await w.fetchval("delete from custom_field where company_id = $1 and id = $2 returning key", w.company_id, field_id)
        if key is None:
            raise RequestError.NOT_FOUND(what="field")
        await w.execute(
            "update contact set custom = custom - $2::text, updated_at = clock_timestamp() "
            "where company_id = $1 and custom ? $2::text",
            w.company_id,
            key,
        )
        w.audit("custom_field.deleted", field_id, key=key)
        w.emit(ContactsChanged())


async def ensure_fields(w: Work, labels: dict[str, str]) -> None:
    """Makes the text fields that are missing; `labels` by key."""
    known = {row["key"] for row in await w.fetch("select key from custom_field where company_id = $1", w.company_id)}
    fresh = {key: label for key, label in sorted(labels.items()) if key not in known}
    await _room(w, len(fresh))
    await w.execute(
        "insert into custom_field(company_id, key, label) select $1, * from unnest($2::text[], $3::text[]) "
        "on conflict do nothing",
        w.company_id,
        list(fresh),
        list(fresh.values()),
    )


async def _room(w: Work, more: int) -> None:
    count = await w.fetchval("select count(*) from custom_field where company_id = $1", w.company_id)
    if more and count + more > MAX_FIELDS:
        raise ContactError.TOO_MANY_FIELDS(most=MAX_FIELDS)


async def checked(w: Work, values: dict[str, str]) -> dict[str, str]:
    """The values as they are kept, empty ones left out. Raises Invalid for an unknown key, or a value of another kind."""
    if not values:
        return {}
    rows = await w.fetch(
        "select key, kind from custom_field where company_id = $1 and key = any($2::text[])", w.company_id, list(values)
    )
    kinds = {row["key"]: CustomFieldKind(row["kind"]) for row in rows}
    errors: list[Field] = []
    kept: dict[str, str] = {}
    for key, value in values.items():
        text = value.replace("\0", "").strip()
        if key not in kinds:
            errors.append(ContactField.UNKNOWN(f"custom.{key}"))
        elif text and (plain := _written(kinds[key], text)) is None:
            errors.append(_NOT_A[kinds[key]](f"custom.{key}"))
        elif text:
            kept[key] = plain or ""
    if errors:
        raise RequestError.INVALID(fields=errors)
    return kept


def _written(kind: CustomFieldKind, text: str) -> str | None:
    """One spelling for each value: 1234.5, 2026-01-31, true."""
    match kind:
        case CustomFieldKind.TEXT:
            return text
        case CustomFieldKind.NUMBER:
            plain = text.replace(".", "").replace(",", ".") if "," in text else text
            return plain if re.fullmatch(r"-?\d{1,30}(\.\d{1,15})?", plain) else None
        case CustomFieldKind.DATE:
            for shape in ("%Y-%m-%d", "%d/%m/%Y"):
                try:
                    found: date = datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day has no zone
                    return found.isoformat()
                except ValueError:
                    continue
            return None
        case CustomFieldKind.BOOLEAN:
            return "true" if text.lower() in _TRUE else "false" if text.lower() in _FALSE else None
