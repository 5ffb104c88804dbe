"""Saved views are of one person or of everybody, one of them opens a page, and a dashboard keeps its order and refuses what is twice."""

from uuid import uuid4

import asyncpg
import pytest

from db.analytics import dashboard, views
from db.analytics.dashboard import Placed
from db.analytics.enums import FigurePage, Tile, TileSize
from db.analytics.views import ViewSet
from db.errors import Conflict, Forbidden, Invalid, NotFound, PreconditionFailed
from db.permissions import Role
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from tests.api.conftest import make_member

PAGE = FigurePage.CALLS


def _set(name: str, *, everybody: bool = False, opens: bool = False, page: FigurePage = PAGE) -> ViewSet:
    return ViewSet(page, name, {"days": 7}, everybody, opens)


async def test_a_view_is_ones_own_or_everybodys(owner: Actor, owner_db: asyncpg.Connection) -> None:
    other = await make_member(owner_db, owner, Role.MANAGER)
    mine = await views.save(owner, _set("Verão", opens=True))
    every = await views.save(owner, _set("Verão", everybody=True, opens=True))
    assert [(one.id, one.mine) for one in await views.views(owner, PAGE)] == [(mine.id, True), (every.id, False)]
    assert [one.id for one in await views.views(other, PAGE)] == [every.id]
    assert await views.views(owner, FigurePage.OVERVIEW) == []
    with pytest.raises(NotFound):
        await views.change(other, mine.id, _set("Outono"))
    with pytest.raises(NotFound):
        await views.forget(other, mine.id)
    with pytest.raises(Conflict):
        await views.save(owner, _set("verão"))
    await views.save(other, _set("Verão"))  # somebody else's


async def test_one_view_opens_a_page(owner: Actor) -> None:
    first = await views.save(owner, _set("A", opens=True))
    second = await views.save(owner, _set("B", opens=True))
    elsewhere = await views.save(owner, _set("C", opens=True, page=FigurePage.CONSENT))
    every = await views.save(owner, _set("D", opens=True, everybody=True))
    opens = {one.id for one in await views.views(owner, None) if one.opens}
    assert opens == {second.id, elsewhere.id, every.id}
    with pytest.raises(PreconditionFailed):
        await views.change(owner, first.id, _set("A", opens=True), frozenset({first.version}))  # it was closed meanwhile
    await views.change(owner, first.id, _set("A", opens=True))
    assert {one.id for one in await views.views(owner, None) if one.opens} == {first.id, elsewhere.id, every.id}


async def test_who_may_not_change_campaigns_has_own_views_only(owner: Actor, owner_db: asyncpg.Connection) -> None:
    person = await make_member(owner_db, owner, Role.CUSTOM, picked=frozenset({"analytics:read"}))  # type: ignore[arg-type]
    every = await views.save(owner, _set("Verão", everybody=True))
    await views.save(person, _set("Meu"))
    for refused in (
        views.save(person, _set("Todos", everybody=True)),
        views.forget(person, every.id),
        views.change(person, every.id, _set("X")),
    ):
        with pytest.raises(Forbidden):
            await refused  # fmt: skip


async def test_views_go_with_the_person(owner: Actor, owner_db: asyncpg.Connection) -> None:
    other = await make_member(owner_db, owner, Role.MANAGER)
    await views.save(other, _set("Seu"))
    await views.save(owner, _set("Meu"))
    await views.save(other, _set("Todos", everybody=True))
    await owner_db.execute("delete from membership where company_id = $1 and user_id = $2", other.company_id, other.id)
    async with system_work() as s:
        await views.forget_left(s)
    names = "select name from saved_view where company_id = $1 order by name"
    assert [row["name"] for row in await owner_db.fetch(names, owner.company_id)] == ["Meu", "Todos"]  # the owner's own stays


async def test_a_dashboard_keeps_its_order(owner: Actor, owner_db: asyncpg.Connection) -> None:
    usual = await dashboard.dashboard(owner)
    assert (usual.version, usual.tiles) == (0, dashboard.USUAL)
    lead = await factories.lead(owner_db, owner)
    board = await owner_db.fetchval("select board_id from lead where id = $1", lead)
    tiles = [Placed(Tile.CALLS, TileSize.FULL), Placed(Tile.FUNNEL, TileSize.HALF, board), Placed(Tile.SENT, TileSize.SMALL)]
    kept = await dashboard.arrange(owner, tiles, frozenset({0}))
    assert ((await dashboard.dashboard(owner)).tiles, kept.version) == (tiles, 1)
    with pytest.raises(PreconditionFailed):
        await dashboard.arrange(owner, tiles[:1], frozenset({0}))
    wrong = (
        [Placed(Tile.SENT, TileSize.SMALL), Placed(Tile.SENT, TileSize.FULL)],
        [Placed(Tile.SENT, TileSize.SMALL, board)],
        [Placed(Tile.FUNNEL, TileSize.SMALL, uuid4())],
    )
    for refused in wrong:
        with pytest.raises(Invalid):
            await dashboard.arrange(owner, refused)
    manager = await make_member(owner_db, owner, Role.MANAGER)
    assert (await dashboard.dashboard(manager)).tiles == tiles
    with pytest.raises(Forbidden):
        await dashboard.arrange(manager, tiles)


async def test_tiles_that_nobody_knows_any_more_are_left_out(owner: Actor, owner_db: asyncpg.Connection) -> None:
    old = '[{"tile": "gone", "size": "small"}, {"tile": "sent", "size": "half", "board_id": null}]'
    await owner_db.execute("insert into dashboard(company_id, tiles) values ($1, $2::jsonb)", owner.company_id, old)
    assert (await dashboard.dashboard(owner)).tiles == [Placed(Tile.SENT, TileSize.HALF)]
