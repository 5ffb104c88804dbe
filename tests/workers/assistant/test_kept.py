"""What a customer tells is known of them from then on: once, where nothing was, and not asked again."""

import asyncio
import contextvars

import asyncpg
import msgspec
import pytest

from db.assistant import actions as assistant
from db.assistant import outlet, queries
from db.assistant.outlet import Held, Spoken
from db.assistant.turns import Told
from db.clock import now
from db.contacts import actions as contacts
from db.contacts import fields, merges, told
from db.contacts.enums import CustomFieldKind, MergeReason
from db.errors import Forbidden
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, work
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import model, run
from workers.assistant import turn
from workers.assistant.prompt import messages

__all__ = ["model"]

MAIL = "select value from contact_identity where contact_id = $1 and kind = 'email'"
GOALS = [
    {"key": "cep", "label": "CEP", "required": True},
    {"key": "email", "label": "E-mail", "kind": "email", "required": False},
]


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    await fields.create_field(owner, key="cep", label="CEP", kind=CustomFieldKind.TEXT)
    return await Scene.make(owner, owner_db, goals=GOALS, identity={"discloses_ai": False})


async def of(scene: Scene) -> dict[str, str]:
    row = await scene.db.fetchrow("select custom::text as custom, name from contact where id = $1", scene.contact)
    return {**msgspec.json.decode(row["custom"]), "name": row["name"]}


async def audits(scene: Scene) -> list[dict[str, object]]:
    rows = await scene.db.fetch(
        "select data::text as data from audit_log where action = 'contact.told' and subject_id = $1", scene.contact
    )
    return [msgspec.json.decode(row["data"]) for row in rows]


@pytest.mark.usefixtures("model")
async def test_what_was_told_is_known_in_the_next_talk(scene: Scene) -> None:
    await scene.wrote("Oi")
    await run(scene)
    assert "CEP" in (await scene.said())[-1]
    await scene.wrote("01310-100")
    await run(scene)
    assert (await of(scene))["cep"] == "01310-100"
    assert [one["fields"] for one in await audits(scene)] == [["cep"]]
    assert scene.conversation is not None
    await assistant.give_back(scene.owner, scene.conversation)  # another talk: nothing that was said before is read any more
    await scene.db.execute("update ai_conversation set episode_at = now() where conversation_id = $1", scene.conversation)
    await scene.wrote("Oi de novo")
    begun = await scene.begun()
    found = await turn.context.of(scene.owner.company_id, begun)
    assert found is not None
    assert [one.text for one in found.said] == ["Oi de novo"]
    brief = turn._brief(begun, found, {})
    told_of = "\n".join(str(one.content) for one in messages(brief)[0])
    assert '"cep":"01310-100"' in told_of
    assert "Not known yet: email." in told_of
    await scene.speak(await scene.keep(begun))  # type: ignore[arg-type]
    await scene.wrote("Boa tarde")
    await run(scene)
    assert not any("CEP" in text for text in (await scene.said())[-1:])


async def test_only_what_is_empty_is_filled_in_the_transaction_that_says_the_answer(scene: Scene) -> None:
    await contacts.change_contact(scene.owner, scene.contact, custom={"cep": "20000-000"})
    await scene.wrote("01310-100, ana@x.com.br")
    facts = [Told(key="cep", value="01310-100", kept="01310-100"), Told(key="email", value="ana@x.com.br", kept="ana@x.com.br")]
    ready = await scene.composed("Anotado!", collected=facts)
    assert await audits(scene) == []
    await scene.speak(ready)
    assert (await of(scene))["cep"] == "20000-000", "a person wrote it"
    assert await scene.db.fetchval(MAIL, scene.contact) == "ana@x.com.br"
    assert [one["fields"] for one in await audits(scene)] == [["email"]]
    assert await told_again(scene, {"email": "bia@x.com.br"}) == []


async def told_again(scene: Scene, facts: dict[str, str]) -> list[str]:
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        return await told.keep(w, scene.contact, facts)


async def test_nobodys_address_is_taken(scene: Scene) -> None:
    await contacts.create_contact(scene.owner, name="Bia", email="bia@x.com.br")
    await scene.db.execute(
        "insert into suppression(company_id, address, source) values ($1, 'stop@x.com.br', 'person')", scene.owner.company_id
    )
    for mail in ("bia@x.com.br", "stop@x.com.br", "not a mail"):
        assert await told_again(scene, {"email": mail}) == []
    assert await told_again(scene, {"name": "Outra", "nowhere": "x"}) == [], "has a name; no such field"
    assert await audits(scene) == []


async def test_a_turn_that_lost_its_place_keeps_nothing(scene: Scene) -> None:
    await scene.wrote("01310-100")
    ready = await scene.composed("Anotado!", collected=[Told(key="cep", value="01310-100", kept="01310-100")])
    assert scene.conversation is not None
    await assistant.take_over(scene.owner, scene.conversation)
    assert await scene.speak(ready) is None
    assert "cep" not in await of(scene)


async def test_of_who_opted_out_meanwhile_nothing_is_kept(scene: Scene) -> None:
    await scene.wrote("01310-100")
    ready = await scene.composed("Anotado!", collected=[Told(key="cep", value="01310-100", kept="01310-100")])
    await contacts.change_contact(scene.owner, scene.contact, opted_out=True)
    await scene.speak(ready)
    assert (await scene.states(), await scene.said()) == ([("blocked", "opted_out")], [])
    assert "cep" not in await of(scene)


async def test_of_a_draft_a_person_decides_what_becomes_known(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await fields.create_field(owner, key="cep", label="CEP", kind=CustomFieldKind.TEXT)
    scene = await Scene.make(owner, owner_db, "suggest", goals=GOALS)
    await scene.wrote("01310-100")
    begun = await scene.begun()
    found = await turn.context.of(owner.company_id, begun)
    assert found is not None
    prompt = "\n".join(str(one.content) for one in messages(turn._brief(begun, found, {}))[0])
    assert "you are a virtual assistant" not in prompt, "a person sends it"
    ready = await scene.keep(begun, "Anotado!", collected=[Told(key="cep", value="01310-100", kept="01310-100")])
    assert ready is not None
    await scene.speak(ready)
    await scene.wrote("ana@x.com.br")
    await scene.answered("Anotado!", collected=[Told(key="email", value="Ana@x.com.br", kept="ana@x.com.br")])
    assert scene.conversation is not None
    draft = (await queries.assistant_of(owner, scene.conversation)).draft
    assert draft is not None
    assert [(one.key, one.label, one.value) for one in draft.facts] == [
        ("cep", "CEP", "01310-100"),
        ("email", "E-mail", "Ana@x.com.br"),
    ]
    assert "cep" not in await of(scene), "nobody wanted the draft yet"
    assert await audits(scene) == []
    agent = msgspec.structs.replace(owner, permissions=owner.permissions - {Permission.CONTACTS_WRITE})
    with pytest.raises(Forbidden):
        await assistant.keep_facts(agent, scene.conversation, draft.turn_id)
    await contacts.change_contact(owner, scene.contact, custom={"cep": "20000-000"})  # meanwhile a person wrote it
    kept = await assistant.keep_facts(owner, scene.conversation, draft.turn_id)
    assert kept.draft is not None
    assert kept.draft.facts == []
    assert (await of(scene))["cep"] == "20000-000"
    assert await owner_db.fetchval(MAIL, scene.contact) == "ana@x.com.br"
    actor = "select actor_kind from audit_log where action = 'contact.told' and subject_id = $1"
    assert ([one["fields"] for one in await audits(scene)], await owner_db.fetchval(actor, scene.contact)) == (
        [["email"]],
        owner.kind,
    )
    await assistant.keep_facts(owner, scene.conversation, draft.turn_id)
    assert len(await audits(scene)) == 1


async def test_who_becomes_another_person_meanwhile_is_spoken_to_as_that_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.wrote("01310-100")
    ready = await scene.composed("Anotado!", collected=[Told(key="cep", value="01310-100", kept="01310-100")])
    other = (await contacts.create_contact(scene.owner, name="Ana", phone="+5511987650001"))["id"]
    way, beside = outlet._way, contextvars.copy_context()

    async def merged_before(w: Work, where: asyncpg.Record, *, changes: bool) -> object:
        monkeypatch.setattr(outlet, "_way", way)
        await asyncio.create_task(merged(), context=beside)
        return await way(w, where, changes=changes)

    async def merged() -> None:
        async with work(scene.owner, Permission.CONTACTS_WRITE) as other_work:
            assert await merges.merge(other_work, other, scene.contact, MergeReason.BY_HAND)

    monkeypatch.setattr(outlet, "_way", merged_before)
    assert isinstance(await scene.speak(ready), Held)
    assert [kind for kind, _ in await scene.lines()] == ["merged"]
    scene.contact = other
    assert isinstance(await scene.speak(ready), Spoken)
    assert (await scene.said(), (await of(scene))["cep"]) == (["Anotado!"], "01310-100")


async def test_who_shares_the_persons_row_waits_in_no_circle(scene: Scene) -> None:
    """An answer that keeps something writes to the person, whom others hold at that moment to write to the conversation."""
    await scene.wrote("01310-100")
    ready = await scene.composed("Anotado!", collected=[Told(key="cep", value="01310-100", kept="01310-100")])
    assert scene.conversation is not None
    async with scene.db.transaction():
        await scene.db.execute("select from contact where id = $1 for share", scene.contact)
        speaking = asyncio.create_task(scene.speak(ready))
        await _waits(scene.db, speaking)
        await asyncio.wait_for(scene.db.execute("select from conversation where id = $1 for update", scene.conversation), 5)
    await speaking
    assert (await of(scene))["cep"] == "01310-100"


async def _waits(db: asyncpg.Connection, task: asyncio.Task[object]) -> None:
    sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while not await db.fetchval(sql):
        assert not task.done()
        await asyncio.sleep(0.01)
        await db.execute("select pg_stat_clear_snapshot()")


async def test_a_fact_without_a_field_is_known_in_this_talk(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, goals=[{"key": "cor", "label": "Cor"}])
    await scene.wrote("Quero azul")
    await scene.answered("Anotado!", collected=[Told(key="cor", value="azul", kept="azul")])
    await scene.wrote("E o preço?")
    begun = await scene.begun()
    found = await turn.context.of(owner.company_id, begun)
    assert found is not None
    assert found.fields == {"cor": "azul"}
    await owner_db.execute(
        "update ai_turn set opened_at = $2 where conversation_id = $1 and seq = 1", scene.conversation, scene.ago(days=2)
    )
    await owner_db.execute("update ai_conversation set episode_at = $2 where conversation_id = $1", scene.conversation, now())
    again = await turn.context.of(owner.company_id, begun)
    assert again is not None
    assert again.fields == {}
