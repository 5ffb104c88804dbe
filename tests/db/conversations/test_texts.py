"""Conversations found by what was said in them: which words meet which texts, what is shown of them, and who is found on which way."""

import random
import re
import unicodedata
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.contacts import search
from db.contacts.actions import create_contact
from db.conversations import actions, queries, searching, texts, thread
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
    monkeypatch.setattr(searching._Said, "walked", 1)
    assert await found(owner, "vestido") == gathered  # the walk was too short
    monkeypatch.setattr(searching, "MANY", 0)
    assert await found(owner, "vestido") == gathered  # too short, and too many to gather
    assert await found(owner, "vestido", limit=2) == gathered[:2]
    assert await found(owner, "vestido", before=(last.last_at, last.id)) == gathered[2:]
    assert await found(owner, "vestido", ConversationView.CLOSED) == []


_VOCABULARY = ("vestido", "vestidos", "azul", "AÇAÍ", "acai", "pé", "pe", "Pedido", "45", "4512", "José", "é", "45-12", "azul,pé")
_QUESTIONS = (
    "vestido",
    "vest",
    "acai",
    "Açaí azul",
    "pe",
    "pé pedido",
    "45",
    "4512",
    "jose",
    "e",
    "ves azu",
    "bia",
    "jose 45",
    "zebra",
)


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def _says(text: str, asked: str) -> bool:
    """Every word of `asked` is in the text, of three letters and more as a beginning."""
    words, wanted = ([_folded(word) for word in re.findall(r"[^\W_]+", each)] for each in (text, asked))
    return all(any(word.startswith(one) if len(one) > 2 else word == one for word in words) for one in wanted)


@pytest.fixture
async def talks(owner: Actor, people: list[Scene], owner_db: asyncpg.Connection) -> dict[UUID, tuple[str, list[str]]]:
    """By contact, whoever spoke last first: what the person is found by, and texts of both sides and of notes, by chance."""
    dice = random.Random(43)

    def text() -> str:
        return " ".join(dice.choices(_VOCABULARY, k=dice.randint(1, 3)))

    said: dict[UUID, tuple[str, list[str]]] = {}
    for number, one in enumerate(people):
        name = f"Bia {text()}"
        await owner_db.execute(
            "update contact set name = $3, search = search_text($3, array[$4]) where company_id = $1 and id = $2",
            owner.company_id, one.contact, name, PHONE,
        )  # fmt: skip
        known = await owner_db.fetchval("select search from contact where id = $1", one.contact)
        said[one.contact] = known, [text() for _ in range(dice.randint(1, 4))]
        for place, each in enumerate(said[one.contact][1]):
            await one.wrote(number * 10 + place, each, key=f"{number}.{place}")
        if number % 2:
            said[one.contact][1].append(note := text())
            await actions.add_note(owner, (await one.the()).id, note, [])
        if number % 3:
            said[one.contact][1].append(answer := text())
            await owner_db.execute(
                "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, sent_at, content)"
                " values ($1, $2, $2, $3, $4, $5, now(), jsonb_build_object('kind', 'literal', 'body', $6::text))",
                owner.company_id, one.channel, one.contact, PHONE, f"answer{number}", answer,
            )  # fmt: skip
    return dict(reversed(said.items()))


@pytest.mark.parametrize(
    ("few", "walked", "many", "looked_up"),
    [
        (None, None, None, None),
        (0, None, None, None),
        (0, 2, None, None),
        (0, 2, 0, None),
        (2, 2, 3, None),
        (None, None, None, -1),
        (3, None, None, -1),
        (None, 2, None, -1),
        (0, None, None, -1),
    ],
    ids=[
        "gathered",
        "walked",
        "gathered after a walk",
        "walked to the end",
        "each in turn",
        "sifted",
        "too many to sift",
        "sifted in vain",
        "nothing to sift",
    ],
)
async def test_every_way_finds_what_a_look_at_everything_finds(
    owner: Actor,
    talks: dict[UUID, tuple[str, list[str]]],
    monkeypatch: pytest.MonkeyPatch,
    few: int | None,
    walked: int | None,
    many: int | None,
    looked_up: int | None,
) -> None:
    """Words by chance, in names and in what was said: the same people in the same order, in one page and in pages of two."""
    if few is not None:
        monkeypatch.setattr(texts, "FEW", few)
        monkeypatch.setattr(searching, "FEW", few)
    if walked is not None:
        monkeypatch.setattr(searching._Said, "walked", walked)
        monkeypatch.setattr(searching._Named, "walked", walked)
    if many is not None:
        monkeypatch.setattr(searching, "MANY", many)
    if looked_up is not None:
        monkeypatch.setattr(searching, "LOOKED_UP", looked_up)
    for asked in _QUESTIONS:
        wanted = [
            contact
            for contact, (known, said) in talks.items()
            if all(_folded(needle) in known for needle in search.needles(asked)) or any(_says(each, asked) for each in said)
        ]
        rows = await queries.conversations(owner, Filter(ALL, search=asked), limit=10)
        assert [row.contact_id for row in rows] == wanted, asked
        assert [row.found is not None for row in rows] == [any(_says(each, asked) for each in talks[one][1]) for one in wanted]
        paged: list[queries.Conversation] = []
        while len(part := await queries.conversations(
            owner, Filter(ALL, search=asked), limit=2, before=(paged[-1].last_at, paged[-1].id) if paged else None
        )):  # fmt: skip
            paged += part
        assert [row.contact_id for row in paged] == wanted, asked


async def test_a_common_word_is_not_gathered_without_a_bound(
    owner: Actor, people: list[Scene], owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand hits outside of a short list: the list is walked to its end, and they are not read."""
    monkeypatch.setattr(texts, "FEW", 5)
    monkeypatch.setattr(searching, "MANY", 20)
    monkeypatch.setattr(searching._Said, "walked", 1)
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
            read.append(_read(msgspec.json.decode(plan[0])[0]["Plan"]))
        return await one_row(self, sql, *args)

    monkeypatch.setattr(Read, "fetchrow", explained)
    assert await found(owner, "vestido", ConversationView.OPEN) == [("Bia 1", "Tem vestido azul?")]
    assert read == [11, 21]


def _read(node: dict[str, Any]) -> int:
    """So many rows the function gave that knows the index."""
    own = int(node["Actual Rows"]) if node["Node Type"] == "Function Scan" else 0
    return own + sum(_read(each) for each in node.get("Plans", []))


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
