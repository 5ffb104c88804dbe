"""Whom a campaign wrote to lately, or is about to. What surely failed, and what the simulator sent, reached nobody."""

from collections.abc import Sequence
from uuid import UUID

from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed
from db.work import Work

_LATELY = f"""exists (select from message r where r.company_id = {{company}} and r.contact_id = {{contact}} and r.campaign_id <> all({{own}})
        and (r.state in ({M.SENT}, {M.DELIVERED}, {M.READ}) and r.sent_at > now() - make_interval(days => {{days}})
            or r.state = {M.FAILED_UNKNOWN} and coalesce(r.sent_at, r.done_at) > now() - make_interval(days => {{days}})
            or r.state in ({M.SENDING}, {M.UNKNOWN}){{waiting}}){{real}})"""
# It goes by itself: one that somebody paused goes when they say so, and is asked about then.
_WAITING = f"""
            or r.state = {M.QUEUED} and exists (select from campaign w where w.company_id = {{company}} and w.id = r.campaign_id
                and (w.state = 'running' or w.state = 'paused' and w.resume_at is not null))"""
_REAL = """
        and not exists (select from channel s where s.company_id = {company} and s.id = r.channel_id and s.sandbox)"""
_HOLD = "select pg_advisory_xact_lock{}(hashtext('contacted'), hashtext($1::uuid::text))"


def lately(*, company: str, contact: str, days: str, own: str, rehearsal: bool, waiting: bool) -> str:
    """SQL, of placeholders: whether another campaign than these (`own`, uuid[]) wrote to the person within so many days, or may have. `waiting`: or has
    a message to them in its queue. On the simulator (`rehearsal`) what it sent itself counts too."""
    return _LATELY.format(
        company=company,
        contact=contact,
        days=days,
        own=own,
        waiting=_WAITING.format(company=company) if waiting else "",
        real="" if rehearsal else _REAL.format(company=company),
    )


async def hold(w: Work, *, asks: bool) -> None:
    """While an audience is written. One that leaves out who got another campaign (`asks`) is written beside no other of the company, so that each of two
    that begin at one moment is seen by the other."""
    await w.execute("set local statement_timeout = '590s'")
    await w.execute(_HOLD.format("" if asks else "_shared"), w.company_id)


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
