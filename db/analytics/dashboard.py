"""The tiles that a company chose from all pages of figures, in its own order and sizes; everybody sees those they have the right to."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import versions
from db.analytics.enums import BOARD_TILES, Tile, TileSize
from db.analytics.errors import AnalyticsField
from db.analytics.events import DashboardChanged
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Work, read, work

MOST = 40


class Placed(msgspec.Struct, frozen=True):
    """One tile. `board_id`: of those that show one board; None: the company's first."""

    tile: Tile
    size: TileSize
    board_id: UUID | None = None


class Dashboard(NamedTuple):
    """`version` 0: nobody arranged it yet."""

    tiles: list[Placed]
    version: int
    changed_at: datetime | None


_SMALL = (Tile.SENT, Tile.RECEIVED, Tile.OPENED, Tile.FIRST_ANSWER, Tile.LEADS_IN, Tile.LEADS_WON, Tile.AI_ALONE, Tile.SPENT)
_HALF = (Tile.MESSAGE_DAYS, Tile.TALK_DAYS, Tile.WAITING, Tile.FUNNEL)
USUAL = [
    Placed(Tile.WEEK, TileSize.FULL),
    *(Placed(tile, TileSize.SMALL) for tile in _SMALL),
    *(Placed(tile, TileSize.HALF) for tile in _HALF),
]
"""Until somebody arranges it."""
_READ = "select tiles::text as tiles, version, changed_at from dashboard where company_id = $1"
_KEEP = """
insert into dashboard(company_id, tiles, changed_by) values ($1, $2::jsonb, $3)
on conflict (company_id) do update set tiles = excluded.tiles, changed_by = excluded.changed_by, changed_at = now(), version = dashboard.version + 1
returning tiles::text as tiles, version, changed_at
"""
_BOARDS = "select id from board where company_id = $1 and id = any($2::uuid[])"


def _tiles(kept: str) -> list[Placed]:
    """A tile that this version does not know any more is left out."""
    found = []
    for one in msgspec.json.decode(kept):
        try:
            found.append(msgspec.convert(one, Placed))
        except msgspec.ValidationError:
            continue
    return found


async def dashboard(actor: Actor) -> Dashboard:
    """Raises Forbidden."""
    async with read(actor, Permission.ANALYTICS_READ) as r:
        row = await r.fetchrow(_READ, actor.company_id)
    return Dashboard(USUAL, 0, None) if row is None else Dashboard(_tiles(row["tiles"]), row["version"], row["changed_at"])


async def arrange(actor: Actor, tiles: list[Placed], expected: Expected = None) -> Dashboard:
    """All tiles, in their order. Raises Forbidden, Invalid, PreconditionFailed."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await _check(w, tiles)
        await w.execute("select pg_advisory_xact_lock(hashtextextended('dashboard:' || $1::text, 0))", str(w.company_id))
        version = await w.fetchval("select version from dashboard where company_id = $1", w.company_id)
        versions.check(version or 0, expected)
        by = actor.id if actor.kind == "user" else None
        row = await w.fetchrow(_KEEP, w.company_id, msgspec.json.encode(tiles).decode(), by)
        assert row is not None
        w.audit("dashboard.arranged", tiles=len(tiles))
        w.emit(DashboardChanged(version=row["version"]))
        return Dashboard(tiles, row["version"], row["changed_at"])


async def _check(w: Work, tiles: list[Placed]) -> None:
    known = {row["id"] for row in await w.fetch(_BOARDS, w.company_id, [one.board_id for one in tiles if one.board_id])}
    wrong, seen = [], set[tuple[Tile, UUID | None]]()
    for number, one in enumerate(tiles):
        if one.board_id is not None and one.tile not in BOARD_TILES:
            wrong.append(AnalyticsField.NOT_OF_A_BOARD(f"tiles[{number}].board_id"))
        elif one.board_id is not None and one.board_id not in known:
            wrong.append(AnalyticsField.NO_BOARD(f"tiles[{number}].board_id"))
        if (one.tile, one.board_id) in seen:
            wrong.append(AnalyticsField.TILE_TWICE(f"tiles[{number}].tile"))
        seen.add((one.tile, one.board_id))
    if wrong:
        raise RequestError.INVALID(fields=wrong)
