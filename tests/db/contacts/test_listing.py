"""The list of contacts: whichever way a page is found, it holds the same people in the same order."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.contacts import listing, search
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
insert into contact(company_id, id, name, search, opted_out_at, updated_at)
select $1, id, name, search_text(name, array[phone, email]), case when g % 4 = 0 then now() end, now() - interval '1 minute' * (g * 31 % 97)
from person
"""
_WAYS: dict[str, dict[str, int]] = {
    "gathered by the index": {"GATHERED": 10**9},
    "walked": {"GATHERED": -1, "LIKELY": 10**9},
    "walked in vain": {"GATHERED": -1, "LIKELY": 10**9, "WALKED": 7},
    "gathered by the other conditions": {"GATHERED": -1, "LIKELY": 0, "PROBED": -1},
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
    asked = {"maria": "maria", "ma": " ma", "souza JOSÉ": "jose souza", "11980": "11980", "ho": " ho", "zuleika x": "zuleika x"}
    for text, words in asked.items():
        for opted_out in (None, True):
            expected = await owner_db.fetch(
                f"select id from contact where company_id = $1 and ($3::bool is null or opted_out_at is not null)"
                f" and (select bool_and(position(w in search) > 0) from unnest($2::text[]) w) order by {order}",
                owner.company_id,
                [words] if words.startswith(" ") else words.split(),
                opted_out,
            )
            ids = await _ids(owner, ContactFilter(search=text, opted_out=opted_out), sort)
            assert ids == [row["id"] for row in expected], (text, opted_out)


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
    guessed = (await listing.contacts(owner, filter, limit=9)).total
    assert guessed == hits * search.SAMPLED // 1000 * 1000  # all of them are in the sample; two digits of the guess
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
    ],
)
def test_text_becomes_needles(text: str | None, found: list[str]) -> None:
    assert search.needles(text) == found


async def test_a_walk_reads_no_table_and_the_sample_no_more_than_itself(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """What makes them quick: the columns they need are in their indexes."""
    indexes = {row["indexname"]: row["indexdef"] for row in await owner_db.fetch("select * from pg_indexes")}
    assert indexes["contact_name"].endswith("(company_id, name_key, id) INCLUDE (search)")
    assert search.IN_SAMPLE.replace("c.id", "id") in indexes["contact_sample"]
