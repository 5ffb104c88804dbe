"""Two contacts that turn out to be one person become one, and can be parted again.

What a person asked for holds for both: a merge takes the stricter of the two, and parting leaves to each what the person asked
for last; it never lets anybody be written to who was not before. Refuses to merge again what a person parted.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import prospects
from db.contacts import consent, fields
from db.contacts.enums import MergeReason
from db.contacts.errors import ContactError
from db.contacts.events import ContactsChanged
from db.contacts.identities import refresh
from db.contacts.metadata import MOST
from db.contacts.notes import must_exist
from db.errors import RequestError
from db.messages import recipients
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The contact that went, and what the other one has from it."""

    name: str
    language: str | None
    custom: dict[str, str]
    source: str
    import_id: UUID | None
    created_at: datetime
    identities: list[UUID]
    tags: list[UUID]
    notes: list[UUID]
    imports: list[UUID]
    merges: list[UUID] = []  # into it, parted ones too
    past: list[UUID] = []  # addresses that it had before
    leads: list[UUID] = []
    gave_name: bool  # the one that stayed had none
    gave_custom: list[str]
    gave_tags: list[UUID]
    gave_imports: list[UUID]
    external_id: str | None = None
    metadata: dict[str, str] = {}
    gave_external_id: bool = False
    gave_metadata: list[str] = []
    lost: list[str] = []
    """What a partner kept with it and the one that stayed has not, or has otherwise: `external_id`, `metadata.<key>`."""


class Merge(NamedTuple):
    """`name`, `addresses`, `external_id`, `metadata`: of the contact that went; `lost`: which of the last two the other one has not.
    `undone_at`: they were parted again."""

    id: UUID
    merged_id: UUID
    reason: MergeReason
    name: str
    addresses: list[str]
    external_id: str | None
    metadata: dict[str, str]
    lost: list[str]
    created_at: datetime
    undone_at: datetime | None


_texts = msgspec.json.Decoder(dict[str, str])
_OTHER = """
select o.name, o.language, o.custom::text as custom, o.external_id, o.metadata::text as metadata, k.metadata::text as kept_metadata,
    k.external_id is null and o.external_id is not null as gave_external_id, o.source, o.import_id, o.created_at, o.opted_out_at, o.opt_out_source,
    k.name = '' and o.name <> '' as gave_name,
    array(select key from jsonb_object_keys(o.custom) key where not k.custom ? key) as gave_custom,
    array(select id from contact_identity where company_id = $1 and contact_id = o.id order by id) as identities,
    array(select id from contact_note where company_id = $1 and contact_id = o.id order by id) as notes,
    array(select id from contact_merge where company_id = $1 and contact_id = o.id order by id) as merges,
    array(select id from identity_past where company_id = $1 and contact_id = o.id) as past,
    array(select tag_id from contact_tag where company_id = $1 and contact_id = o.id) as tags,
    array(select tag_id from contact_tag where company_id = $1 and contact_id = o.id
        except select tag_id from contact_tag where company_id = $1 and contact_id = k.id) as gave_tags,
    array(select import_id from contact_import_member where company_id = $1 and contact_id = o.id) as imports,
    array(select import_id from contact_import_member where company_id = $1 and contact_id = o.id
        except select import_id from contact_import_member where company_id = $1 and contact_id = k.id) as gave_imports
from contact k join contact o on o.company_id = $1 and o.id = $3
where k.company_id = $1 and k.id = $2
"""
_MOVES = (
    "update contact_identity set contact_id = $2 where company_id = $1 and contact_id = $3",
    "update contact_note set contact_id = $2 where company_id = $1 and contact_id = $3",
    "update identity_past set contact_id = $2 where company_id = $1 and contact_id = $3",
    "insert into contact_tag(company_id, tag_id, contact_id, added_at) select company_id, tag_id, $2, added_at from contact_tag"
    " where company_id = $1 and contact_id = $3 on conflict do nothing",
    "insert into contact_import_member(company_id, import_id, contact_id) select company_id, import_id, $2"
    " from contact_import_member where company_id = $1 and contact_id = $3 on conflict do nothing",
    "update contact_merge set contact_id = $2 where company_id = $1 and contact_id = $3",
    "update contact k set custom = o.custom || k.custom, name = coalesce(nullif(k.name, ''), o.name),"
    " opted_out_at = least(k.opted_out_at, o.opted_out_at),"
    " refuses = array(select unnest(k.refuses) union select unnest(o.refuses) order by 1),"
    " opt_out_source = case when o.opted_out_at < k.opted_out_at or k.opted_out_at is null then o.opt_out_source else k.opt_out_source end"
    " from contact o where k.company_id = $1 and k.id = $2 and o.company_id = $1 and o.id = $3",
    "delete from contact where company_id = $1 and id = $3 and id <> $2",
)


async def merge(w: Work, keep: UUID, other: UUID, reason: MergeReason, *, again: bool = False) -> bool:
    """`other` becomes a part of `keep`: addresses, messages, leads, notes, tags, fields, wishes. False when a person parted these two, or
    one of them is gone; `again`: also where they were parted. The caller refreshes the search text."""
    locked = await w.fetch(
        "select id from contact where company_id = $1 and id = any($2::uuid[]) order by id for update",
        w.company_id,
        [keep, other],
    )
    if len(locked) < 2 or (not again and await _parted(w, keep, other)):
        return False
    await _strip(w, other)
    row = await w.fetchrow(_OTHER, w.company_id, keep, other)
    assert row is not None
    metadata, kept = _texts.decode(row["metadata"]), _texts.decode(row["kept_metadata"])
    given = sorted(metadata.keys() - kept.keys())[: max(0, MOST - len(kept))]
    lost = ["external_id"] if row["external_id"] is not None and not row["gave_external_id"] else []
    snapshot = Snapshot(
        custom=_texts.decode(row["custom"]),
        leads=await prospects.reassign(w, keep, other),
        metadata=metadata,
        gave_metadata=given,
        lost=lost + [f"metadata.{key}" for key in sorted(metadata) if key not in given and kept.get(key) != metadata[key]],
        **{name: row[name] for name in Snapshot.__struct_fields__ if name in row and name not in ("custom", "metadata")},
    )
    await consent.see_queued(w)
    await recipients.reassign(w, keep, other)
    for move in _MOVES:
        await w.execute(move, w.company_id, keep, other)
    await w.execute(
        "update contact set external_id = coalesce(external_id, $3), metadata = $4::jsonb where company_id = $1 and id = $2",
        w.company_id,
        keep,
        snapshot.external_id,
        msgspec.json.encode({key: metadata[key] for key in given} | kept).decode(),
    )
    await w.execute(
        "insert into contact_merge(company_id, contact_id, merged_id, reason, snapshot) values ($1, $2, $3, $4, $5::jsonb)",
        w.company_id,
        keep,
        other,
        reason.value,
        msgspec.json.encode(snapshot).decode(),
    )
    wishes = await w.fetchrow(
        "select opted_out_at is not null as out, opt_out_source, refuses from contact where company_id = $1 and id = $2",
        w.company_id,
        keep,
    )
    assert wishes is not None
    for category in wishes["refuses"]:  # what one of them asked for holds for every address and for what waits
        await recipients.skip_category(w, keep, category)
    if wishes["out"]:
        await consent.opt_out(w, [keep], wishes["opt_out_source"])
    w.audit("contact.joined", keep, joined=str(other), reason=reason.value, lost=snapshot.lost)
    w.emit(ContactsChanged(contact_id=keep))
    return True


async def _strip(w: Work, other: UUID) -> None:
    """Values of fields that are being deleted stay behind: who takes them off may have seen to the one that stays already."""
    keys = await w.fetchval(
        "select array(select jsonb_object_keys(custom)) from contact where company_id = $1 and id = $2", w.company_id, other
    )
    if gone := await fields.missing(w, keys):
        await w.execute(
            "update contact set custom = custom - $3::text[] where company_id = $1 and id = $2", w.company_id, other, list(gone)
        )


async def _parted(w: Work, keep: UUID, other: UUID) -> bool:
    return bool(
        await w.fetchval(
            "select true from contact_merge where company_id = $1 and undone_at is not null"
            " and (contact_id = $2 and merged_id = $3 or contact_id = $3 and merged_id = $2) limit 1",
            w.company_id,
            keep,
            other,
        )
    )


async def merges(actor: Actor, contact_id: UUID) -> list[Merge]:
    """Who was merged into a contact, newest first. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        return await _merges(r, actor.company_id, contact_id)


async def _merges(r: Read, company_id: UUID, contact_id: UUID) -> list[Merge]:
    rows = await r.fetch(
        "select m.id, m.merged_id, m.reason, m.snapshot->>'name' as name, m.snapshot->>'external_id' as external_id,"
        " coalesce(m.snapshot->'metadata', '{}')::text as metadata, coalesce(m.snapshot->'lost', '[]')::text as lost, m.created_at, m.undone_at,"
        " array(select i.value from contact_identity i where i.company_id = $1 and i.contact_id in (m.contact_id, m.merged_id)"
        "     and m.snapshot->'identities' ? i.id::text order by i.kind <> 'phone', i.id) as addresses"
        " from contact_merge m where m.company_id = $1 and m.contact_id = $2 order by m.id desc limit 100",
        company_id,
        contact_id,
    )
    return [
        Merge(
            row["id"],
            row["merged_id"],
            MergeReason(row["reason"]),
            row["name"],
            row["addresses"],
            row["external_id"],
            _texts.decode(row["metadata"]),
            msgspec.json.decode(row["lost"], type=list[str]),
            row["created_at"],
            row["undone_at"],
        )
        for row in rows
    ]


_BACK = """
insert into contact(company_id, id, name, language, custom, source, import_id, created_at, metadata, external_id, opted_out_at, opt_out_source, refuses)
select $1, $3, $4, $5, $6::jsonb, $7, $8, $9, $10::jsonb,
    case when not exists (select from contact e where e.company_id = $1 and e.external_id = $11) then $11 end, opted_out_at, opt_out_source, refuses from contact where company_id = $1 and id = $2
"""
_TAKE_BACK = """
update contact set custom = custom - (select coalesce(array_agg(f.key), '{}') from jsonb_each_text($3::jsonb) f(key, value)
        where f.key = any($4::text[]) and custom->>f.key = f.value),
    metadata = metadata - (select coalesce(array_agg(f.key), '{}') from jsonb_each_text($7::jsonb) f(key, value)
        where f.key = any($8::text[]) and metadata->>f.key = f.value),
    name = case when $5 and name = $6 then '' else name end, updated_at = clock_timestamp()
where company_id = $1 and id = $2
"""


async def undo(actor: Actor, contact_id: UUID, merge_id: UUID) -> UUID:
    """Parts two contacts again; returns the one that comes back, under its former id. Its addresses and every message over them go
    with it, later ones too; its external id unless another contact has that now. Raises NotFound, Conflict `merge_undone`, Unavailable when
    somebody gives its external id away at this moment."""
    try:
        return await _undo(actor, contact_id, merge_id)
    except asyncpg.UniqueViolationError:
        raise RequestError.UNAVAILABLE(retry_after=1) from None


async def _undo(actor: Actor, contact_id: UUID, merge_id: UUID) -> UUID:
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        row = await w.fetchrow(
            "select merged_id, snapshot::text as snapshot, undone_at from contact_merge"
            " where company_id = $1 and contact_id = $2 and id = $3 for update",
            w.company_id,
            contact_id,
            merge_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="merge")
        if row["undone_at"] is not None:
            raise ContactError.MERGE_UNDONE()
        merged_id: UUID = row["merged_id"]
        await w.execute("select from contact where company_id = $1 and id = $2 for update", w.company_id, contact_id)
        await _restore(w, contact_id, merged_id, msgspec.json.decode(row["snapshot"], type=Snapshot))
        await w.execute(
            "update contact_merge set undone_at = now(), undone_by = $3 where company_id = $1 and id = $2",
            w.company_id,
            merge_id,
            actor.id if actor.kind == "user" else None,
        )
        w.audit("contact.parted", contact_id, parted=str(merged_id))
        w.emit(ContactsChanged(contact_id=contact_id))
        w.emit(ContactsChanged(contact_id=merged_id))
        return merged_id


async def _restore(w: Work, kept: UUID, back: UUID, was: Snapshot) -> None:
    gone = await fields.missing(w, was.custom)
    custom = msgspec.json.encode({key: value for key, value in was.custom.items() if key not in gone}).decode()
    metadata = msgspec.json.encode(was.metadata).decode()
    facts = (was.name, was.language, custom, was.source, was.import_id, was.created_at, metadata, was.external_id)
    if was.gave_external_id:
        await w.execute(
            "update contact set external_id = null where company_id = $1 and id = $2 and external_id = $3",
            w.company_id,
            kept,
            was.external_id,
        )
    await w.execute(_BACK, w.company_id, kept, back, *facts)
    await w.execute(
        "update contact_identity set contact_id = $3 where company_id = $1 and contact_id = $2 and id = any($4::uuid[])",
        w.company_id,
        kept,
        back,
        was.identities,
    )
    for table, ids in (("contact_note", was.notes), ("identity_past", was.past)):
        await w.execute(
            f"update {table} set contact_id = $3 where company_id = $1 and contact_id = $2 and id = any($4::uuid[])",
            w.company_id,
            kept,
            back,
            ids,
        )
    await w.execute(
        "update contact_merge set contact_id = $3 where company_id = $1 and contact_id = $2 and id = any($4::uuid[])",
        w.company_id,
        kept,
        back,
        was.merges,
    )
    await recipients.give_back(w, kept, back)
    await prospects.reassign(w, back, kept, was.leads)
    for table, column, ids, given in (
        ("contact_tag", "tag_id", was.tags, was.gave_tags),
        ("contact_import_member", "import_id", was.imports, was.gave_imports),
    ):
        parent = "tag" if column == "tag_id" else "contact_import"
        await w.execute(
            f"insert into {table}(company_id, {column}, contact_id) select $1, id, $2 from {parent}"
            " where company_id = $1 and id = any($3::uuid[]) on conflict do nothing",
            w.company_id,
            back,
            ids,
        )
        await w.execute(
            f"delete from {table} where company_id = $1 and contact_id = $2 and {column} = any($3::uuid[])",
            w.company_id,
            kept,
            given,
        )
    await w.execute(_TAKE_BACK, w.company_id, kept, custom, was.gave_custom, was.gave_name, was.name, metadata, was.gave_metadata)
    await refresh(w, [kept, back])
