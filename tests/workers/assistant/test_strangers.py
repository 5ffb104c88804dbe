"""Nothing that belongs to somebody else, and no key, reaches a prompt: every place where a secret may lie holds a word of its own."""

from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db.ai.enums import Provider
from db.assistant import assists
from db.assistant.enums import AssistKind, AssistLanguage
from db.contacts.actions import create_contact
from db.conversations import actions as conversations
from db.conversations import labels
from db.jobs import RunAssist, TryPersona
from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.personas import trials
from db.personas.enums import TrialWho
from db.personas.trial import TrialLine
from db.tenancy import Actor
from tests import factories
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import answers, run
from tests.workers.leads.test_judge import TALK
from tests.workers.leads.test_judge import Scene as Look
from tests.workers.llm.conftest import Body, Reply, Service, chunks, completion, connect, ok, service
from workers import personas
from workers.assistant import assist

__all__ = ["service"]

KEY = "sk-zk01secretzk01secretzk01"
QUESTION = "Qual o prazo de entrega e a política de trocas da loja?"
USAGE: Body = {"usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
OPEN = "zk99: entregamos em dois dias úteis."


def word(number: int) -> str:
    return f"zk{number:02}secret"


def secret(number: int) -> str:
    """Found by the question, if anything lets it be found."""
    return f"{QUESTION} O prazo de entrega e a política de trocas: {word(number)}."


async def _knows(owner: Actor, *bodies: str) -> str:
    base = await bases.create_base(owner, name=uuid4().hex[:8], language=BaseLanguage.PORTUGUESE)
    for body in bodies:
        await sources.add_text(owner, base.id, "Como vendemos", body)
    return str(base.id)


async def _full_of_secrets(owner: Actor, stranger: Actor, db: asyncpg.Connection) -> Scene:
    """A customer whose persona may know one base, among all that it may not know."""
    mine = await _knows(owner, f"{QUESTION} {OPEN}")
    await _knows(owner, secret(2))  # a base of the same company that this persona may not search
    theirs = await _knows(stranger, secret(3))
    await Scene.make(stranger, db, knowledge_base_ids=[theirs], instructions=secret(4))
    await db.execute(
        "insert into custom_field(company_id, key, label) values ($1, 'cpf', 'CPF'), ($1, 'cep', 'CEP')", owner.company_id
    )
    scene = await Scene.make(
        owner, db, knowledge_base_ids=[mine, theirs], goals=[{"key": "cep", "label": "CEP"}], instructions="Seja gentil."
    )
    await factories.persona(db, owner, await factories.channel(db, owner), name=f"Outra {word(5)}", instructions=secret(6))
    other = await Scene.another(owner, db, scene.channel)  # another customer of the same persona
    await db.execute("update contact set name = $2 where id = $1", other.contact, f"Bia {word(7)}")
    await other.wrote(secret(8))
    foreign = await Scene.make(stranger, db)
    await foreign.wrote(secret(9))
    await create_contact(owner, name=f"Cid {word(10)}", phone="+5511977770010", tag_names=[word(11)], custom={"cpf": word(12)})
    await db.execute("""update contact set custom = '{"cpf": "zk13secret", "cep": "01310-100"}' where id = $1""", scene.contact)
    await db.execute(
        "update channel set verify_token = $2, settings = $3 where company_id = $1",
        owner.company_id,
        word(14),
        f'{{"a": "{word(15)}"}}',
    )
    await scene.wrote(QUESTION)
    assert scene.conversation is not None
    await conversations.add_note(owner, scene.conversation, f"Cuidado: {word(16)}", [])
    await db.execute("update account_user set email = $2 where id = $1", owner.id, f"{word(17)}{uuid4().hex[:8]}@example.com")
    return scene


class _Said(msgspec.Struct):
    content: str


class _Choice(msgspec.Struct):
    message: _Said


class _Completion(msgspec.Struct):
    choices: list[_Choice]


def searches(body: Body) -> Reply:
    """Everything that the tools give, asked for in every way."""
    streamed = bool(body.get("stream"))
    if (
        any(message["role"] == "tool" and "passages" in str(message.get("content")) for message in body["messages"])
        or "tools" not in body
    ):
        answer = answers("Oi! Como posso ajudar?")
        text = msgspec.convert(answer, _Completion).choices[0].message.content
        return chunks({"delta": {"content": text}}, {"finish": "stop"}, USAGE) if streamed else ok(answer)
    calls = [
        {"id": f"c{number}", "type": "function", "function": {"name": name, "arguments": msgspec.json.encode(arguments).decode()}}
        for number, (name, arguments) in enumerate(
            (
                ("search_knowledge", {"query": QUESTION}),
                ("search_knowledge", {"query": "segredo da política de trocas"}),
                ("get_contact", {}),
                ("get_contact", {"contact": "zk07"}),
            )
        )
    ]
    if streamed:
        pieces = [one | {"index": number} for number, one in enumerate(calls)]
        return chunks({"delta": {"tool_calls": pieces}}, {"finish": "tool_calls"}, USAGE)
    return ok(completion(None, finish="tool_calls", tool_calls=calls))


def _leaked(service: Service) -> set[str]:
    """Words that stand in the body of a request."""
    told = msgspec.json.encode(service.bodies).decode()
    return {word(number) for number in range(1, 40) if word(number) in told} | ({KEY} if KEY in told else set())


@pytest.mark.usefixtures("database")
async def test_no_stranger_and_no_key_is_in_a_prompt(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner, Provider.OPENAI, key=KEY)
    scene = await _full_of_secrets(owner, stranger, owner_db)
    service.chat = [searches]
    await run(scene)
    assert await scene.said() == ["Oi! Como posso ajudar?"]
    told = msgspec.json.encode(service.bodies).decode()
    assert "zk99" in told, "what it may know is there"
    assert "01310-100" in told
    assert scene.phone not in told
    assert _leaked(service) == set()
    assert all(headers["authorization"] == f"Bearer {KEY}" for _, headers, _ in service.asked)


@pytest.mark.parametrize("what", [AssistKind.DRAFT, AssistKind.SUMMARY, AssistKind.CUSTOMER, AssistKind.NEXT, AssistKind.LABELS])
async def test_neither_is_it_where_agents_ask(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, service: Service, what: AssistKind
) -> None:
    await connect(owner, Provider.OPENAI, key=KEY)
    scene = await _full_of_secrets(owner, stranger, owner_db)
    assert scene.conversation is not None
    service.chat = [searches]
    if what is AssistKind.LABELS:
        await labels.create_label(owner, "zk98 trocas", "#2f6f4f")
        await labels.create_label(stranger, f"Trocas {word(18)}", "#2f6f4f")
    asked = await assists.ask(owner, scene.conversation, what, text="", language=AssistLanguage.PT_BR)
    await assist.run(owner.company_id, RunAssist(assist_id=asked.id))
    assert service.bodies, "a model was asked"
    told = msgspec.json.encode(service.bodies).decode()
    assert QUESTION in told
    assert ("zk99" in told, "zk98" in told) == (what is AssistKind.DRAFT, what is AssistKind.LABELS), "what it may know is there"
    assert _leaked(service) <= {word(13)}, "what is known of this customer is for the agent, who sees it anyway"


async def _board(owner: Actor, db: asyncpg.Connection, first: int | None) -> Look:
    """A board that watches, with a customer who wrote. `first`: of the words that stand wherever it has names; None: none does."""
    look = await Look.make(owner, db)
    if first is not None:
        for number, (table, column) in enumerate(NAMED, first):
            await db.execute(
                f"update {table} set {column} = {column} || '_' || $2 where company_id = $1", owner.company_id, word(number)
            )
    return look


NAMED = (
    ("board", "name"),
    ("stage", "name"),
    ("template", "name"),
    ("cadence", "name"),
    ("lead", "title"),
    ("lead_field", "label"),
    ("contact", "name"),
)


async def _beside_a_board(owner: Actor, stranger: Actor, db: asyncpg.Connection) -> Look:
    """What another company has, and what the own one has elsewhere: at another board, at another customer's lead, in notes."""
    await _board(stranger, db, 20)
    look = await _board(owner, db, None)
    await db.execute("insert into board(company_id, name, currency) values ($1, $2, 'BRL')", owner.company_id, word(30))
    other, contact_id = await look.desk.person(TALK)
    await look.desk.wrote(TALK._replace(said=[secret(31)]), other)
    await db.execute(
        "update contact set name = $2, custom = $3::jsonb where id = $1", contact_id, word(32), f'{{"cpf": "{word(33)}"}}'
    )
    await look.desk._lead(contact_id, "new", [])
    await db.execute(
        "update lead set title = $3 where company_id = $1 and contact_id = $2", owner.company_id, contact_id, word(34)
    )
    await db.execute(
        "update account_user set email = $2 || id || '@example.com' where id in (select user_id from membership where company_id = $1)",
        owner.company_id,
        word(35),
    )
    await db.execute("update channel set verify_token = $2 where company_id = $1", owner.company_id, word(36))
    return look


async def test_neither_is_it_where_a_lead_is_judged(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    look = await _beside_a_board(owner, stranger, owner_db)
    await connect(owner, Provider.OPENAI, key=KEY)
    service.chat = [ok(completion("nothing"))]
    await owner_db.execute(
        "delete from lead_watch where company_id = $1 and conversation_id <> (select v.id from conversation v join contact c"
        " on c.company_id = v.company_id and c.id = v.contact_id where v.company_id = $1 and c.name = 'Ana Lima')",
        owner.company_id,
    )
    await look.looks()
    told = msgspec.json.encode(service.bodies).decode()
    assert "quero fechar o pedido" in told
    assert look.phone not in told
    assert _leaked(service) == set()


async def test_neither_is_it_where_a_persona_is_tried(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await _beside_a_board(owner, stranger, owner_db)
    scene = await _full_of_secrets(owner, stranger, owner_db)
    await connect(owner, Provider.OPENAI, key=KEY)
    service.chat = [searches]
    persona_id = await owner_db.fetchval(
        "select persona_id from persona_binding where company_id = $1 and channel_id = $2", owner.company_id, scene.channel
    )
    row = await trials.try_out(owner, persona_id, [TrialLine(who=TrialWho.CUSTOMER, text=QUESTION)], published=True)
    await personas.run(owner.company_id, TryPersona(trial_id=row["id"]))
    told = msgspec.json.encode(service.bodies).decode()
    assert "zk99" in told, "what it may know is there"
    assert "move_lead" in told, "a board that watches is rehearsed"
    assert _leaked(service) == set()
