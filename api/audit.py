"""The audit log for who may read it: as a list, and as a CSV file in plain words."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Controller, Request, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contract.audit import AuditEntry
from api.contract.audit_lines import ACTORS, AUDIT, COLUMNS, LINES
from api.contract.base import Page
from api.exports import BOM, Separator, csv_lines, csv_stream
from api.methods import only_head
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.translations import portuguese
from db.accounts.queries import company_of
from db.audit import queries
from db.audit.queries import AuditFilter
from db.clock import now
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor

Action = Annotated[str | None, QueryParameter(max_length=80, description="A name, or a family such as `campaign.*`.")]
Since = Annotated[datetime | None, QueryParameter(description="From this moment on, with its offset.")]
Until = Annotated[datetime | None, QueryParameter(description="Before this moment, with its offset.")]


def provide_filter(
    action: Action = None,
    subject_id: FromQuery[UUID | None] = None,
    actor_id: FromQuery[UUID | None] = None,
    since: Since = None,
    until: Until = None,
) -> AuditFilter:
    """Dependency `filter`: the same of the list and of the file."""
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and moment.tzinfo is None:
            raise RequestError.INVALID(fields=[RequestField.NEEDS_OFFSET(name)])
    return AuditFilter(action, subject_id, actor_id, since, until)


Filter: TypeAlias = NamedDependency[AuditFilter]


class AuditController(Controller):
    path = "/v1/audit"
    tags = ("Audit",)
    dependencies = {"filter": Provide(provide_filter, sync_to_thread=False)}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="Read the audit log", description="Who did what, newest first. Needs `audit:read`.")
    async def entries(
        self,
        actor: Caller,
        filter: Filter,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[AuditEntry]:
        before = decode_cursor(cursor, tuple[UUID])
        rows = await queries.entries(actor, filter, before=before[0] if before else None, limit=one_over(limit))
        return page(
            rows,
            limit,
            lambda row: (row["id"],),
            lambda row: struct({**row, "data": msgspec.json.decode(row["data"])}, AuditEntry),
        )

    @get(
        "/export.csv",
        media_type="text/csv",
        summary="Export the audit log",
        description="The entries of a filter as CSV (UTF-8 with BOM), newest first, streamed, each with a line in plain words; times are the company's. "
        "Needs `audit:read`; noted in the audit log.",
    )
    async def export_entries(
        self,
        actor: Caller,
        request: Request[Any, Any, Any],
        filter: Filter,
        separator: Separator = ";",
        language: FromQuery[Literal["pt-BR", "en"]] = "pt-BR",
    ) -> Stream:
        actor.require(Permission.AUDIT_READ)
        if not only_head(request.scope):
            await queries.begin_export(actor)
        zone = ZoneInfo((await company_of(actor))["time_zone"])
        return csv_stream(_pieces(actor, filter, separator, language, zone), f"audit-{now().astimezone(zone):%Y-%m-%d}.csv")


async def _pieces(actor: Actor, filter: AuditFilter, separator: str, language: str, zone: ZoneInfo) -> AsyncIterator[str]:
    def words(text: str) -> str:
        return text if language == "en" else portuguese(text, AUDIT)

    yield BOM + csv_lines([[words(label) for label in COLUMNS.values()]], separator)
    async for rows in queries.exported(actor, filter):
        lines = []
        for row in rows:
            line = LINES.get(row["action"])
            values = {
                **row,
                "at": f"{row['at'].astimezone(zone):%Y-%m-%d %H:%M:%S}",
                "actor_name": row["actor_name"] or words(ACTORS[row["actor_kind"]]),
                "line": words(line) if line else row["action"],
                "data": "" if row["data"] == "{}" else row["data"],
            }
            lines.append([str(values[name] or "") for name in COLUMNS])
        yield csv_lines(lines, separator)
