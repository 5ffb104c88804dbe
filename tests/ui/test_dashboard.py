"""Every tile has a name, a page and a way to be drawn, and views lead back to what they were saved from."""

from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from api.contract.analytics_views import AnalyticsView, AnalyticsViewQuery
from api.contract.enums import BOARD_TILES, Comparison, FigurePage, Tile
from ui.pages.analytics import tiles, views
from ui.pages.analytics.dashboard import _size


def test_every_tile_is_drawn() -> None:
    known = tiles.known()
    assert set(known) == set(Tile)
    assert {one.source for one in known.values()} == set(tiles.SOURCES)
    assert {source.page for source in tiles.SOURCES.values()} == set(tiles.pages())
    assert {tile for tile, drawn in known.items() if drawn.source == "board"} == BOARD_TILES
    assert len({(drawn.name, tiles.SOURCES[drawn.source].page) for drawn in known.values()}) == len(Tile), (
        "two of one name on a page"
    )
    assert len({_size(tile) for tile in Tile}) == 3


def test_a_view_leads_to_what_was_saved() -> None:
    channel, view = uuid4(), uuid4()
    query = AnalyticsViewQuery(
        since=date(2026, 5, 1), until=date(2026, 5, 31), compare=Comparison.NONE, channel_id=channel, tag="a&b"
    )
    one = AnalyticsView(id=view, page=FigurePage.BOARDS, name="Maio", query=query, mine=True, opens=False, version=1)
    found = urlsplit(views.link_of(one))
    assert found.path == "/analytics/boards"
    assert parse_qs(found.query) == {
        "since": ["2026-05-01"], "until": ["2026-05-31"], "compare": ["none"], "channel_id": [str(channel)], "tag": ["a&b"], "view": [str(view)],
    }  # fmt: skip
    usual = AnalyticsView(
        id=view, page=FigurePage.OVERVIEW, name="Tudo", query=AnalyticsViewQuery(days=7), mine=False, opens=True, version=1
    )
    assert views.link_of(usual) == f"/analytics?days=7&view={view}"
