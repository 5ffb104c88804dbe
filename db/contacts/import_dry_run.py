"""What an import would do, counted over the whole file before anything is written: batch by batch, reading contacts without a lock.

Rows of earlier batches count as if they had been imported: of their people hashes of addresses and values are kept in memory, of at
most `MAX_KEPT` addresses and people; a repetition of who comes later is not noticed then, and `exact` is false. A worker that is
killed begins again. What cannot be stored for another reason than its cells is only found by the import.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from uuid import UUID

import asyncpg
import msgspec

from db.boards import arrivals
from db.contacts import fields, import_leads, imports, tags
from db.contacts.enums import DryRunState, IdentityKind, ImportState
from db.contacts.events import ImportProgress
from db.contacts.import_changes import Changes, Person, keys_of, state_of
from db.contacts.import_leads import LeadOptions
from db.contacts.import_rows import Batch, Reject, Row
from db.contacts.mapping import ColumnTarget, checked
from db.contacts.reasons import FileProblem, RowWarning
from db.jobs import DryRunImport
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, read, work

MAX_KEPT = 500_000
"""Addresses and people of earlier batches that are remembered: about 120 MB."""
EXAMPLES = 5


class Example(msgspec.Struct):
    row_number: int
    field: str
    value: str


class Cause(msgspec.Struct):
    """A `Reason` or `RowWarning`, in how many rows it stands, and the first of them."""

    reason: str
    rows: int = 0
    examples: list[Example] = []


class Counts(msgspec.Struct):
    """As the import counts. `causes` of rows that stay out, `left_out` of cells. `fill`: the share of rows that fill each column."""

    processed: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    rejected: int = 0
    blank: int = 0
    warnings: int = 0
    leads: int = 0
    causes: list[Cause] = []
    left_out: list[Cause] = []
    fill: list[float] = []
    exact: bool = True


class DryRun(msgspec.Struct):
    """As it is stored. `key` tells one mapping, with its tags and region, from another. `new_fields`, `new_lead_fields`: how the fields of
    contacts and of the board are called that there are not yet."""

    key: str
    mapping: list[ColumnTarget]
    tags: list[str]
    region: str
    leads: LeadOptions | None = None
    new_fields: list[str] = []
    new_lead_fields: list[str] = []
    state: DryRunState = DryRunState.WAITING
    counts: Counts = msgspec.field(default_factory=Counts)
    error: FileProblem | None = None


async def request(
    actor: Actor,
    import_id: UUID,
    columns: list[ColumnTarget],
    tag_names: list[str],
    region: str | None,
    leads: LeadOptions | None = None,
) -> asyncpg.Record:
    """The row of `one_import`. Has it counted what `imports.start` would do with the same. One of another mapping gives way; the same
    again, unless it failed, changes nothing. Raises NotFound, Invalid and Conflict as `imports.start`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        row, sheet = await imports.lock_ready(w, import_id)
        if leads is not None:
            await arrivals.check(w, leads.board_id, leads.stage_id, run_rules=leads.run_rules)
        names = [column.name for column in sheet.columns]
        mapping = await fields.foreseen(w, checked(columns, names, leads=leads is not None))
        new_fields, new_lead_fields = await fields.new_labels(w, mapping), list[str]()
        if leads is not None:
            mapping = await arrivals.columns(w, leads.board_id, mapping, make=False)
            new_lead_fields = await arrivals.new_fields(w, leads.board_id, mapping)
        wanted = sorted({tags.plain(name) for name in tag_names})
        region = region or await w.fetchval("select country from company where id = $1", w.company_id)
        key = hashlib.sha256(msgspec.json.encode((mapping, wanted, region, leads))).hexdigest()
        before = msgspec.json.decode(row["dry_run"], type=DryRun) if row["dry_run"] else None
        if before is None or before.key != key or before.state is DryRunState.FAILED:
            await w.execute(
                "update contact_import set dry_run = $3::jsonb where company_id = $1 and id = $2",
                w.company_id,
                import_id,
                msgspec.json.encode(DryRun(key, mapping, wanted, region, leads, new_fields, new_lead_fields)).decode(),
            )
            w.enqueue(DryRunImport(import_id=import_id))
            w.emit(ImportProgress(import_id=import_id, state=ImportState.READY, processed=0, total=row["total"]))
        return await imports.one(w, import_id)


# for the workers --------------------------------------------------------------------------------------------------------


async def begin(company_id: UUID, import_id: UUID) -> DryRun | None:
    """The one that waits, or whose worker died; None when there is none any more."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        found = await w.fetchval(
            """update contact_import set dry_run = dry_run || '{"state": "running"}' where company_id = $1 and id = $2 """
            "and state = 'ready' and dry_run ->> 'state' in ('waiting', 'running') returning dry_run::text",
            company_id,
            import_id,
        )
    return msgspec.json.decode(found, type=DryRun) if found else None


async def report(company_id: UUID, import_id: UUID, dry: DryRun) -> bool:
    """Stores how far it is; False when another took its place, or the import was started or cancelled."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        row = await w.fetchrow(
            "update contact_import set dry_run = $4::jsonb, total = case when $5 then $6 else total end "
            "where company_id = $1 and id = $2 and state = 'ready' and dry_run ->> 'key' = $3 "
            "and dry_run ->> 'state' in ('waiting', 'running') returning total",
            company_id,
            import_id,
            dry.key,
            msgspec.json.encode(dry).decode(),
            dry.state is DryRunState.DONE,
            dry.counts.processed,
        )
        if row is not None:
            progress = ImportProgress(
                import_id=import_id, state=ImportState.READY, processed=dry.counts.processed, total=row["total"]
            )
            w.emit(progress)
    return row is not None


async def give_up(company_id: UUID, import_id: UUID, error: FileProblem) -> None:
    """It did not come to an end."""
    if (dry := await begin(company_id, import_id)) is not None:
        dry.state, dry.error = DryRunState.FAILED, error
        await report(company_id, import_id, dry)


_TAGS = """
select n as name, fold(n) as key, t.id from unnest($2::text[]) n
left join tag t on t.company_id = $1 and fold(t.name) = fold(n) order by n
"""


class Tally:
    """Counts batch by batch, and holds what later batches must know of the earlier ones."""

    def __init__(self, company_id: UUID, import_id: UUID, dry: DryRun) -> None:
        self._company_id, self._import_id, self._dry = company_id, import_id, dry
        self.counts = Counts(causes=[], left_out=[], fill=[])
        self._filled = [0] * len(dry.mapping)
        self._memory = _Memory()
        self._new_ids = (UUID(int=number) for number in count(1))
        self._extra: list[UUID] | None = None
        self._known_tags: dict[str, UUID] = {}
        self._made_tags: dict[str, UUID] = {}

    async def add(self, batch: Batch) -> None:
        """Counts one batch; the next one follows it in the file."""
        async with read(worker(self._company_id), Permission.CONTACTS_READ) as r:
            others = self._memory.known(batch.rows)
            changes = await state_of(r, self._company_id, self._import_id, batch.rows, lock=False, others=others)
            rows = [row for row in batch.rows if not changes.refuses(row)]
            if self._extra is None:
                self._extra = list((await self._tags(r, self._dry.tags, room=len(self._dry.tags))).values())
            warned = await self._learn_tags(r, rows)
            if self._dry.leads is not None and (to := await import_leads.place(r, self._dry.leads)) is not None:
                warned += await import_leads.warnings(r, to, rows)
                self.counts.leads += len(rows)
        self._memory.recall(changes, rows)
        for row in rows:
            wanted = [self._known_tags[name] for name in row.tags if name in self._known_tags]
            changes.take(row, self._new_ids, [*self._extra, *wanted] if wanted else self._extra)
        self._memory.keep(changes)
        self._count(batch, [*batch.rejects, *changes.rejects], changes, [*changes.warnings, *warned])

    def _count(self, batch: Batch, rejects: list[Reject], changes: Changes, warnings: list[Reject]) -> None:
        counts = self.counts
        counts.processed += batch.length
        counts.created += changes.created
        counts.updated += changes.updated
        counts.unchanged += changes.unchanged
        counts.repeated += changes.repeated
        counts.rejected += len({reject.number for reject in rejects})
        counts.blank += batch.blank
        counts.warnings += len(warnings)
        _add(counts.causes, rejects)
        _add(counts.left_out, sorted(warnings, key=lambda warning: warning.number))
        self._filled = [before + more for before, more in zip(self._filled, batch.filled, strict=True)]
        rows = counts.processed - counts.blank
        counts.fill = [min(1.0, filled / rows) if rows else 0.0 for filled in self._filled]
        counts.exact = self._memory.exact

    async def _tags(self, r: Read, names: Sequence[str], *, room: int) -> dict[str, UUID]:
        """Tags by name; those that are missing get an id of their own, where all these names have room."""
        found: dict[str, UUID] = {}
        for row in await r.fetch(_TAGS, self._company_id, list(names)):
            tag_id = row["id"] or self._made_tags.get(row["key"])
            if tag_id is None and len(names) <= room:
                tag_id = self._made_tags[row["key"]] = next(self._new_ids)
            if tag_id is not None:
                found[row["name"]] = tag_id
        return found

    async def _learn_tags(self, r: Read, rows: Sequence[Row]) -> list[Reject]:
        """As `import_batch` makes them; returns warnings for those that would be too many."""
        known = self._known_tags
        if len(known) > 2 * tags.MAX_TAGS:
            known.clear()
        names = sorted({name for row in rows for name in row.tags if name not in known})
        if not names:
            return []
        there = await r.fetchval("select count(*) from tag where company_id = $1", self._company_id)
        known |= await self._tags(r, names, room=tags.MAX_TAGS - there - len(self._made_tags))
        return [
            Reject(row.number, "tags", ", ".join(row.tags)[:200], RowWarning.TOO_MANY_TAGS, [], warning=True)
            for row in rows
            if any(name not in known for name in row.tags)
        ]


def _add(causes: list[Cause], rejects: Sequence[Reject]) -> None:
    by_reason = {cause.reason: cause for cause in causes}
    seen: set[tuple[int, str]] = set()
    for reject in rejects:
        if (cause := by_reason.get(reject.reason)) is None:
            cause = by_reason[reject.reason] = Cause(reject.reason, examples=[])
            causes.append(cause)
        if (reject.number, reject.reason) in seen:  # two cells of one row
            continue
        seen.add((reject.number, reject.reason))
        cause.rows += 1
        if len(cause.examples) < EXAMPLES:
            cause.examples.append(Example(reject.number, reject.field, reject.value))


class _Memory:
    """Who was met in earlier batches. Texts are only ever compared for being the same, so their 8-byte hashes are enough."""

    def __init__(self) -> None:
        self.exact = True
        self._owners: dict[int, int] = {}  # hash of an address that the file gave somebody → their id
        self._people: dict[int, bytes] = {}  # their id → _Kept

    def known(self, rows: Sequence[Row]) -> list[UUID]:
        """Ids of contacts that got addresses of these rows from earlier rows."""
        found = {self._owners.get(hash(key), 0) for row in rows for key in keys_of(row)}
        return [UUID(int=each) for each in found if not _made_up(each)]

    def recall(self, changes: Changes, rows: Sequence[Row]) -> None:
        """Puts the people of earlier batches whom these rows are about into the changes, as they would be now."""
        for row in rows:
            for key in keys_of(row):
                owner = self._owners.get(hash(key))
                # One known before who was deleted a moment ago owns nothing any more.
                if owner is not None and (_made_up(owner) or UUID(int=owner) in changes.people):
                    changes.owners.setdefault(key, UUID(int=owner))
        texts = {hash(text): text for row in rows for text in _texts(row)}
        for each in {*changes.owners.values(), *changes.people}:
            if (kept := self._people.get(each.int)) is not None:
                person = changes.people.setdefault(each, Person(each, fresh=True))
                _revive(person, _kept.decode(kept), texts)

    def keep(self, changes: Changes) -> None:
        for person_id, address in changes.identities:
            key = hash((address.kind.value, address.value))
            if self._room(self._owners, key):
                self._owners[key] = person_id.int
        for person in changes.people.values():
            if person.met and self._room(self._people, person.id.int):
                self._people[person.id.int] = _encode(
                    _Kept(
                        _digest(person.name),
                        _digest(person.language),
                        person.has_phone,
                        {key: _digest(value) for key, value in person.custom.items() if value},
                    )
                )

    def _room(self, place: Mapping[int, object], key: int) -> bool:
        room = key in place or len(self._owners) + len(self._people) < MAX_KEPT
        self.exact &= room
        return room


class _Kept(msgspec.Struct, array_like=True, gc=False):
    name: int
    language: int
    phone: bool
    custom: dict[str, int]


_encode = msgspec.msgpack.Encoder().encode
_kept = msgspec.msgpack.Decoder(_Kept)


def _digest(text: str | None) -> int:
    """0 of nothing."""
    if not text:
        return 0
    return int(text[1:]) if text[0] == "\0" else hash(text)


def _text(digest: int, texts: dict[int, str]) -> str:
    """The one of the texts at hand, else one that is like none of them, of the same digest."""
    return texts.get(digest) or f"\0{digest}" if digest else ""


def _texts(row: Row) -> Iterator[str]:
    yield row.name
    yield row.language
    yield from row.custom.values()


def _made_up(person_id: int) -> bool:
    """Of somebody who is not a contact yet: ids of contacts have their version in bits far above."""
    return person_id < 1 << 64


def _revive(person: Person, kept: _Kept, texts: dict[int, str]) -> None:
    person.met = True
    person.name = _text(kept.name, texts)
    person.language = _text(kept.language, texts) or None
    person.custom = {key: _text(value, texts) for key, value in kept.custom.items()}
    if kept.phone and not person.has_phone:
        person.addresses = {*person.addresses, (IdentityKind.PHONE.value, "")}
