"""The file with everything about a person: `data.json` for machines, `index.html` to be read, and the files of messages."""

import asyncio
import html
import tempfile
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO, Any
from uuid import UUID

import msgspec

from db import blobs
from db.blobs import HandedOver
from db.errors import NotFound
from db.messages import conversation, files
from db.messages.conversation import Entry
from db.privacy import exporting
from db.privacy.exporting import Export
from db.subjects import Subject
from db.tenancy import worker
from workers.privacy.words import Words, words

MOST = 50_000_000_000
_PIECE = 1 << 20
_PAGE = 200
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1c2321;background:#fff}"
    "h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem;border-bottom:1px solid #d5dcd8}dt{color:#5a6472}dd{margin:0 0 .5rem}"
    "article{margin:.5rem 0;padding:.5rem .75rem;border-radius:.5rem;background:#eef2f0;max-width:85%;white-space:pre-wrap;overflow-wrap:anywhere}"
    "article.out{margin-left:15%;background:#dcefe4}article small{display:block;color:#5a6472;white-space:normal}"
)


async def make(company_id: UUID, export: Export, person: Subject) -> None:
    """Builds it beside the store and puts it there as a whole; nothing stays of a person who was erased meanwhile."""
    total = await exporting.there(company_id, person)
    if not total or export.key is None:  # the person is gone
        await exporting.ended(company_id, export.id, None)
        return
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as into:
            data = await _data(company_id, person, into)
            taken = await _files(into, data["message_file"])
            await _readable(company_id, export, data, taken, into, total)
        size = file.tell()
        await blobs.store().put(
            export.key, _pieces(file), most=MOST, handed_over=HandedOver("application/zip", disposition(export))
        )
    if not await exporting.ended(company_id, export.id, size):
        await blobs.store().delete(export.key)


def disposition(export: Export) -> str:
    return files.disposition(f"{words(export.language).filename}-{export.contact_id.hex[-8:]}.zip", inline=False)


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece


async def _data(company_id: UUID, person: Subject, into: zipfile.ZipFile) -> dict[str, list[dict[str, Any]]]:
    """Writes the rows as they are found; of those that the readable page needs it returns them."""
    kept: dict[str, list[dict[str, Any]]] = {"message_file": []}
    with into.open("data.json", "w", force_zip64=True) as out:
        out.write(b"{")
        for number, table in enumerate(exporting.TABLES):
            out.write(b"%s\n%s: [" % (b"," if number else b"", msgspec.json.encode(table)))
            first = True
            async for page in exporting.rows(company_id, person, table):
                for row in page:
                    out.write((b"\n " if first else b",\n ") + msgspec.json.encode(row))
                    first = False
                if table in _SHOWN or table == "message_file":
                    kept.setdefault(table, []).extend(page)
            out.write(b"]")
        out.write(b"}\n")
    return kept


_SHOWN = ("contact", "contact_identity", "contact_note", "lead", "lead_note")


async def _files(into: zipfile.ZipFile, rows: list[dict[str, Any]]) -> dict[str, str]:
    """Puts in the files that are here; id → name in the archive."""
    taken: dict[str, str] = {}
    for row in rows:
        if row["state"] != "stored":
            continue
        plain = "".join(sign if sign.isalnum() or sign in "._- " else "_" for sign in row["name"] or "")[-80:].strip(". ")
        name = f"files/{row['id'][-12:]}-{plain or files.file_name(UUID(row['id']), row['mime_type'] or '')}"
        try:
            with into.open(name, "w", force_zip64=True) as out:
                async for piece in blobs.store().get(row["key"]):
                    await asyncio.to_thread(out.write, piece)
        except NotFound:
            continue
        taken[row["id"]] = name
    return taken


async def _readable(
    company_id: UUID,
    export: Export,
    data: dict[str, list[dict[str, Any]]],
    taken: dict[str, str],
    into: zipfile.ZipFile,
    total: int,
) -> None:
    say = words(export.language)
    done = 1
    with into.open("index.html", "w", force_zip64=True) as out:
        out.write(_head(say, data).encode())
        before: tuple[datetime, UUID] | None = None
        while True:
            entries = await conversation.messages(worker(company_id), export.contact_id, before=before, limit=_PAGE)
            for entry in entries:
                out.write(_entry(entry, say, taken).encode())
            done += len(entries)
            await exporting.progressed(company_id, export.id, min(done, total), total)
            if len(entries) < _PAGE:
                break
            before = (entries[-1].at, entries[-1].id)
        out.write(b"</main></html>\n")


def _head(say: Words, data: dict[str, list[dict[str, Any]]]) -> str:
    contact = data["contact"][0]
    name = contact["name"] or say.nameless
    facts: list[tuple[str, str]] = [(say.name, contact["name"])]
    facts += [(say.kinds.get(row["kind"], row["kind"]), row["value"]) for row in data.get("contact_identity", [])]
    facts += [(key, str(value)) for key, value in {**contact["custom"], **(contact.get("metadata") or {})}.items()]
    facts += [(say.language, contact["language"] or ""), (say.since, _when(contact["created_at"]))]
    facts.append((say.opted_out, _when(contact["opted_out_at"]) if contact["opted_out_at"] else say.no))
    page = (
        f'<!doctype html><html lang="{say.code}"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_safe(name)}</title><style>{_STYLE}</style><main><h1>{_safe(name)}</h1><p>{_safe(say.about)}</p><dl>"
    )
    page += "".join(f"<dt>{_safe(label)}</dt><dd>{_safe(value)}</dd>" for label, value in facts if value) + "</dl>"
    for title, rows in ((say.notes, data.get("contact_note", [])), (say.lead_notes, data.get("lead_note", []))):
        if rows:
            page += f"<h2>{_safe(title)}</h2>" + "".join(
                f"<article><small>{_when(row['created_at'])}</small>{_safe(row['body'])}</article>" for row in rows
            )
    if leads := data.get("lead", []):
        page += (
            f"<h2>{_safe(say.leads)}</h2><ul>"
            + "".join(f"<li>{_safe(row['title'])} ({_when(row['created_at'])})</li>" for row in leads)
            + "</ul>"
        )
    return page + f"<h2>{_safe(say.messages)}</h2>"


def _entry(entry: Entry, say: Words, taken: dict[str, str]) -> str:
    text = "\n".join(part for part in (entry.header, entry.text, entry.footer, *entry.buttons) if part)
    held = [(taken[str(file.id)], file.name or say.file) for file in entry.files if str(file.id) in taken]
    links = "".join(f'\n<a href="{html.escape(path, quote=True)}">{_safe(name)}</a>' for path, name in held)
    who = say.company if entry.direction == "out" else say.person
    about = f"{who} · {entry.channel_name} · {entry.at:%Y-%m-%d %H:%M} UTC"
    return f'<article class="{entry.direction}"><small>{_safe(about)}</small>{_safe(text) or _safe(f"({entry.kind})")}{links}</article>\n'


def _when(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"


def _safe(text: str) -> str:
    return html.escape(text)
