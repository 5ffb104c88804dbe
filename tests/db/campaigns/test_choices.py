"""Choices never widen in silence: whatever half-filled draft is launched, nobody outside the audience that was picked gets a message."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.campaigns import actions, lifecycle
from db.clock import now
from db.contacts import bulk, tags
from db.contacts.filter import ContactFilter
from db.errors import AppError, Conflict
from db.tenancy import Actor
from tests import factories

Person = dict[str, Any]
EXAMPLES = 60


class World:
    """A company with people who differ in everything that an audience can ask for."""

    def __init__(self, people: list[Person], tags: list[UUID], imports: list[UUID]) -> None:
        self.people, self.tags, self.imports = people, tags, imports

    def meant(self, chosen: dict[str, Any]) -> set[UUID]:
        """Who was picked, read from the wire form alone: nothing picked is nobody."""
        picking = [
            chosen.get("everyone"), chosen.get("ids"), chosen.get("tags"), chosen.get("import_id"), chosen.get("custom"),
            chosen.get("line"), chosen.get("has"), chosen.get("opted_out") is not None or None, (chosen.get("search") or "").strip(),
        ]  # fmt: skip
        if set(chosen.get("without_tags") or []) - {str(tag) for tag in self.tags}:  # whom it left out nobody knows any more
            return set()
        return {person["id"] for person in self.people if any(picking) and self._fits(person, chosen)}

    def _fits(self, person: Person, chosen: dict[str, Any]) -> bool:
        tags = {str(tag) for tag in person["tags"]}
        wanted = set(chosen.get("tags") or [])
        return (
            (not chosen.get("ids") or str(person["id"]) in chosen["ids"])
            and (not wanted or (wanted <= tags if chosen.get("all_tags") else bool(wanted & tags)))
            and not (set(chosen.get("without_tags") or []) & tags)
            and (chosen.get("import_id") is None or chosen["import_id"] in {str(one) for one in person["imports"]})
            and (chosen.get("opted_out") is None or chosen["opted_out"] == person["out"])
            and (chosen.get("line") is None or (person["phone"] and chosen["line"] == "mobile"))
            and (chosen.get("has") is None or (person["phone"] if chosen["has"] == "phone" else False))
            and all(person["custom"].get(key) == value for key, value in (chosen.get("custom") or {}).items())
            and (not (chosen.get("search") or "").strip() or chosen["search"].strip().lower() in person["name"].lower())
        )


async def _world(db: asyncpg.Connection, owner: Actor) -> World:
    tags = [
        await db.fetchval("insert into tag(company_id, name) values ($1, $2) returning id", owner.company_id, n) for n in "abc"
    ]
    imports = [
        await db.fetchval(
            "insert into contact_import(company_id, filename, blob, size, sheet, state) values ($1, 'a.csv', $2, 1, '{}', 'completed')"
            " returning id",
            owner.company_id,
            uuid4().hex,
        )
        for _ in range(2)
    ]
    await factories.contacts(db, owner, 8)
    people = []
    for number, row in enumerate(
        await db.fetch("select id, name, custom::text from contact where company_id = $1 order by name", owner.company_id)
    ):
        mine = [tag for place, tag in enumerate(tags[:2]) if number & (1 << place)]
        out, member = number == 5, [imports[0]] if number % 3 == 0 else []
        for tag in mine:
            await db.execute(
                "insert into contact_tag(company_id, contact_id, tag_id) values ($1, $2, $3)", owner.company_id, row["id"], tag
            )
        for one in member:
            await db.execute(
                "insert into contact_import_member(company_id, import_id, contact_id) values ($1, $2, $3)",
                owner.company_id,
                one,
                row["id"],
            )
        if out:
            await db.execute("update contact set opted_out_at = now() where id = $1", row["id"])
        people.append(
            {"id": row["id"], "name": row["name"], "tags": mine, "imports": member, "out": out, "phone": True,
             "custom": msgspec.json.decode(row["custom"])}
        )  # fmt: skip
    return World(people, tags, imports)


def _audiences(world: World) -> st.SearchStrategy[dict[str, Any]]:
    """Wire forms as people and programs leave them: fields that are absent, empty, or name what has no members."""
    tags = st.lists(st.sampled_from([str(tag) for tag in [*world.tags, uuid4()]]), max_size=2)
    ids = st.lists(st.sampled_from([str(person["id"]) for person in world.people] + [str(uuid4())]), max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "everyone": st.booleans(),
            "tags": tags,
            "all_tags": st.booleans(),
            "without_tags": tags,
            "import_id": st.sampled_from([None, *map(str, world.imports), str(uuid4())]),
            "ids": ids,
            "search": st.sampled_from([None, "", "   ", "Pessoa 1", "nobody"]),
            "opted_out": st.sampled_from([None, True, False]),
            "line": st.sampled_from([None, "mobile"]),
            "has": st.sampled_from([None, "phone", "email"]),
            "custom": st.sampled_from([{}, {"cidade": "Niterói"}, {"cidade": ""}]),
        },
    )


def _cases(strategy: st.SearchStrategy[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{}]

    @settings(max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def collect(case: dict[str, Any]) -> None:
        found.append(case)

    collect()
    return found


async def _refusal(action: Awaitable[object]) -> str:
    """The code of what the action refuses with; empty when it was done."""
    try:
        await action
    except AppError as error:
        return error.code
    return ""


async def test_nobody_outside_the_picked_audience_gets_a_message(owner_db: asyncpg.Connection, owner: Actor) -> None:
    world = await _world(owner_db, owner)
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    launched = refused = 0
    for number, wire in enumerate(_cases(_audiences(world))):
        campaign = await factories.campaign(owner_db, owner, channel, template, audience="{}")
        audience = msgspec.convert(wire, ContactFilter)
        await actions.edit(owner, campaign, {"audience": audience}, None)
        planned = number % 4 == 1
        meant = world.meant(wire)
        said = await _refusal(actions.launch(owner, campaign, now() + timedelta(hours=1) if planned else None))
        if said:
            refused += 1
            assert said == "not_ready", wire
            reachable = {person["id"] for person in world.people if person["id"] in meant and not person["out"]}
            assert not reachable, wire
            assert await owner_db.fetchval("select state from campaign where id = $1", campaign) == "draft"
            assert await owner_db.fetchval("select count(*) from message where campaign_id = $1", campaign) == 0
            assert await owner_db.fetchval("select count(*) from job where company_id = $1", owner.company_id) == launched
            continue
        launched += 1
        if planned:
            await owner_db.execute("update campaign set scheduled_at = now() where id = $1", campaign)
        await lifecycle.prepare(owner.company_id, campaign)
        got = {
            row["contact_id"] for row in await owner_db.fetch("select contact_id from message where campaign_id = $1", campaign)
        }
        assert got == meant, wire
    assert launched > 10
    assert refused > 10


async def test_who_was_left_out_by_a_tag_gets_nothing_when_it_is_deleted(owner_db: asyncpg.Connection, owner: Actor) -> None:
    world = await _world(owner_db, owner)
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    chosen = ContactFilter(everyone=True, without_tags=[world.tags[0]])
    campaigns = []
    for _ in range(2):
        campaign = await factories.campaign(owner_db, owner, channel, template, audience="{}")
        await actions.edit(owner, campaign, {"audience": chosen}, None)
        campaigns.append(campaign)
    planned, draft = campaigns
    await actions.launch(owner, planned, now() + timedelta(hours=1))
    await tags.delete_tag(owner, world.tags[0])
    await owner_db.execute("update campaign set scheduled_at = now() where id = $1", planned)
    assert await lifecycle.prepare(owner.company_id, planned) == 0
    with pytest.raises(Conflict) as refused:
        await actions.launch(owner, draft, None)
    assert [one.code.value for one in refused.value.fields] == ["segment_gone"]


async def test_a_past_time_is_refused_and_changes_nothing(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    campaign = await factories.campaign(owner_db, owner, channel, await factories.template(owner_db, owner, channel))
    for past in (now(), now() - timedelta(seconds=1), now() - timedelta(days=400)):
        assert await _refusal(actions.launch(owner, campaign, past)) == "in_the_past"
    assert await owner_db.fetchval("select state from campaign where id = $1", campaign) == "draft"


async def test_a_bulk_action_needs_somebody_to_be_picked(owner_db: asyncpg.Connection, owner: Actor) -> None:
    world = await _world(owner_db, owner)
    for wire in _cases(_audiences(world)):
        chosen = msgspec.convert(wire, ContactFilter)
        if said := await _refusal(bulk.start_bulk(owner, chosen, "opt_out", [])):
            assert said == "nobody_chosen"
            assert not world.meant(wire), wire
            continue
        total = await owner_db.fetchval("select total from contact_bulk where company_id = $1 order by id desc", owner.company_id)
        assert total == len(world.meant(wire)), wire
