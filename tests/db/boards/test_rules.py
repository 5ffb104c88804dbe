"""Rules of stages: what they do, once and in order, whoever dies or comes twice; what keeps them from it; circles."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest

from db.boards import history, leads, moves, rule_runs, rule_steps, rules
from db.boards.enums import RuleOccasion, RunReason, RunState
from db.boards.rule import (
    AddTag,
    Assign,
    Move,
    Notify,
    RemoveTag,
    RuleAction,
    SendTemplate,
    SendText,
    SetDue,
    SlotBinding,
    WriteNote,
)
from db.contacts import consent
from db.errors import AppError, Forbidden
from db.messages.render import LiteralContent, decode, is_answer
from db.permissions import Permission, Role
from db.tenancy import Actor, built_in, member
from db.work import work
from tests import factories
from tests.db.boards.test_moves import stages_of

BINDINGS = [
    SlotBinding(placeholder="1", source="first_name", fallback="cliente"),
    SlotBinding(placeholder="2", source="custom.cidade", fallback="sua cidade"),
]


async def rule(
    owner: Actor, stage: Any, action: RuleAction, occasion: RuleOccasion = RuleOccasion.ENTER, days: int | None = None
) -> UUID:
    made = await rules.create_rule(
        owner, stage["board_id"], stage_id=stage["id"], occasion=occasion, days=days, action=action, enabled=True
    )
    rule_id: UUID = made["id"]
    return rule_id


async def run_all(owner: Actor, db: asyncpg.Connection, lead_id: UUID) -> None:
    """What is due of this lead, and what waits only for somebody to undo a move."""
    while True:
        await db.execute(
            "update rule_run u set due_at = now() - interval '1 s' from stage_rule r where u.company_id = $1 and r.id = u.rule_id"
            " and u.state = 'waiting' and r.occasion = 'enter'",
            owner.company_id,
        )
        if not await rule_steps.step(owner.company_id, lead_id):
            return


async def outcomes(db: asyncpg.Connection, owner: Actor) -> list[tuple[str, str | None]]:
    rows = await db.fetch("select state, reason from rule_run where company_id = $1 order by id", owner.company_id)
    return [(row["state"], row["reason"]) for row in rows]


async def messages(db: asyncpg.Connection, owner: Actor) -> list[asyncpg.Record]:
    return await db.fetch("select * from message where company_id = $1 order by id", owner.company_id)


@pytest.fixture
async def person(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    await factories.contacts(owner_db, owner, 1)
    found: UUID = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    return found


@pytest.fixture
async def agent(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    user_id: UUID = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'Rita Melo', 'x') returning id",
        f"{uuid4().hex}@example.com",
    )
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", owner.company_id, user_id
    )
    return member(owner.company_id, user_id, built_in(Role.AGENT))


@pytest.fixture
async def letter(owner_db: asyncpg.Connection, owner: Actor) -> SendTemplate:
    channel = await factories.channel(owner_db, owner)
    await owner_db.execute(
        "insert into custom_field(company_id, key, label) values ($1, 'cidade', 'Cidade') on conflict do nothing",
        owner.company_id,
    )
    return SendTemplate(template_id=await factories.template(owner_db, owner, channel), bindings=BINDINGS)


async def test_what_a_stage_does_happens_in_order(owner: Actor, owner_db: asyncpg.Connection) -> None:
    _new, talking, proposal, *_ = await stages_of(owner_db, owner)
    assert owner.id is not None
    for action in (
        Assign(user_id=owner.id),
        AddTag(tag="Quente"),
        SetDue(days=3),
        WriteNote(body="Ligar hoje"),
        Notify(user_id=owner.id),
        RemoveTag(tag="frio"),
        Move(stage_id=proposal["id"]),
    ):
        await rule(owner, talking, action)
    lead_id = await factories.lead(owner_db, owner, tags=["Frio"])
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await run_all(owner, owner_db, lead_id)
    row = await leads.lead(owner, lead_id)
    assert (row["owner_id"], row["tags"], row["stage_id"]) == (owner.id, ["Quente"], proposal["id"])
    assert row["due_on"] == (datetime.now(ZoneInfo("America/Sao_Paulo")).date() + timedelta(days=3))
    assert [note["body"] for note in await history.notes(owner, lead_id, after=None, limit=5)] == ["Ligar hoje"]
    assert await outcomes(owner_db, owner) == [("done", None)] * 7
    push = await owner_db.fetchval("select payload from job where company_id = $1 and name = 'SendPush'", owner.company_id)
    assert msgspec.json.decode(push)["subject_id"] == str(lead_id)
    lines = await history.history(owner, lead_id, after=None, limit=20)
    assert [line["kind"] for line in lines] == ["moved", "updated", "noted", "updated", "updated", "updated", "moved"]
    assert ["rule_id" in msgspec.json.decode(line["what"]) for line in lines] == [True] * 6 + [False]


async def test_a_lead_that_is_made_in_a_stage_enters_it_and_many_at_once_only_when_asked(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, AddTag(tag="novo"))
    await rule(owner, talking, AddTag(tag="em conversa"))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["tags"] == ["novo"]
    await moves.move_leads(owner, [made["id"]], stage_id=talking["id"])
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["tags"] == ["novo"]
    await moves.move_leads(owner, [made["id"]], stage_id=first["id"])
    await moves.move_leads(owner, [made["id"]], stage_id=talking["id"], run_rules=True)
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["tags"] == ["novo", "em conversa"]
    await moves.move_lead(owner, made["id"], stage_id=first["id"], run_rules=False)  # a move that is taken back
    assert await outcomes(owner_db, owner) == [("done", None)] * 2


async def test_who_dies_loses_nothing_and_who_comes_twice_doubles_nothing(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    await rule(owner, talking, WriteNote(body="Avisado"))
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    real = rule_steps.carry_out

    async def dies(*args: Any) -> Any:
        await real(*args)
        raise RuntimeError("killed")  # the effect is made, the outcome is not written

    monkeypatch.setattr(rule_steps, "carry_out", dies)
    with pytest.raises(RuntimeError):
        await rule_steps.step(owner.company_id, lead_id)
    assert (await messages(owner_db, owner), await outcomes(owner_db, owner)) == ([], [("waiting", None)] * 2)
    monkeypatch.setattr(rule_steps, "carry_out", real)

    async def whole() -> None:
        while await rule_steps.step(owner.company_id, lead_id):
            pass

    await asyncio.gather(whole(), whole(), whole())
    await whole()
    assert len(await messages(owner_db, owner)) == 1
    assert len(await history.notes(owner, lead_id, after=None, limit=5)) == 1
    assert await outcomes(owner_db, owner) == [("done", None)] * 2
    (sent,) = await messages(owner_db, owner)
    assert (sent["contact_id"], sent["params"], sent["address"]) == (person, ["Pessoa 0", "Niterói"], "+5511900000000")


async def test_each_entry_writes_once_and_who_takes_the_move_back_in_time_writes_nothing(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    for count in (1, 2):
        await moves.move_lead(owner, lead_id, stage_id=talking["id"])
        await moves.move_lead(owner, lead_id, stage_id=talking["id"])  # within the stage: no entry
        assert not await rule_steps.step(owner.company_id, lead_id)  # it gives ten seconds
        await run_all(owner, owner_db, lead_id)
        assert len(await messages(owner_db, owner)) == count
        await owner_db.execute("update rule_run set done_at = done_at - interval '25 h' where company_id = $1", owner.company_id)
        await moves.move_lead(owner, lead_id, stage_id=first["id"])
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await moves.move_lead(owner, lead_id, stage_id=first["id"], run_rules=False)
    await run_all(owner, owner_db, lead_id)
    assert len(await messages(owner_db, owner)) == 2
    assert (await outcomes(owner_db, owner))[-1] == ("skipped", "moved_on")


async def test_nobody_is_written_to_who_must_not_be(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    channel = await owner_db.fetchval("select channel_id from template where id = $1", letter.template_id)
    await rule(owner, talking, letter)
    await rule(owner, talking, SendText(channel_id=channel, text="Oi {{first_name|cliente}}"))
    lead_id = await factories.lead(owner_db, owner, contact_id=person)

    async def enters(reasons: list[RunReason | None]) -> None:
        await moves.move_lead(owner, lead_id, stage_id=talking["id"])
        await run_all(owner, owner_db, lead_id)
        await moves.move_lead(owner, lead_id, stage_id=first["id"], run_rules=False)
        found = await owner_db.fetch("delete from rule_run where company_id = $1 returning id, reason", owner.company_id)
        assert [row["reason"] for row in sorted(found, key=lambda row: row["id"])] == reasons

    await enters([None, RunReason.WINDOW_CLOSED])
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, address, kind, content, received_at, provider_id)"
        " values ($1, $2, $3, '+5511900000000', 'text', $4::jsonb, now(), 'in1')",
        owner.company_id,
        channel,
        person,
        factories.content_json("text", "oi"),
    )
    await enters([None, None])
    # The text is an answer inside the window, which nothing of the portfolio's day holds up; the template is not.
    kinds = await owner_db.fetch("select content::text, params from message where company_id = $1 order by id", owner.company_id)
    assert [is_answer(row["content"]) for row in kinds] == [False, False, True]
    assert decode(kinds[-1]["content"]) == LiteralContent(body="Oi Pessoa")
    assert kinds[-1]["params"] == []
    await owner_db.execute("update template set status = 'paused' where id = $1", letter.template_id)
    await enters([RunReason.TEMPLATE_PAUSED, None])
    (one, two) = await rules.rules(owner, first["board_id"])
    assert (one["problem"], two["problem"]) == ("template_paused", None)
    await owner_db.execute("update template set status = 'disabled' where id = $1", letter.template_id)
    await enters([RunReason.TEMPLATE_GONE, None])
    (one, two) = await rules.rules(owner, first["board_id"])
    assert (one["problem"], two["problem"]) == ("template_gone", None)
    await owner_db.execute("update template set status = 'approved' where id = $1", letter.template_id)
    await owner_db.execute("update channel set state = 'error' where id = $1", channel)
    await enters([RunReason.CHANNEL_GONE, RunReason.CHANNEL_GONE])
    await owner_db.execute("update channel set state = 'connected' where id = $1", channel)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [person], "person")
    await enters([RunReason.OPTED_OUT, RunReason.OPTED_OUT])
    await owner_db.execute("update lead set contact_id = null where id = $1", lead_id)
    await enters([RunReason.NO_CONTACT, RunReason.NO_CONTACT])
    assert len(await messages(owner_db, owner)) == 5


async def test_a_circle_is_stopped_said_and_its_maker_called(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    there = await rule(owner, first, Move(stage_id=talking["id"]))
    back = await rule(owner, talking, Move(stage_id=first["id"]))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["stage_id"] == talking["id"]
    assert await outcomes(owner_db, owner) == [("done", None), ("stopped", "loop")]
    lines = await history.history(owner, made["id"], after=None, limit=9)
    assert [line["kind"] for line in lines] == ["stopped", "moved", "created"]
    problems = {row["id"]: row["problem"] for row in await rules.rules(owner, first["board_id"])}
    assert problems == {there: None, back: "loop"}
    push = await owner_db.fetchval("select payload from job where company_id = $1 and name = 'SendPush'", owner.company_id)
    assert msgspec.json.decode(push)["kind"] == "rule_stopped"
    await rules.change_rule(owner, back, enabled=False)
    assert {row["problem"] for row in await rules.rules(owner, first["board_id"])} == {None}
    await moves.move_lead(owner, made["id"], stage_id=first["id"])  # a person begins a chain anew
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["stage_id"] == talking["id"]


async def test_a_long_chain_ends(owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.boards.rule_effects.MOST_DEPTH", 1)
    first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, Move(stage_id=talking["id"]))
    await rule(owner, talking, Move(stage_id=proposal["id"]))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await run_all(owner, owner_db, made["id"])
    assert (await leads.lead(owner, made["id"]))["stage_id"] == talking["id"]
    assert await outcomes(owner_db, owner) == [("done", None), ("stopped", "loop")]


async def test_days_in_a_stage_are_counted_until_it_is_left(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, Move(stage_id=proposal["id"]), RuleOccasion.STAY, 3)
    lead_id = await factories.lead(owner_db, owner)
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    assert not await rule_steps.step(owner.company_id, lead_id)
    job = await owner_db.fetchrow("select * from job where company_id = $1 and name = 'RunRules'", owner.company_id)
    assert job is not None
    assert job["next_at"] - job["created_at"] > timedelta(days=2, hours=23)
    await moves.move_lead(owner, lead_id, stage_id=first["id"])
    assert await outcomes(owner_db, owner) == []
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    assert await rule_steps.step(owner.company_id, lead_id)
    assert (await leads.lead(owner, lead_id))["stage_id"] == proposal["id"]
    assert await outcomes(owner_db, owner) == [("done", None)]


async def test_a_team_takes_turns_and_an_empty_one_is_said(owner: Actor, owner_db: asyncpg.Connection, agent: Actor) -> None:
    first, *_ = await stages_of(owner_db, owner)
    team = await owner_db.fetchval("insert into team(company_id, name) values ($1, 'Vendas') returning id", owner.company_id)
    await rule(owner, first, Assign(team_id=team))
    assert [row["problem"] for row in await rules.rules(owner, first["board_id"])] == ["team_empty"]
    whose = []
    for number in range(5):
        if number == 1:
            await owner_db.executemany(
                "insert into team_member(company_id, team_id, user_id) values ($1, $2, $3)",
                [(owner.company_id, team, one.id) for one in (owner, agent)],
            )
        made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
        await run_all(owner, owner_db, made["id"])
        whose.append((await leads.lead(owner, made["id"]))["owner_id"])
    assert whose[0] is None
    assert sorted(map(str, whose[1:])) == sorted([str(owner.id), str(agent.id)] * 2)
    assert whose[1] != whose[2]


async def test_a_rule_whose_person_left_is_skipped_and_says_so(owner: Actor, owner_db: asyncpg.Connection, agent: Actor) -> None:
    first, *_ = await stages_of(owner_db, owner)
    assert agent.id is not None
    await rule(owner, first, Assign(user_id=agent.id))
    await owner_db.execute("delete from membership where company_id = $1 and user_id = $2", owner.company_id, agent.id)
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await run_all(owner, owner_db, made["id"])
    (one,) = await rules.rules(owner, first["board_id"])
    assert (one["problem"], one["last_state"], one["last_reason"]) == ("person_gone", "skipped", "person_gone")


async def test_what_fails_again_and_again_ends_and_the_others_go_on(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = await stages_of(owner_db, owner)
    await rule(owner, first, WriteNote(body="a"))
    await rule(owner, first, WriteNote(body="b"))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await rule_steps.give_up(owner.company_id, made["id"])
    await run_all(owner, owner_db, made["id"])
    assert await outcomes(owner_db, owner) == [("failed", "error"), ("done", None)]


async def test_trying_out_says_the_whole_chain_and_leaves_nothing(
    owner: Actor, owner_db: asyncpg.Connection, person: UUID, letter: SendTemplate
) -> None:
    _first, talking, proposal, *_ = await stages_of(owner_db, owner)
    await rule(owner, talking, letter)
    await rule(owner, talking, Move(stage_id=proposal["id"]))
    await rule(owner, proposal, Move(stage_id=talking["id"]))
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    before = await owner_db.fetch("select * from lead where company_id = $1", owner.company_id)
    found = await rule_steps.try_out(owner, talking["id"], lead_id)
    assert [(one.stage_id, one.outcome.state, one.outcome.reason) for one in found] == [
        (talking["id"], RunState.DONE, None),
        (talking["id"], RunState.DONE, None),
        (proposal["id"], RunState.STOPPED, RunReason.LOOP),
    ]
    assert found[0].outcome.detail == "Oi Pessoa, tem novidade em Niterói!"
    assert await owner_db.fetch("select * from lead where company_id = $1", owner.company_id) == before
    for table in ("rule_run", "message", "job", "lead_change"):
        assert await owner_db.fetchval(f"select count(*) from {table} where company_id = $1", owner.company_id) == 0
    key = msgspec.structs.replace(owner, kind="api_key", permissions=frozenset({Permission.BOARDS_WRITE}))
    with pytest.raises(Forbidden):
        await rule_steps.try_out(key, talking["id"], lead_id)


async def test_a_deleted_lead_is_told_as_gone_and_a_deleted_rule_owes_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    one, two = await rule(owner, first, AddTag(tag="vip")), await rule(owner, first, AddTag(tag="quente"))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await rules.delete_rule(owner, two)
    await leads.delete_lead(owner, made["id"])
    await run_all(owner, owner_db, made["id"])
    (run,) = await rule_runs.runs(owner, one, after=None, limit=5)
    assert (run["state"], run["reason"], run["lead_title"]) == ("skipped", "lead_gone", None)
    with pytest.raises(AppError):
        await rule_runs.runs(owner, two, after=None, limit=5)


async def test_nothing_happens_in_an_archived_board_nor_by_a_rule_that_is_off(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, talking, *_ = await stages_of(owner_db, owner)
    off = await rule(owner, first, AddTag(tag="vip"))
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma")
    await rules.change_rule(owner, off, enabled=False)
    await run_all(owner, owner_db, made["id"])
    await rule(owner, talking, AddTag(tag="vip"), RuleOccasion.STAY, 2)
    await moves.move_lead(owner, made["id"], stage_id=talking["id"])
    await owner_db.execute("update board set archived_at = now() where company_id = $1", owner.company_id)
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    await run_all(owner, owner_db, made["id"])
    assert await outcomes(owner_db, owner) == [("skipped", "rule_off"), ("skipped", "board_archived")]
    assert [row["problem"] for row in await rules.rules(owner, first["board_id"])] == ["board_archived"] * 2
