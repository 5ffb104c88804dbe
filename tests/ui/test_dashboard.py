"""Every tile has a name, a page and a way to be drawn, and views lead back to what they were saved from."""

from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from api.contract.analytics_views import AnalyticsView, AnalyticsViewQuery
from api.contract.enums import BOARD_TILES, Comparison, FigurePage, Tile
from tests.architecture.tree import ROOT
from ui.pages.analytics import files, tiles, views
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


_PATHS = {
    "messages": "messages", "talks": "conversations", "board": "boards/{board_id}", "assistant": "assistant", "campaigns": "campaigns",
    "origins": "origins", "consent": "consent", "calls": "calls",
}  # fmt: skip
"""Of each source that takes filters."""


def _query(path: str) -> set[str]:
    """The parameters that an operation takes: the API refuses all others."""
    lines = (ROOT / "tests" / "api" / "document.txt").read_text().splitlines()
    name = next(line.split(":")[0] for line in lines if line.endswith(f": GET {path}"))
    return {line.split()[2].rstrip("?:") for line in lines if line.startswith(f"{name} query ")}


def test_figures_and_files_are_asked_for_what_they_know() -> None:
    days = {"since", "until", "compare"}
    assert set(_PATHS) == {name for name, source in tiles.SOURCES.items() if source.filters}
    for name, path in _PATHS.items():
        assert days | set(tiles.SOURCES[name].filters) <= _query(f"/v1/analytics/{path}"), name
    for name, (path, filters) in files.REPORTS.items():
        assert days | set(filters) | {"format"} <= _query(path), name


@pytest.mark.parametrize(
    ("path", "filters"),
    [
        ("talks", {"channel_id", "team_id", "user_id", "label_id", "tag"}),
        ("boards/{board_id}/leads", {"owner_id", "team_id", "tag", "channel_id"}),
        ("calls/rows", {"channel_id", "team_id", "tag"}),
        ("consent/entries", {"tag"}),
        ("origins/leads", {"team_id", "tag"}),
        ("messages/rows", {"channel_id", "campaign_id"}),
    ],
)
def test_rows_know_the_filters_of_their_figures_and_no_comparison(path: str, filters: set[str]) -> None:
    assert filters <= _query(f"/v1/analytics/{path}")
    assert "compare" not in _query(f"/v1/analytics/{path}"), "Asked leaves it out for rows"


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
