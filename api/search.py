"""The search over everything, over HTTP: thin, every rule is in db/search."""

from typing import Annotated

from litestar import Controller, get
from litestar.params import QueryParameter

from api.auth.guard import Caller
from api.contract.search import SearchFound, SearchHit
from api.pagination import struct
from db.search import everything
from db.search.enums import SearchKind

Text = Annotated[str, QueryParameter(min_length=1, max_length=100, description="Words, or a part of a number.")]
Kinds = Annotated[
    list[SearchKind] | None, QueryParameter(max_items=10, description="Only these; without it, all that the caller may read.")
]
Most = Annotated[int, QueryParameter(ge=1, le=20, description="Of each kind.")]


class SearchController(Controller):
    path = "/v1/search"
    tags = ("Search",)

    @get(summary="Search everything")
    async def search_everything(self, actor: Caller, q: Text, kind: Kinds = None, limit: Most = 5) -> SearchFound:
        """People, conversations, leads, campaigns, sequences, templates, personas, boards, segments and knowledge, a few of each: what the
        caller may read, and nothing else."""
        found = await everything.everything(actor, q, kinds=kind or (), limit=limit)
        return SearchFound(hits=[struct(hit._asdict(), SearchHit) for hit in found.hits], unanswered=found.unanswered)
