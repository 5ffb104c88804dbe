"""Fields that a company adds to its contacts. Values are texts, kept by key in `contact.custom`; the kind says how they look."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import field_removal
from db.contacts.enums import CustomFieldKind
from db.contacts.errors import ContactError, ContactField, ContactImportError, ContactImportField
from db.contacts.events import ContactsChanged
from db.contacts.field_values import Shape
from db.contacts.mapping import KEYED, ColumnTarget, called, distinct, distinct_key, field_key
from db.errors import Field, RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work

MAX_FIELDS = 200  # per company
MAX_LABEL = 60

_NOT_A = {
    CustomFieldKind.NUMBER: ContactField.NOT_A_NUMBER,
    CustomFieldKind.DATE: ContactField.NOT_A_DATE,
    CustomFieldKind.BOOLEAN: ContactField.NOT_A_BOOLEAN,
}


_OF_EVERY_CONTACT = frozenset(
    ("telefone", "nome", "primeiro nome", "sobrenome", "nome completo", "e mail", "email", "etiquetas", "idioma", "idioma preferido",
     "phone", "name", "first name", "last name", "full name", "whole name", "tags", "language", "preferred language")
)  # fmt: skip
"""What no field of a company may be called beside, in both languages, as `called`."""

_SELECT = """
select f.id, f.key, f.label, f.kind, f.choices, {contacts} as contacts from custom_field f {counts} where f.company_id = $1 and f.deleted_at is null
"""
_PLAIN = _SELECT.format(contacts="null::bigint", counts="")
_COUNTED = _SELECT.format(
    contacts="coalesce(n.contacts, 0)",
    counts="left join (select k.key, count(*) as contacts from contact c cross join jsonb_object_keys(c.custom) k(key) "
    "where c.company_id = $1 and c.custom <> '{}' group by 1) n on n.key = f.key",
)

# Locked: who deletes a field waits for values that are being written, and takes them off too.
_HELD = (
    "select key, kind, choices from custom_field where company_id = $1 and key = any($2::text[]) and deleted_at is null for share"
)


async def custom_fields(actor: Actor, *, counted: bool = False) -> list[asyncpg.Record]:
    """Rows `id, key, label, kind, choices, contacts` by label; at most 200. `contacts` who have a value is null unless `counted`, which reads
    everybody."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await r.fetch(f"{_COUNTED if counted else _PLAIN} order by fold(f.label), f.id", actor.company_id)


async def one(r: Read, field_id: UUID) -> asyncpg.Record:
    """Row as in `custom_fields`, inside a unit of work. Raises NotFound."""
    assert r.actor is not None
    row = await r.fetchrow(f"{_PLAIN} and f.id = $2", r.actor.company_id, field_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="field")
    return row


async def create_field(
    actor: Actor, *, key: str | None, label: str, kind: CustomFieldKind, choices: Sequence[str] = ()
) -> asyncpg.Record:
    """Without a key it gets one from its label. Row as in `custom_fields`. Raises Invalid where a choice offers nothing, Conflict `field_exists`, `field_name_taken`, `field_busy`, `too_many_fields`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _hold(w)
        await _room(w, w.company_id, 1)
        label = label.strip()
        if key is None:
            rows = await w.fetch("select key from custom_field where company_id = $1", w.company_id)
            key = distinct_key(field_key(label), {row["key"] for row in rows})
        await field_removal.must_be_over(w, w.company_id, [key])
        if await w.fetchval("select true from custom_field where company_id = $1 and key = $2", w.company_id, key):
            raise ContactError.FIELD_EXISTS()
        await _must_be_free(w, label)
        field_id: UUID = await w.fetchval(
            "insert into custom_field(company_id, key, label, kind, choices) values ($1, $2, $3, $4, $5) returning id",
            w.company_id,
            key,
            label,
            kind,
            _offered(kind, choices),
        )
        w.audit("custom_field.created", field_id, key=key)
        w.emit(ContactsChanged())
        return await one(w, field_id)


async def change_field(
    actor: Actor, field_id: UUID, *, label: str | None = None, choices: Sequence[str] | None = None
) -> asyncpg.Record:
    """None stays. Row as in `custom_fields`. The key stays, texts and partners use it; contacts keep a choice that is no longer offered. Raises
    NotFound, Invalid, Conflict `field_name_taken`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _hold(w)
        field = await one(w, field_id)
        if label is not None:
            await _must_be_free(w, label.strip(), but=field_id)
            await w.execute(
                "update custom_field set label = $3 where company_id = $1 and id = $2", w.company_id, field_id, label.strip()
            )
            w.audit("custom_field.renamed", field_id)
        if choices is not None:
            await w.execute(
                "update custom_field set choices = $3 where company_id = $1 and id = $2",
                w.company_id,
                field_id,
                _offered(CustomFieldKind(field["kind"]), choices),
            )
            w.audit("custom_field.changed", field_id)
        w.emit(ContactsChanged())
        return await one(w, field_id)


def _offered(kind: CustomFieldKind, choices: Sequence[str]) -> list[str]:
    """What a choice offers, each once, whatever case and accents. Raises Invalid where there is nothing to choose from."""
    if kind is not CustomFieldKind.CHOICE:
        return []
    each = {called(choice): choice for text in reversed(choices) if (choice := " ".join(text.replace("\0", "").split()))}
    if not each:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("choices")])
    return list(reversed(each.values()))


async def delete_field(actor: Actor, field_id: UUID) -> None:
    """Its values go with it, in the background. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        key = await field_removal.begin(w, field_id)
        if key is None:
            raise RequestError.NOT_FOUND(what="field")
        w.audit("custom_field.deleted", field_id, key=key)
        w.emit(ContactsChanged())


async def _hold(w: Work) -> None:
    """Until the transaction ends nobody else of the company makes or renames a field."""
    await w.execute("select pg_advisory_xact_lock(hashtextextended('fields:' || $1::text, 0))", str(w.company_id))


async def _must_be_free(w: Work, label: str, *, but: UUID | None = None) -> None:
    """No two fields that a person sees are called alike. Raises Conflict `field_name_taken`."""
    rows = await w.fetch(
        "select label from custom_field where company_id = $1 and deleted_at is null and id is distinct from $2",
        w.company_id,
        but,
    )
    if called(label) in {called(row["label"]) for row in rows} | _OF_EVERY_CONTACT:
        raise ContactError.FIELD_NAME_TAKEN(label=label)


async def ensure_fields(w: Work, columns: Sequence[ColumnTarget]) -> list[ColumnTarget]:
    """Makes the fields that the columns of a list fill and that are missing. Gives the columns back with the kinds of the fields as they
    are; a label that another field or every contact has already gets a number. Raises Conflict `field_busy`, `too_many_fields`."""
    await _hold(w)
    await field_removal.must_be_over(w, w.company_id, _keys(columns))
    rows = await w.fetch(
        "select key, label, kind, choices from custom_field where company_id = $1 and deleted_at is null", w.company_id
    )
    kinds = _shapes(rows)
    taken = {called(row["label"]) for row in rows} | _OF_EVERY_CONTACT
    fresh: dict[str, tuple[str, CustomFieldKind]] = {}
    for column in columns:
        if column.target in KEYED and column.field_key and column.field_key not in kinds:
            fresh[column.field_key] = distinct(column.field_label or column.field_key, taken, MAX_LABEL), column.field_kind
            kinds[column.field_key] = Shape(column.field_kind)
    _must_offer(columns, kinds)
    await _room(w, w.company_id, len(fresh))
    await w.execute(
        "insert into custom_field(company_id, key, label, kind) select $1, * from unnest($2::text[], $3::text[], $4::text[])",
        w.company_id,
        list(fresh),
        [label for label, _ in fresh.values()],
        [kind for _, kind in fresh.values()],
    )
    return _known(columns, kinds)


async def foreseen(r: Read, columns: Sequence[ColumnTarget]) -> list[ColumnTarget]:
    """What `ensure_fields` would give back, without making a field. Raises as it does."""
    assert r.actor is not None
    company_id = r.actor.company_id
    await field_removal.must_be_over(r, company_id, _keys(columns))
    rows = await r.fetch("select key, kind, choices from custom_field where company_id = $1 and deleted_at is null", company_id)
    kinds = _shapes(rows)
    _must_offer(columns, kinds)
    await _room(r, company_id, len(set(_keys(columns)) - set(kinds)))
    return _known(columns, kinds)


async def new_labels(r: Read, columns: Sequence[ColumnTarget]) -> list[str]:
    """The labels of the fields that `ensure_fields` would make."""
    assert r.actor is not None
    rows = await r.fetch("select key, label from custom_field where company_id = $1 and deleted_at is null", r.actor.company_id)
    keys, taken = {row["key"] for row in rows}, {called(row["label"]) for row in rows} | _OF_EVERY_CONTACT
    fresh = {
        column.field_key: column.field_label or column.field_key
        for column in columns
        if column.target in KEYED and column.field_key and column.field_key not in keys
    }
    return [distinct(label, taken, MAX_LABEL) for label in fresh.values()]


def _keys(columns: Sequence[ColumnTarget]) -> list[str]:
    """Of the fields of contacts that they fill."""
    return [column.field_key for column in columns if column.target in KEYED and column.field_key]


def _must_offer(columns: Sequence[ColumnTarget], kinds: Mapping[str, Shape]) -> None:
    """No list makes a choice of which nobody said what it offers. Raises Invalid `mapping_invalid`."""
    wrong = [
        ContactImportField.NO_CHOICES(f"columns[{place}].field_kind")
        for place, column in enumerate(columns)
        if column.target in KEYED
        and not kinds.get(column.field_key or "", Shape(column.field_kind)).choices
        and kinds.get(column.field_key or "", Shape(column.field_kind)).kind is CustomFieldKind.CHOICE
    ]
    if wrong:
        raise ContactImportError.MAPPING_INVALID(fields=wrong)


def _shapes(rows: Iterable[asyncpg.Record]) -> dict[str, Shape]:
    return {row["key"]: Shape(CustomFieldKind(row["kind"]), row["choices"]) for row in rows}


def _known(columns: Sequence[ColumnTarget], kinds: Mapping[str, Shape]) -> list[ColumnTarget]:
    """The columns with the kinds of the fields of contacts that they fill, and what these offer."""
    return [
        msgspec.structs.replace(column, field_kind=shape.kind, choices=list(shape.choices))
        if column.target in KEYED and (shape := kinds.get(column.field_key or "")) is not None
        else column
        for column in columns
    ]


async def _room(r: Read, company_id: UUID, more: int) -> None:
    count = await r.fetchval("select count(*) from custom_field where company_id = $1 and deleted_at is null", company_id)
    if more and count + more > MAX_FIELDS:
        raise ContactError.TOO_MANY_FIELDS(most=MAX_FIELDS)


async def missing(w: Work, keys: Iterable[str]) -> set[str]:
    """Which of these keys are no fields, or none any more. The others stay fields until the transaction ends, so that a value written
    under one of them is there to be found by who deletes the field."""
    wanted = set(keys)
    rows = await w.fetch(_HELD, w.company_id, list(wanted)) if wanted else []
    return wanted - {row["key"] for row in rows}


async def checked(w: Work, values: dict[str, str]) -> dict[str, str]:
    """The values as they are kept, empty ones left out. Raises Invalid for an unknown key, or a value of another kind."""
    return kept(await kinds(w, set(values)), values)


async def known_kinds(r: Read, keys: set[str]) -> dict[str, Shape]:
    """Of those fields that are there, to read by."""
    assert r.actor is not None
    if not keys:
        return {}
    rows = await r.fetch(_PLAIN + " and f.key = any($2::text[])", r.actor.company_id, list(keys))
    return _shapes(rows)


async def kinds(w: Work, keys: set[str]) -> dict[str, Shape]:
    """Of those fields that are there, held until the transaction ends."""
    return _shapes(await w.fetch(_HELD, w.company_id, list(keys)) if keys else [])


def kept(kinds: dict[str, Shape], values: dict[str, str]) -> dict[str, str]:
    """As `checked`."""
    errors: list[Field] = []
    found: dict[str, str] = {}
    for key, value in values.items():
        text = value.replace("\0", "").strip()
        if key not in kinds:
            errors.append(ContactField.UNKNOWN(f"custom.{key}"))
        elif text and (plain := kinds[key].written(text)) is None:
            errors.append(wrong(kinds[key], f"custom.{key}"))
        elif text:
            found[key] = plain or ""
    if errors:
        raise RequestError.INVALID(fields=errors)
    return found


def wrong(shape: Shape, path: str) -> Field:
    """What is said of a value that is none of its kind."""
    if shape.kind is CustomFieldKind.CHOICE:
        return ContactField.NOT_OFFERED(path, choices=", ".join(shape.choices))
    return _NOT_A[shape.kind](path)
