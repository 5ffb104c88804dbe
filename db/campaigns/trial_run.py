"""A test of texts while it runs: who gets which, when it is decided, and what it has told so far.

Decided once, under the lock of the campaign's row, by evidence or by a person: what waits becomes that text in the same transaction.
"""

from typing import Any
from uuid import UUID

import msgspec

from db import ids
from db.campaigns.announce import changed
from db.campaigns.enums import TrialBy, TrialMetric, TrialPhase, Unsure
from db.campaigns.errors import CampaignError, CampaignField
from db.campaigns.events import CampaignProgress
from db.campaigns.plan import plan_of
from db.campaigns.spread import lay_out
from db.campaigns.trial import LETTERS, Trial, trial_of
from db.campaigns.trials import LEAST, Arm, Verdict, verdicts, winner
from db.channels.enums import TemplateCategory
from db.clock import now
from db.errors import RequestError
from db.messages import render, variants
from db.messages.render import Content, TemplateContent, draw
from db.messages.variants import Counted
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor, worker
from db.work import Read, Work, read, system_read, work

_ROW = """
select k.state, k.trial::text as trial, k.content::text as content, k.contents::text as contents, k.settings::text as settings, k.trial_state,
    k.trial_queue, k.trial_due, k.trial_winner, k.trial_by, k.trial_at, k.created_by, c.kind from campaign k
left join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = $2 and k.cadence_id is null and k.fallback_of is null
"""
# While somebody of the test waits for the number, its hours have not begun.
_DUE = """
select k.company_id, k.id from campaign k where k.trial_state = 'testing' and k.state in ('running', 'paused') and k.trial->>'hours' is not null
    and case when k.trial_due is not null then k.trial_due <= now()
        else (select true from message m where m.queue_id = k.id and m.queued limit 1) is null end
"""


async def begin(w: Work, campaign_id: UUID, kind: str, trial: Trial, contents: list[Content]) -> None:
    """Once the audience is written, and before anything of it goes out."""
    rest = ids.uuid7()
    tested, waiting = await variants.split(
        w,
        campaign_id,
        contents,
        trial.shares,
        percent=trial.test_percent,
        rest=rest,
        by_segment=registry.provider(kind).capabilities.unit == "segment",
        goal=trial.goal,
    )
    state = TrialPhase.TESTING if waiting else TrialPhase.DECIDED
    await w.execute(
        "update campaign set trial_state = $3, trial_queue = $4 where company_id = $1 and id = $2",
        w.company_id, campaign_id, state.value, rest,
    )  # fmt: skip
    w.audit("campaign.test_started", campaign_id, people=tested, waiting=waiting)


async def join(w: Work, campaign_id: UUID, row: Any) -> None:
    """Somebody was put into a campaign that runs: they get what the others get who were not in the test."""
    contents = _contents(row["contents"])
    await variants.set_aside(w, campaign_id, row["trial_queue"])
    if row["trial_state"] == TrialPhase.DECIDED:
        by_segment = registry.provider(row["kind"]).capabilities.unit == "segment"
        await variants.become(w, campaign_id, row["trial_queue"], contents, row["trial_winner"] or 0, by_segment=by_segment)


async def settle() -> int:
    """Decides the tests whose time is over. Any number of workers may do it at once. Returns how many were decided."""
    async with system_read() as s:
        rows = await s.fetch(_DUE)
    return sum([await _settle(row["company_id"], row["id"]) for row in rows])


async def _settle(company_id: UUID, campaign_id: UUID) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(_ROW + " for update of k skip locked", company_id, campaign_id)
        if row is None or row["trial_state"] != TrialPhase.TESTING or row["state"] not in ("running", "paused"):
            return 0
        trial = trial_of(row["trial"])
        assert trial is not None
        assert trial.hours is not None
        if row["trial_due"] is None:
            await w.execute(
                "update campaign set trial_due = now() + make_interval(hours => $3) where company_id = $1 and id = $2",
                company_id, campaign_id, trial.hours,
            )  # fmt: skip
            await changed(w, campaign_id)
            return 0
        if row["trial_due"] > now():
            return 0
        arms = _arms(trial, await variants.figures(w, company_id, campaign_id, trial.goal))
        found, by = winner(arms), TrialBy.SURE
        if found is None and trial.unsure is Unsure.LEADING and any(arm.reached for arm in arms):
            told = verdicts(arms)
            found, by = max(range(len(told)), key=lambda place: (told[place].best, -place)), TrialBy.LEADING
        if found is not None:
            await _decide(w, campaign_id, row, found, by)
            return 1
        await w.execute("update campaign set trial_state = 'waiting' where company_id = $1 and id = $2", company_id, campaign_id)
        w.audit("campaign.test_undecided", campaign_id)
        await calls.tell_of_end(w, row["created_by"], NotificationKind.CAMPAIGN, campaign_id, "trial_waits")
        await changed(w, campaign_id)
    return 0


async def choose(actor: Actor, campaign_id: UUID, letter: str) -> "Told":
    """A person gives one text to all who wait. Raises NotFound, Invalid, Conflict `trial_over`."""
    async with work(actor, Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(_ROW + " for update of k", w.company_id, campaign_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="campaign")
        if row["trial_state"] not in (TrialPhase.TESTING, TrialPhase.WAITING) or row["state"] not in ("running", "paused"):
            raise CampaignError.TRIAL_OVER()
        variant = next((place for place, one in enumerate(LETTERS) if one == letter), len(LETTERS))
        if variant >= len(_contents(row["contents"])):
            raise RequestError.INVALID(fields=[CampaignField.UNKNOWN_VARIANT("variant", variant=letter)])
        await _decide(w, campaign_id, row, variant, TrialBy.PERSON)
        return await _told(w, campaign_id)


async def _decide(w: Work, campaign_id: UUID, row: Any, variant: int, by: TrialBy) -> None:
    contents = _contents(row["contents"])
    people = await _become(w, campaign_id, row, contents, variant)
    await w.execute(
        "update campaign set trial_state = 'decided', trial_winner = $3, trial_by = $4, trial_at = now() where company_id = $1 and id = $2",
        w.company_id, campaign_id, variant, by.value,
    )  # fmt: skip
    w.audit("campaign.test_decided", campaign_id, variant=LETTERS[variant], by=by.value, people=people)
    await changed(w, campaign_id)
    w.emit(CampaignProgress(campaign_id=campaign_id))


async def _become(w: Work, campaign_id: UUID, row: Any, contents: list[Content], variant: int) -> int:
    by_segment = registry.provider(row["kind"]).capabilities.unit == "segment"
    people = await variants.become(w, campaign_id, row["trial_queue"], contents, variant, by_segment=by_segment)
    if people:
        first = contents[0]
        category = first.category if isinstance(first, TemplateContent) else TemplateCategory.MARKETING
        await lay_out(w, campaign_id, plan_of(msgspec.json.decode(row["settings"])), category)
    return people


def _contents(raw: str) -> list[Content]:
    return msgspec.json.decode(raw, type=list[Content])


def _counted(metric: TrialMetric, one: Counted) -> int:
    return {TrialMetric.READ: one.read, TrialMetric.REPLIED: one.replied, TrialMetric.CONVERTED: one.converted}[metric]


def _arms(trial: Trial, found: dict[int, Counted]) -> list[Arm]:
    """In the order of the texts."""
    ones = [found.get(place, Counted()) for place in range(len(trial.shares))]
    return [Arm(max(one.reached, _counted(trial.metric, one)), _counted(trial.metric, one)) for one in ones]


class Told(msgspec.Struct, frozen=True):
    """What a test has told so far. `missing`: people who have yet to be reached before anything is said of a winner; `sure`: the one that is surely the best."""

    state: TrialPhase | None
    trial: Trial
    texts: list[str]
    people: list[int]
    arms: list[Arm]
    verdicts: list[Verdict]
    waiting: int
    missing: int
    sure: int | None
    row: dict[str, Any]


async def told(actor: Actor, campaign_id: UUID) -> Told:
    """Raises NotFound, also for a campaign without a test."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return await _told(r, campaign_id)


async def _told(r: Read, campaign_id: UUID) -> Told:
    assert r.actor is not None
    row = await r.fetchrow(_ROW, r.actor.company_id, campaign_id)
    trial = trial_of(row["trial"]) if row is not None else None
    if row is None or trial is None or row["contents"] is None:
        raise RequestError.NOT_FOUND(what="campaign")
    contents = _contents(row["contents"])
    found = await variants.figures(r, r.actor.company_id, campaign_id, trial.goal)
    arms = _arms(trial, found)
    waiting = await variants.waiting(r, r.actor.company_id, row["trial_queue"]) if row["trial_queue"] is not None else 0
    return Told(
        state=TrialPhase(row["trial_state"]) if row["trial_state"] else None,
        trial=trial,
        texts=[_text(one) for one in contents],
        people=[found.get(place, Counted()).people for place in range(len(arms))],
        arms=arms,
        verdicts=verdicts(arms),
        waiting=waiting,
        missing=sum(max(0, LEAST - arm.reached) for arm in arms),
        sure=winner(arms),
        row=dict(row),
    )


def _text(content: Content) -> str:
    """As it was written; a template as those read it of whom nothing is known."""
    return content.body if isinstance(content, render.TextContent) else draw(content, [""] * len(content.fields)).body
