"""Components: the table asks for pages, the loader goes through its states, dangerous text stays text."""

import asyncio
from typing import Any

import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.base import FieldError, Page
from tests.ui.interactions import choose, click, press, true_of, until
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.cells import person, tags
from ui.components.forms import Field, filled, strength, text_field
from ui.components.listing import Listing
from ui.components.query import Filter, Query
from ui.components.states import load
from ui.components.table import Column, DataTable, data_table
from ui.components.text import initials, safe_link, safe_url
from ui.components.throttle import Throttle


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.com/a", True),
        ("/contacts", True),
        ("mailto:a@b.c", True),
        ("javascript:alert(1)", False),
        (" JaVaScRiPt:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("vbscript:x", False),
    ],
)
def test_safe_url(url: str, safe: bool) -> None:
    assert (safe_url(url) is not None) is safe


def test_initials() -> None:
    assert [initials(name) for name in ("Beatriz Nunes", "ana", "+55 21 99812", "", "José da Silva")] == [
        "BN",
        "A",
        "#",
        "#",
        "JS",
    ]


def test_password_strength_rises() -> None:
    assert [strength(text) for text in ("", "abc", "aaaaaaaaaaaa", "cavaloazul", "cavalo-azul-42", "Cavalo-azul-42-sol")] == [
        0,
        1,
        1,
        1,
        3,
        4,
    ]


def test_problems_are_sentences() -> None:
    assert problems.sentence(ApiProblem(409, "last_owner", "x")).startswith("A empresa precisa")
    assert problems.sentence(ApiProblem(409, "something_new", "The API's own words.")) == "The API's own words."
    assert problems.sentence(ApiProblem(500, "boom", "trace")) == "Algo deu errado do nosso lado. Tente de novo."
    assert problems.sentence(Offline()).startswith("Sem conexão")


async def test_field_errors_find_their_fields(user: User) -> None:
    await user.open("/_gallery?tab=states")
    with user:
        field = text_field("Phone")
        error = ApiProblem(422, "invalid", "x", [FieldError(field="phone", code="phone_not_a_number", message="m")])
        assert problems.show_in({"phone": field}, error)
        await user.should_see("Isto não é um número de telefone.")
        field.value = "+55"
        await user.should_not_see("Isto não é um número de telefone.")
        safe_link("click me", "javascript:alert(1)")
        assert not [link for link in user.find("click me").elements if isinstance(link, ui.link)]


async def test_the_first_bad_field_gets_the_cursor(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    focused: list[Field[Any]] = []
    monkeypatch.setattr(Field, "focus", lambda field: focused.append(field))
    await user.open("/_gallery?tab=states")
    with user:
        fields = {name: text_field(name, value) for name, value in (("name", "Ana"), ("phone", ""), ("email", " "))}
        assert not filled(fields.values())
        assert focused == [fields["phone"]]
        errors = [FieldError(field=name, code="email_invalid", message="m") for name in ("email", "phone")]
        problems.show_in(fields, ApiProblem(422, "invalid", "x", errors))
        assert focused == [fields["phone"], fields["phone"]]


async def test_the_loader_shows_error_then_content(user: User) -> None:
    answers: list[Any] = [Offline(), "there"]

    async def fetch() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    await user.open("/_gallery?tab=phones")
    with user:
        load(fetch, ui.label, lambda: ui.label("skeleton"))
    await user.should_see("skeleton")
    await user.should_see("Não foi possível carregar", retries=10)
    user.find("Tentar de novo").click()
    await user.should_see("there", retries=10)


class _Source:
    def __init__(self, total: int, *, estimated: bool = False) -> None:
        self.total = total
        self.estimated = estimated
        self.asked: list[Query] = []

    async def fetch(self, query: Query) -> Page[int]:
        self.asked.append(query)
        start = int(query.cursor or 0)
        items = [] if query.search == "none" else list(range(start, min(start + query.limit, self.total)))
        more = start + query.limit < self.total
        return Page(
            items=items,
            next_cursor=str(start + query.limit) if more else None,
            total=self.total,
            total_is_estimate=self.estimated,
        )


def _table(source: _Source, chosen: list[Any]) -> DataTable[int]:
    return data_table(
        [Column("name", "Name", phone="title"), Column("tags", "Tags")],
        source.fetch,
        lambda number: {"id": str(number), "name": person(f"Person {number}"), "tags": tags(["a", "b", "c", "d"])},
        search="Find",
        filters=[Filter("state", "State", {"on": "Active"})],
        bulk=lambda selection: chosen.append(selection),
        draw_empty=lambda: ui.label("nothing at all"),
        limit=20,
    )


async def _settled(table: DataTable[int], asked: int, source: _Source) -> None:
    for _try in range(1200):
        await asyncio.sleep(0.05)
        if len(source.asked) >= asked and "loading" not in table._table.props:
            return
    raise AssertionError(f"asked {len(source.asked)} times")


async def test_the_table_pages_searches_filters_and_selects(user: User) -> None:
    source, chosen = _Source(200_000), list[Any]()
    await user.open("/_gallery?tab=phones")
    with user:
        table = _table(source, chosen)
    await _settled(table, 1, source)
    await user.should_see("1–20 de 200.000")
    assert len(table._table.rows) == 20
    assert "loading" in table._table.slots  # else Quasar shows a progressbar without a name while it asks again
    assert table._table.rows[0]["tags"] == {"chips": ["a", "b", "c", "+1"]}
    user.find("Próxima").click()
    await user.should_see("21–40 de 200.000", retries=10)
    assert source.asked[-1].cursor == "20"
    user.find("Anterior").click()
    await user.should_see("1–20 de 200.000", retries=10)
    table._table.selected = table._table.rows[:]
    with user:
        table._selected()
    await user.should_see("20 selecionados")
    user.find("Selecionar todos os 200.000").click()
    await user.should_see("200.000 selecionados", retries=10)
    assert (chosen[-1].all_matching, chosen[-1].amount) == (True, 200_000)
    choose(user, "Active")
    await user.should_see("State: Active", retries=10)
    await _settled(table, 4, source)
    assert source.asked[-1] == Query(search="", filters={"state": "on"}, cursor=None, limit=20, sort=None)
    await user.should_not_see("200.000 selecionados")
    table._input.value = "none"
    await user.should_see("Nada encontrado", retries=10)


async def test_a_page_further_is_one_of_what_was_asked_for_last(user: User) -> None:
    """Next is pressed while the answer to a filter is still on its way: the end of the page that is shown leads nowhere."""
    asked: list[Query] = []
    answer = asyncio.Event()

    async def fetch(query: Query) -> Page[int]:
        asked.append(query)
        if query.filters:
            await answer.wait()
        return Page(items=[1], next_cursor="of those" if query.filters else "of all", total=100, total_is_estimate=False)

    await user.open("/_gallery?tab=phones")
    with user:
        table = data_table(
            [Column("name", "Name")],
            fetch,
            lambda one: {"id": str(one), "name": ""},
            filters=[Filter("state", "State", {"on": "Active"})],
        )
    await user.should_see("1–1 de 100")
    choose(user, "Active")
    await until(lambda: true_of(lambda: bool(asked[-1].filters)))
    click(user, "Próxima")
    await until(lambda: true_of(lambda: "loading" in table._onward.props))
    answer.set()
    await user.should_see("51–51 de 100")
    assert [(one.filters, one.cursor) for one in asked] == [({}, None), ({"state": "on"}, None), ({"state": "on"}, "of those")]


async def test_a_total_that_nobody_counted_is_shown_as_an_estimate(user: User) -> None:
    source, chosen = _Source(12_000, estimated=True), list[Any]()
    await user.open("/_gallery?tab=phones")
    with user:
        table = _table(source, chosen)
    await user.should_see("1–20 de cerca de 12.000", retries=30)
    table._table.selected = table._table.rows[:]
    with user:
        table._selected()
    await user.should_see("20 selecionados", retries=30)
    assert not chosen[-1].estimated  # these were counted
    user.find("Selecionar todos, cerca de 12.000").click()
    await user.should_see("Cerca de 12.000 selecionados", retries=30)
    assert chosen[-1].estimated


async def test_an_empty_table_says_what_it_is_for(user: User) -> None:
    await user.open("/_gallery?tab=phones")
    with user:
        _table(_Source(0), [])
    await user.should_see("nothing at all", retries=10)
    await user.should_not_see("Find")


async def test_the_gallery_draws_every_component(user: User) -> None:
    for tab in ("pieces", "forms", "data", "states", "phones"):
        await user.open(f"/_gallery?tab={tab}")
        await user.should_see("Gallery")


def _elements(user: User, text: str) -> set[int]:
    return {one.id for one in user.find(text).elements}


async def test_a_listing_grows_is_narrowed_and_keeps_its_chips(user: User) -> None:
    source = _Source(300)
    await user.open("/_gallery?tab=phones")
    with user:
        Listing(
            source.fetch,
            lambda page: ui.label(f"{len(page.items)} rows"),
            lambda: ui.label("what this is for"),
            search="Find",
            chips=(Filter("kind", "Kind", {"on": "Active"}), "Every one"),
            step=20,
        )
    await user.should_see("20 rows", retries=30)
    user.find("Mostrar mais").click()
    await user.should_see("60 rows", retries=30)
    chip = _elements(user, "Active")
    press(user, "Active")
    await until(lambda: true_of(lambda: source.asked[-1].filters == {"kind": "on"}))
    await user.should_see("20 rows", retries=30)  # from the top again
    assert _elements(user, "Active") == chip  # the chip that was pressed is the one that stands there
    for rows in (60, 100, 140, 180, 200):
        user.find("Mostrar mais").click()
        await user.should_see(f"{rows} rows", retries=30)
    await user.should_see("Aqui estão só os primeiros 200.")
    await user.should_not_see("Mostrar mais")


async def test_a_listing_leads_out_of_a_search_and_says_what_it_is_for(user: User) -> None:
    source = _Source(3)
    await user.open("/_gallery?tab=phones")
    with user:
        listing = Listing(source.fetch, lambda page: None, lambda: ui.label("what this is for"), search="Find")
        await until(lambda: true_of(lambda: bool(source.asked)))
        user.find("Find").type("none")
        await user.should_see("Nada encontrado", retries=30)
        await user.should_not_see("what this is for")
        click(user, "Mostrar tudo")
        await until(lambda: true_of(lambda: source.asked[-1].search == ""))
        await user.should_not_see("Nada encontrado", retries=30)
        source.total = 0
        await listing.refresh()
    await user.should_see("what this is for", retries=30)


async def test_a_poke_that_comes_while_a_call_fails_is_not_lost(ana: User) -> None:
    await ana.open("/sign-in")
    calls: list[int] = []
    assert ana.client is not None

    async def call() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            throttle.poke()
            raise ValueError("the first one fails")

    with ana.client.content:
        throttle = Throttle(call, 0.01)
    throttle.poke()
    await until(lambda: true_of(lambda: calls == [0, 1]))
