"""What is held after a restore, a copy or a failover, and a person's decision on it: continue or discard (decision 13).

db/installation.py finds the reason and holds; only a person ends it, item by item.
"""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from db import queue
from db.accounts import mails
from db.campaigns import held as held_campaigns
from db.campaigns.enums import CampaignState
from db.errors import RequestError
from db.holds.enums import HoldCause, HoldDecision, HoldKind
from db.holds.errors import HoldError
from db.holds.events import HoldChanged
from db.ids import uuid7
from db.jobs import SendMail
from db.messages import held as held_messages
from db.messages import lost
from db.messages.enums import MessageState as M
from db.messages.lost import Forgotten
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.witness import Claim, Slice
from db.work import Work, system_read, work

_PENDING = f"""
select company_id from campaign where state in ('scheduled', 'preparing', 'running', 'paused')
union select company_id from message where queued and campaign_id is null
union select company_id from message where lease_until is not null and state in ({M.SENDING}, {M.UNKNOWN}) and campaign_id is null and at_least_once
union select company_id from job where state in ('waiting', 'running')
"""
_ITEM = """
insert into held_item(company_id, hold_id, kind, subject_id, name, before, scheduled_at, waiting)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""


async def hold_everything(cause: HoldCause, since: datetime, generation: int) -> int:
    """Holds what every company was about to send. Harmless when repeated. Returns how many companies had something."""
    async with system_read() as s:
        companies = [row["company_id"] for row in await s.fetch(_PENDING)]
    return sum([await _hold(company_id, cause, since, generation) for company_id in companies])


async def _hold(
    company_id: UUID,
    cause: HoldCause,
    since: datetime,
    generation: int,
    campaigns: list[UUID] | None = None,
    jobs: list[UUID] | None = None,
) -> bool:
    """One company's part; with `campaigns` and `jobs`, nothing but these."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        hold_id = uuid7()
        items: list[tuple[object, ...]] = [
            (HoldKind.CAMPAIGN.value, row["id"], row["name"], row["before"], row["scheduled_at"], row["waiting"])
            for row in await held_campaigns.hold(w, campaigns)
        ]
        if campaigns is None:
            direct = await held_messages.hold(w, hold_id)
            names = {
                row["id"]: row["name"] for row in await w.fetch("select id, name from channel where company_id = $1", company_id)
            }
            items += [(HoldKind.DIRECT.value, channel, names.get(channel, ""), None, None, n) for channel, n in direct.items()]
        held = await queue.hold(w.connection, company_id, jobs)
        items += [(HoldKind.JOB.value, None, name, None, None, n) for name, n in held.items()]
        if not items:
            return False
        await w.execute(
            "insert into hold(company_id, id, generation, cause, since) values ($1, $2, $3, $4, $5)",
            company_id,
            hold_id,
            generation,
            cause.value,
            since,
        )
        for item in items:
            await w.execute(_ITEM, company_id, hold_id, *item)
        w.audit("hold.made", hold_id, cause=cause.value, since=since, items=len(items))
        w.emit(HoldChanged(hold_id=hold_id))
    return True


async def recover(slices: list[Slice], started: list[tuple[UUID, UUID]], since: datetime, generation: int) -> int:
    """Tells the ledger of claims that a failover lost: they may have been sent. A campaign that was planned or being prepared
    and sent already in the time that was lost is held, and jobs (company, job) that were started in it. Returns how many claims
    were lost."""
    companies: dict[UUID, dict[tuple[UUID, UUID | None], list[Claim]]] = defaultdict(lambda: defaultdict(list))
    for one in slices:
        companies[one.company_id][one.channel_id, one.campaign_id] += one.claims
    count = 0
    for company_id, queues in companies.items():
        async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
            for (channel_id, campaign_id), claims in queues.items():
                count += len(await lost.adopt(w, [Forgotten(c.attempt_id, c.message_id, c.epoch) for c in claims]))
                orphans = [(c.attempt_id, c.message_id, c.contact_id) for c in claims]
                count += await lost.keep_orphans(w, channel_id, campaign_id, orphans)
            again = await w.fetch(
                "select distinct k.id from lost_attempt l join campaign k on k.company_id = $1 and k.id = l.campaign_id"
                " where l.company_id = $1 and l.message_id is null and k.state in ('scheduled', 'preparing')",
                company_id,
            )
        if again:
            await _hold(company_id, HoldCause.FAILOVER, since, generation, [row["id"] for row in again], [])
    jobs: dict[UUID, list[UUID]] = defaultdict(list)
    for company_id, job_id in started:
        jobs[company_id].append(job_id)
    for company_id, ids in jobs.items():
        await _hold(company_id, HoldCause.FAILOVER, since, generation, [], ids)
    return count


async def decide(actor: Actor, hold_id: UUID, items: list[UUID], decision: HoldDecision) -> None:
    """Continues or discards the named items; nothing else moves. Raises NotFound, Conflict `already_decided`, Forbidden `test_key`: what is
    held goes out to real people."""
    if actor.test:
        raise RequestError.TEST_KEY()
    async with work(actor, Permission.COMPANY_WRITE) as w:
        row = await w.fetchrow("select id from hold where company_id = $1 and id = $2 for update", actor.company_id, hold_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="hold")
        found = await w.fetch(
            "select id, kind, subject_id, name, before, decision from held_item where company_id = $1 and hold_id = $2"
            " and id = any($3::uuid[]) for update",
            actor.company_id,
            hold_id,
            items,
        )
        if len(found) != len(set(items)):
            raise RequestError.NOT_FOUND(what="held_item")
        if any(item["decision"] is not None for item in found):
            raise HoldError.ALREADY_DECIDED()
        for item in found:
            await _act(w, hold_id, HoldKind(item["kind"]), item["subject_id"], item["name"], item["before"], decision)
        await w.execute(
            "update held_item set decision = $3, decided_at = now(), decided_by = $4 where company_id = $1 and id = any($2::uuid[])",
            actor.company_id,
            items,
            decision.value,
            actor.id if actor.kind == "user" else None,
        )
        await w.execute(
            "update hold h set ended_at = now() where company_id = $1 and id = $2 and not exists (select from held_item i"
            " where i.company_id = $1 and i.hold_id = $2 and i.decision is null)",
            actor.company_id,
            hold_id,
        )
        w.audit(f"hold.{decision.value}", hold_id, items=len(found))
        w.emit(HoldChanged(hold_id=hold_id))


async def _act(
    w: Work, hold_id: UUID, kind: HoldKind, subject_id: UUID, name: str, before: str | None, decision: HoldDecision
) -> None:
    go = decision is HoldDecision.CONTINUED
    match kind:
        case HoldKind.CAMPAIGN if go:
            await held_campaigns.release(w, subject_id, CampaignState(before or CampaignState.PAUSED))
        case HoldKind.CAMPAIGN:
            await held_campaigns.discard(w, subject_id)
        case HoldKind.DIRECT if go:
            await held_messages.release(w, hold_id, subject_id)
        case HoldKind.DIRECT:
            await held_messages.discard(w, hold_id, subject_id)
        case HoldKind.JOB if go:
            await queue.release(w.connection, w.company_id, name)
        case HoldKind.JOB:
            gone = await queue.discard(w.connection, w.company_id, name)
            await mails.forget_links(w, [job.mail_id for job in gone if isinstance(job, SendMail)])
