"""Letters: campaigns that belong to a step of a cadence. Sent, limited, paused and counted as campaigns are; people see the cadence.

Whoever edits, launches or lists campaigns does not meet them (`cadence_id is null`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.campaigns import money
from db.campaigns.audience import Audience, enlist
from db.campaigns.check import frozen_content, load_draft, message_problems
from db.campaigns.lifecycle import STOPPED
from db.campaigns.plan import Plan, PlanHours
from db.campaigns.tallies import tallies
from db.channels.enums import TemplateCategory
from db.contacts.filter import ContactFilter
from db.errors import Field
from db.messages import header_files, loosened, queueing, render
from db.messages.enums import MessageState
from db.messages.render import Binding, Content, TemplateContent
from db.work import Read, Work


class Letter(NamedTuple):
    """What a step sends now. `state`: of its campaign; it takes messages while running or paused."""

    id: UUID
    channel_id: UUID
    kind: str
    sandbox: bool
    state: str
    content: Content

    @property
    def takes(self) -> bool:
        return self.state in ("running", "paused")


_LETTERS = """
select k.id, k.channel_id, c.kind, c.sandbox, k.state, k.content::text as content from campaign k
join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = any($2::uuid[])
"""
_MAKE = """
insert into campaign(company_id, name, channel_id, template_id, bindings, body, cadence_id, cadence_step, cadence_open, header_file_id)
values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8, true, (select sample_file_id from template where company_id = $1 and id = $4)) returning id
"""
_MOVE = """
update campaign set state = $3, state_reason = $4, state_detail = null, resume_at = null
where company_id = $1 and cadence_id = $2 and state = any($5::text[])
"""
_RESUME = """
update campaign k set state = 'running', state_reason = null, state_detail = null, resume_at = null
where k.company_id = $1 and k.cadence_id = $2 and k.state = 'paused' and not exists (
    select from template t where t.company_id = $1 and t.id = k.template_id and t.status = any($3::text[]))
"""


async def make(
    w: Work,
    *,
    name: str,
    cadence_id: UUID,
    step_id: UUID,
    channel_id: UUID,
    template_id: UUID | None,
    bindings: Sequence[Binding],
    body: str | None,
    running: bool,
) -> tuple[UUID, list[Field]]:
    """A letter with its text frozen, and what is wrong with it: then the caller takes all back."""
    letter_id: UUID = await w.fetchval(
        _MAKE,
        w.company_id,
        name[:120],
        channel_id,
        template_id,
        msgspec.json.encode(list(bindings)).decode(),
        body,
        cadence_id,
        step_id,
    )
    draft = await load_draft(w, letter_id)
    found = message_problems(draft)
    if not found and not await queueing.hold_open(w, channel_id):
        raise AssertionError("a draft without problems has an open channel")
    if not found:
        await w.execute(
            "update campaign set content = $3::jsonb, header_file_id = $5, state = $4, state_reason = case when $4 = 'paused' then 'person' end,"
            " launched_at = now(), started_at = now() where company_id = $1 and id = $2",
            w.company_id,
            letter_id,
            render.encode(content := frozen_content(draft)),
            "running" if running else "paused",
            header_files.of(content),
        )
    return letter_id, found


async def without_price(r: Read, letter_ids: Sequence[UUID], people: ContactFilter | None) -> dict[UUID, list[Field]]:
    """Letters that a limit of costs would stop: nobody knows what they cost some of these people; for people whom nobody can tell yet (None), what they
    cost anybody. One of each kind of message is asked about."""
    drafts = [await load_draft(r, one) for one in letter_ids]
    kinds = {(draft.kind, draft.template_category): draft for draft in reversed(drafts)}  # the first of each
    found = {}
    for draft in kinds.values():
        if people is None:
            wrong = await money.priceless(r, draft)
        else:
            wrong = await money.problems(r, msgspec.structs.replace(draft, audience=people))
        if wrong:
            found[draft.id] = wrong
    return found


async def load(r: Read, letter_ids: Sequence[UUID]) -> dict[UUID, Letter]:
    assert r.actor is not None
    rows = await r.fetch(_LETTERS, r.actor.company_id, list(letter_ids))
    return {
        row["id"]: Letter(row["id"], row["channel_id"], row["kind"], row["sandbox"], row["state"], render.decode(row["content"]))
        for row in rows
    }


async def write(w: Work, letter: Letter, keys: Mapping[UUID, str]) -> None:
    """Queues the letter for these people, each under a dedupe key that no second one has: a row for everybody, skipped with its reason where
    they cannot or may not get it. Opt-outs are kept out by `consent.hold`."""
    audience = Audience(
        w.company_id,
        letter.kind,
        ContactFilter(ids=list(keys)),
        rehearsal=letter.sandbox,
        category=letter.content.category if isinstance(letter.content, TemplateContent) else TemplateCategory.MARKETING,
        fields=letter.content.fields,
    )
    await enlist(w, audience, letter.content, campaign_id=letter.id, channel_id=letter.channel_id, at_least_once=False, keys=keys)


async def reaches(w: Work, cadence_id: UUID) -> None:
    """Before something is changed that its letters follow. Raises Forbidden `test_key` where one of them is sent over a real channel and a test key
    asks."""
    rows = await w.fetch(
        "select distinct channel_id from campaign where company_id = $1 and cadence_id = $2", w.company_id, cadence_id
    )
    for row in rows:
        await w.reaches(row["channel_id"])


async def pause(w: Work, cadence_id: UUID) -> None:
    await w.execute(_MOVE, w.company_id, cadence_id, "paused", "person", ["running"])


async def resume(w: Work, cadence_id: UUID) -> int:
    """Returns how many. Also what a limit of costs or the provider paused: somebody looked at it. Not those whose template WhatsApp has stopped."""
    return await w.execute(_RESUME, w.company_id, cadence_id, list(STOPPED))


async def keep_hours(w: Work, cadence_id: UUID, hours: PlanHours | None) -> None:
    """From the next claim on they leave only then, by the clock of each person; who waits for the hours of before is asked about anew."""
    await loosened.ask(w)
    await w.execute(
        "update campaign set settings = $3::jsonb where company_id = $1 and cadence_id = $2 and finished_at is null",
        w.company_id,
        cadence_id,
        msgspec.json.encode(Plan(hours=hours)).decode(),
    )


async def retire(w: Work, cadence_id: UUID, keep: Sequence[UUID]) -> None:
    """Nobody comes to these any more but to those to keep: what waits in them goes out, and then they are finished."""
    await w.execute(
        "update campaign set cadence_open = false where company_id = $1 and cadence_id = $2 and cadence_open and id <> all($3::uuid[])",
        w.company_id,
        cadence_id,
        list(keep),
    )


async def end(w: Work, cadence_id: UUID) -> None:
    """Nothing more of them goes out; what waits is cancelled."""
    await w.execute(_MOVE, w.company_id, cadence_id, "cancelled", "person", ["running", "paused", "held"])


class Figures(NamedTuple):
    """What became of the messages of one step. `problem`: the reason for which the newest letter stands still; not a person's."""

    queued: int
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int
    problem: str | None


_STANDING = """
select id, cadence_step, case when state_reason is distinct from 'person' and state in ('paused', 'failed', 'held')
    then coalesce(state_reason, state) end as problem from campaign where company_id = $1 and cadence_id = $2 order by id
"""


_STOPPED = """
select distinct on (cadence_id) cadence_id, coalesce(state_reason, state) as problem from campaign
where company_id = $1 and cadence_id = any($2::uuid[]) and cadence_open and state in ('paused', 'failed', 'held')
    and state_reason is distinct from 'person' order by cadence_id, id desc
"""


async def standing(r: Read, cadence_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Cadences with a letter that stands still and not because of a person: why, of the newest one."""
    assert r.actor is not None
    rows = await r.fetch(_STOPPED, r.actor.company_id, list(cadence_ids))
    return {row["cadence_id"]: row["problem"] for row in rows}


async def figures(r: Read, cadence_id: UUID) -> dict[UUID, Figures]:
    """By step, over all its letters."""
    assert r.actor is not None
    rows = await r.fetch(_STANDING, r.actor.company_id, cadence_id)
    counted = await tallies(r, [row["id"] for row in rows])
    found: dict[UUID, Figures] = {}
    for row in rows:
        own, counts = counted[row["id"]].figures, counted[row["id"]].counts
        failed = sum(counts.get(state.label, 0) for state in (MessageState.FAILED, MessageState.FAILED_UNKNOWN))
        was = found.get(row["cadence_step"], Figures(0, 0, 0, 0, 0, 0, None))
        found[row["cadence_step"]] = Figures(
            was.queued + own.waiting,
            was.sent + own.sent,
            was.delivered + own.delivered,
            was.read + own.read,
            was.replied + own.replied,
            was.failed + failed,
            row["problem"],
        )
    return found
