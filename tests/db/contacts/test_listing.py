"""The list of contacts: whichever way a page is found, it holds the same people in the same order."""

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.contacts import listing, queries, search
from db.contacts.filter import ContactFilter
from db.contacts.listing import Sort
from db.tenancy import Actor

PEOPLE = 300
_MADE = """
with person as (
    select g, (substr(md5($2 || g::text), 1, 30) || '00')::uuid as id,
        (array['Ana', 'José', 'Zuleika', 'Maria', 'Bia', 'João', 'Maria José'])[1 + g % 7] || ' '
        || (array['Silva', 'Souza', 'Maranhão', 'Lima', 'de Araújo'])[1 + g % 5] as name,
        '+55119' || 80000000 + g * 7919 as phone, 'p' || g || '@hotmail.com' as email
    from generate_series(1, $3::int) g
)
insert into contact(company_id, id, name, search, custom, opted_out_at, updated_at)
select $1, id, name, search_text(name, array[phone, email]), jsonb_build_object('plano', (array['Ouro', 'Prata'])[1 + g % 2]),
    case when g % 3 = 0 then now() end, now() - interval '1 minute' * (g * 31 % 97)
from person
"""
_WAYS: dict[str, dict[str, int]] = {
    "gathered by the index": {"GATHERED": 10**9},
    "walked": {"GATHERED": -1, "LIKELY": 10**9},
    "walked in vain": {"GATHERED": -1, "LIKELY": 10**9, "WALKED": 7},
    "walked farther": {"GATHERED": -1, "LIKELY": 1, "COSTLY": 1, "PATIENCE": 10**9},
    "gathered by what is rarer": {"GATHERED": -1, "LIKELY": 0},
}


async def _people(db: asyncpg.Connection, actor: Actor) -> None:
    """All of them in the sample: their ids end in 00."""
    await db.execute(_MADE, actor.company_id, actor.company_id.hex, PEOPLE)


async def _ids(actor: Actor, filter: ContactFilter, sort: Sort) -> list[UUID]:
    """All pages, one after the other."""
    found: list[UUID] = []
    after: Any = None
    while True:
        rows = (await listing.contacts(actor, filter, sort=sort, after=after, limit=9)).rows
        found += [row["id"] for row in rows]
        if len(rows) < 9:
            return found
        after = (rows[-1]["name_key" if sort == "name" else "updated_at"], rows[-1]["id"])


@pytest.mark.parametrize("way", _WAYS.values(), ids=_WAYS)
@pytest.mark.parametrize("sort", ["name", "recent"])
async def test_every_way_to_a_page_finds_the_same_people(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, way: dict[str, int], sort: Sort
) -> None:
    for actor in (owner, stranger):
        await _people(owner_db, actor)
    for name, value in way.items():
        monkeypatch.setattr(listing, name, value)
    order = "name_key, id" if sort == "name" else "updated_at desc, id desc"
    asked = {
        "maria": ["maria"],
        "ma": [" ma"],
        "souza JOSÉ": ["jose", "souza"],
        "11980": ["11980"],
        "ho": [" ho"],
        "co": [" co"],  # no word begins with what stands behind a dot
        "7@hotmail.com": ["7@hotmail.com"],
        "l.com ara jo": ["l.com", "ara", " jo"],
        "zuleika x": ["zuleika", " x"],
        "maria %": ["maria", " %"],
        "": [],
    }
    for text, words in asked.items():
        for more in ({}, {"opted_out": True}, {"custom": {"plano": "Ouro"}}, {"custom": {"plano": "Ouro"}, "opted_out": True}):
            expected = await owner_db.fetch(
                f"select id from contact where company_id = $1 and ($3::bool is null or opted_out_at is not null) and custom @> $4::jsonb"
                f" and coalesce((select bool_and(position(w in search) > 0) from unnest($2::text[]) w), true) order by {order}",
                owner.company_id,
                words,
                more.get("opted_out"),
                json.dumps(more.get("custom", {})),
            )
            ids = await _ids(owner, ContactFilter(search=text, **more), sort)
            assert ids == [row["id"] for row in expected], (text, more)


async def test_totals_are_exact_when_asked_and_round_when_guessed(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _people(owner_db, owner)
    filter = ContactFilter(search="maria")
    hits = await owner_db.fetchval("select count(*) from contact where company_id = $1 and name ~ 'Maria'", owner.company_id)
    monkeypatch.setattr(listing, "GATHERED", 10**9)
    assert (await listing.contacts(owner, filter, limit=9)).total == hits
    monkeypatch.setattr(listing, "GATHERED", -1)
    monkeypatch.setattr(listing, "LIKELY", 10**9)
    guessed = await listing.contacts(owner, filter, limit=9)
    assert guessed.estimated
    assert guessed.total == hits * search.SAMPLED // 1000 * 1000  # all of them are in the sample; two digits of the guess
    assert (await listing.contacts(owner, filter, limit=9, exact=True)).total == hits
    assert (await listing.contacts(owner, filter, limit=hits + 1)).total == hits  # the end of the list was seen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (None, []),
        (" \0 ", []),
        ("maria  souza", ["maria", "souza"]),
        ("a", [" a"]),
        ("ana jo ana", ["ana", " jo"]),
        ("(11) 98765-4321", ["11987654321"]),
        ("silva 98765-4321", ["silva", "987654321"]),
        ("100%", ["100%"]),
        ("%", [" %"]),
        ("a--", [" a--"]),
    ],
)
def test_text_becomes_needles(text: str | None, found: list[str]) -> None:
    assert search.needles(text) == found


async def test_signs_alone_find_nobody(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """No index knows them: a million contacts would be read for each."""
    await _people(owner_db, owner)
    for text in (".", "@", "--", "%%% ...", "😀"):
        assert await listing.contacts(owner, ContactFilter(search=text)) == ([], 0, False)
        assert await listing.contacts(owner, ContactFilter(search=text), exact=True) == ([], 0, False)
        assert (await queries.counted(owner, ContactFilter(search=text), exact=True)).people == 0
        assert (await queries.counted(owner, ContactFilter(search=text, everyone=True), exact=True)).people == 0


def test_the_index_is_asked_for_the_rarest_pieces() -> None:
    pieces = {(1, 1): "mar", (1, 2): "ari", (1, 3): "ria", (1, 4): "iaw", (1, 5): "aws", (1, 6): "wsi", (2, 1): "kow"}
    many, some = set(range(900)), set(range(100))
    seen = dict.fromkeys(pieces, many) | {(1, 4): some, (1, 5): some | {901}, (1, 6): set(range(50, 160)), (2, 1): many}
    assert search._patterns(pieces, seen) == ["%iawsi%"]  # they overlap: one run of letters
    assert search._patterns(pieces, seen | {(2, 1): {60, 950}}) == ["%iaw%", "%kow%"]
    assert search._patterns({(1, 1): " ma"}, {(1, 1): many}) == ["% ma%"]
    assert search._patterns({}, {}) == []


async def test_a_walk_reads_no_table_and_the_sample_no_more_than_itself(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """What makes them quick: the columns they need are in their indexes."""
    indexes = {row["indexname"]: row["indexdef"] for row in await owner_db.fetch("select * from pg_indexes")}
    assert indexes["contact_name"].endswith("(company_id, name_key, id) INCLUDE (search)")
    assert search.IN_SAMPLE.replace("c.id", "id") in indexes["contact_sample"]
