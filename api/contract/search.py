"""The search over everything."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Output, example
from db.search.enums import SearchKind


class SearchHit(Output):
    """`where`: what it belongs to: a contact's number or address, a conversation's channel, a lead's board. `state`: as its kind names its
    states. `board_id`: of a lead."""

    kind: SearchKind
    id: UUID
    title: Annotated[str, example("Maria Souza")]
    where: Annotated[str, example("+5511987654321")]
    state: Annotated[str, example("running")] | None
    board_id: UUID | None


class SearchFound(Output):
    """GET /v1/search. `unanswered`: kinds that took too long; ask for those alone, or more narrowly."""

    hits: list[SearchHit]
    unanswered: list[SearchKind]
