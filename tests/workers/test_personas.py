"""An answer of a persona that is tried: composed over true HTTP, judged by its test case, booked by the ledger, sent to nobody."""

import json
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db import event_stream
from db.bookings import bookings
from db.conversations.hours import OpenHours
from db.errors import Conflict, Invalid
from db.events import Event
from db.jobs import RunCase, TryPersona
from db.personas import cases, drafts, personas, trials
from db.personas.config import Model, PersonaConfig, Tools
from db.personas.enums import MissKind, ModelPreset, ToolPolicy, TrialWho
from db.personas.errors import PersonaError
from db.personas.events import PersonaTrialProgress
from db.personas.trial import CaseExpectation, TrialAnswer, TrialCitation, TrialLine, TrialTool, missed
from db.proposals import rehearsed
from db.proposals.enums import LeadTool, ProposalState, ProposalWhy
from db.tenancy import Actor
from tests import factories
from tests.db.bookings.test_bookings import OFFER
from tests.db.proposals.scene import Scene
from tests.workers.leads.test_judge import calls
from tests.workers.llm.conftest import Service, chunks, completion, ok, refused
from tests.workers.llm.conftest import connected as connected
from tests.workers.llm.conftest import service as service
from workers import personas as worker
from workers.assistant import written

HELLO = [TrialLine(who=TrialWho.CUSTOMER, text="Oi, tudo bem?")]


def answered(text: str, decision: str = "reply") -> Any:
    body = {
        "decision": decision, "messages": [{"text": text, "quote_message": None}], "citations": [], "collected": [],
        "handover_reason": None, "confidence": 0.9, "language": "pt-BR",
    }  # fmt: skip
    whole = json.dumps(body)

    def reply(asked: dict[str, Any]) -> Any:
        """In pieces to who looks on."""
        if not asked.get("stream"):
            return ok(completion(whole))
        pieces = [{"delta": {"content": whole[at : at + 30]}} for at in range(0, len(whole), 30)]
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        return chunks(*pieces, {"finish": "stop"}, {"usage": usage})

    return reply


async def made(owner: Actor) -> UUID:
    row = await personas.create_persona(owner, name=f"Lia {uuid4().hex[:8]}", config=PersonaConfig(instructions="Ajude."))
    found: UUID = row["id"]
    return found


async def test_a_talk_is_answered_once_and_what_it_cost_stands_with_it(
    owner: Actor, service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    persona_id = await made(owner)
    service.chat = [answered("Oi! Como posso ajudar?")]
    row = await trials.try_out(owner, persona_id, HELLO, published=False)
    assert (row["state"], row["answer"]) == ("waiting", None)
    job = TryPersona(trial_id=row["id"])
    await worker.run(owner.company_id, job)
    await worker.run(owner.company_id, job)  # a second run finds it done
    kept = await trials.trial(owner, persona_id, row["id"])
    answer = trials.answer_of.decode(kept["answer"])
    assert (kept["state"], answer.texts, answer.tokens_in, answer.tokens_out) == ("done", ["Oi! Como posso ajudar?"], 100, 20)
    assert answer.cost_micro is not None
    calls = [body for path, _, body in service.asked if path.endswith("/chat/completions")]
    assert len(calls) == 1
    booked = await owner_db.fetchrow("select purpose, persona_id, cost from ai_usage where turn_id = $1", row["id"])
    assert booked is not None
    assert (booked["purpose"], booked["persona_id"], booked["cost"]) == ("playground", persona_id, answer.cost_micro)
    sent = await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id)
    assert sent == 0


async def test_who_tries_it_sees_it_written_and_nobody_else(
    owner: Actor, service: Service, connected: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "EVERY", 0.0)
    told: list[PersonaTrialProgress] = []

    async def hear(company_id: UUID, found: list[Event]) -> None:
        told.extend(one for one in found if isinstance(one, PersonaTrialProgress))

    monkeypatch.setattr(event_stream, "publish", hear)
    persona_id = await made(owner)
    service.chat = [answered("Oi! Como posso ajudar? Pode me contar o que procura?")]
    row = await trials.try_out(owner, persona_id, HELLO, published=False)
    await worker.run(owner.company_id, TryPersona(trial_id=row["id"]))
    shown = ""
    for one in told:
        assert (one.trial_id, one.user_id, one.at <= len(shown)) == (row["id"], owner.id, True)
        shown = shown[: one.at] + one.text
    assert len(told) > 1
    assert shown == "Oi! Como posso ajudar? Pode me contar o que procura?"
    assert told[0].reaches(owner.id, {PersonaTrialProgress.permission})
    assert not told[0].reaches(uuid4(), {PersonaTrialProgress.permission})
    found = await trials.waiting(owner.company_id, row["id"])
    assert found is None
    assert trials.answer_of.decode((await trials.trial(owner, persona_id, row["id"]))["answer"]).texts == [shown]


async def test_a_model_that_fails_is_told_as_such(owner: Actor, service: Service, connected: Actor) -> None:
    persona_id = await made(owner)
    service.chat = [refused(401, "invalid_api_key")]
    row = await trials.try_out(owner, persona_id, HELLO, published=False)
    await worker.run(owner.company_id, TryPersona(trial_id=row["id"]))
    kept = await trials.trial(owner, persona_id, row["id"])
    assert trials.answer_of.decode(kept["answer"]).failure == "key_refused"
    given_up = await trials.try_out(owner, persona_id, HELLO, published=False)
    await trials.give_up(owner.company_id, TryPersona(trial_id=given_up["id"]), "crashed")
    assert (await trials.trial(owner, persona_id, given_up["id"]))["state"] == "failed"


async def test_all_cases_run_on_the_draft_and_on_what_serves(owner: Actor, service: Service, connected: Actor) -> None:
    persona_id = await made(owner)
    with pytest.raises(Conflict):
        await cases.start_run(owner, persona_id)
    greets = CaseExpectation(contains=["COMO POSSO"], not_contains=["preço"], hands_over=False)
    await cases.create_case(owner, persona_id, name="Cumprimenta", lines=HELLO, expect=greets)
    await drafts.publish(owner, persona_id, note="")
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="Seja breve."))
    run, waiting = await cases.start_run(owner, persona_id)
    assert [row["published"] for row in waiting] == [False, True]
    with pytest.raises(Conflict):
        await cases.start_run(owner, persona_id)
    service.chat = [
        lambda body: answered("Olá." if "Seja breve." in json.dumps(body, ensure_ascii=False) else "Oi! Como posso ajudar?")(body)
    ]
    for row in waiting:
        await worker.run(owner.company_id, RunCase(trial_id=row["id"]))
    _, found = await cases.run(owner, persona_id, run["id"])
    assert [[one.kind for one in trials.misses_of.decode(row["missed"])] for row in found] == [[MissKind.CONTAINS], []]
    (last,) = await cases.last_run(owner, persona_id)
    assert (last["id"], last["is_current"], last["model"]) == (run["id"], True, "")
    await cases.create_case(owner, persona_id, name="Outro", lines=HELLO, expect=greets)
    assert not (await cases.last_run(owner, persona_id))[0]["is_current"]


async def test_a_run_tells_of_the_draft_as_it_is_until_something_changes(owner: Actor) -> None:
    persona_id = await made(owner)
    case = await cases.create_case(owner, persona_id, name="Oi", lines=HELLO, expect=CaseExpectation(cites=False))
    await cases.start_run(owner, persona_id)

    async def current() -> bool:
        return bool((await cases.last_run(owner, persona_id))[0]["is_current"])

    assert await current()
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="Outra coisa."))
    assert not await current()
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="Ajude."))
    assert await current()
    await cases.change_case(owner, persona_id, case["id"], expect=CaseExpectation(cites=True))
    assert not await current()
    await cases.change_case(owner, persona_id, case["id"], expect=CaseExpectation(cites=False))
    await drafts.publish(owner, persona_id, note="")  # nothing served when it ran
    assert not await current()


async def test_what_serves_is_replayed_on_the_model_that_follows(owner: Actor, service: Service, connected: Actor) -> None:
    persona_id = await made(owner)
    await cases.create_case(owner, persona_id, name="Oi", lines=HELLO, expect=CaseExpectation(contains=["oi"]))
    with pytest.raises(Conflict) as refused_for:
        await cases.start_run(owner, persona_id, "gpt-6.1-terra")
    assert refused_for.value.code is PersonaError.NEVER_PUBLISHED
    serves = PersonaConfig(instructions="Ajude.", model=Model(preset=ModelPreset.CUSTOM, name="gpt-4o"))
    await drafts.save_draft(owner, persona_id, serves)
    await drafts.publish(owner, persona_id, note="")
    await drafts.save_draft(owner, persona_id, PersonaConfig(instructions="Um rascunho."))
    run, waiting = await cases.start_run(owner, persona_id, "gpt-6.1-terra")
    service.chat = [lambda body: answered("Olá." if body["model"] == "gpt-6.1-terra" else "Oi!")(body)]
    for row in waiting:
        await worker.run(owner.company_id, RunCase(trial_id=row["id"]))
    asked = [body for path, _, body in service.asked if path.endswith("/chat/completions")]
    assert sorted(body["model"] for body in asked) == ["gpt-4o", "gpt-6.1-terra"]
    assert not any("Um rascunho." in json.dumps(body) for body in asked)
    run, found = await cases.run(owner, persona_id, run["id"])
    assert (run["model"], run["is_current"]) == ("gpt-6.1-terra", False)
    assert [row["id"] for row in await cases.last_run(owner, persona_id)] == [run["id"]]
    assert await cases.last_run(owner, persona_id, draft=True) == [], "it says nothing of the draft"
    assert {row["published"]: bool(trials.misses_of.decode(row["missed"])) for row in found} == {False: True, True: False}


async def test_the_customer_has_the_last_word_and_few_wait_at_once(owner: Actor) -> None:
    persona_id = await made(owner)
    with pytest.raises(Invalid):
        await trials.try_out(owner, persona_id, [TrialLine(who=TrialWho.ASSISTANT, text="Oi")], published=False)
    with pytest.raises(Conflict):
        await trials.try_out(owner, persona_id, HELLO, published=True)
    for _number in range(trials.MOST_WAITING):
        await trials.try_out(owner, persona_id, HELLO, published=False)
    with pytest.raises(Conflict):
        await trials.try_out(owner, persona_id, HELLO, published=False)


def test_what_an_answer_misses_is_said_one_by_one() -> None:
    answer = TrialAnswer(
        decision="reply",  # type: ignore[arg-type]
        texts=["Entregamos em até 3 dias úteis."],
        citations=[TrialCitation(title="Política de entregas", quote="3 dias úteis")],
        tools=[TrialTool(name="search_knowledge", arguments="{}", result="{}", milliseconds=3)],
    )
    fine = CaseExpectation(
        contains=["3 DIAS UTEIS"],
        not_contains=["grátis"],
        cites=True,
        sources=["politica"],
        tools=["search_knowledge"],
        hands_over=False,
    )
    assert missed(fine, answer) == []
    wrong = CaseExpectation(
        contains=["amanhã"], not_contains=["dias"], cites=False, sources=["Trocas"], tools=["move_lead"], hands_over=True
    )
    assert [one.kind for one in missed(wrong, answer)] == [
        MissKind.CONTAINS, MissKind.NOT_CONTAINS, MissKind.CITES, MissKind.SOURCES, MissKind.TOOLS, MissKind.HANDS_OVER,
    ]  # fmt: skip
    assert missed(CaseExpectation(), answer) == []


async def test_what_it_would_do_beside_the_answer_is_told_and_not_done(
    owner: Actor, service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db)
    hours = [OpenHours(day, 0, 1440) for day in range(7)]
    await bookings.put(owner, scene.board, **{**OFFER, "hours": hours})
    span = (await bookings.free(owner, scene.board))[0]
    zone = ZoneInfo(await owner_db.fetchval("select time_zone from company where id = $1", owner.company_id))
    config = PersonaConfig(instructions="Ajude.", tools=Tools(book_slot=ToolPolicy.SUGGEST))
    persona_id = (await personas.create_persona(owner, name="Clara", config=config))["id"]
    said = f"Pode ser {span.start.astimezone(zone):%H:%M}"
    proof = {"evidence": [{"message": "m1", "quote": said}], "reason": "Disse a hora.", "confidence": 0.95}
    service.chat = [
        answered("Anotado!"),
        ok(calls(("book", {"time": "h1", **proof}), ("add_to_cadence", {"sequence": "q9", **proof}))),
    ]
    before = await counted(owner_db, owner)
    row = await trials.try_out(owner, persona_id, [TrialLine(who=TrialWho.CUSTOMER, text=said)], published=False)
    await worker.run(owner.company_id, TryPersona(trial_id=row["id"]))
    answer = trials.answer_of.decode((await trials.trial(owner, persona_id, row["id"]))["answer"])
    assert [(one.tool, one.state, one.why, one.at) for one in answer.actions] == [
        (LeadTool.BOOK, ProposalState.APPLIED, None, span.start),
        (LeadTool.ADD_TO_CADENCE, ProposalState.BLOCKED, ProposalWhy.NOT_OFFERED, None),
    ]
    assert await counted(owner_db, owner) == before
    assert missed(CaseExpectation(tools=["book"]), answer) == []
    assert [one.detail for one in missed(CaseExpectation(tools=["add_to_cadence"]), answer)] == ["add_to_cadence"]


async def test_a_template_that_may_be_sent_is_told_by_its_name(
    owner: Actor, service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db)
    template = await factories.template(
        owner_db, owner, scene.channel, components=[{"type": "BODY", "text": "Oi {{1}}, seu pedido."}]
    )
    await owner_db.execute("update template set name = 'segunda_via' where id = $1", template)
    hidden = await factories.template(owner_db, owner, scene.channel)
    await scene.chosen(template_ids=[template])
    config = PersonaConfig(instructions="Ajude.", tools=Tools(send_template=ToolPolicy.SUGGEST))
    persona_id = (await personas.create_persona(owner, name="Nina", config=config))["id"]
    said = "Pode mandar a segunda via?"
    proof = {"evidence": [{"message": "m1", "quote": said}], "reason": "Pediu a segunda via.", "confidence": 0.95}
    one, two = ({"template": name, "values": [{"placeholder": "1", "text": "Ana"}], **proof} for name in ("x1", "x2"))
    service.chat = [answered("Claro!"), ok(calls(("send_template", one), ("send_template", two)))]
    before = await counted(owner_db, owner)
    row = await trials.try_out(owner, persona_id, [TrialLine(who=TrialWho.CUSTOMER, text=said)], published=False)
    await worker.run(owner.company_id, TryPersona(trial_id=row["id"]))
    answer = trials.answer_of.decode((await trials.trial(owner, persona_id, row["id"]))["answer"])
    assert [(one.tool, one.state, one.what, one.why) for one in answer.actions] == [
        (LeadTool.SEND_TEMPLATE, ProposalState.PROPOSED, "segunda_via", None),
        (LeadTool.SEND_TEMPLATE, ProposalState.BLOCKED, "", ProposalWhy.NOT_OFFERED),
    ]
    assert str(hidden) not in str(service.bodies)
    assert await counted(owner_db, owner) == before


def test_what_was_answered_before_is_not_new() -> None:
    assert rehearsed.judged(["customer", "customer"]) is None
    assert rehearsed.judged(["customer", "assistant", "customer", "customer"]) == UUID(int=2)


async def counted(db: asyncpg.Connection, owner: Actor) -> list[int]:
    tables = ("appointment", "lead", "lead_proposal", "lead_judging", "message", "enrolment")
    return [await db.fetchval(f"select count(*) from {table} where company_id = $1", owner.company_id) for table in tables]
