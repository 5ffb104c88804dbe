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
from db.jobs import RunAssist
from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.tenancy import Actor
from tests import factories
from tests.db.assistant.scene import Scene
from tests.workers.assistant.test_run import answers, run
from tests.workers.llm.conftest import Body, Reply, Service, completion, connect, ok, service
from workers.assistant import assist

__all__ = ["service"]

KEY = "sk-zk01secretzk01secretzk01"
QUESTION = "Qual o prazo de entrega e a política de trocas da loja?"
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


def searches(body: Body) -> Reply:
    """Everything that the tools give, asked for in every way."""
    if (
        any(message["role"] == "tool" and "passages" in str(message.get("content")) for message in body["messages"])
        or "tools" not in body
    ):
        return ok(answers("Oi! Como posso ajudar?"))
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
    return ok(completion(None, finish="tool_calls", tool_calls=calls))


def _leaked(service: Service) -> set[str]:
    """Words that stand in the body of a request."""
    told = msgspec.json.encode(service.bodies).decode()
    return {word(number) for number in range(1, 18) if word(number) in told} | ({KEY} if KEY in told else set())


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


@pytest.mark.parametrize("what", [AssistKind.DRAFT, AssistKind.SUMMARY, AssistKind.CUSTOMER, AssistKind.NEXT])
async def test_neither_is_it_where_agents_ask(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, service: Service, what: AssistKind
) -> None:
    await connect(owner, Provider.OPENAI, key=KEY)
    scene = await _full_of_secrets(owner, stranger, owner_db)
    assert scene.conversation is not None
    service.chat = [searches]
    asked = await assists.ask(owner, scene.conversation, what, text="", language=AssistLanguage.PT_BR)
    await assist.run(owner.company_id, RunAssist(assist_id=asked.id))
    assert service.bodies, "a model was asked"
    assert QUESTION in msgspec.json.encode(service.bodies).decode()
    assert _leaked(service) <= {word(13)}, "what is known of this customer is for the agent, who sees it anyway"
