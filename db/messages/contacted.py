"""Whom another campaign wrote to lately, or is about to; who was reached at all is told by `reached.py`."""

from collections.abc import Sequence
from uuid import UUID

from db.messages import reached
from db.messages.enums import MessageState as M
from db.messages.enums import SkipReason
from db.messages.ledger import Claimed
from db.work import Read, Work

_LATELY = """exists (select from message r where r.company_id = {company} and r.contact_id = {contact} and r.campaign_id <> all({own})
        and ({reached}{waiting}){real})"""
# It goes by itself: one that somebody paused goes when they say so, and is asked about then.
_WAITING = f"""
            or r.state = {M.QUEUED} and exists (select from campaign w where w.company_id = {{company}} and w.id = r.campaign_id
                and (w.state = 'running' or w.state = 'paused' and w.resume_at is not null))"""
_REAL = """
        and not exists (select from channel s where s.company_id = {company} and s.id = r.channel_id and s.sandbox)"""
_STARTED = "select id from campaign where company_id = $1 and id <> $2 and started_at is not null and cadence_id is null and fallback_of is null"
# Messages of a campaign stand together by their keys.
_SKIP = f"""
update message m set state = {M.SKIPPED}, reason = '{SkipReason.RECENTLY_MESSAGED}', done_at = now()
where m.company_id = $1 and m.dedupe_key > $2::uuid || ':' and m.dedupe_key < $2::uuid || ';' and m.queued and m.contact_id in (
    select o.contact_id from unnest($3::uuid[]) n(id) join message o on o.company_id = $1 and o.dedupe_key > n.id || ':' and o.dedupe_key < n.id || ';'
    where o.state not in ({M.SKIPPED}, {M.CANCELLED})) and {{lately}}
"""


def lately(*, company: str, contact: str, days: str, own: str, rehearsal: bool, waiting: bool) -> str:
    """SQL, of placeholders: whether another campaign than these (`own`, uuid[]) wrote to the person within so many days, or may have. `waiting`: or has
    a message to them in its queue. On the simulator (`rehearsal`) what it sent itself counts too."""
    return _LATELY.format(
        company=company,
        contact=contact,
        reached=reached.one("r", f"now() - make_interval(days => {days})"),
        own=own,
        waiting=_WAITING.format(company=company) if waiting else "",
        real="" if rehearsal else _REAL.format(company=company),
    )


async def started(r: Read, campaign_id: UUID) -> list[UUID]:
    """The company's other campaigns whose audience is written, as this transaction sees it by now."""
    assert r.actor is not None
    return [row["id"] for row in await r.fetch(_STARTED, r.actor.company_id, campaign_id)]


async def skip_late(w: Work, campaign_id: UUID, before: Sequence[UUID], days: int, *, rehearsal: bool) -> int:
    """Skips whoever is in an audience that was written beside this one: those `before` were there when it began. Of two that begin at one moment the one that
    comes here second sees the other; `consent.hold` keeps them apart until they commit. Returns how many."""
    beside = sorted(set(await started(w, campaign_id)) - set(before))
    if not beside:
        return 0
    recent = lately(company="$1", contact="m.contact_id", days="$5::int", own="$4::uuid[]", rehearsal=rehearsal, waiting=True)
    return await w.execute(_SKIP.format(lately=recent), w.company_id, campaign_id, beside, [campaign_id], days)


async def among(w: Work, campaign_id: UUID, days: int, batch: Sequence[Claimed], *, rehearsal: bool) -> set[UUID]:
    """Those of these messages whose person another campaign wrote to meanwhile. The campaign that this one goes in place of, or that goes in its
    place, is none."""
    recent = lately(company="$1", contact="m.contact_id", days="$4::int", own="$3::uuid[]", rehearsal=rehearsal, waiting=False)
    own = await w.fetch(
        "select k.id from campaign k join campaign c on c.company_id = $1 and c.id = $2"
        " where k.company_id = $1 and (k.id in (c.id, c.fallback_of) or k.fallback_of = c.id)",
        w.company_id, campaign_id,
    )  # fmt: skip
    rows = await w.fetch(
        f"select m.id from message m where m.company_id = $1 and m.id = any($2::uuid[]) and {recent}",
        w.company_id, [one.message_id for one in batch], [row["id"] for row in own], days,
    )  # fmt: skip
    return {row["id"] for row in rows}
