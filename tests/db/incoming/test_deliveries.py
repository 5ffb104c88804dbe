"""What comes for a hook is carried out once, whole or not at all, and says what became of it."""

import asyncio
import re
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.boards import rules
from db.boards.enums import RuleOccasion
from db.boards.rule import AddTag
from db.errors import Forbidden, Invalid
from db.incoming import deliveries, hooks
from db.incoming.enums import LeadChoice, Sameness
from db.incoming.recipe import AddTags, HookStep, PutLead, UpsertContact, Value, WriteTemplate
from db.jobs import RunIncoming
from db.permissions import Permission
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from tests.db.boards.test_moves import stages_of
from workers.runtime import RETRY_BASE, RETRY_CAP

PERSON = UpsertContact(phone="{{fone}}", email="{{email}}", name="{{nome}}")
ANA = {"nome": "Ana Lima", "fone": "(11) 98765-4321", "email": "ana@example.com", "total": "1.234,50", "numero": 7}


async def hook(actor: Actor, *steps: HookStep, **given: Any) -> hooks.Route:
    made = await hooks.create_hook(actor, "Site")
    await hooks.change_hook(actor, made.row["id"], steps=list(steps), **given)
    route = await hooks.route(made.token)
    assert route is not None
    return route


async def post(route: hooks.Route, tree: Any) -> UUID:
    made = await deliveries.receive(route, msgspec.json.encode(tree), "application/json")
    assert made is not None
    return made


async def outcome(db: asyncpg.Connection, route: hooks.Route, delivery_id: UUID) -> dict[str, Any]:
    await deliveries.run(route.company_id, delivery_id)
    row = await db.fetchrow("select * from incoming_delivery where id = $1", delivery_id)
    return {**row, "problems": [(one["field"], one["code"]) for one in msgspec.json.decode(row["problems"])]}


async def count(db: asyncpg.Connection, actor: Actor, table: str) -> int:
    return await db.fetchval(f"select count(*) from {table} where company_id = $1", actor.company_id)


async def test_a_form_makes_a_contact_with_tags_and_a_lead(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    lead = PutLead(board_id=first["board_id"], stage_id=talking["id"], title="Pedido de {{nome}}", value="{{total}}")
    route = await hook(owner, PERSON, AddTags(tags=["site", "{{origem|sem origem}}"]), lead)
    done = await outcome(owner_db, route, await post(route, ANA))
    assert (done["state"], done["problems"], done["contact_made"], done["lead_done"]) == ("done", [], True, "made")
    row = await owner_db.fetchrow("select * from lead where id = $1", done["lead_id"])
    assert (row["title"], row["value_cents"], row["stage_id"], row["contact_id"]) == (
        "Pedido de Ana Lima", 123450, talking["id"], done["contact_id"],
    )  # fmt: skip
    tags = await owner_db.fetch(
        "select t.name from contact_tag c join tag t on t.id = c.tag_id where c.contact_id = $1 order by 1", done["contact_id"]
    )
    assert [row["name"] for row in tags] == ["sem origem", "site"]
    # The same person once more, by the e-mail alone and with other news: the open lead goes where the hook says.
    again = await outcome(owner_db, route, await post(route, {"nome": "Outro nome", "email": "ANA@example.com", "total": 99}))
    assert (again["contact_id"], again["contact_made"], again["lead_id"], again["lead_done"]) == (
        done["contact_id"], False, done["lead_id"], "changed",
    )  # fmt: skip
    kept = await owner_db.fetchrow(
        "select c.name, l.value_cents from contact c join lead l on l.contact_id = c.id where c.id = $1", done["contact_id"]
    )
    assert tuple(kept) == ("Ana Lima", 9900)


async def test_what_is_wrong_names_its_field_and_leaves_nothing_done(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    lead = PutLead(board_id=first["board_id"], title="{{produto}}", value="{{total}}")
    route = await hook(owner, PERSON, lead)
    wrong: list[tuple[Any, list[tuple[str, str]]]] = [
        ({"nome": "Ana"}, [("steps[0].phone", "payload_not_there"), ("steps[1].title", "payload_not_there")]),
        ({**ANA, "produto": "Bolo", "total": "muito"}, [("steps[1].value", "payload_not_an_amount")]),
        ({**ANA, "produto": "Bolo", "fone": "abc"}, [("steps[0].phone", "phone_invalid")]),
        ({**ANA, "produto": "Bolo", "email": "ana@"}, [("steps[0].email", "email_invalid")]),
    ]
    for tree, problems in wrong:
        done = await outcome(owner_db, route, await post(route, tree))
        assert done["state"] == "failed"
        if problems != [("steps[0].phone", "phone_invalid")]:  # the parser has several words for it
            assert done["problems"] == problems
        assert done["problems"][0][0] == problems[0][0]
    await factories.lead_field(owner_db, owner, "dia", kind="date")
    dated = PutLead(board_id=first["board_id"], title="x", fields=[Value(key="dia", text="{{dia}}")])
    await hooks.change_hook(owner, route.hook_id, steps=[PERSON, dated])
    done = await outcome(owner_db, route, await post(route, {**ANA, "dia": "ontem"}))
    assert [field for field, _ in done["problems"]] == ["steps[1].fields.dia"]
    await hooks.change_hook(owner, route.hook_id, steps=[PERSON, lead])
    await owner_db.execute("update board set archived_at = now() where id = $1", first["board_id"])
    done = await outcome(owner_db, route, await post(route, {**ANA, "produto": "Bolo", "novo": 1}))
    assert done["problems"] == [("steps[1].board_id", "hook_board_archived")]
    assert await count(owner_db, owner, "contact") == 0, "a step that fails takes the ones before it along"
    assert (await outcome(owner_db, route, await deliveries.receive(route, b"\x00oi", "x/y") or uuid4()))["problems"] == [
        ("", "body_unreadable")
    ]


async def test_twins_at_once_are_one(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    route = await hook(owner, PERSON, PutLead(board_id=first["board_id"], title="Pedido", choice=LeadChoice.NEW))
    twins = [await post(route, ANA) for _ in range(6)]
    await asyncio.gather(*(deliveries.run(route.company_id, one) for one in twins * 2))
    states = sorted([(await outcome(owner_db, route, one))["state"] for one in twins])
    assert states == ["done", *["duplicate"] * 5]
    assert (await count(owner_db, owner, "contact"), await count(owner_db, owner, "lead")) == (1, 1)


async def test_sameness_is_by_a_value_within_its_time_and_only_of_what_was_done(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    route = await hook(owner, PERSON, sameness=Sameness.KEY.value, same_path="{{numero}}")
    failed = await outcome(owner_db, route, await post(route, {"numero": 7}))
    assert failed["state"] == "failed"
    assert (await outcome(owner_db, route, await post(route, ANA)))["state"] == "done", "what failed gave its key back"
    other = await outcome(owner_db, route, await post(route, {**ANA, "nome": "Bia"}))
    assert other["state"] == "duplicate"
    assert other["same_as"] is not None
    replayed = await deliveries.replay(owner, route.hook_id, other["id"])
    assert (await outcome(owner_db, route, replayed["id"]))["state"] == "done"
    await owner_db.execute("update incoming_key set until = now() - interval '1 s' where hook_id = $1", route.hook_id)
    assert (await outcome(owner_db, route, await post(route, ANA)))["state"] == "done"
    assert (await outcome(owner_db, route, await post(route, {**ANA, "numero": None})))["state"] == "done"


async def test_trying_out_says_it_and_leaves_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rules.create_rule(
        owner,
        first["board_id"],
        stage_id=talking["id"],
        occasion=RuleOccasion.ENTER,
        days=None,
        action=AddTag(tag="vip"),
        enabled=True,
    )
    route = await hook(owner)
    came = await post(route, ANA)
    await deliveries.run(route.company_id, came)
    before = [await count(owner_db, owner, table) for table in ("contact", "lead", "job", "audit_log", "rule_run", "tag")]
    steps: list[HookStep] = [
        PERSON,
        AddTags(tags=["site"]),
        PutLead(board_id=first["board_id"], stage_id=talking["id"], title="De {{nome}}"),
    ]
    tried = await deliveries.try_out(owner, route.hook_id, came, steps)
    assert (tried.problems, tried.contact_made, tried.contact_name) == ([], True, "Ana Lima")
    assert (tried.lead_title, tried.lead_done, tried.stage) == ("De Ana Lima", "made", talking["name"])
    assert before == [await count(owner_db, owner, table) for table in ("contact", "lead", "job", "audit_log", "rule_run", "tag")]
    wrong = await deliveries.try_out(owner, route.hook_id, came, [UpsertContact(phone="{{cpf}}")])
    assert [one.path for one in wrong.problems] == ["steps[0].phone"]


async def test_steps_name_what_is_of_this_company_and_in_an_order_that_works(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    theirs, *_ = await stages_of(owner_db, stranger)
    first, *_, lost = await stages_of(owner_db, owner)
    channel = await factories.channel(owner_db, stranger)
    template = await factories.template(owner_db, stranger, channel)
    cases: list[tuple[list[HookStep], str, str]] = [
        ([AddTags(tags=["a"])], "steps[0]", "no_contact_step"),
        ([PERSON, PERSON], "steps[1]", "step_twice"),
        ([UpsertContact(name="x")], "steps[0].phone", "nobody_named"),
        ([UpsertContact(phone="{{a..b}}")], "steps[0].phone", "payload_path"),
        ([UpsertContact(phone="1", fields=[Value(key="nada", text="x")])], "steps[0].fields[0].key", "hook_target_gone"),
        ([PERSON, PutLead(board_id=theirs["board_id"], title="x")], "steps[1].board_id", "hook_target_gone"),
        (
            [PERSON, PutLead(board_id=first["board_id"], stage_id=theirs["id"], title="x")],
            "steps[1].stage_id",
            "hook_target_gone",
        ),
        ([PERSON, PutLead(board_id=first["board_id"], stage_id=lost["id"], title="x")], "steps[1].stage_id", "hook_lost_stage"),
        ([PERSON, PutLead(board_id=first["board_id"], title=" ")], "steps[1].title", "required"),
        ([PERSON, WriteTemplate(template_id=template)], "steps[1].template_id", "hook_target_gone"),
    ]
    for steps, path, code in cases:
        with pytest.raises(Invalid) as refused:
            await hook(owner, *steps)
        assert [(one.path, one.code.value) for one in refused.value.fields] == [(path, code)]


async def test_another_companys_board_is_not_there_even_for_steps_that_were_kept(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    theirs, *_ = await stages_of(owner_db, stranger)
    route = await hook(owner, PERSON)
    steps: list[HookStep] = [PERSON, PutLead(board_id=theirs["board_id"], title="x")]
    await owner_db.execute(
        "update incoming_hook set steps = $2::jsonb where id = $1", route.hook_id, msgspec.json.encode(steps).decode()
    )
    done = await outcome(owner_db, route, await post(route, ANA))
    assert done["problems"] == [("steps[1].board_id", "hook_target_gone")]
    assert await count(owner_db, stranger, "lead") == 0


async def test_who_may_not_do_it_by_hand_makes_no_hook_that_does(owner: Actor, owner_db: asyncpg.Connection) -> None:
    made = await hooks.create_hook(owner, "Site")
    key = msgspec.structs.replace(
        owner, kind="api_key", permissions=frozenset({Permission.INCOMING_WRITE, Permission.INCOMING_READ})
    )
    await hooks.change_hook(key, made.row["id"], name="Loja")
    with pytest.raises(Forbidden):
        await hooks.change_hook(key, made.row["id"], steps=[PERSON])
    await hooks.change_hook(owner, made.row["id"], steps=[PERSON], enabled=False)
    with pytest.raises(Forbidden):
        await hooks.change_hook(key, made.row["id"], enabled=True)
    with pytest.raises(Forbidden):
        await hooks.renew_address(key, made.row["id"])  # whoever has it posts


def test_what_has_to_wait_is_tried_for_more_than_an_hour() -> None:
    waits = [min(RETRY_CAP, RETRY_BASE**tries) * 0.8 for tries in range(1, RunIncoming.max_tries)]
    assert sum(waits) > 3600


async def test_failures_of_a_day_are_counted_without_reading_the_days_before(owner: Actor, owner_db: asyncpg.Connection) -> None:
    route = await hook(owner, PERSON)
    for age in ("1 minute", "2 days"):
        await owner_db.execute(
            "insert into incoming_delivery(company_id, id, hook_id, source, content_type, size, state, received_at)"
            " values ($1, uuidv7(-$3::text::interval), $2, 'post', '', 1, 'failed', now() - $3::text::interval)",
            owner.company_id,
            route.hook_id,
            age,
        )
    assert (await hooks.hook(owner, route.hook_id))["failed"] == 1
    others = await hook(owner, PERSON)
    async with owner_db.transaction():
        await owner_db.execute(
            "insert into incoming_delivery(company_id, id, hook_id, source, content_type, size, state, received_at)"
            " select $1, uuidv7(), $2, 'post', '', 1, 'done', now() from generate_series(1, 3000)",
            owner.company_id,
            others.hook_id,
        )
        await owner_db.execute("analyze incoming_delivery")
        await owner_db.execute("set local enable_seqscan = off")
        plan = "\n".join(
            row[0] for row in await owner_db.fetch(f"explain {hooks._SELECT} and h.id = $2", owner.company_id, route.hook_id)
        )
    assert re.search(r"Index Cond: .*hook_id = h.id.* AND \(id > ", plan), plan


async def test_a_lead_that_goes_in_a_circle_is_stopped(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.incoming.effects.MOST_A_LEAD", 2)
    first, *_ = await stages_of(owner_db, owner)
    route = await hook(owner, PERSON, PutLead(board_id=first["board_id"], title="x"), sameness=Sameness.NONE.value)
    states = [(await outcome(owner_db, route, await post(route, ANA)))["state"] for _ in range(4)]
    assert states == ["done", "done", "failed", "failed"]


async def test_a_template_goes_out_once_and_never_to_who_said_stop(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    names = await _gaps(owner, template)
    letter = WriteTemplate(template_id=template, values=[Value(key=name, text="{{nome}}") for name in names])
    route = await hook(owner, PERSON, letter)
    came = await post(route, ANA)
    done = await outcome(owner_db, route, came)
    assert (done["state"], done["problems"]) == ("done", [])
    await deliveries.run(route.company_id, came)
    assert await count(owner_db, owner, "message") == 1
    await owner_db.execute("update contact set opted_out_at = now() where id = $1", done["contact_id"])
    stopped = await outcome(owner_db, route, await post(route, {**ANA, "novo": 1}))
    assert (stopped["state"], stopped["problems"]) == ("done", [("steps[1].template_id", "hook_opted_out")])
    assert await count(owner_db, owner, "message") == 1


async def _gaps(actor: Actor, template: UUID) -> list[str]:
    from db.channels import queries
    from db.work import read

    async with read(actor, Permission.TEMPLATES_READ) as r:
        return list((await queries.one_template(r, template)).placeholders)


async def test_payloads_go_after_their_days_and_hooks_that_are_off_do_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    route = await hook(owner, PERSON, keep_days=3, enabled=False)
    came = await post(route, ANA)
    assert (await outcome(owner_db, route, came))["state"] == "off"
    await owner_db.execute("update incoming_delivery set received_at = now() - interval '4 days' where id = $1", came)
    async with system_work() as s:
        await deliveries.forget_old(s)
    assert await owner_db.fetchval("select payload from incoming_delivery where id = $1", came) is None
    await owner_db.execute("update incoming_delivery set received_at = now() - interval '91 days' where id = $1", came)
    async with system_work() as s:
        await deliveries.forget_old(s)
    assert not await owner_db.fetchval("select true from incoming_delivery where id = $1", came)
