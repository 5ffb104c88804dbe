"""A ContactFilter as SQL, in the one place that lists, bulk actions, exports and campaigns share.

Conditions are on alias `c` (table contact) and name the company through `c.company_id`; the caller sets that one. The first of the
arguments is the company. A saved segment is looked up before (`segments.resolved`).
"""

from collections.abc import Callable, Iterator

import msgspec

from db.contacts import search, segment_sql
from db.contacts.filter import ContactFilter
from db.contacts.metadata import marks

_Value = Callable[[object], str]
"""Adds a value to the arguments and returns its placeholder."""


def where(filter: ContactFilter, args: list[object], *, few: bool = False) -> str:
    """The condition for `filter`; its values are appended to `args`. `true` when all contacts match. `few`: not many are looked at."""

    def value(item: object) -> str:
        args.append(item)
        return f"${len(args)}"

    if filter.segment_id is not None:
        raise LookupError("a segment that nobody looked up")
    rule = [segment_sql.condition(filter.rule, "$1::uuid", value, few=few)] if filter.rule is not None else []
    return " and ".join([*_named(filter, value), *_tagged(filter, value), *_described(filter, value), *rule]) or "true"


def picked(filter: ContactFilter, args: list[object]) -> str:
    """As `where`, for what changes contacts or writes to them: `false` when nobody was picked."""
    return where(filter, args) if filter.picks else "false"


def _named(filter: ContactFilter, value: _Value) -> Iterator[str]:
    if wanted := search.needles(filter.search):
        yield (
            f"c.id in (select s.id from {search.index([value(one) for one in wanted])} s)" if search.findable(wanted) else "false"
        )
    if filter.ids:
        yield f"c.id = any({value(filter.ids)}::uuid[])"
    if filter.import_id is not None:
        yield (
            "exists (select from contact_import_member im where im.company_id = c.company_id and im.contact_id = c.id "
            f"and im.import_id = {value(filter.import_id)}::uuid)"
        )


def _tagged(filter: ContactFilter, value: _Value) -> Iterator[str]:
    if filter.tags and (filter.all_tags or len(filter.tags) == 1):
        for tag in dict.fromkeys(filter.tags):
            yield _has_tag(f"= {value(tag)}::uuid")
    elif filter.tags:
        yield _has_tag(f"= any({value(filter.tags)}::uuid[])")
    if filter.without_tags:
        yield "not " + _has_tag(f"= any({value(filter.without_tags)}::uuid[])")


def _described(filter: ContactFilter, value: _Value) -> Iterator[str]:
    if filter.opted_out is not None:
        yield f"c.opted_out_at is {'not ' if filter.opted_out else ''}null"
    if filter.line is not None:
        yield _reachable("i.line = 'fixed'" if filter.line == "fixed" else "i.line in ('mobile', 'fixed_or_mobile')")
    if filter.has is not None:
        yield _reachable(f"i.kind = {value(filter.has)}::text")
    if filter.custom:
        yield f"c.custom @> {value(msgspec.json.encode(filter.custom).decode())}::jsonb"
    if filter.external_id is not None:
        yield f"c.external_id = {value(filter.external_id)}::text"
    if filter.metadata:
        yield f"c.id in (select contact_kept({value(marks(filter.metadata))}::text[]))"
    if filter.created_after is not None:
        yield f"c.created_at >= {value(filter.created_after)}::timestamptz"
    if filter.created_before is not None:
        yield f"c.created_at < {value(filter.created_before)}::timestamptz"


def _has_tag(which: str) -> str:
    return (
        f"exists (select from contact_tag ct where ct.company_id = c.company_id and ct.contact_id = c.id and ct.tag_id {which})"
    )


def _reachable(how: str) -> str:
    return f"exists (select from contact_identity i where i.company_id = c.company_id and i.contact_id = c.id and {how})"
