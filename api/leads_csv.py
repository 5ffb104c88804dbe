"""The leads of a board as a CSV file, in the reader's language and the company's time, with the filters of the list."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from litestar import Controller, Request, get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.exports import BOM, Separator, csv_lines, csv_stream
from api.leads import Values
from api.methods import only_head
from db.accounts.queries import company_of
from db.boards import export, fields, listing
from db.boards.enums import Due, LeadFieldKind
from db.boards.listing import LeadFilter
from db.clock import now
from db.tenancy import Actor

_HEADERS = {
    "pt-BR": ["título", "contato", "telefone", "etapa", "valor", "responsável", "prazo", "etiquetas", "motivo da perda", "último movimento",
              "criado em"],
    "en": ["title", "contact", "phone", "stage", "value", "owner", "due", "tags", "lost reason", "last move", "created"],
}  # fmt: skip
_YES_OR_NO = {"pt-BR": {"true": "sim", "false": "não"}, "en": {"true": "yes", "false": "no"}}


class LeadExportController(Controller):
    path = "/v1/boards/{board_id:uuid}/leads/export.csv"
    tags = ("Boards",)

    @get(
        media_type="text/csv",
        summary="Export a board's leads",
        description="The leads of a filter as CSV (UTF-8 with BOM), newest first, streamed; the board's fields are the last columns. Needs `contacts:export`; noted in the audit "
        "log.",
    )
    async def export_leads(
        self,
        actor: Caller,
        board_id: FromPath[UUID],
        request: Request[Any, Any, Any],
        stage_id: FromQuery[UUID | None] = None,
        owner_id: FromQuery[UUID | None] = None,
        search: Annotated[
            str | None, QueryParameter(max_length=100, description="Words of the title or of the contact's name.")
        ] = None,
        tag: Annotated[str | None, QueryParameter(max_length=60, description="Has this tag, as it is written.")] = None,
        due: FromQuery[Literal["overdue", "today", "week", "none"] | None] = None,
        values: Values = None,
        separator: Separator = ";",
        language: FromQuery[Literal["pt-BR", "en"]] = "pt-BR",
    ) -> Stream:
        wanted = listing.values_of(values)
        filter = LeadFilter(
            stage_id=stage_id, owner_id=owner_id, search=search, tag=tag, values=wanted, due=Due(due) if due else None
        )
        await export.begin_export(actor, board_id, audited=not only_head(request.scope))
        zone = ZoneInfo((await company_of(actor))["time_zone"])
        own = await fields.fields(actor, board_id)
        return csv_stream(
            _pieces(actor, board_id, filter, own, separator, language, zone), f"leads-{now().astimezone(zone):%Y-%m-%d}.csv"
        )


async def _pieces(
    actor: Actor,
    board_id: UUID,
    filter: LeadFilter,
    own: list[asyncpg.Record],
    separator: str,
    language: str,
    zone: ZoneInfo,
) -> AsyncIterator[str]:
    def line(row: dict[str, Any]) -> list[str]:
        custom = msgspec.json.decode(row["custom"], type=dict[str, str])
        known = [row["title"], row["contact_name"], row["phone"], row["stage"]]
        return [
            *(text or "" for text in known),
            "" if row["value_cents"] is None else _amount(row["value_cents"], language),
            row["owner_name"] or "",
            f"{row['due_on']:%Y-%m-%d}" if row["due_on"] else "",
            ", ".join(row["tags"]),
            row["lost_reason"] or "",
            *(f"{row[name].astimezone(zone):%Y-%m-%d %H:%M:%S}" for name in ("stage_since", "created_at")),
            *(_own(LeadFieldKind(one["kind"]), custom.get(one["key"], ""), language) for one in own),
        ]

    yield BOM + csv_lines([[*_HEADERS[language], *(one["label"] for one in own)]], separator)
    async for rows in export.exported(actor, board_id, filter):
        yield csv_lines([line(row) for row in rows], separator)


def _amount(cents: int, language: str) -> str:
    value = f"{cents / 100:.2f}"
    return value.replace(".", ",") if language == "pt-BR" else value


def _own(kind: LeadFieldKind, value: str, language: str) -> str:
    """The value of a field of the board, as a person reads it."""
    match kind:
        case LeadFieldKind.MONEY if value:
            return _amount(int(value), language)
        case LeadFieldKind.BOOLEAN if value:
            return _YES_OR_NO[language].get(value, value)
        case _:
            return value
