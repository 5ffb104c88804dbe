"""How near a number is to being blocked, as points with their reasons, and how much slower it writes for that.

The platform publishes nothing: the shares and their points are practice, written down in one table. The figures are those that the reports
have (`db/stats`), so that who looks at both sees the same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.channels.enums import NoticeCode
from db.channels.events import ChannelChanged
from db.clock import now
from db.ids import first_of
from db.permissions import Permission
from db.qr.enums import HealthPart
from db.stats.metrics import Metric
from db.tenancy import worker
from db.work import Read, system_read, work

P = HealthPart
ENOUGH = 20
"""Of which a share is taken at least."""
WEEK, LONG = timedelta(days=7), timedelta(days=14)
FINE, WORRYING = 70, 40
"""From the first on it writes at its own pace; below the second to nobody new."""


class Share(NamedTuple):
    """`worst_first`: (from this share on, points); of replies it is below."""

    part: HealthPart
    steps: tuple[tuple[float, int], ...]
    below: bool = False


SHARES = (
    Share(P.FEW_REPLIES, ((0.05, 40), (0.15, 20), (0.30, 8)), below=True),
    Share(P.FAILURES, ((0.30, 25), (0.10, 12))),
    Share(P.UNKNOWN_NUMBERS, ((0.10, 15), (0.03, 7))),
    Share(P.STOPS, ((0.03, 25), (0.01, 12))),
    Share(P.QUOTA, ((1.0, 20), (0.8, 10))),
)
YOUNG = ((3, 15), (7, 8), (14, 4))
"""Days of age below which it has so many points."""
RESTRICTED, BANNED = 35, 50
"""Within a week, and within a month."""


class Point(msgspec.Struct, frozen=True):
    """Why some points are missing. `share`: of what the part says, where it is one."""

    part: HealthPart
    points: int
    share: float | None = None


class Facts(NamedTuple):
    """Of the last seven days; replies of the last fourteen."""

    age: timedelta | None
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    stopped: int = 0
    asked: int = 0  # messages of campaigns
    replied: int = 0
    quota_total: int | None = None
    quota_used: int | None = None
    restricted: bool = False
    banned: bool = False


def points(facts: Facts) -> list[Point]:
    """What speaks against it, the worst first."""
    found: list[Point] = []
    tried = facts.sent + facts.failed
    shares = {
        P.FEW_REPLIES: _share(facts.replied, facts.asked),
        P.FAILURES: _share(facts.failed, tried),
        P.UNKNOWN_NUMBERS: _share(facts.unknown, tried),
        P.STOPS: _share(facts.stopped, facts.sent),
        P.QUOTA: (facts.quota_used or 0) / facts.quota_total if facts.quota_total else None,
    }
    for one in SHARES:
        share = shares[one.part]
        if share is None:
            continue
        hit = next((step for step in one.steps if (share < step[0] if one.below else share >= step[0])), None)
        if hit is not None:
            found.append(Point(one.part, hit[1], round(share, 4)))
    age = facts.age or timedelta()
    young = next((few for days, few in YOUNG if age < timedelta(days=days)), 0)
    found += [Point(P.YOUNG, young)] if young else []
    found += [Point(P.RESTRICTED, RESTRICTED)] if facts.restricted else []
    found += [Point(P.BANNED, BANNED)] if facts.banned else []
    return sorted(found, key=lambda one: -one.points)


def _share(counted: int, of: int) -> float | None:
    return counted / of if of >= ENOUGH else None


def score(found: Sequence[Point]) -> int:
    """100 is best."""
    return max(0, 100 - sum(one.points for one in found))


def slower(known: int | None) -> float:
    """By how much longer it waits between two messages."""
    if known is None or known >= FINE:
        return 1.0
    return 2.0 if known >= WORRYING else 4.0


def fewer(known: int | None) -> float:
    """The part of the new people of a day to whom it may write."""
    if known is None or known >= FINE:
        return 1.0
    return 0.5 if known >= WORRYING else 0.0


_COUNTED = f"""
select coalesce(sum(n) filter (where metric = {Metric.SENT} and bucket >= $3), 0)::int as sent,
    coalesce(sum(n) filter (where metric = {Metric.FAILED} and bucket >= $3), 0)::int as failed,
    coalesce(sum(n) filter (where metric = {Metric.SENT} and dim2 = 0), 0)::int as asked,
    coalesce(sum(n) filter (where metric = {Metric.REPLIED} and dim2 = 0), 0)::int as replied
from stat_hour where company_id = $1 and dim1 = $2 and metric in ({Metric.SENT}, {Metric.FAILED}, {Metric.REPLIED}) and bucket >= $4
"""
_UNKNOWN = """
select count(*)::int from attempt a join message m on m.company_id = $1 and m.id = a.message_id and m.reason = 'not_on_whatsapp'
where a.company_id = $1 and a.channel_id = $2 and a.id >= $3 and a.detail is not null
"""
_STOPPED = """
select count(*)::int from consent_entry e join inbound_message i on i.company_id = $1 and i.id = e.message_id and i.channel_id = $2
where e.company_id = $1 and e.id >= $3 and not e.allowed and e.source in ('keyword', 'provider')
"""
_SIGNS = f"""
select s.first_open_at, s.quota_total, s.quota_used, coalesce(s.restricted_until > $3, false) or exists (select from channel_notice n
        where n.company_id = $1 and n.channel_id = $2 and n.code = '{NoticeCode.SESSION_RESTRICTED.value}' and n.at > $3) as restricted,
    exists (select from channel_notice n where n.company_id = $1 and n.channel_id = $2 and n.code = '{NoticeCode.SESSION_BANNED.value}'
        and n.at > now() - interval '30 days') as banned
from qr_session s where s.company_id = $1 and s.id = $2
"""


async def facts(r: Read, company_id: UUID, channel_id: UUID) -> Facts | None:
    """None where there is no such session."""
    at: datetime = now()
    signs = await r.fetchrow(_SIGNS, company_id, channel_id, at - WEEK)
    if signs is None:
        return None
    counted = await r.fetchrow(_COUNTED, company_id, channel_id, at - WEEK, at - LONG)
    assert counted is not None
    first = first_of(at - WEEK)
    return Facts(
        age=at - signs["first_open_at"] if signs["first_open_at"] else None,
        unknown=await r.fetchval(_UNKNOWN, company_id, channel_id, first),
        stopped=await r.fetchval(_STOPPED, company_id, channel_id, first),
        quota_total=signs["quota_total"], quota_used=signs["quota_used"], restricted=signs["restricted"], banned=signs["banned"], **counted,
    )  # fmt: skip


async def look() -> int:
    """One round over the sessions that were ever open: keeps their scores. Returns how many changed."""
    async with system_read() as s:
        rows = await s.fetch("select company_id, id from qr_session where first_open_at is not null and wa_jid is not null")
    return sum([await keep(row["company_id"], row["id"]) for row in rows])


async def keep(company_id: UUID, channel_id: UUID) -> bool:
    """Whether its score changed."""
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        known = await facts(w, company_id, channel_id)
        if known is None:
            return False
        found = points(known)
        changed = await w.fetchval(
            "update qr_session set score = $3, score_parts = $4::jsonb where company_id = $1 and id = $2"
            " and (score, score_parts) is distinct from ($3::smallint, $4::jsonb) returning old.score is distinct from new.score",
            company_id,
            channel_id,
            score(found),
            msgspec.json.encode(found).decode(),
        )
        if changed:
            w.emit(ChannelChanged(channel_id=channel_id))
    return bool(changed)
