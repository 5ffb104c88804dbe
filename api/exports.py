"""Contacts as a CSV file that Excel opens as it is, that imports again without loss, and that runs no formula."""

import csv
import io
from collections.abc import AsyncIterator, Iterable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, Request, get
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contacts import CUSTOM, Filter, provide_filter
from api.contract.contacts import ContactFilter
from api.methods import only_head
from db.clock import now
from db.contacts.csv_safety import neutralise
from db.contacts.export import begin_export, custom_keys, exported
from db.tenancy import Actor

Separator = Annotated[Literal[";", ",", "tab"], QueryParameter(description="Excel in Portuguese expects `;`, in English `,`.")]
_HEADERS = {
    "pt-BR": ["nome", "telefone", "email", "idioma", "etiquetas", "descadastrado"],
    "en": ["name", "phone", "email", "language", "tags", "unsubscribed"],
}
_YES = {"pt-BR": "sim", "en": "yes"}
BOM = "\ufeff"


def csv_lines(rows: Iterable[list[str]], separator: str) -> str:
    """Rows as CSV text, every cell quoted and made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t" if separator == "tab" else separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerows([neutralise(cell) for cell in row] for row in rows)
    return out.getvalue()


def csv_stream(pieces: AsyncIterator[str], filename: str) -> Stream:
    return Stream(
        pieces,
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{filename}"'},
    )


class ExportController(Controller):
    path = "/v1/contacts/export.csv"
    tags = ("Contacts",)
    dependencies = {"filter": provide_filter}  # noqa: RUF012 - Litestar reads it from the class
    opt = CUSTOM

    @get(
        media_type="text/csv",
        summary="Export contacts",
        description="The contacts of a filter as CSV (UTF-8 with BOM), streamed. Needs `contacts:export`; noted in the audit log.",
    )
    async def export_contacts(
        self,
        actor: Caller,
        filter: Filter,
        request: Request[Any, Any, Any],
        separator: Separator = ";",
        language: FromQuery[Literal["pt-BR", "en"]] = "pt-BR",
    ) -> Stream:
        keys = await (custom_keys(actor) if only_head(request.scope) else begin_export(actor, filter))
        return csv_stream(_lines(actor, filter, keys, separator, language), f"contacts-{now():%Y-%m-%d}.csv")


async def _lines(actor: Actor, filter: ContactFilter, keys: list[str], separator: str, language: str) -> AsyncIterator[str]:
    yield BOM + csv_lines([[*_HEADERS[language], *keys]], separator)
    async for rows in exported(actor, filter):
        lines = []
        for row in rows:
            custom = msgspec.json.decode(row["custom"], type=dict[str, str])
            known = [row["name"], row["phone"], row["email"], row["language"], row["tags"]]
            out = _YES[language] if row["opted_out"] else ""
            lines.append([*(cell or "" for cell in known), out, *(custom.get(key, "") for key in keys)])
        yield csv_lines(lines, separator)
