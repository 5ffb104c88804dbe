"""Texts that are tried beside one another: who gets which, that nobody gets two, and when the better one goes to the others."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, home, lifecycle, queries, trial_run
from db.campaigns.enums import TrialBy, TrialPhase
from db.errors import Conflict, Invalid, NotFound
from db.messages import ledger
from db.messages.enums import MessageState as M
from db.messages.render import TextContent, TextSender
from db.messages.segments import count
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

TEXTS = ["Oi {{first_name|você}}, da {{custom.cidade|sua cidade}}", "Olá! Só hoje, {{custom.cidade|aí}}: " + "promoção " * 20]


def parts(variant: int, params: list[str]) -> int:
    """Of the SMS that a person gets."""
    return count(TextSender(TextContent(TEXTS[variant])).render(params)).segments


class Stage:
    """A campaign of SMS with two texts, launched to `people`."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, channel: UUID, campaign: UUID) -> None:
        self.db, self.owner, self.channel, self.id = db, owner, channel, campaign

    async def rows(self) -> list[asyncpg.Record]:
        return await self.db.fetch(
            "select id, contact_id, variant, tested, params, units, queue_id, state, address from message where campaign_id = $1 order by id",
            self.id,
        )

    async def claim(self) -> list[ledger.Claimed]:
        async with work(self.owner, Permission.CAMPAIGNS_SEND) as w:
            return await ledger.claim(w, self.channel, self.id, limit=1000, units=100_000)

    async def became(self, variant: int, answered: int, reached: int = 1000) -> None:
        """What happened to those who got a text: so many reached, and so many of them answered."""
        await self.db.execute(
            "with n as (select id, row_number() over (order by id) as n from message where campaign_id = $1 and variant = $2 and tested)"
            " update message m set state = $5, sent_at = now(), delivered_at = now(), replied_at = case when n.n <= $3 then now() end"
            " from n where m.id = n.id and n.n <= $4",
            self.id, variant, answered, reached, int(M.DELIVERED),
        )  # fmt: skip

    async def over(self) -> None:
        """The time of the test is over."""
        await trial_run.settle()
        await self.db.execute("update campaign set trial_due = now() - interval '1 second' where id = $1", self.id)

    async def trial(self) -> tuple[str, int | None, str | None]:
        row = await self.db.fetchrow("select trial_state, trial_winner, trial_by from campaign where id = $1", self.id)
        return tuple(row)


async def staged(db: asyncpg.Connection, owner: Actor, people: int, **trial: Any) -> Stage:
    channel = await factories.channel(db, owner, "sms")
    await factories.contacts(db, owner, people)
    told = {"variants": [{"share": 50, "body": TEXTS[1]}], "metric": "replied", "test_percent": 50, "hours": 24, **trial}
    campaign = await factories.campaign(db, owner, channel, body=TEXTS[0], trial=msgspec.json.encode(told).decode())
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return Stage(db, owner, channel, campaign)


async def test_each_gets_one_text_with_its_values_and_parts(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 40, variants=[{"share": 40, "body": TEXTS[1]}])
    rows = await stage.rows()
    tested = [row for row in rows if row["tested"]]
    assert [sum(row["variant"] == variant for row in tested) for variant in (0, 1)] == [12, 8]
    assert len({row["contact_id"] for row in rows}) == len(rows) == 40
    assert {(row["variant"], len(row["params"])) for row in tested} == {(0, 2), (1, 1)}
    assert all(row["units"] == parts(row["variant"], row["params"]) for row in tested)
    assert len({row["units"] for row in tested}) > 1
    assert all(row["queue_id"] != stage.id and row["variant"] is None for row in rows if not row["tested"])
    claimed = await stage.claim()
    assert {one.message_id for one in claimed} == {row["id"] for row in tested}


async def test_the_better_text_goes_to_the_others_once_its_time_has_come(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 500)
    assert await trial_run.settle() == 0
    assert (await owner_db.fetchval("select trial_due from campaign where id = $1", stage.id)) is None  # some are not sent yet
    await stage.became(0, 5)
    await stage.became(1, 60)
    told = await trial_run.told(owner, stage.id)
    assert (told.people, told.waiting, told.sure, told.missing) == ([125, 125], 250, 1, 0)
    await lifecycle.reconcile()
    assert await owner_db.fetchval("select state from campaign where id = $1", stage.id) == "running"
    await stage.over()
    assert await asyncio.gather(trial_run.settle(), trial_run.settle()) in ([1, 0], [0, 1])
    assert await stage.trial() == (TrialPhase.DECIDED, 1, TrialBy.SURE)
    rest = [row for row in await stage.rows() if not row["tested"]]
    assert {(row["variant"], row["queue_id"], len(row["params"])) for row in rest} == {(1, stage.id, 1)}
    assert all(row["units"] == parts(1, row["params"]) for row in rest)
    claimed = await stage.claim()
    assert {one.message_id for one in claimed} == {row["id"] for row in rest}
    assert {one.variant for one in claimed} == {1}
    assert (await trial_run.told(owner, stage.id)).people == [125, 125]  # those who got it later say nothing of the test


@pytest.mark.parametrize(
    ("unsure", "end"),
    [("leading", (TrialPhase.DECIDED, 1, TrialBy.LEADING)), ("wait", (TrialPhase.WAITING, None, None))],
)
async def test_without_certainty_the_one_ahead_goes_or_a_person_is_waited_for(
    owner_db: asyncpg.Connection, owner: Actor, unsure: str, end: tuple[Any, ...]
) -> None:
    stage = await staged(owner_db, owner, 40, unsure=unsure)
    await stage.became(0, 2)
    await stage.became(1, 3)
    await stage.over()
    await trial_run.settle()
    assert await stage.trial() == end
    assert await trial_run.settle() == 0
    assert (await owner_db.fetchval("select finished_at from campaign where id = $1", stage.id)) is None


@pytest.mark.parametrize("hours", [24, None])
async def test_one_that_waits_for_a_person_says_so_until_they_chose(
    owner_db: asyncpg.Connection, owner: Actor, hours: int | None
) -> None:
    stage = await staged(owner_db, owner, 40, unsure="wait", hours=hours)
    await owner_db.execute("update campaign set created_by = $2 where id = $1", stage.id, owner.id)

    async def told() -> tuple[bool, list[UUID]]:
        [row] = await queries.campaigns(owner, limit=5)
        attention = [one["subject_id"] for one in (await home.figures(owner)).attention if one["code"] == "trial_waits"]
        return row["trial_waits"], attention

    assert await told() == (False, []), "those in the test have not had their turn"
    await stage.claim()
    await stage.became(0, 2)
    await stage.became(1, 3)
    if hours is not None:
        assert await told() == (False, [])
        await stage.over()
        await trial_run.settle()
        assert await owner_db.fetchval("select code from notification where subject_id = $1", stage.id) == "trial_waits"
    assert await told() == (True, [stage.id])
    await trial_run.choose(owner, stage.id, "B")
    assert await told() == (False, [])


async def test_a_text_that_reached_nobody_is_never_chosen_by_itself(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 40)
    await owner_db.execute("update message set state = 6 where campaign_id = $1 and tested", stage.id)
    await stage.over()
    await trial_run.settle()
    assert await stage.trial() == (TrialPhase.WAITING, None, None)


async def test_a_person_decides_once(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    stage = await staged(owner_db, owner, 40, hours=None)
    await stage.became(0, 1)
    await stage.became(1, 1)
    assert await trial_run.settle() == 0
    with pytest.raises(NotFound):
        await trial_run.choose(stranger, stage.id, "A")
    with pytest.raises(Invalid):
        await trial_run.choose(owner, stage.id, "C")
    assert (await trial_run.choose(owner, stage.id, "A")).waiting == 0
    assert {row["variant"] for row in await stage.rows() if not row["tested"]} == {0}
    with pytest.raises(Conflict, match="trial_over"):
        await trial_run.choose(owner, stage.id, "B")


async def test_who_is_killed_while_sending_changes_no_text(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 40)
    before = {one.message_id: one.variant for one in await stage.claim()}
    await owner_db.execute(
        "update message set lease_until = now() - interval '1 second' where campaign_id = $1 and state = 1", stage.id
    )
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        await ledger.expire_leases(w)
    await owner_db.execute("update message set state = 0, lease_until = null where campaign_id = $1 and state = 2", stage.id)
    await trial_run.choose(owner, stage.id, "A" if 1 in before.values() else "B")
    again = {one.message_id: one.variant for one in await stage.claim()}
    assert {message: again[message] for message in before} == before
    assert len({row["contact_id"] for row in await stage.rows()}) == len(again) == 40


async def test_who_converted_before_is_no_part_of_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    tag = await owner_db.fetchval("insert into tag(company_id, name) values ($1, 'comprou') returning id", owner.company_id)
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 20)
    give = "insert into contact_tag(company_id, tag_id, contact_id) select $1, $2, id from contact where company_id = $1 and {}"
    await owner_db.execute(give.format("name in ('Pessoa 1', 'Pessoa 2')"), owner.company_id, tag)
    told = {
        "variants": [{"share": 50, "body": TEXTS[1]}], "metric": "converted", "test_percent": 100, "hours": None, "tag_id": str(tag),
    }  # fmt: skip
    campaign = await factories.campaign(owner_db, owner, channel, body=TEXTS[0], trial=msgspec.json.encode(told).decode())
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    stage = Stage(owner_db, owner, channel, campaign)
    rows = await stage.rows()
    assert sum(row["tested"] for row in rows) == 18
    assert {row["queue_id"] for row in rows} == {campaign}  # everybody gets one
    assert await stage.trial() == (TrialPhase.DECIDED, None, None)
    await stage.became(0, 0)
    await stage.became(1, 0)
    await owner_db.execute(
        give.format("id = (select contact_id from message where campaign_id = $3 and tested and variant = 1 limit 1)"),
        owner.company_id, tag, campaign,
    )  # fmt: skip
    assert [arm.counted for arm in (await trial_run.told(owner, campaign)).arms] == [0, 1]
    await owner_db.execute("update message set state = $2 where campaign_id = $1 and variant = 1", campaign, int(M.FAILED))
    assert [arm.counted for arm in (await trial_run.told(owner, campaign)).arms] == [0, 0], "accepted, and failed in the end"


async def test_what_is_cancelled_ends_who_waits_too(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await staged(owner_db, owner, 40)
    await actions.cancel(owner, stage.id)
    await lifecycle.reconcile()
    assert {row["state"] for row in await stage.rows()} == {M.CANCELLED}


async def test_a_draft_says_what_its_other_texts_lack(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template, other = await factories.template(owner_db, owner, channel), await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 2)
    await owner_db.execute("update template set category = 'utility' where id = $1", other)
    told = {"variants": [{"share": 99, "template_id": str(other), "bindings": []}, {"share": 1}], "metric": "converted"}
    campaign = await factories.campaign(owner_db, owner, channel, template, trial=msgspec.json.encode(told).decode())
    with pytest.raises(Conflict) as refused:
        await actions.launch(owner, campaign, None)
    found = {(one.code.value, one.params.get("variant")) for one in refused.value.fields}
    assert found == {
        ("missing_fallback", "B"), ("variant_category", "B"), ("no_template", "C"), ("variant_shares", None), ("goal_missing", None),
    }  # fmt: skip


async def test_a_template_that_is_stopped_pauses_whoever_tries_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template, other = await factories.template(owner_db, owner, channel), await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 4)
    told = {"variants": [{"share": 50, "template_id": str(other), "bindings": factories.BINDINGS}]}
    campaign = await factories.campaign(owner_db, owner, channel, template, trial=msgspec.json.encode(told).decode())
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await owner_db.execute("update template set status = 'paused' where id = $1", other)
    assert await lifecycle.follow_templates(owner.company_id, channel) == 1
    with pytest.raises(Conflict, match="template_stopped"):
        await actions.resume(owner, campaign)
