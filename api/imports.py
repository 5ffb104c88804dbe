"""Imports over HTTP: upload, mapping, start, progress, rejected rows. Files are read by the workers only."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Stream

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.contacts import (
    Import,
    ImportColumn,
    ImportDryRun,
    ImportExample,
    ImportKept,
    ImportMend,
    ImportMended,
    ImportReason,
    ImportReject,
    ImportStart,
    ImportUndo,
)
from api.exports import BOM, Separator, csv_lines, csv_stream
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.translations import portuguese
from db.contacts import import_dry_run, import_undo, imports, mending, repeating
from db.contacts.enums import DryRunState
from db.contacts.import_dry_run import Cause, DryRun
from db.contacts.import_leads import LeadOptions
from db.contacts.import_undo import Undo
from db.contacts.imports import Inspected, Options
from db.contacts.mapping import ColumnTarget
from db.contacts.mending import MendedRow
from db.contacts.reasons import Reason, RowWarning, StayReason
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor

_ROOM = imports.MAX_BYTES + 64 * 1024  # for the multipart frame
_PIECE = 1 << 20
_targets = msgspec.json.Decoder(list[ColumnTarget])
_dry_runs = msgspec.json.Decoder(DryRun)
_undone = msgspec.json.Decoder(Undo)


def _import(row: asyncpg.Record) -> Import:
    seen = msgspec.json.decode(row["sheet"], type=Inspected) if row["sheet"] != "{}" else None
    columns = [ImportColumn(**msgspec.structs.asdict(column)) for column in seen.columns] if seen else []
    for chosen in _targets.decode(row["mapping"]):
        given = {"target": chosen.target, "field_key": chosen.field_key, "field_kind": chosen.field_kind, "confidence": 1.0}
        columns[chosen.index] = msgspec.structs.replace(columns[chosen.index], **given)
    dry = _dry_runs.decode(row["dry_run"]) if row["dry_run"] else None
    if dry is not None and dry.state is DryRunState.DONE:
        pairs = zip(columns, dry.counts.fill, strict=True)
        columns = [msgspec.structs.replace(column, fill_rate=share) for column, share in pairs]
    options = msgspec.json.decode(row["options"], type=Options)
    return struct(
        row,
        Import,
        board_id=options.leads.board_id if options.leads else None,
        dry_run=_dry_run(dry) if dry else None,
        encoding=seen.encoding if seen else None,
        separator=seen.separator if seen else None,
        has_header=seen.has_header if seen else False,
        columns=columns,
        preview=seen.preview if seen else [],
        tags=options.tag_names,
        undo=_undo(_undone.decode(row["undo"])) if row["undo"] else None,
    )


def _leads(data: ImportStart) -> LeadOptions | None:
    return LeadOptions(**msgspec.structs.asdict(data.leads)) if data.leads else None


def _dry_run(dry: DryRun) -> ImportDryRun:
    counts = msgspec.structs.asdict(dry.counts)
    del counts["fill"]
    reasons = [_reason(cause, Reason(cause.reason).sentence) for cause in counts.pop("causes")]
    left_out = [_reason(cause, RowWarning(cause.reason).sentence) for cause in counts.pop("left_out")]
    return ImportDryRun(
        state=dry.state,
        new_fields=dry.new_fields,
        new_lead_fields=dry.new_lead_fields,
        reasons=reasons,
        left_out=left_out,
        error=dry.error,
        **counts,
    )


def _reason(cause: Cause, message: str) -> ImportReason:
    examples = [ImportExample(**msgspec.structs.asdict(example)) for example in cause.examples]
    return ImportReason(reason=cause.reason, message=message, rows=cause.rows, examples=examples)


def _undo(found: Undo) -> ImportUndo:
    kept = [
        ImportKept(reason=reason, message=reason.sentence, contacts=found.kept[reason])
        for reason in StayReason
        if reason in found.kept
    ]
    return ImportUndo(**{**msgspec.structs.asdict(found), "kept": kept})


def _said(row: asyncpg.Record) -> str:
    """Why a row, or one cell of it, was not taken."""
    return (RowWarning if row["warning"] else Reason)(row["reason"]).sentence


def _reject(row: asyncpg.Record) -> ImportReject:
    return struct(row, ImportReject, message=_said(row))


class ImportController(Controller):
    path = "/v1/imports"
    tags = ("Imports",)

    @post(
        request_max_body_size=_ROOM,
        opt={"upload": True},
        summary="Upload a list",
        description="Multipart with `file`: CSV, Excel (.xlsx, .xls) or vCards (.vcf), at most 100 MB. The columns follow with event `import.progress`.",
    )
    async def upload(
        self, actor: Caller, data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)]
    ) -> Import:
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
        return _import(await imports.upload(actor, file.filename, _pieces(file)))

    @get(summary="List imports", description="Newest first, without the cells of their files: `samples` and `preview` are empty.")
    async def list_imports(self, actor: Caller, cursor: Cursor = None, limit: Limit = 25) -> Page[Import]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await imports.imports(actor, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), _import)

    @get("/{import_id:uuid}", summary="Get an import", description="With its columns once the file was looked at.")
    async def get_import(self, actor: Caller, import_id: FromPath[UUID]) -> Import:
        return _import(await imports.one_import(actor, import_id))

    @post("/{import_id:uuid}/dry-run", status_code=202, summary="Ask what an import would do")
    async def dry_run(self, actor: Caller, import_id: FromPath[UUID], data: JSONBody[ImportStart]) -> Import:
        """Takes what a start takes, and counts in the background, over the whole file and without changing a contact: who is new, who is
        known, who stays out and why, and how many rows fill each column. `dry_run` holds it, with event `import.progress`; one of other
        columns gives way. A start neither needs nor awaits it. 422 `mapping_invalid`; 409 `import_not_ready`."""
        columns = [ColumnTarget(**msgspec.structs.asdict(column)) for column in data.columns]
        return _import(await import_dry_run.request(actor, import_id, columns, data.tags, data.country, _leads(data)))

    @post(
        "/{import_id:uuid}/start",
        status_code=202,
        summary="Start an import",
        description="Columns that are not named are ignored. 422 `mapping_invalid`; 409 `import_not_ready` while the file is "
        "looked at, or once started.",
    )
    async def start(self, actor: Caller, import_id: FromPath[UUID], data: JSONBody[ImportStart]) -> Import:
        columns = [ColumnTarget(**msgspec.structs.asdict(column)) for column in data.columns]
        return _import(await imports.start(actor, import_id, columns, data.tags, data.country, _leads(data)))

    @post("/{import_id:uuid}/cancel", status_code=200, summary="Cancel an import", description="What was imported stays.")
    async def cancel(self, actor: Caller, import_id: FromPath[UUID]) -> Import:
        return _import(await imports.cancel(actor, import_id))

    @post("/{import_id:uuid}/repeat", summary="Import a file again")
    async def repeat(self, actor: Caller, import_id: FromPath[UUID]) -> Import:
        """A new import of the same file that waits for its start, with the columns and tags chosen before, to correct them. The file is
        kept for a day after the end; 409 `file_not_kept` later, and once it was repeated; `import_not_over`."""
        return _import(await repeating.repeat(actor, import_id))

    @get("/{import_id:uuid}/undo-preview", summary="What undoing an import would do")
    async def undo_preview(self, actor: Caller, import_id: FromPath[UUID]) -> ImportUndo:
        """How many contacts and leads would go, and how many stay for which reason. 409 `import_not_over`; `undo_too_late` after 30 days."""
        return _undo(await import_undo.preview(actor, import_id))

    @post("/{import_id:uuid}/undo", status_code=202, summary="Undo an import")
    async def undo(self, actor: Caller, import_id: FromPath[UUID]) -> Import:
        """Runs in the background: removes the contacts that it made and nobody touched since, takes off its tags, and gives back what it
        changed where that still is as the import wrote it. Leads that came with it go too, unless a person had to do with them: what rules did
        to them keeps none. Opt-outs stay. Progress as event `import.progress`; a second time changes
        nothing. 409 `import_not_over`; `undo_too_late` after 30 days."""
        return _import(await import_undo.start_undo(actor, import_id))

    @get(
        "/{import_id:uuid}/rejects",
        summary="Rows that were not taken",
        description="Each with its reasons, in the file's order; fewer than `limit` at once where rows are long.",
    )
    async def rejects(
        self,
        actor: Caller,
        import_id: FromPath[UUID],
        warning: Annotated[
            bool | None, QueryParameter(description="Only cells left out of rows that were taken, or only rows that were not.")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ImportReject]:
        after = decode_cursor(cursor, tuple[int, str])
        rows, cut = await imports.rejects(actor, import_id, after=after, limit=one_over(limit), warning=warning)
        return page(rows, len(rows) - 1 if cut else limit, lambda row: (row["row_number"], row["field"]), _reject)

    @post("/{import_id:uuid}/mend", status_code=200, summary="Import mended rows")
    async def mend(self, actor: Caller, import_id: FromPath[UUID], data: JSONBody[ImportMend]) -> ImportMended:
        """Rows that were not taken, at most 200, with the cells that are mended; the others stay as the file had them. They are checked
        and imported with the mapping and tags of their import. 409 `import_not_over`, `import_undone`."""
        rows = [MendedRow(row.row_number, {cell.column: cell.value for cell in row.cells}) for row in data.rows]
        found = await mending.mend(actor, import_id, rows)
        return ImportMended(taken=found.taken, rejects=[_reject(row) for row in found.rejects], result=_import(found.result))

    @get(
        "/{import_id:uuid}/rejects.csv",
        media_type="text/csv",
        summary="Download the rejected rows",
        description="As the file had them, plus `linha` and `motivo`. Mended, the file can be imported again. Needs `contacts:read` and `contacts:write`: a file of "
        "people's data is for who imports it.",
    )
    async def rejects_csv(
        self,
        actor: Caller,
        import_id: FromPath[UUID],
        separator: Separator = ";",
        language: FromQuery[Literal["pt-BR", "en"]] = "pt-BR",
    ) -> Stream:
        actor.require(Permission.CONTACTS_WRITE)
        found = _import(await imports.one_import(actor, import_id))
        return csv_stream(_rejected(actor, found, separator, in_portuguese=language == "pt-BR"), "rejected-rows.csv")


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    while piece := await file.read(_PIECE):
        yield piece


async def _rejected(actor: Actor, found: Import, separator: str, *, in_portuguese: bool) -> AsyncIterator[str]:
    """A row with several reasons stands once; its reasons are joined."""
    names = [column.name for column in found.columns]
    yield BOM + csv_lines([[*names, "linha", "motivo"]], separator)
    after: tuple[int, str] | None = None
    number, cells, reasons = -1, [""], [""]
    while True:
        rows, cut = await imports.rejects(actor, found.id, after=after, limit=1000)
        lines = []
        for row in rows:
            if row["row_number"] != number:
                if number >= 0:
                    lines.append(_line(cells, len(names), number, reasons))
                number, cells, reasons = row["row_number"], list(row["cells"]), []
            reasons.append(portuguese(_said(row)) if in_portuguese else _said(row))
        if len(rows) < 1000 and not cut:
            if number >= 0:
                lines.append(_line(cells, len(names), number, reasons))
            yield csv_lines(lines, separator)
            return
        yield csv_lines(lines, separator)
        after = (rows[-1]["row_number"], rows[-1]["field"])


def _line(cells: list[str], width: int, number: int, reasons: list[str]) -> list[str]:
    kept = (cells + [""] * width)[:width]
    if len(cells) > width:  # what stood beyond the columns
        kept[-1] = " ".join([kept[-1], *cells[width:]]).strip()
    return [*kept, str(number), " ".join(dict.fromkeys(reasons))]
