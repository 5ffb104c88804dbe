"""What happened, to be looked up: thin, every rule is in db/webhooks/history.py."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, get, put
from litestar.params import FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.webhooks import EventHistory, EventHistoryKeep, ToldEvent
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from db.errors import RequestError, RequestField
from db.event_consumers import KEEP_DAYS
from db.webhooks import history
from db.webhooks.enums import WebhookType


class EventHistoryController(Controller):
    path = "/v1/events/history"
    tags = ("Events",)

    @get(
        summary="List what happened",
        description="The events of webhooks with the same ids, types and `data`, oldest first, for 14 days since the company keeps them: go on with "
        "`next_cursor`, or later with a `since` some minutes before the last one, as what took long comes late: drop the ids that you have. Without `type` all that the caller may be told. Needs `events:read`, and the permissions of each type (403 "
        "`webhook_type_not_yours`). 409 `history_not_kept`.",
    )
    async def list_event_history(
        self,
        actor: Caller,
        types: Annotated[
            list[WebhookType] | None, QueryParameter(name="type", description="Only these; may be repeated.")
        ] = None,
        since: FromQuery[datetime | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ToldEvent]:
        if since is not None and since.tzinfo is None:
            raise RequestError.INVALID(fields=[RequestField.NEEDS_OFFSET("since")])
        after = decode_cursor(cursor, tuple[int, str])
        rows = await history.history(actor, types or [], since=since, after=after, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.sequence, row.type.value), _told)

    @put(summary="Keep what happened, or no more")
    async def keep_event_history(self, actor: Caller, data: JSONBody[EventHistoryKeep]) -> EventHistory:
        """From now on, for 14 days each; no more: what was kept goes. Needs `webhooks:write`."""
        await history.keep(actor, data.kept)
        return EventHistory(kept=data.kept, days=KEEP_DAYS)


def _told(found: history.Told) -> ToldEvent:
    return ToldEvent(id=found.id, type=found.type, timestamp=found.timestamp, sequence=found.sequence, data=found.data)
