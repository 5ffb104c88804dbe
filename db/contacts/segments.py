"""Segments: rules that a company keeps under a name. Who is in one is asked at the moment it is used, never stored."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import structs

from db import versions
from db.contacts import fields
from db.contacts.enums import CustomFieldKind
from db.contacts.errors import ContactError, ContactField, SegmentField
from db.contacts.events import SegmentsChanged
from db.contacts.field_values import Shape, written
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import (
    DEEPEST,
    MOST,
    NOBODY,
    AnyCondition,
    FieldIs,
    Group,
    HasTags,
    InStage,
    OfImport,
    Received,
    RecordedConsent,
)
from db.errors import Field, Invalid, RequestError
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MAX_SEGMENTS = 500  # per company
FARTHEST = 366
"""Days ahead at most for a birthday."""

Row = dict[str, Any]

_SELECT = """
select s.id, s.name, fold(s.name) as key, s.rule::text as rule, s.version, u.name as created_by, s.created_at, s.updated_at
from segment s left join account_user u on u.id = s.created_by where s.company_id = $1
"""


async def segments(actor: Actor, *, after: tuple[str, UUID] | None = None, limit: int = 200) -> list[Row]:
    """Rows `id, name, key, rule, gone, version, created_by, created_at, updated_at` by name; `gone`: it speaks of what is no longer there, so nobody is
    in it. `after` is `(key, id)` of the last one."""
    key, last = after or ("", None)
    async with read(actor, Permission.CONTACTS_READ) as r:
        rows = await r.fetch(
            f"{_SELECT} and ($2::uuid is null or (fold(s.name), s.id) > ($3, $2)) order by fold(s.name), s.id limit $4",
            actor.company_id,
            last,
            key,
            limit,
        )
        return await _whole(r, rows)


async def segment(actor: Actor, segment_id: UUID) -> Row:
    """Row as in `segments`. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await _one(r, segment_id)


async def create(actor: Actor, name: str, rule: Group) -> Row:
    """Row as in `segments`. Raises Invalid, Conflict `segment_exists`, `too_many_segments`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        kept = await checked(w, rule)
        if await w.fetchval("select count(*) from segment where company_id = $1", w.company_id) >= MAX_SEGMENTS:
            raise ContactError.TOO_MANY_SEGMENTS(most=MAX_SEGMENTS)
        segment_id: UUID | None = await w.fetchval(
            "insert into segment(company_id, name, rule, created_by) values ($1, $2, $3::jsonb, $4)"
            " on conflict (company_id, fold(name)) do nothing returning id",
            w.company_id,
            name,
            msgspec.json.encode(kept).decode(),
            actor.id if actor.kind == "user" else None,
        )
        if segment_id is None:
            raise ContactError.SEGMENT_EXISTS()
        w.audit("segment.created", segment_id)
        w.emit(SegmentsChanged(segment_id=segment_id))
        return await _one(w, segment_id)


async def change(
    actor: Actor, segment_id: UUID, *, name: str | None = None, rule: Group | None = None, expected: Expected = None
) -> Row:
    """None stays. Campaigns that were not launched yet follow it. Row as in `segments`. Raises NotFound, Invalid, PreconditionFailed, Conflict
    `segment_exists`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _lock(w, segment_id, expected)
        kept = await checked(w, rule) if rule is not None else None
        if name is not None and await w.fetchval(
            "select true from segment where company_id = $1 and fold(name) = fold($2) and id <> $3",
            w.company_id,
            name,
            segment_id,
        ):
            raise ContactError.SEGMENT_EXISTS()
        if name is not None or kept is not None:
            await w.execute(
                "update segment set name = coalesce($3, name), rule = coalesce($4::jsonb, rule), version = version + 1, updated_at = now()"
                " where company_id = $1 and id = $2",
                w.company_id,
                segment_id,
                name,
                msgspec.json.encode(kept).decode() if kept is not None else None,
            )
            w.audit("segment.changed", segment_id)
            w.emit(SegmentsChanged(segment_id=segment_id))
        return await _one(w, segment_id)


# Of what was not launched, and of sequences as they are edited and as they run.
USES = """
select k.id as campaign_id, null::uuid as cadence_id, k.name, k.state from campaign k
where k.company_id = $1 and k.state in ('draft', 'scheduled') and k.cadence_id is null and k.fallback_of is null and k.audience->>'segment_id' = $2::text
union all select null, d.id, d.name, d.state from cadence d
where d.company_id = $1 and d.state <> 'ended' and (d.plan->'entry'->>'segment_id' = $2::text or exists (select from cadence_version v
    where v.company_id = $1 and v.cadence_id = d.id and v.number = d.live and v.plan->'entry'->>'segment_id' = $2::text))
order by 1 desc nulls last, 2 desc limit $3
"""
MOST_USES = 20


async def delete(actor: Actor, segment_id: UUID, expected: Expected = None, *, detach: bool = False) -> None:
    """`detach`: although campaigns that are not launched, or sequences, use it: they reach nobody, and take nobody in, until somebody else is chosen.
    Raises NotFound, PreconditionFailed, Conflict `segment_in_use`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _lock(w, segment_id, expected)
        uses = [] if detach else await w.fetch(USES, w.company_id, str(segment_id), MOST_USES)
        if uses:
            may = Permission.CAMPAIGNS_READ in actor.permissions
            raise ContactError.SEGMENT_IN_USE(uses=", ".join(row["name"] for row in uses) if may else str(len(uses)))
        await w.execute("delete from segment where company_id = $1 and id = $2", w.company_id, segment_id)
        w.audit("segment.deleted", segment_id, detached=detach)
        w.emit(SegmentsChanged(segment_id=segment_id))


async def _lock(w: Work, segment_id: UUID, expected: Expected) -> None:
    version = await w.fetchval(
        "select version from segment where company_id = $1 and id = $2 for update", w.company_id, segment_id
    )
    if version is None:
        raise RequestError.NOT_FOUND(what="segment")
    versions.check(version, expected)


async def _one(r: Read, segment_id: UUID) -> Row:
    assert r.actor is not None
    row = await r.fetchrow(f"{_SELECT} and s.id = $2", r.actor.company_id, segment_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="segment")
    return (await _whole(r, [row]))[0]


async def _whole(r: Read, rows: Sequence[asyncpg.Record]) -> list[Row]:
    found: list[Row] = [{**row, "rule": msgspec.json.decode(row["rule"], type=Group)} for row in rows]
    missing = await _missing(r, [one["rule"] for one in found])
    for one in found:
        one["gone"] = any(_names(each) & missing for each in one["rule"].walk())
    return found


async def resolved(r: Read, filter: ContactFilter, *, kept: bool = False) -> ContactFilter:
    """The filter with the rule of its segment in place of the segment; of one that is gone, or where a tag that leaves somebody out is gone, nobody. `kept`: it was written down earlier, so that
    a rule of its own that cannot be asked any more means nobody too. Raises Forbidden where a rule asks for what the actor may not see, Invalid
    for one that cannot be asked."""
    assert r.actor is not None
    rules = []
    if filter.rule is not None:
        try:
            rules.append(await checked(r, filter.rule))
        except Invalid:
            if not kept:
                raise
            rules.append(NOBODY)
    if filter.segment_id is not None:
        saved = await r.fetchval(
            "select rule::text from segment where company_id = $1 and id = $2", r.actor.company_id, filter.segment_id
        )
        rule = msgspec.json.decode(saved, type=Group) if saved is not None else NOBODY
        rules.append(NOBODY if await _missing(r, [rule]) else rule)
    if filter.without_tags and await _missing(r, [Group(conditions=[HasTags(tags=filter.without_tags)])]):
        rules.append(NOBODY)  # whom a tag left out would be meant without it
    if not rules:
        return filter
    for rule in rules:
        _may(r.actor, rule)
    # What a rule asks of other tables is held as a hash: too large for the usual memory, it would be read once for each contact.
    await r.fetchval("select set_config('work_mem', '64MB', true)")
    return structs.replace(filter, segment_id=None, rule=rules[0] if len(rules) == 1 else Group(groups=rules))


_THERE = {
    "tag": "select id::text from tag where company_id = $1 and id = any($2::text[]::uuid[])",
    "import": "select id::text from contact_import where company_id = $1 and id = any($2::text[]::uuid[])",
    "campaign": "select id::text from campaign where company_id = $1 and id = any($2::text[]::uuid[])",
    "stage": "select id::text from stage where company_id = $1 and id = any($2::text[]::uuid[])",
    "field": "select key from custom_field where company_id = $1 and key = any($2::text[]) and deleted_at is null",
}


def _names(one: AnyCondition) -> set[tuple[str, str]]:
    """What a condition speaks of, as `(kind, id or key)`."""
    match one:
        case HasTags():
            return {("tag", str(each)) for each in one.tags}
        case OfImport():
            return {("import", str(one.import_id))}
        case Received():
            return {("campaign", str(one.campaign_id))}
        case InStage():
            return {("stage", str(each)) for each in one.stages}
        case FieldIs():
            return {("field", one.key)}
        case RecordedConsent(channel=str(kind)):
            return {("channel", kind)}
        case _:
            return set()


async def _missing(r: Read, rules: Iterable[Group]) -> set[tuple[str, str]]:
    """What the rules speak of and is not there, or another company's: without one of them its opposite would mean everybody."""
    assert r.actor is not None
    named = {name for rule in rules for each in rule.walk() for name in _names(each)}
    found = {("channel", one.kind) for one in registry.providers()}
    for kind, sql in _THERE.items():
        if wanted := [name for of, name in named if of == kind]:
            found |= {(kind, row[0]) for row in await r.fetch(sql, r.actor.company_id, wanted)}
    return named - found


def gone(filter: ContactFilter) -> bool:
    """Whether the segment or rule of a `resolved` filter was not there any more, or not as it was meant."""
    return filter.rule is not None and (filter.rule == NOBODY or NOBODY in filter.rule.groups)


def _may(actor: Actor, rule: Group) -> None:
    """Who is in a stage or got a campaign is told to those who may see these. Raises Forbidden."""
    kinds = {type(each) for each in rule.walk()}
    if InStage in kinds:
        actor.require(Permission.BOARDS_READ)
    if Received in kinds:
        actor.require(Permission.CAMPAIGNS_READ)


async def checked(r: Read, rule: Group, path: str = "rule") -> Group:
    """The rule with its values spelled as they are kept. Raises Invalid for one that says nothing, is too deep or too long, or compares a field
    with what is no value of its kind; Forbidden where it asks for what the actor may not see."""
    assert r.actor is not None
    _may(r.actor, rule)
    wrong = list(_shape(rule, path, 1))
    if not wrong and sum(1 for _ in rule.walk()) + _groups(rule) > MOST:
        wrong.append(SegmentField.TOO_LONG(path, most=MOST))
    keys = {each.key for each in rule.walk() if isinstance(each, FieldIs)}
    kinds = await fields.known_kinds(r, keys)
    if not wrong:
        missing = await _missing(r, [rule])
        wrong = [problem for place, each in _places(rule, path) if (problem := _problem(each, place, kinds, missing)) is not None]
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    return _spelled(rule, kinds)


def _shape(group: Group, path: str, depth: int) -> Iterator[Field]:
    if depth > DEEPEST:
        yield SegmentField.TOO_DEEP(path, most=DEEPEST)
        return
    if not group.conditions and not group.groups:
        yield SegmentField.EMPTY_GROUP(path)
    for number, inner in enumerate(group.groups):
        yield from _shape(inner, f"{path}.groups[{number}]", depth + 1)


def _groups(group: Group) -> int:
    return 1 + sum(map(_groups, group.groups))


def _places(group: Group, path: str) -> Iterator[tuple[str, AnyCondition]]:
    for number, each in enumerate(group.conditions):
        yield f"{path}.conditions[{number}]", each
    for number, inner in enumerate(group.groups):
        yield from _places(inner, f"{path}.groups[{number}]")


_NEEDS = {
    "at_least": CustomFieldKind.NUMBER,
    "at_most": CustomFieldKind.NUMBER,
    "from": CustomFieldKind.DATE,
    "until": CustomFieldKind.DATE,
}
_NOT = {CustomFieldKind.NUMBER: ContactField.NOT_A_NUMBER, CustomFieldKind.DATE: ContactField.NOT_A_DATE}


def _problem(each: AnyCondition, path: str, kinds: dict[str, Shape], missing: set[tuple[str, str]]) -> Field | None:
    if not isinstance(each, FieldIs):
        return SegmentField.GONE(path) if _names(each) & missing else None
    if each.key not in kinds:
        return SegmentField.UNKNOWN_FIELD(f"{path}.key")
    text = each.value.replace("\0", "").strip()
    if each.op in ("filled", "empty"):
        return None
    if not text:
        return SegmentField.NO_VALUE(f"{path}.value")
    if each.op == "birthday":
        return None if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= FARTHEST and len(text) < 5 else (
            SegmentField.NOT_DAYS_AHEAD(f"{path}.value", most=FARTHEST)
        )  # fmt: skip
    kind = _NEEDS.get(each.op)
    return _NOT[kind](f"{path}.value") if kind is not None and written(kind, text) is None else None


def _spelled(group: Group, kinds: dict[str, Shape]) -> Group:
    def one(each: AnyCondition) -> AnyCondition:
        if not isinstance(each, FieldIs):
            return each
        text = each.value.replace("\0", "").strip()
        shape = kinds[each.key] if each.op in ("is", "is_not") else Shape(_NEEDS.get(each.op, CustomFieldKind.TEXT))
        value = "" if each.op in ("filled", "empty") else shape.written(text) or text
        return structs.replace(each, value=value)

    return Group(
        match=group.match,
        conditions=[one(each) for each in group.conditions],
        groups=[_spelled(inner, kinds) for inner in group.groups],
    )
