"""What brought leads: for each ad, campaign and template, how many leads its people became, how many were won, and what that cost.

A lead belongs to the ad or campaign that its contact answered: the first one ever, or the newest before the lead was made. It is counted
on the day on which it came onto a board, as won whenever that was. What is counted are rows, not roll-ups: a company has few leads beside
its messages.
"""

from collections import Counter, defaultdict
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics.enums import Comparison, OriginKind, WhichTouch
from db.analytics.people import of_team
from db.analytics.period import Period, period
from db.costs.ledger import Spent, spent
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 200


class Worth(NamedTuple):
    currency: str
    cents: int


class Origin(NamedTuple):
    """`key`: the ad's id at its network, or the id of the campaign or template; of NONE it is empty. `spent`: what the campaign has cost in all."""

    kind: OriginKind
    key: str
    name: str
    leads: int
    won: int
    worth: list[Worth]
    spent: list[Spent]


class Origins(NamedTuple):
    """Each list adds up to `leads` and `won`, of which NONE are those that nothing brought; `before`: as many in the period before."""

    period: Period
    leads: int
    won: int
    leads_before: int
    won_before: int
    ads: list[Origin]
    campaigns: list[Origin]
    templates: list[Origin]


# The conversation of the lead, else the newest one with its contact; `touch`: the one that counts.
_LEADS = f"""
with came as (
    select s.id, s.lead_id, s.board_id, s.entered_at, l.title, l.value_cents, l.owner_id, exists (
        select from lead_stay w join stage_ever e on e.company_id = $1 and e.stage_id = w.stage_id
        where w.company_id = $1 and w.lead_id = s.lead_id and w.board_id = s.board_id and e.kind = 'won') as won, v.touch
    from lead_stay s join lead l on l.company_id = $1 and l.id = s.lead_id
    left join lateral (
        select case when $4 = 'last' and (c.last_touch->>'at')::timestamptz <= s.entered_at then c.last_touch else c.first_touch end as touch
        from conversation c where c.company_id = $1 and (c.id = l.conversation_id or l.conversation_id is null and c.contact_id = l.contact_id)
            and (c.first_touch->>'at')::timestamptz <= s.entered_at
        order by case when $4 = 'last' then null else (c.first_touch->>'at') end, c.last_touch->>'at' desc limit 1) v on true
    where s.company_id = $1 and s.began and s.entered_at >= $2 and s.entered_at < $3 and ($5::text is null or $5 = any(l.tags))
        and ($6::uuid is null or exists (
            select from conversation o where o.company_id = $1 and o.id = l.conversation_id and {of_team("o.team_id", "$6")}))
), placed as (
    select came.*, (touch->>'campaign_id')::uuid as campaign_id,
        coalesce(touch->'referral'->>'source_id', touch->'referral'->>'source_url', touch->'referral'->>'ctwa_clid') as ad,
        touch->'referral'->>'headline' as headline
    from came
)
"""
_SUMS = (
    _LEADS
    + """
select p.campaign_id, k.template_id, p.ad, max(p.headline) as headline, b.currency, count(*)::int as leads, count(*) filter (where p.won)::int as won,
    coalesce(sum(p.value_cents) filter (where p.won), 0)::bigint as cents
from placed p join board b on b.company_id = $1 and b.id = p.board_id left join campaign k on k.company_id = $1 and k.id = p.campaign_id
group by p.campaign_id, k.template_id, p.ad, b.currency
"""
)
_TOTAL = f"{_LEADS} select count(*)::int as leads, count(*) filter (where won)::int as won from came"
_STARTED = """
select id from campaign where company_id = $1 and started_at >= $2 and started_at < $3 and cadence_id is null and fallback_of is null
order by started_at desc limit 200
"""
_CAMPAIGNS = "select id, name, template_id from campaign where company_id = $1 and id = any($2::uuid[])"
_TEMPLATES = "select id, name from template where company_id = $1 and id = any($2::uuid[])"


class _Sums:
    def __init__(self) -> None:
        self.leads, self.won, self.name = 0, 0, ""
        self.worth, self.campaigns = Counter[str](), set[UUID]()

    def add(self, row: asyncpg.Record) -> None:
        self.leads += row["leads"]
        self.won += row["won"]
        self.worth[row["currency"]] += row["cents"]


def _origin(kind: OriginKind, key: str, one: _Sums, name: str, money: list[Spent]) -> Origin:
    worth = [Worth(currency, cents) for currency, cents in one.worth.most_common() if cents]
    return Origin(OriginKind.NONE if not key else kind, key, name, one.leads, one.won, worth, money)


def _added(found: list[list[Spent]]) -> list[Spent]:
    sums: dict[str | None, Spent] = {}
    for one in (one for each in found for one in each):
        was = sums.get(one.currency, Spent(one.currency, 0, 0, 0, 0))
        sums[one.currency] = Spent(one.currency, *(a + b for a, b in zip(was[1:], one[1:], strict=True)))
    return sorted(sums.values(), key=lambda one: -one.amount)


class OriginWhere(NamedTuple):
    """Only leads like these, as they are now. `team_id`: of their conversation."""

    tag: str | None = None
    team_id: UUID | None = None


async def origins(
    actor: Actor,
    first: date | None,
    last: date | None,
    touch: WhichTouch,
    where: OriginWhere = OriginWhere(),
    beside: Comparison = Comparison.PREVIOUS,
) -> Origins:
    """The 200 of each kind that brought most; campaigns that started in the period are there also where they brought nobody.
    Raises Forbidden, Invalid."""
    actor.require(Permission.BOARDS_READ)
    actor.require(Permission.CAMPAIGNS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last, beside)
        rows = await r.fetch(_SUMS, actor.company_id, of.begins, of.ends, touch.value, *where)
        earlier = await r.fetchrow(_TOTAL, actor.company_id, of.before.begins, of.before.ends, touch.value, *where)
        assert earlier is not None
        started = [row["id"] for row in await r.fetch(_STARTED, actor.company_id, of.begins, of.ends)]
        ids = list({*started, *(row["campaign_id"] for row in rows if row["campaign_id"])})
        named = {row["id"]: row for row in await r.fetch(_CAMPAIGNS, actor.company_id, ids)}
        used = list({row["template_id"] for row in named.values() if row["template_id"]})
        templates = {row["id"]: row["name"] for row in await r.fetch(_TEMPLATES, actor.company_id, used)}
        money = await spent(r, actor.company_id, list(named))
    ads, campaigns, of_templates = (defaultdict[str, _Sums](_Sums) for _ in range(3))
    for row in rows:
        ads[row["ad"] or ""].add(row)
        ads[row["ad"] or ""].name = row["headline"] or row["ad"] or ""
        campaigns[str(row["campaign_id"] or "")].add(row)
        of_templates[str(row["template_id"] or "")].add(row)
    for key, one in named.items():
        campaigns[str(key)].campaigns.add(key)
        if one["template_id"]:
            of_templates[str(one["template_id"])].campaigns.add(key)
    called = {**{str(key): one["name"] for key, one in named.items()}, **{str(key): name for key, name in templates.items()}}

    def listed(kind: OriginKind, found: dict[str, _Sums]) -> list[Origin]:
        made = [
            _origin(kind, key, one, one.name or called.get(key, ""), _added([money[campaign] for campaign in one.campaigns]))
            for key, one in found.items()
        ]
        return sorted(made, key=lambda one: (one.key == "", -one.leads, one.name, one.key))[:MOST]

    everything = list(ads.values())
    return Origins(
        of,
        sum(one.leads for one in everything),
        sum(one.won for one in everything),
        earlier["leads"],
        earlier["won"],
        listed(OriginKind.AD, ads),
        listed(OriginKind.CAMPAIGN, campaigns),
        listed(OriginKind.TEMPLATE, of_templates),
    )


class Brought(NamedTuple):
    """A lead that an ad, a campaign or a template brought."""

    id: UUID
    lead_id: UUID
    board_id: UUID
    title: str
    owner_name: str | None
    at: datetime
    won: bool
    value_cents: int | None
    currency: str


_WHICH = """
from placed p left join campaign k on k.company_id = $1 and k.id = p.campaign_id
where case $7 when 'ad' then coalesce(p.ad, '') when 'campaign' then coalesce(p.campaign_id::text, '') else coalesce(k.template_id::text, '') end = $8
    and (not $9 or p.won)
"""
_ROWS = f"""{_LEADS}
select n.id, n.lead_id, n.board_id, n.title, u.name as owner_name, n.entered_at as at, n.won, n.value_cents, b.currency from (
    select p.* {_WHICH} and ($10::timestamptz is null or (p.entered_at, p.id) < ($10, $11)) order by p.entered_at desc, p.id desc limit $12) n
join board b on b.company_id = $1 and b.id = n.board_id left join account_user u on u.id = n.owner_id order by n.entered_at desc, n.id desc
"""


async def rows(
    actor: Actor,
    first: date | None,
    last: date | None,
    touch: WhichTouch,
    kind: OriginKind,
    key: str,
    where: OriginWhere = OriginWhere(),
    *,
    won: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[Brought], int]:
    """The leads behind a figure, newest first, and how many there are. An empty `key`: those that none of this kind brought. Raises Forbidden,
    Invalid."""
    actor.require(Permission.BOARDS_READ)
    actor.require(Permission.CAMPAIGNS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        args = (actor.company_id, of.begins, of.ends, touch.value, *where, kind.value, key, won)
        found = await r.fetch(_ROWS, *args, *(after or (None, None)), limit)
        total: int = await r.fetchval(f"{_LEADS} select count(*) {_WHICH}", *args)
        return [Brought(*row) for row in found], total
