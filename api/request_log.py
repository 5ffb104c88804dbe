"""The request log over HTTP: thin, every rule is in db/audit/requests.py."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get
from litestar.params import QueryParameter

from api.auth.guard import Caller
from api.contract.audit import LoggedRequest
from api.contract.base import Page
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.audit import requests
from db.audit.requests import RequestFilter


class RequestController(Controller):
    path = "/v1/requests"
    tags = ("Audit",)

    @get(
        summary="List requests",
        description="Who asked what of this API in the last week and how it was answered, newest first; a request is there a second or two after "
        "its answer. Needs `audit:read`.",
    )
    async def list_requests(
        self,
        actor: Caller,
        request_id: Annotated[str | None, QueryParameter(max_length=64, description="As in `X-Request-Id`.")] = None,
        actor_id: Annotated[UUID | None, QueryParameter(description="Of this API key or person.")] = None,
        failed: Annotated[bool, QueryParameter(description="Only what was refused or failed.")] = False,
        keys: Annotated[bool, QueryParameter(description="Only what API keys asked.")] = False,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[LoggedRequest]:
        before = decode_cursor(cursor, tuple[UUID])
        rows = await requests.requests(
            actor,
            RequestFilter(request_id, actor_id, failed, keys),
            before=before[0] if before else None,
            limit=one_over(limit),
        )
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, LoggedRequest))
