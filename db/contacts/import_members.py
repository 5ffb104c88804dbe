"""Who is in a list, and what its import changed of them: what an undo needs (`import_undo.py`), kept for `imports.UNDOABLE`."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.work import Work

Facts = dict[str, str | None]
"""`name`, `language` and `custom.<key>` with their values."""

# What an earlier batch of the same import found stays what was before; what the last one wrote is what an undo looks for.
_REMEMBER = """
insert into contact_import_member as m (company_id, import_id, contact_id, left_at, before, after, tags, addresses)
select $1, $2, r.id, case when not r.touched then c.updated_at end, r.before::jsonb, r.after::jsonb,
    string_to_array(r.tags, ' ')::uuid[], string_to_array(r.addresses, ' ')
from unnest($3::uuid[], $4::bool[], $5::text[], $6::text[], $7::text[], $8::text[]) r(id, touched, before, after, tags, addresses)
join contact c on c.company_id = $1 and c.id = r.id order by r.id
on conflict (company_id, import_id, contact_id) do update set left_at = excluded.left_at,
    before = nullif(coalesce(excluded.before, '{}') || coalesce(m.before, '{}'), '{}'),
    after = nullif(coalesce(m.after, '{}') || coalesce(excluded.after, '{}'), '{}'),
    tags = coalesce(m.tags || excluded.tags, m.tags, excluded.tags),
    addresses = coalesce(m.addresses || excluded.addresses, m.addresses, excluded.addresses)
"""


class Member(NamedTuple):
    """Somebody in the list. `touched`: changed by others since an earlier batch of the same import. `before` and `after` hold what a
    batch changed, `tags` and `addresses` (kind, value) what it added; of who is new only tags are told."""

    id: UUID
    touched: bool
    before: Facts
    after: Facts
    tags: list[UUID]
    addresses: list[tuple[str, str]]


def differences(before: Facts, after: Facts) -> tuple[Facts, Facts]:
    """What differs, as it was and as it is."""
    changed = [key for key, value in after.items() if before.get(key) != value]
    return {key: before.get(key) for key in changed}, {key: after[key] for key in changed}


async def remember(w: Work, import_id: UUID, members: Sequence[Member]) -> None:
    """After everything else of the batch was written."""
    await w.execute(
        _REMEMBER,
        w.company_id,
        import_id,
        [member.id for member in members],
        [member.touched for member in members],
        [_json(member.before) for member in members],
        [_json(member.after) for member in members],
        [" ".join(map(str, member.tags)) or None for member in members],
        [" ".join(f"{kind}:{value}" for kind, value in member.addresses) or None for member in members],
    )


def _json(facts: Facts) -> str | None:
    return msgspec.json.encode(facts).decode() if facts else None
