"""The messages behind a figure, over HTTP."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from api.analytics_shared import Since, Until
from api.auth.guard import Caller
from api.contract.analytics_messages import MessageCounted
from api.contract.base import Page
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from db.analytics import message_rows
from db.analytics.enums import MessageFact
from db.analytics.message_rows import MessageRow, MessageWhere
from db.messages.reasons import FailureReason
from db.stats.metrics import Author


def provide_message_where(
    channel_id: FromQuery[UUID | None] = None,
    campaign_id: FromQuery[UUID | None] = None,
    of_campaigns: Annotated[bool | None, QueryParameter(description="Sent by campaigns and sequences, or one by one.")] = None,
    author: Annotated[
        Literal["person", "assistant", "phone", "api", "itself"] | None,
        QueryParameter(description="Who wrote what was sent one by one; those written on phones too."),
    ] = None,
    user_id: Annotated[UUID | None, QueryParameter(description="Written by this person in the panel.")] = None,
    reason: Annotated[str | None, QueryParameter(max_length=60, description="Failed for this reason.")] = None,
) -> MessageWhere:
    """Dependency `where`. A reason that there is not finds nothing."""
    known = None if reason is None else FailureReason(reason) if reason in set(FailureReason) else FailureReason.UNKNOWN_OUTCOME
    return MessageWhere(channel_id, campaign_id, of_campaigns, Author[author.upper()] if author else None, user_id, known)


OfMessages: TypeAlias = NamedDependency[MessageWhere]


def _row(fact: MessageFact, row: MessageRow) -> MessageCounted:
    state = None if row.state is None else row.state.label
    reason = None if row.reason is None else row.reason.value
    return MessageCounted(fact=fact, **{**row._asdict(), "state": state, "reason": reason})


class MessageRowsController(Controller):
    path = "/v1/analytics/messages/rows"
    tags = ("Analytics",)

    @get(
        summary="List the messages that a figure counts",
        dependencies={"where": Provide(provide_message_where, sync_to_thread=False)},
    )
    async def list_counted_messages(
        self,
        actor: Caller,
        where: OfMessages,
        fact: Annotated[MessageFact, QueryParameter(description="Which figure.")] = MessageFact.SENT,
        since: Since = None,
        until: Until = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[MessageCounted]:
        """The newest first; `total` is the figure of `GET /v1/analytics/messages`. Needs `analytics:read` and `conversations:read`."""
        after = decode_cursor(cursor, tuple[datetime, UUID])
        found, total = await message_rows.rows(actor, fact, since, until, where, after, one_over(limit))
        return page(found, limit, lambda row: (row.at, row.id), lambda row: _row(fact, row), total)
