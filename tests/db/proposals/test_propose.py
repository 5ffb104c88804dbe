"""What becomes of a proposal: nothing without evidence, nothing twice, nothing over a person."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.boards import fields, history, leads, moves
from db.boards.enums import LeadFieldKind
from db.proposals import context, decide, store, watch
from db.proposals.checks import Evidence
from db.proposals.enums import LeadPolicy, LeadTool, ProposalState
from db.proposals.enums import ProposalWhy as Why
from db.proposals.orders import speaks_to_machine
from db.proposals.proven import says_value
from db.proposals.store import Proposed
from db.tenancy import Actor
from tests import factories
from tests.db.proposals.scene import Scene

BUY = "Quero fechar a reforma por R$ 12.500,00, pode mandar a proposta"


async def test_a_move_is_done_and_says_why(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    found = await scene.propose(LeadTool.MOVE_LEAD, "quero fechar", stage_id=scene.stages["Proposta"])
    assert (found.state, found.why) == (ProposalState.APPLIED, None)
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Proposta"]
    line = (await history.history(owner, lead_id, after=None, limit=1))[0]
    assert (line["kind"], line["by_id"], str(found.id) in line["what"]) == ("moved", None, True)
    audited = await owner_db.fetchval("select actor_kind from audit_log where subject_id = $1 and action = 'lead.moved'", lead_id)
    assert audited == "worker"


async def test_several_at_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead(tags=["antigo"])
    await leads.create_lead(owner, board_id=scene.board, title="Outra", tags=["Quente"])
    await fields.create_field(
        owner, scene.board, key="bairro", label="Bairro", kind=LeadFieldKind.TEXT, choices=[], on_card=False
    )
    await scene.wrote(f"{BUY}, é no bairro Boa Vista. Me chama amanhã")
    seen = await scene.looked()
    due = seen.today + timedelta(days=1)
    given = [
        scene.proposed(LeadTool.SET_VALUE, value_cents=1_250_000),
        scene.proposed(LeadTool.SET_FIELD, key="bairro", value="Boa Vista"),
        scene.proposed(LeadTool.ADD_TAG, tag="quente"),
        scene.proposed(LeadTool.REMOVE_TAG, tag="Antigo"),
        scene.proposed(LeadTool.ASSIGN, user_id=str(owner.id)),
        scene.proposed(LeadTool.FOLLOW_UP, due_on=due.isoformat(), note="Ligar"),
        scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Conversa"]),
    ]
    found = await store.propose(seen, given)
    assert found is not None
    assert [(one.tool, one.state, one.why) for one in found] == [(one.tool, ProposalState.APPLIED, None) for one in given]
    row = await scene.row(lead_id)
    assert (row["value_cents"], row["custom"], row["tags"], row["owner_id"], row["due_on"], row["note_count"], row["stage_id"]) == (
        1_250_000, '{"bairro": "Boa Vista"}', ["Quente"], owner.id, due, 1, scene.stages["Conversa"],
    )  # fmt: skip


async def test_a_lead_is_made(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Preciso reformar a loja")
    found = await scene.propose(LeadTool.CREATE_LEAD, title="Reforma da loja")
    row = await owner_db.fetchrow("select * from lead where contact_id = $1", scene.contact)
    assert row is not None
    assert found.state is ProposalState.APPLIED
    assert (row["title"], row["stage_id"], row["conversation_id"], row["board_id"]) == (
        "Reforma da loja", scene.stages["Novo"], scene.conversation, scene.board,
    )  # fmt: skip
    await scene.wrote("Alguém aí?")
    assert (await scene.propose(LeadTool.CREATE_LEAD, title="Outra")).why is Why.LEAD_EXISTS


async def test_a_lead_whose_stage_is_being_deleted_is_there(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead("Conversa")
    going, there = scene.stages["Conversa"], scene.stages["Proposta"]
    await owner_db.execute("update stage set moving_to = $2 where id = $1", going, there)
    await scene.wrote(BUY)
    found = await scene.propose(LeadTool.CREATE_LEAD, title="Reforma da loja")
    assert (found.state, found.why) == (ProposalState.BLOCKED, Why.LEAD_EXISTS)
    assert await owner_db.fetchval("select count(*) from lead where contact_id = $1", scene.contact) == 1
    await scene.wrote(f"Então: {BUY}")
    value = await scene.propose(LeadTool.SET_VALUE, value_cents=1_250_000)
    assert (value.state, (await scene.row(lead_id))["value_cents"]) == (ProposalState.APPLIED, 1_250_000)


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        ([], Why.NO_EVIDENCE),
        ([Evidence(None, "quero")], Why.NOT_THEIRS),
        ([Evidence(uuid4(), "quero")], Why.NOT_THEIRS),
        ([Evidence(UUID(int=0), "quero comprar ontem")], Why.QUOTE_MISSING),
        ([Evidence(UUID(int=0), "...")], Why.QUOTE_MISSING),
        ([Evidence(UUID(int=0), "")], Why.QUOTE_MISSING),
        ([Evidence(UUID(int=0), "ero fechar")], Why.QUOTE_MISSING),
        ([Evidence(UUID(int=0), "quero fechar"), Evidence(UUID(int=0), "não existe")], Why.QUOTE_MISSING),
        ([Evidence(UUID(int=0), "x" * 5000)], Why.QUOTE_MISSING),
    ],
)
async def test_without_evidence_nothing_is_done(
    owner: Actor, owner_db: asyncpg.Connection, evidence: list[Evidence], why: Why
) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    message = await scene.wrote(BUY)
    given = [one._replace(message_id=message) if one.message_id == UUID(int=0) else one for one in evidence]
    args = {"stage_id": scene.stages["Proposta"]}
    found = await store.propose(await scene.looked(), [Proposed(LeadTool.MOVE_LEAD, args, given, "", 1.0)])
    assert found is not None
    assert (found[0].state, found[0].why) == (ProposalState.BLOCKED, why)
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]


async def test_our_own_words_and_those_of_others_prove_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    other = await Scene.make(owner, owner_db)
    theirs = await other.wrote(BUY)
    await scene.wrote("oi")
    args = {"stage_id": scene.stages["Proposta"]}
    found = await store.propose(
        await scene.looked(), [Proposed(LeadTool.MOVE_LEAD, args, [Evidence(theirs, "quero fechar")], "", 1.0)]
    )
    assert found is not None
    assert found[0].why is Why.NOT_THEIRS


HOSTILE = [
    (LeadTool.MOVE_LEAD, {"stage_id": "não é um id"}, Why.MALFORMED),
    (LeadTool.MOVE_LEAD, {}, Why.MALFORMED),
    (LeadTool.MOVE_LEAD, {"stage_id": str(uuid4())}, Why.UNKNOWN_STAGE),
    (LeadTool.MOVE_LEAD, {"stage_id": "other board"}, Why.UNKNOWN_STAGE),
    (LeadTool.MOVE_LEAD, {"stage_id": "other company"}, Why.UNKNOWN_STAGE),
    (LeadTool.MOVE_LEAD, {"stage_id": "Ganho"}, Why.CLOSED_STAGE),
    (LeadTool.MOVE_LEAD, {"stage_id": "Novo"}, Why.ALREADY_SO),
    (LeadTool.MOVE_LEAD, {"stage_id": "Proposta", "lead_id": str(uuid4())}, Why.MALFORMED),
    (LeadTool.MOVE_LEAD, {"stage_id": "Proposta", "tool": "create_lead"}, None),
    (LeadTool.SET_VALUE, {"value_cents": -5}, Why.MALFORMED),
    (LeadTool.SET_VALUE, {"value_cents": 10**30}, Why.MALFORMED),
    (LeadTool.SET_VALUE, {"value_cents": 999}, Why.VALUE_UNPROVEN),
    (LeadTool.SET_FIELD, {"key": "no_such", "value": "x"}, Why.UNKNOWN_FIELD),
    (LeadTool.SET_FIELD, {"key": "title", "value": "\0\ud800"}, Why.UNKNOWN_FIELD),
    (LeadTool.ADD_TAG, {"tag": "invented"}, Why.UNKNOWN_TAG),
    (LeadTool.REMOVE_TAG, {"tag": "invented"}, Why.ALREADY_SO),
    (LeadTool.ASSIGN, {"user_id": str(uuid4())}, Why.UNKNOWN_PERSON),
    (LeadTool.FOLLOW_UP, {"due_on": "2020-01-01"}, Why.BAD_DATE),
    (LeadTool.FOLLOW_UP, {"due_on": "9999-12-31"}, Why.BAD_DATE),
    (LeadTool.FOLLOW_UP, {"due_on": "tomorrow"}, Why.MALFORMED),
    (LeadTool.SEND_TEMPLATE, {"template_id": str(uuid4())}, Why.NOT_OFFERED),
    (LeadTool.CREATE_LEAD, {"title": "Mais um"}, Why.LEAD_EXISTS),
]


async def test_hostile_arguments_change_nothing(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    scene, other = await Scene.make(owner, owner_db), await Scene.make(owner, owner_db)
    foreign = await Scene.make(stranger, owner_db)
    named = {**scene.stages, "other board": other.stages["Proposta"], "other company": foreign.stages["Proposta"]}
    lead_id = await scene.lead()
    for number, (tool, args, why) in enumerate(HOSTILE):
        before = await scene.row(lead_id)
        await scene.wrote(f"{number} {BUY}")
        given = {key: str(named.get(value, value)) if isinstance(value, str) else value for key, value in args.items()}
        found = await store.propose(
            await scene.looked(), [Proposed(tool, given, [Evidence(list(scene.messages.values())[-1], "quero fechar")], "r", 1)]
        )
        assert found is not None
        assert found[0].why is why, (tool, args)
        if why is not None:
            assert await scene.row(lead_id) == before, (tool, args)


async def test_a_person_decides_what_is_not_sure(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead("Conversa")
    await scene.wrote(BUY)
    low = await scene.propose(LeadTool.MOVE_LEAD, confidence=0.6, stage_id=scene.stages["Proposta"])
    assert (low.state, low.why) == (ProposalState.PROPOSED, Why.LOW_CONFIDENCE)
    await scene.wrote("Na verdade, ainda estou vendo")
    back = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Novo"])
    assert (back.state, back.why) == (ProposalState.PROPOSED, Why.BACKWARD)
    states = await owner_db.fetch("select state from lead_proposal where lead_id = $1 order by id", lead_id)
    assert [row["state"] for row in states] == ["expired", "proposed"]  # of one lead one move waits
    await moves.move_lead(owner, lead_id, stage_id=scene.stages["Novo"])
    await scene.wrote("Quero sim")
    moved = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    assert (moved.state, moved.why) == (ProposalState.PROPOSED, Why.MOVED_BY_PERSON)
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]


async def test_what_was_said_before_a_person_decided_moves_nothing(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead("Conversa")
    await scene.wrote(BUY)
    await moves.move_lead(owner, lead_id, stage_id=scene.stages["Novo"])
    await scene.wrote("ok")
    old = await scene.propose(LeadTool.MOVE_LEAD, "Quero fechar", stage_id=scene.stages["Proposta"])
    assert (old.state, old.why) == (ProposalState.BLOCKED, Why.NOT_NEW)


async def test_what_waits_is_not_suggested_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    await scene.lead()
    await scene.wrote(BUY)
    first = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    await scene.wrote("Pode ser?")
    again = await scene.propose(LeadTool.MOVE_LEAD, BUY, stage_id=scene.stages["Proposta"])
    assert (first.state, again.why, again.id) == (ProposalState.PROPOSED, Why.DUPLICATE, None)


async def test_never_is_never(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    await scene.chosen(tools=dict.fromkeys(LeadTool, LeadPolicy.NEVER))  # while the model was asked
    found = await store.propose(seen, [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])])
    assert found is not None
    assert found[0].why is Why.NOT_OFFERED
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]


async def test_undone_too_often_it_only_suggests(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    for number in range(10):
        await scene.wrote(f"{number}: {BUY}")
        tool, args = LeadTool.SET_VALUE, {"value_cents": 1_250_000}
        await owner_db.execute("update lead set value_cents = null where board_id = $1", scene.board)
        assert (await scene.propose(tool, **args)).state is ProposalState.APPLIED
    await owner_db.execute("update lead_proposal set state = 'undone', decided_at = now() - interval '1 hour' where id in"
                           " (select id from lead_proposal where board_id = $1 limit 2)", scene.board)  # fmt: skip
    await owner_db.execute("update lead set value_cents = null where board_id = $1", scene.board)
    await scene.wrote(BUY)
    found = await scene.propose(LeadTool.SET_VALUE, value_cents=1_250_000)
    assert (found.state, found.why) == (ProposalState.PROPOSED, Why.RARELY_KEPT)


async def test_a_lead_that_changed_meanwhile_is_left_to_people(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    await leads.change_lead(owner, lead_id, title="Reforma grande")
    found = await store.propose(seen, [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])])
    assert found is not None
    assert (found[0].state, found[0].why) == (ProposalState.PROPOSED, Why.CHANGED_MEANWHILE)


async def test_runs_at_once_come_to_one_end(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    assert scene.conversation is not None
    await scene.paused()
    begun = await asyncio.gather(*(watch.begin(owner.company_id, scene.conversation, scene.board) for _ in range(5)))
    (judging,) = [one for one in begun if one is not None]
    seen = await context.of(judging)
    assert seen is not None
    given = [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])]
    ends = await asyncio.gather(*(store.propose(seen, given) for _ in range(5)))
    assert len([one for one in ends if one is not None]) == 1
    assert await owner_db.fetchval("select count(*) from lead_change where lead_id = $1 and kind = 'moved'", lead_id) == 1


async def test_what_a_person_took_back_is_not_done_again_from_the_same_words(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await leads.create_lead(owner, board_id=scene.board, title="Outra", tags=["vip"])
    await scene.wrote(BUY)
    assert (await scene.propose(LeadTool.ADD_TAG, tag="vip")).state == ProposalState.APPLIED
    await leads.change_lead(owner, lead_id, expected=None, tags=[])
    await scene.wrote("ok")
    again = await scene.propose(LeadTool.ADD_TAG, BUY, tag="vip")
    assert (again.state, again.why) == (ProposalState.PROPOSED, Why.READ_BEFORE)
    assert (await scene.row(lead_id))["tags"] == []


async def test_new_proof_renews_a_suggestion_that_is_out_of_date(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    first = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    await moves.move_lead(owner, lead_id, stage_id=scene.stages["Conversa"])
    await scene.wrote("Manda a proposta, por favor")
    again = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    assert (again.state, again.why) == (ProposalState.PROPOSED, None)
    states = dict(await owner_db.fetch("select id, state from lead_proposal where lead_id = $1", lead_id))
    assert states == {first.id: "expired", again.id: "proposed"}


async def test_the_same_tool_twice_is_one_suggestion(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    given = [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages[name]) for name in ("Proposta", "Conversa")]
    found = await store.propose(await scene.looked(), given)
    assert found is not None
    assert [(one.state, one.why) for one in found] == [(ProposalState.PROPOSED, None), (ProposalState.BLOCKED, Why.DUPLICATE)]
    assert await owner_db.fetchval("select count(*) from lead_proposal where lead_id = $1 and state = 'proposed'", lead_id) == 1


async def test_what_others_wrote_is_no_example(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    await scene.lead()
    await scene.wrote(BUY)
    refused = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    assert refused.id is not None
    await decide.refuse(owner, refused.id, because="Só perguntou")
    other = await scene.another()
    await other.lead()
    await other.wrote("Bom dia")
    await scene.wrote("Oi")
    for one, quote in ((scene, BUY), (other, "")):
        assert [(each.quote, each.because) for each in (await one.looked()).refused] == [(quote, "Só perguntou")]


@pytest.mark.parametrize(
    ("said", "value", "proven"),
    [
        ("quero 2.000 unidades", "2000", True),
        ("quero 2.000 unidades", "2", False),
        ("são 1,5 metros", "1.5", True),
        ("nada", "2", False),
    ],
)
def test_numbers_are_read_as_people_write_them(said: str, value: str, proven: bool) -> None:
    assert says_value(LeadFieldKind.NUMBER, value, [said], "BR") is proven


def test_a_long_text_is_looked_at_quickly() -> None:
    assert not speaks_to_machine("a/" * 500_000)  # without a bound and with a look ahead at every sign it takes hours


async def test_the_persona_that_serves_forbids_what_the_board_allows(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await factories.persona(owner_db, owner, scene.channel, name=f"Lia {uuid4().hex[:6]}", tools={"move_lead": "never"})
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    assert seen.persona is not None
    assert LeadTool.MOVE_LEAD not in seen.offered()
    assert LeadTool.SET_VALUE in seen.offered(), "what it does not forbid is the board's"
    given = [scene.proposed(LeadTool.MOVE_LEAD, "quero fechar", stage_id=scene.stages["Proposta"])]
    found = await store.propose(seen, given)
    assert found is not None
    assert (found[0].state, found[0].why) == (ProposalState.BLOCKED, Why.NOT_OFFERED)
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]


async def test_a_reminder_for_a_day_that_nobody_named_waits(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote("pode me mandar mensagem todo dia às 2h")
    seen = await scene.looked()
    told = await store.propose(
        seen, [scene.proposed(LeadTool.FOLLOW_UP, "todo dia às 2h", due_on=seen.today.isoformat(), note="Ligar")]
    )
    assert told is not None
    found = told[0]
    assert (found.state, found.why) == (ProposalState.PROPOSED, Why.NEEDS_A_LOOK)


async def test_a_person_decides_where_the_model_read_orders(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    one = scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])._replace(dictated=True)
    found = await store.propose(seen, [one])
    assert found is not None
    assert (found[0].state, found[0].why) == (ProposalState.PROPOSED, Why.SPEAKS_TO_MACHINE)
