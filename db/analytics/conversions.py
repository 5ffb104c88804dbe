"""Leads that an ad brought are told to the ad's network, with the person's consent and once: noticed from durable events, kept as rows, claimed before
the first byte goes out. What may have been told is told again under the same id, by which the network counts it once (docs/decisions)."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import event_consumers, versions
from db.analytics.enums import ConversionConsent, ConversionKind, ConversionReason, ConversionState
from db.analytics.errors import ConversionField
from db.boards.events import LeadChanged
from db.clock import now
from db.errors import RequestError
from db.event_consumers import Batch
from db.jobs import TellConversion
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected
from db.work import Read, Work, read, work

CONSUMER = "conversions"
OLDEST = timedelta(days=7)
"""What happened earlier is not taken by the network."""
PATIENCE = timedelta(hours=47)
"""So long the network knows an id again (48 hours); later nothing is repeated."""
_SETTING = "select active, dataset_id, consent, leads, won, worth, version from conversion_setting where company_id = $1"
_SET = """
insert into conversion_setting(company_id, active, dataset_id, consent, leads, won, worth, since) values ($1, $2, $3, $4, $5, $6, $7, case when $2 then now() end)
on conflict (company_id) do update set active = excluded.active, dataset_id = excluded.dataset_id, consent = excluded.consent, leads = excluded.leads,
    won = excluded.won, worth = excluded.worth, version = conversion_setting.version + 1,
    since = case when not excluded.active then null else coalesce(conversion_setting.since, now()) end
"""
# The click that came last before the lead.
_CLICK = """
select c.channel_id, t.touch->'referral'->>'ctwa_clid' as click, c.contact_id from conversation c cross join lateral (values (c.last_touch), (c.first_touch)) t(touch)
where c.company_id = $1 and (c.id = l.conversation_id or l.conversation_id is null and c.contact_id = l.contact_id)
    and t.touch->'referral'->>'ctwa_clid' <> '' and (t.touch->>'at')::timestamptz <= s.entered_at
order by (t.touch->>'at')::timestamptz desc limit 1
"""
_CAME = (
    "select s.entered_at from lead_stay s where s.company_id = $1 and s.lead_id = l.id and s.began order by s.entered_at limit 1"
)
_WON = """
select w.entered_at from lead_stay w join stage_ever e on e.company_id = $1 and e.stage_id = w.stage_id
where w.company_id = $1 and w.lead_id = l.id and e.kind = 'won' order by w.entered_at limit 1
"""
_NOTICE = f"""
insert into conversion(company_id, lead_id, kind, happened_at)
select $1, l.id, k.kind, k.at from conversion_setting g join lead l on l.company_id = $1 and l.id = any($2::uuid[])
join lateral ({_CAME}) s on true join lateral ({_CLICK}) v on true left join lateral ({_WON}) w on true
cross join lateral (values ('lead', s.entered_at, g.leads), ('won', w.entered_at, g.won)) k(kind, at, wanted)
where g.company_id = $1 and g.active and k.wanted and k.at >= g.since order by l.id, k.kind
on conflict (company_id, lead_id, kind) do nothing returning id
"""
_LATELY = "select id from lead where company_id = $1 and created_at > now() - interval '7 days'"
_ONE = f"""
select n.kind, n.happened_at, n.state, n.first_try_at, v.channel_id, v.click, g.active, g.dataset_id, g.worth, g.consent, l.value_cents, b.currency,
    p.opted_out_at is null and not 'marketing' = any(p.refuses) as not_refused,
    coalesce((select y.allowed from consent_entry y where y.company_id = $1 and y.contact_id = v.contact_id and (y.category is null or y.category = 'marketing')
        order by y.at desc, y.id desc limit 1), false) as said_yes
from conversion n left join conversion_setting g on g.company_id = $1 left join lead l on l.company_id = $1 and l.id = n.lead_id
left join board b on b.company_id = $1 and b.id = l.board_id left join lateral ({_CAME}) s on true left join lateral ({_CLICK}) v on true
left join contact p on p.company_id = $1 and p.id = v.contact_id where n.company_id = $1 and n.id = $2
"""
_CLAIM = """
update conversion set state = 'sending', first_try_at = coalesce(first_try_at, now())
where company_id = $1 and id = $2 and state in ('waiting', 'sending', 'unknown') returning true
"""
_END = """
update conversion set state = $3, reason = $4, detail = $5, ended_at = case when $3 in ('told', 'skipped', 'failed') then now() end
where company_id = $1 and id = $2 and state in ('waiting', 'sending', 'unknown')
"""
_LIST = """
select n.id, n.lead_id, l.title, n.kind, n.happened_at, n.state, n.reason, n.detail, n.ended_at from conversion n
left join lead l on l.company_id = $1 and l.id = n.lead_id
where n.company_id = $1 and ($2::text is null or n.state = $2) and ($3::uuid is null or n.id < $3) order by n.id desc limit $4
"""


class Setting(NamedTuple):
    """`version` 0: nobody set it yet."""

    active: bool = False
    dataset_id: str = ""
    consent: ConversionConsent = ConversionConsent.SAID_YES
    leads: bool = True
    won: bool = True
    worth: bool = False
    version: int = 0


class ToTell(NamedTuple):
    """One event as it is to be told. `cents`: None where its worth is not told."""

    channel_id: UUID
    dataset_id: str
    click: str
    kind: ConversionKind
    at: datetime
    cents: int | None
    currency: str


class Told(NamedTuple):
    id: UUID
    lead_id: UUID
    title: str | None
    kind: ConversionKind
    happened_at: datetime
    state: ConversionState
    reason: ConversionReason | None
    detail: str | None
    ended_at: datetime | None


async def _setting(r: Read, company_id: UUID) -> Setting:
    row = await r.fetchrow(_SETTING, company_id)
    return Setting() if row is None else Setting(**{**row, "consent": ConversionConsent(row["consent"])})


async def setting(actor: Actor) -> Setting:
    """Raises Forbidden."""
    async with read(actor, Permission.INTEGRATIONS_READ) as r:
        return await _setting(r, actor.company_id)


async def change(actor: Actor, given: Setting, expected: Expected = None) -> Setting:
    """All of it but the version. Once switched on it tells of what happens from then on. Raises Forbidden, Invalid, PreconditionFailed."""
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        await w.execute("select pg_advisory_xact_lock(hashtextextended('conversions:' || $1::text, 0))", str(w.company_id))
        versions.check((await _setting(w, w.company_id)).version, expected)
        if given.active and not (given.dataset_id.isascii() and given.dataset_id.isdecimal()):
            raise RequestError.INVALID(fields=[ConversionField.DATASET("dataset_id")])
        await w.execute(_SET, w.company_id, *given[:-1])
        if given.active:
            await event_consumers.subscribe(w, CONSUMER, [LeadChanged])
        else:
            await event_consumers.unsubscribe(w, CONSUMER)
        w.audit("conversions.set", active=given.active, consent=given.consent.value)
        return await _setting(w, w.company_id)


async def heard(w: Work, subject: str, batch: Batch) -> None:
    """The reader of `conversions` (`workers/event_consumers.py`): a row and a job for each thing that is to be told, once."""
    leads = {msgspec.json.decode(one.data, type=dict[str, object]).get("lead_id") for one in batch.events}
    found = [UUID(str(one)) for one in leads if one]
    if batch.missed:
        found += [row["id"] for row in await w.fetch(_LATELY, w.company_id)]
    for row in await w.fetch(_NOTICE, w.company_id, found):
        w.enqueue(TellConversion(conversion_id=row["id"]))


async def begin(company_id: UUID, conversion_id: UUID) -> ToTell | None:
    """Decides about it and claims it, before the first byte goes out; None: there is nothing to tell, and the row says why."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        row = await w.fetchrow(_ONE, company_id, conversion_id)
        if row is None or row["state"] not in ("waiting", "sending", "unknown"):
            return None
        reason = None
        if not row["active"]:
            reason = ConversionReason.OFF
        elif row["click"] is None or row["currency"] is None:
            reason = ConversionReason.GONE
        elif not row["not_refused"] or (row["consent"] == ConversionConsent.SAID_YES and not row["said_yes"]):
            reason = ConversionReason.NO_CONSENT
        elif row["first_try_at"] is None and row["happened_at"] < now() - OLDEST:
            reason = ConversionReason.TOO_OLD
        elif row["first_try_at"] is not None and row["first_try_at"] < now() - PATIENCE:
            await _end(w, conversion_id, ConversionState.FAILED, ConversionReason.NO_ANSWER)
            return None
        if reason is not None:
            await _end(w, conversion_id, ConversionState.SKIPPED, reason)
            return None
        if not await w.fetchval(_CLAIM, company_id, conversion_id):
            return None
        kind = ConversionKind(row["kind"])
        cents = row["value_cents"] if row["worth"] and kind is ConversionKind.WON else None
        return ToTell(row["channel_id"], row["dataset_id"], row["click"], kind, row["happened_at"], cents, row["currency"])


async def settle(
    company_id: UUID,
    conversion_id: UUID,
    state: ConversionState,
    reason: ConversionReason | None = None,
    detail: str | None = None,
) -> None:
    """What came of it. WAITING: it surely was not told; UNKNOWN: it may have been."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await _end(w, conversion_id, state, reason, detail)


async def _end(
    w: Work, conversion_id: UUID, state: ConversionState, reason: ConversionReason | None, detail: str | None = None
) -> None:
    await w.execute(_END, w.company_id, conversion_id, state, reason, detail)
    if state is ConversionState.TOLD:
        w.audit("conversions.told", conversion_id)


async def told(actor: Actor, state: ConversionState | None, after: UUID | None, limit: int) -> list[Told]:
    """The newest first. Raises Forbidden."""
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.INTEGRATIONS_READ) as r:
        rows = await r.fetch(_LIST, actor.company_id, state, after, limit)
    return [
        Told(**{
            **row, "kind": ConversionKind(row["kind"]), "state": ConversionState(row["state"]),
            "reason": ConversionReason(row["reason"]) if row["reason"] else None,
        })
        for row in rows
    ]  # fmt: skip
