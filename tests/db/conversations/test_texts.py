"""Conversations found by what was said in them: which words meet which texts, what is shown of them, and who is found on which way."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.contacts.actions import create_contact
from db.conversations import actions, queries, texts, thread
from db.conversations.enums import ConversationState, ConversationView
from db.conversations.queries import Filter
from db.errors import NotFound
from db.tenancy import Actor
from db.work import Read
from tests import factories
from tests.db.conversations.test_conversations import PHONE, Scene

ALL = ConversationView.ALL


@pytest.fixture
async def people(owner: Actor, owner_db: asyncpg.Connection) -> list[Scene]:
    """Six people on one number."""
    channel = await factories.channel(owner_db, owner)
    made = []
    for number in range(6):
        phone = f"{PHONE[:-1]}{number}"
        contact = (await create_contact(owner, name=f"Bia {number}", phone=phone, tag_names=[], custom={}))["id"]
        made.append(Scene(owner, channel, contact))
    return made


async def found(owner: Actor, text: str, view: ConversationView = ALL, **more: object) -> list[tuple[str, str | None]]:
    """Name and found line of each, in the order of the list."""
    rows = await queries.conversations(owner, Filter(view, search=text), **more)  # type: ignore[arg-type]
    return [(row.contact_name, row.found.text if row.found else None) for row in rows]


async def test_words_of_one_message_are_met_by_their_beginning(owner: Actor, people: list[Scene]) -> None:
    await people[0].wrote(1, "Quando chega a encomenda do Júlio?", key="a")
    await people[0].wrote(2, "Oi?", key="b")
    await people[1].wrote(3, "Obrigada pela encomenda", key="c")
    await people[2].phoned(4)
    assert await found(owner, "encom") == [
        ("Bia 1", "Obrigada pela encomenda"),
        ("Bia 0", "Quando chega a encomenda do Júlio?"),
    ]
    assert await found(owner, "JULIO encomenda") == [("Bia 0", "Quando chega a encomenda do Júlio?")]
    assert await found(owner, "obrigada julio") == []
    assert await found(owner, "oi") == [("Bia 0", "Oi?")]
    assert await found(owner, "ob") == []  # two letters are a whole word
    assert await found(owner, "vou") == [("Bia 2", "Já vou")]
    assert await found(owner, "?") == []
    assert await found(owner, "bia 1") == [("Bia 1", None)]


async def test_notes_are_searched_and_the_thread_opens_around_what_was_found(owner: Actor, people: list[Scene]) -> None:
    for minute in range(9):
        await people[0].wrote(minute, f"Mensagem {minute}", key=f"m{minute}")
    one = await people[0].the()
    await actions.add_note(owner, one.id, "Cliente pediu DESCONTO", [])
    [row] = await queries.conversations(owner, Filter(ALL, search="desconto"))
    assert row.found is not None
    assert (row.found.side, row.found.marks) == ("note", [(14, 22)])
    [row] = await queries.conversations(owner, Filter(ALL, search="mensagem 4"))
    assert row.found is not None
    near, more = await thread.around(owner, one.id, row.found.entry_id, limit=4)
    assert [each.message.text for each in near if each.message] == ["Mensagem 6", "Mensagem 5", "Mensagem 4", "Mensagem 3"]
    assert more
    near, more = await thread.around(owner, one.id, row.found.entry_id, limit=40)
    assert (len(near), more) == (10, False)
    with pytest.raises(NotFound):
        await thread.around(owner, one.id, UUID(int=1))


async def test_gathering_and_walking_find_the_same(owner: Actor, people: list[Scene], monkeypatch: pytest.MonkeyPatch) -> None:
    for number, one in enumerate(people):
        await one.wrote(number, "Tem vestido azul?" if number % 2 else "Tem saia?", key=f"k{number}")
    gathered = await found(owner, "vestido")
    assert [name for name, _ in gathered] == ["Bia 5", "Bia 3", "Bia 1"]
    monkeypatch.setattr(texts, "FEW", 0)
    assert await found(owner, "vestido") == gathered
    assert await found(owner, "vestido", limit=2) == gathered[:2]
    last = (await queries.conversations(owner, Filter(ALL, search="vestido"), limit=2))[-1]
    assert await found(owner, "vestido", before=(last.last_at, last.id)) == gathered[2:]
    monkeypatch.setattr(queries, "_FAR", "limit 1")
    monkeypatch.setattr(queries, "_LONGER", queries._LONGER.replace(f"offset {texts.WALKED}", "offset 1"))
    assert await found(owner, "vestido") == gathered  # the walk was too short
    monkeypatch.setattr(texts, "MANY", 0)
    assert await found(owner, "vestido") == gathered  # too short, and too many to gather
    assert await found(owner, "vestido", limit=2) == gathered[:2]
    assert await found(owner, "vestido", before=(last.last_at, last.id)) == gathered[2:]
    assert await found(owner, "vestido", ConversationView.CLOSED) == []


async def test_a_common_word_is_not_gathered_without_a_bound(
    owner: Actor, people: list[Scene], owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand hits outside of a short list: the list is walked to its end, and they are not read."""
    monkeypatch.setattr(texts, "FEW", 10)
    monkeypatch.setattr(texts, "MANY", 20)
    monkeypatch.setattr(queries, "_FAR", "limit 1")
    monkeypatch.setattr(queries, "_LONGER", queries._LONGER.replace(f"offset {texts.WALKED}", "offset 1"))
    for number, one in enumerate(people):
        await one.wrote(number, "Tem vestido azul?" if number == 1 else "Tem saia?", key=f"k{number}")
    busy = people[0]
    await actions.change(owner, (await busy.the()).id, actions.Change(state=ConversationState.CLOSED))
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, address, kind, content, body, received_at, provider_id)"
        " select $1, $2, $3, $4, 'text', $5::jsonb, 'vestido', now(), 'v' || n from generate_series(1, 2000) n",
        owner.company_id,
        busy.channel,
        busy.contact,
        PHONE,
        factories.content_json("text", "vestido"),
    )
    read: list[int] = []
    one_row = Read.fetchrow

    async def explained(self: Read, sql: str, *args: object) -> asyncpg.Record | None:
        if "said_search" in sql:
            plan = await one_row(self, f"explain (analyze, format json) {sql}", *args)
            assert plan is not None
            read.append(_most(msgspec.json.decode(plan[0])[0]["Plan"]))
        return await one_row(self, sql, *args)

    monkeypatch.setattr(Read, "fetchrow", explained)
    assert await found(owner, "vestido", ConversationView.OPEN) == [("Bia 1", "Tem vestido azul?")]
    assert read == [11, 21]


def _most(node: dict[str, Any]) -> int:
    """The most rows that a node of the plan gave or threw away, in all its rounds."""
    own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return max([int(own), *(_most(each) for each in node.get("Plans", []))])


async def test_another_companys_texts_are_not_met(owner: Actor, stranger: Actor, people: list[Scene]) -> None:
    await people[0].wrote(1, "Segredo")
    assert await found(stranger, "segredo") == []


async def test_what_nobody_wrote_is_not_searched(owner: Actor, people: list[Scene], owner_db: asyncpg.Connection) -> None:
    await people[0].wrote(1, "Oi")
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, sent_at, content)"
        ' values ($1, $2, $2, $3, $4, \'modelo\', now(), \'{"kind": "template", "body": "Promoção"}\'::jsonb)',
        owner.company_id,
        people[0].channel,
        people[0].contact,
        PHONE,
    )
    assert await found(owner, "promocao") == []


def test_a_line_shows_what_stands_around_the_first_word() -> None:
    text = "palavra " * 30 + "o número do pedido é 4512, " + "palavra " * 30
    shown, marks = texts.excerpt(text, [("pedido", True), ("4512", True)])
    assert (shown[0], shown[-1]) == ("…", "…")
    assert [shown[start:end] for start, end in marks] == ["pedido", "4512"]
    assert len(shown) <= texts.SHOWN + 2
    assert texts.excerpt("Oi, Ana", [("an", False)]) == ("Oi, Ana", [])


async def test_long_texts_and_words_are_stored(owner: Actor, people: list[Scene]) -> None:
    """A lexeme has an end, a text has none."""
    await people[0].wrote(1, "x" * 5000, key="long")
    await people[0].wrote(2, " ".join(f"palavra{number}" for number in range(3000)), key="many")
    assert len(await found(owner, "x" * 60)) == 1
    assert len(await found(owner, "palavra12")) == 1
