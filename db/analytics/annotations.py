"""What happened on the days of figures: campaigns that started, prices that changed, and what somebody wrote down."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from db.analytics.enums import AnnotationKind
from db.analytics.period import period
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

MOST = 200
"""Of a period, the newest."""

_FOUND = f"""
select * from (
    select a.id, a.day, 'written' as kind, a.body, null::uuid as campaign_id, u.name as by_name from annotation a left join account_user u on u.id = a.by_id
    where a.company_id = $1 and a.day between $2 and $3
    union all
    select c.id, (c.started_at at time zone $6)::date, 'campaign', c.name, c.id, null from campaign c
    where $7 and c.company_id = $1 and c.started_at >= $4 and c.started_at < $5 and c.cadence_id is null and c.fallback_of is null
    union all
    select s.id, s.valid_from, 'price', concat_ws(' · ', s.kind, nullif(s.country, ''), s.category), null, null from send_rate s
    where $7 and s.company_id = $1 and s.valid_from between $2 and $3
) n order by n.day desc, n.kind, n.id desc limit {MOST}
"""
_ADD = "insert into annotation(company_id, day, body, by_id) values ($1, $2, $3, $4) returning id"


class Annotation(NamedTuple):
    """`body`: what was written, the campaign's name, or whose price changed. `id`: of what was written, of the campaign or of the price."""

    id: UUID
    day: date
    kind: AnnotationKind
    body: str
    campaign_id: UUID | None
    by_name: str | None


async def annotations(actor: Actor, first: date | None, last: date | None) -> list[Annotation]:
    """The newest day first. Campaigns and prices for who may read campaigns. Raises Forbidden, Invalid."""
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        sends = Permission.CAMPAIGNS_READ in actor.permissions
        rows = await r.fetch(_FOUND, actor.company_id, of.first, of.last, of.begins, of.ends, of.zone, sends)
        return [Annotation(**{**row, "kind": AnnotationKind(row["kind"])}) for row in rows]


async def annotate(actor: Actor, day: date, body: str) -> Annotation:
    """Raises Forbidden, Invalid."""
    text = body.replace("\0", "").strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("body")])
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        by = actor.id if actor.kind == "user" else None
        added: UUID = await w.fetchval(_ADD, w.company_id, day, text, by)
        w.audit("annotation.added", added)
        name = await w.fetchval("select name from account_user where id = $1", by) if by else None
        return Annotation(added, day, AnnotationKind.WRITTEN, text, None, name)


async def forget(actor: Actor, annotation_id: UUID) -> None:
    """Raises Forbidden, NotFound."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        if not await w.execute("delete from annotation where company_id = $1 and id = $2", w.company_id, annotation_id):
            raise RequestError.NOT_FOUND(what="annotation")
        w.audit("annotation.deleted", annotation_id)
