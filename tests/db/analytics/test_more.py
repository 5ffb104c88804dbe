"""Figures of consent, calls, the assistant and what brought leads, against a plain count over random histories; each is the number of its rows."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.analytics import assistant, calls, consent, origins
from db.analytics.calls import CallWhere
from db.analytics.enums import CallFact, Comparison, OriginKind, WhichTouch
from db.analytics.origins import OriginWhere
from db.analytics.talks import Where
from db.clock import now
from db.contacts import consent as asking
from db.contacts.actions import create_contact
from db.conversations.enums import AssignmentStrategy
from db.conversations.teams import create_team
from db.errors import Forbidden
from db.messages.enums import CallOutcome
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.proposals.enums import ProposalState
from db.stats import check, fold
from db.tenancy import Actor
from db.work import system_work, work
from tests import factories

BACK = timedelta(days=3)
"""The period goes so far back; what lies before is in the one before, or in none."""


async def _agrees(owner: Actor) -> None:
    async with system_work() as s:
        assert await check.differences(s, owner.company_id) == []


@pytest.mark.parametrize("seed", range(2))
async def test_consent_is_the_number_of_what_was_said(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor, seed: int
) -> None:
    dice = random.Random(seed)
    people = [
        (await create_contact(owner, name=f"Ana {n}", phone=f"+55119876500{n:02}", tag_names=["VIP"] * (n % 2), custom={}))["id"]
        for n in range(4)
    ]
    for number in range(25):
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            who, source = dice.choice(people), dice.choice(("keyword", "person", "api"))
            if dice.random() < 0.5:
                await asking.opt_out(w, [who], source)
            else:
                await asking.opt_in(w, who, source)
        if number % 7 == 0:
            await fold.fold()
    rows = await owner_db.fetch("select * from consent_entry where company_id = $1", owner.company_id)
    said = Counter((row["source"], row["allowed"]) for row in rows)
    found = await consent.consent(owner, None, None)
    assert (found.figures.out, found.figures.back) == tuple(sum(row["allowed"] is yes for row in rows) for yes in (False, True))
    assert {(source, yes): n for source, *each in found.sources for yes, n in zip((False, True), each, strict=True) if n} == said
    assert sum(day.out for day in found.days.values()) == found.figures.out
    for source, out, _back in found.sources:
        listed, told = await consent.rows(owner, None, None, allowed=False, partly=False, source=source, after=None, limit=500)
        assert len(listed) == told == out
    of_some = await consent.consent(owner, None, None, "vip")
    mine = [row["allowed"] for row in rows if row["contact_id"] in people[1::2]]
    assert (of_some.figures.out, of_some.figures.back, of_some.figures.sent) == (mine.count(False), mine.count(True), None)
    assert sum(day.out for day in of_some.days.values()) == of_some.figures.out
    _listed, told = await consent.rows(
        owner, None, None, allowed=False, partly=False, source=None, tag="vip", after=None, limit=1
    )
    assert told == of_some.figures.out
    then = [day.replace(year=day.year + 1) for day in (found.period.first, found.period.last)]
    assert (await consent.consent(owner, then[0], then[1], "vip", Comparison.YEAR)).before == of_some.figures
    await owner_db.execute("delete from consent_entry where id = $1", rows[0]["id"])  # as of who is erased
    await _agrees(owner)
    assert (await consent.consent(stranger, None, None)).figures == consent.Figures()


@pytest.mark.parametrize("seed", range(2))
async def test_calls_are_counted_by_how_they_ended(
    owner: Actor, owner_db: asyncpg.Connection, stranger: Actor, seed: int
) -> None:
    dice = random.Random(seed)
    channels = [await factories.channel(owner_db, owner) for _ in range(2)]
    people, team = await _people(owner, owner_db, channels)
    made: dict[UUID, dict[str, Any]] = {}
    for number in range(40):
        at = now() - timedelta(minutes=dice.randrange(60 * 24 * 6))
        key = uuid4()
        made[key] = {"at": at, "channel": dice.choice(channels), "outcome": None, "seconds": None}
        made[key] |= {"who": dice.choice(people)}
        await factories.inbound(owner_db, owner, made[key]["channel"], made[key]["who"], id=key)
        await owner_db.execute(
            "insert into call(company_id, id, channel_id, created_at) values ($1, $2, $3, $4)",
            owner.company_id, key, made[key]["channel"], at,
        )  # fmt: skip
        for key in dice.sample(list(made), min(2, len(made))):  # told, and told again
            made[key] |= {"outcome": dice.choice([*CallOutcome]).value, "seconds": dice.randrange(600)}
            await owner_db.execute(
                "update call set outcome = $2, seconds = $3 where id = $1", key, made[key]["outcome"], made[key]["seconds"]
            )
        if number % 9 == 0:
            gone = dice.choice(list(made))
            await owner_db.execute("delete from call where id = $1", gone)
            del made[gone]
            await fold.fold()
    since = (now() - BACK).date()
    for where in (
        CallWhere(), CallWhere(channels[0]), CallWhere(team_id=team), CallWhere(tag="vip"), CallWhere(channels[1], team, "vip"),
    ):  # fmt: skip
        found = await calls.calls(owner, since, None, where)
        mine = [
            one for one in made.values()
            if where.channel_id in (None, one["channel"])
            and (where.team_id is None or one["who"] == people[0])
            and (where.tag is None or one["who"] in people[:2])
            and found.period.begins <= one["at"] < found.period.ends
        ]  # fmt: skip
        talked = [one for one in mine if one["outcome"] in ("answered", "transferred", "callback_wanted", "opted_out")]
        assert (found.figures.called, found.figures.talked) == (len(mine), len(talked))
        assert dict(found.outcomes) == Counter(one["outcome"] for one in mine)
        assert sum(map(sum, found.hours)) == len(mine)
        assert sum(map(sum, found.talked_hours)) == len(talked)
        assert sum(day.called for day in found.days.values()) == len(mine)
        for fact, total in ((CallFact.CALLED, len(mine)), (CallFact.TALKED, len(talked))):
            listed, told = await calls.rows(owner, fact, since, None, where, outcome=None, after=None, limit=500)
            assert len(listed) == told == total
        then = [day.replace(year=day.year + 1) for day in (found.period.first, found.period.last)]
        assert (await calls.calls(owner, then[0], then[1], where, Comparison.YEAR)).before == found.figures
        for outcome, n in found.outcomes:
            if outcome is not None:
                _listed, told = await calls.rows(owner, CallFact.CALLED, since, None, where, outcome=outcome, after=None, limit=1)
                assert told == n
    await _agrees(owner)
    assert (await calls.calls(stranger, since, None, CallWhere())).figures.called == 0


async def _people(owner: Actor, db: asyncpg.Connection, channels: list[UUID]) -> tuple[list[UUID], UUID]:
    """Three: the first two bear a tag, the first one's conversations have a team, the last has no conversation."""
    team = await create_team(owner, name="Vendas", strategy=AssignmentStrategy.MANUAL, member_ids=[], channel_ids=[])
    people = [
        (await create_contact(owner, name=f"Ana {n}", phone=f"+55119876500{n:02}", tag_names=["VIP"] * (n < 2), custom={}))["id"]
        for n in range(3)
    ]
    for number, contact in enumerate(people[:2]):
        for channel in channels:
            await db.execute(
                "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, team_id)"
                " values ($1, $2, $3, $4, now(), now(), $5)",
                owner.company_id, contact, channel, f"+55119876500{number:02}", None if number else team.id,
            )  # fmt: skip
    return people, team.id


async def _leads_come(
    owner: Actor, owner_db: asyncpg.Connection, dice: random.Random
) -> tuple[dict[WhichTouch, Counter[tuple[str, str]]], Counter[str]]:
    """Twenty of them. By touch: how many came by which campaign and ad; how many were won, by the campaign of their first touch."""
    channel = await factories.channel(owner_db, owner)
    campaigns = [await factories.campaign(owner_db, owner, channel, body=f"Oi {n}") for n in range(2)]
    won = await owner_db.fetchval("select id from stage where company_id = $1 and kind = 'won'", owner.company_id)
    hour = timedelta(hours=1)

    def touch() -> tuple[dict[str, object] | None, str, str]:
        """As it is kept; the campaign and the ad."""
        match dice.randrange(3):
            case 0:
                return None, "", ""
            case 1:
                campaign = str(dice.choice(campaigns))
                return {"campaign_id": campaign, "referral": None}, campaign, ""
            case _:
                ad = dice.choice(("ad-1", "ad-2"))
                return {"campaign_id": None, "referral": {"source_id": ad, "headline": ad}}, "", ad

    expected: dict[WhichTouch, Counter[tuple[str, str]]] = {WhichTouch.FIRST: Counter(), WhichTouch.LAST: Counter()}
    wins = Counter[str]()
    for number in range(20):
        contact = (await create_contact(owner, name=f"Ana {number}", phone=f"+55119876500{number:02}", tag_names=[], custom={}))[
            "id"
        ]
        (first, *of_first), (last, *of_last) = touch(), touch()
        later = dice.random() < 0.3  # the last one came after the lead
        made_at = now() - timedelta(hours=5)
        if first is None:
            last, of_last = None, ["", ""]
        elif last is None:
            last, of_last = first, of_first
        kept = [
            None if one is None else msgspec.json.encode({"at": (made_at + shift).isoformat(), **one}).decode()
            for one, shift in ((first, -2 * hour), (last, hour if later else -hour))
        ]
        await owner_db.execute(
            "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, first_touch, last_touch)"
            " values ($1, $2, $3, $4, now(), now(), $5::jsonb, $6::jsonb)",
            owner.company_id, contact, channel, f"+55119876500{number:02}", *kept,
        )  # fmt: skip
        wins_it = dice.random() < 0.5
        lead = await factories.lead(
            owner_db,
            owner,
            f"Ana {number}",
            contact_id=contact,
            stage_since=made_at,
            value_cents=1000,
            tags=["vip"] * (number % 2),
        )
        if wins_it:
            await owner_db.execute("update lead set stage_id = $2, stage_since = now() where id = $1", lead, won)
        expected[WhichTouch.FIRST][of_first[0], of_first[1]] += 1
        counts = of_first if later else of_last
        expected[WhichTouch.LAST][counts[0], counts[1]] += 1
        wins[of_first[0]] += wins_it
    return expected, wins


@pytest.mark.parametrize("seed", range(2))
async def test_what_brought_leads_adds_up(owner: Actor, owner_db: asyncpg.Connection, seed: int) -> None:
    expected, wins = await _leads_come(owner, owner_db, random.Random(seed))
    for which, counted in expected.items():
        found = await origins.origins(owner, None, None, which)
        assert found.leads == 20
        later = found.period.last + timedelta(days=30)
        then = await origins.origins(owner, later - timedelta(days=29), later, which)
        assert (then.leads, then.leads_before, then.won_before) == (0, 20, found.won)
        by_campaign, by_ad = Counter[str](), Counter[str]()
        for (campaign, ad), n in counted.items():
            by_campaign[campaign] += n
            by_ad[ad] += n
        assert {one.key: one.leads for one in found.campaigns if one.leads} == by_campaign
        assert {one.key: one.leads for one in found.ads} == by_ad
        if which is WhichTouch.FIRST:
            assert {one.key: one.won for one in found.campaigns if one.won} == +wins
        for kind, listed in (
            (OriginKind.AD, found.ads),
            (OriginKind.CAMPAIGN, found.campaigns),
            (OriginKind.TEMPLATE, found.templates),
        ):
            assert (sum(one.leads for one in listed), sum(one.won for one in listed)) == (20, found.won)
            for one in listed:
                for only, total in ((False, one.leads), (True, one.won)):
                    rows, told = await origins.rows(owner, None, None, which, kind, one.key, won=only, after=None, limit=100)
                    assert len(rows) == told == total
        some = await origins.origins(owner, None, None, which, OriginWhere(tag="vip"))
        assert (
            some.leads
            == sum(one.leads for one in some.ads)
            == await owner_db.fetchval("select count(*) from lead where company_id = $1 and 'vip' = any(tags)", owner.company_id)
        )
        assert 0 < some.leads < 20
        for one in some.campaigns:
            _rows, told = await origins.rows(
                owner, None, None, which, OriginKind.CAMPAIGN, one.key, OriginWhere(tag="vip"), won=False, after=None, limit=1
            )
            assert told == one.leads
        nobody = await origins.origins(owner, None, None, which, OriginWhere(team_id=uuid4()))
        assert (nobody.leads, nobody.leads_before) == (0, 0)


async def test_the_assistant_in_figures(owner: Actor, owner_db: asyncpg.Connection, stranger: Actor) -> None:
    base = await owner_db.fetchval(
        "insert into knowledge_base(company_id, name, language) values ($1, 'Loja', 'pt') returning id", owner.company_id
    )
    await owner_db.execute(
        "insert into knowledge_gap(company_id, base_id, lexemes, questions, times) values ($1, $2, '{sabado}', '{Abre?,\"Abre sábado?\"}', 4)",
        owner.company_id, base,
    )  # fmt: skip
    for purpose, result, cost in (
        ("answer", "answered", 1500),
        ("answer", "failed", None),
        ("lead", "answered", 500),
        ("answer", None, 9),
    ):
        await owner_db.execute(
            "insert into ai_usage(company_id, id, purpose, provider, model, result, lease_until, reserved, cost, counted)"
            " values ($1, uuidv7(), $2, 'sandbox', 'm', $3, now(), 0, $4, 10)",
            owner.company_id, purpose, result, cost,
        )  # fmt: skip
    found = await assistant.assistant(owner, None, None, Where())
    assert found.cost == assistant.Cost(3, 1, 2000, 1)
    assert [(purpose.value, cost.amount) for purpose, cost in found.purposes] == [("answer", 1500), ("lead", 500)]
    assert [(one.question, one.times) for one in found.gaps] == [("Abre sábado?", 4)]
    assert found.moves == dict.fromkeys(ProposalState, 0)
    assert (await assistant.assistant(stranger, None, None, Where())).cost == assistant.Cost()
    narrow = msgspec.structs.replace(owner, permissions=ROLE_PERMISSIONS[Role.MANAGER] - {Permission.AI_READ})
    with pytest.raises(Forbidden):
        await assistant.assistant(narrow, None, None, Where())
