"""Files and pages through the whole job: from the store and from a server, until they are found."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import blobs
from db.blobs import DiskBlobs
from db.errors import Invalid
from db.jobs import ReadSource
from db.knowledge import bases, source_files, sources
from db.knowledge.enums import BaseLanguage, Schedule, SourceState
from db.knowledge.errors import KnowledgeError, SourceFailure
from db.settings import Settings
from db.tenancy import Actor
from tests.db.knowledge.test_search import found
from tests.workers.knowledge import files
from tests.workers.providers.peer import Peer, peer
from workers import housekeeping
from workers.http import OutboundClient
from workers.knowledge import site
from workers.knowledge.reading import ReadingJobs, give_up

SITE = {
    "/robots.txt": (200, "text/plain", "User-agent: *\nDisallow: /interno\nCrawl-delay: 0"),
    "/": (200, "text/html", '<title>Loja</title><h1>Loja</h1><p>Bem-vindo.</p><a href="/frete">F</a><a href="/velho">V</a><a href="/interno">I</a>'
                            '<a href="https://other.example/x">O</a><a href="/foto.png">P</a><a href="/frete#a">F</a><a href="/falta">N</a>'),
    "/frete": (200, "text/html; charset=utf-8", "<title>Frete</title><h1>Frete</h1><p>O frete é grátis.</p><a href='/'>casa</a>"),
    "/velho": (301, "/novo", ""),
    "/novo": (200, "text/html", "<h1>Novo</h1><p>Mudamos de endereço.</p>"),
    "/fora": (302, "https://other.example/", ""),
    "/interno": (200, "text/html", "<p>Segredo.</p>"),
    "/foto.png": (200, "image/png", "x"),
}  # fmt: skip


@pytest.fixture
def store(database: Settings, tmp_path: Path) -> Iterator[DiskBlobs]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "data", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    yield made
    blobs._store = before


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    return (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id


@pytest.fixture
async def web(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Peer, dict[str, tuple[int, str, str]]]]:
    """A small site, and its pages to be changed."""
    monkeypatch.setattr(site, "PAUSE", 0.0)
    pages = dict(SITE)

    async def serve(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _ = await far.read(reader)
        status, said, body = pages.get(head.split()[1], (404, "text/html", "nada"))
        header = {"location": said} if status in (301, 302) else {"content_type": said}
        await far.answer(writer, status, body.encode(), **header)

    async with peer(serve) as far:
        yield far, pages


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


JOBS = ReadingJobs(lambda: OutboundClient(allow_private=True))


async def run(actor: Actor, source_id: UUID, jobs: ReadingJobs = JOBS) -> sources.Source:
    await jobs.read(actor.company_id, ReadSource(source_id=source_id))
    return await sources.one_source(actor, source_id)


async def failed(actor: Actor, base_id: UUID, url: str, jobs: ReadingJobs = JOBS) -> str | None:
    page = await sources.add_pages(actor, base_id, url, max_pages=None, schedule=Schedule.NEVER)
    read = await run(actor, page.id, jobs)
    assert read.state is SourceState.FAILED
    return read.failed_because


async def test_a_file_is_read_replaced_and_its_bytes_are_kept(
    owner: Actor,
    base_id: UUID,
    store: DiskBlobs,
    owner_db: asyncpg.Connection,
) -> None:
    made = await source_files.add_file(owner, base_id, "C:\\docs\\Manual.PDF", pieces(files.pdf(["Garantia de um ano.", None])))
    assert (made.title, made.state, made.file_name) == ("Manual.PDF", SourceState.QUEUED, "Manual.PDF")
    read = await run(owner, made.id)
    assert (read.state, read.pages, read.empty_pages, read.passages) == (SourceState.READY, 2, [2], 1)
    (passage,) = await found(owner, [base_id], "qual a garantia?")
    assert (passage.page, passage.source_title) == (1, "Manual.PDF")
    replaced = await source_files.replace_file(owner, made.id, "Novo.txt", pieces(b"Garantia de dois anos."))
    assert (replaced.state, replaced.title) == (SourceState.QUEUED, "Novo.txt")
    assert "um ano" in (await found(owner, [base_id], "garantia"))[0].body
    assert (await run(owner, made.id)).state is SourceState.READY
    assert [p.body for p in await found(owner, [base_id], "garantia")] == ["Garantia de dois anos."]
    keys = [key async for key, _ in store.stored()]
    assert len(keys) == 2
    await housekeeping._delete_orphans(keys)
    assert [key async for key, _ in store.stored()] == [
        await owner_db.fetchval("select key from knowledge_source where id = $1", made.id)
    ]


async def test_a_file_that_cannot_be_taken_or_read_says_why(owner: Actor, base_id: UUID, store: DiskBlobs) -> None:
    with pytest.raises(Invalid) as caught:
        await source_files.add_file(owner, base_id, "virus.exe", pieces(b"MZ"))
    assert caught.value.code is KnowledgeError.FILE_KIND
    with pytest.raises(Invalid):
        await source_files.add_file(owner, base_id, "vazio.txt", pieces(b""))
    scanned = await source_files.add_file(owner, base_id, "a.pdf", pieces(files.pdf([None, None])))
    read = await run(owner, scanned.id)
    assert (read.state, read.failure) == (SourceState.FAILED, SourceFailure.SCANNED)
    assert read.failed_because == "Its pages are pictures without text (1-2). Upload a version whose text can be selected."
    again = await sources.read_again(owner, scanned.id)
    assert (again.state, again.failure) == (SourceState.QUEUED, None)
    await give_up(owner.company_id, ReadSource(source_id=scanned.id), "died")
    assert (await sources.one_source(owner, scanned.id)).failure is SourceFailure.GAVE_UP
    async for key, _ in store.stored():
        await store.delete(key)
    assert (await run(owner, scanned.id)).failure is SourceFailure.FILE_GONE


async def test_a_site_is_read_within_its_host_and_its_rules(
    owner: Actor, base_id: UUID, web: tuple[Peer, dict[str, tuple[int, str, str]]]
) -> None:
    far, pages = web
    made = await sources.add_pages(owner, base_id, far.url + "/", max_pages=10, schedule=Schedule.WEEKLY)
    read = await run(owner, made.id)
    assert (read.state, read.pages, read.title) == (SourceState.READY, 3, "Loja"), read.failed_because
    assert read.due_at is not None
    asked = [head.split()[1] for head, _ in far.requests]
    assert asked == ["/robots.txt", "/", "/frete", "/velho", "/novo", "/foto.png", "/falta"]
    assert [(p.heading, p.url) for p in await found(owner, [base_id], "frete gratis")] == [("Frete", f"{far.url}/frete")]
    assert await found(owner, [base_id], "segredo") == []
    pages["/frete"] = (200, "text/html", "<h1>Frete</h1><p>O frete custa dez reais.</p>")
    assert (await run(owner, made.id)).state is SourceState.READY
    assert await found(owner, [base_id], "gratis") == []
    assert len(await found(owner, [base_id], "dez reais")) == 1


async def test_a_site_read_again_keeps_what_pages_said_that_give_no_answer_now(
    owner: Actor, base_id: UUID, web: tuple[Peer, dict[str, tuple[int, str, str]]]
) -> None:
    far, pages = web
    pages["/frete"] = (200, "text/html", "<h1>Frete</h1><p>O frete é grátis.</p><a href='/prazo'>P</a>")
    pages["/prazo"] = (200, "text/html", "<h1>Prazo</h1><p>Chega em dois dias.</p>")
    made = await sources.add_pages(owner, base_id, far.url + "/", max_pages=10, schedule=Schedule.NEVER)
    read = await run(owner, made.id)
    assert (read.pages, read.kept_pages) == (4, 0), read.failed_because
    pages["/frete"] = (503, "text/html", "volto logo")  # the only page that leads to /prazo
    pages["/novo"] = (404, "text/html", "")
    read = await run(owner, made.id)
    assert (read.state, read.pages, read.kept_pages) == (SourceState.READY, 1, 2)
    assert [p.url for p in await found(owner, [base_id], "frete gratis")] == [f"{far.url}/frete"]
    assert len(await found(owner, [base_id], "chega em dois dias")) == 1
    assert await found(owner, [base_id], "mudamos de endereco") == []  # gone for good
    pages["/frete"] = (200, "text/html", "<h1>Frete</h1><p>O frete custa dez reais.</p>")
    read = await run(owner, made.id)
    assert (read.pages, read.kept_pages) == (2, 0)
    assert await found(owner, [base_id], "gratis") == []
    assert await found(owner, [base_id], "chega em dois dias") == []  # nothing leads there any more


async def test_robots_are_asked_of_where_a_page_leads_too(
    owner: Actor, base_id: UUID, web: tuple[Peer, dict[str, tuple[int, str, str]]]
) -> None:
    far, pages = web
    pages["/velho"] = (301, "/interno", "")
    made = await sources.add_pages(owner, base_id, far.url + "/", max_pages=10, schedule=Schedule.NEVER)
    assert (await run(owner, made.id)).state is SourceState.READY
    assert "/interno" not in [head.split()[1] for head, _ in far.requests]
    assert await found(owner, [base_id], "segredo") == []
    said = "The site asks programs not to read this page (robots.txt)."
    assert await failed(owner, base_id, far.url + "/velho") == said


async def test_a_page_that_cannot_be_read_says_why(
    owner: Actor, base_id: UUID, web: tuple[Peer, dict[str, tuple[int, str, str]]]
) -> None:
    far, pages = web
    for path, said in {
        "/falta": "The server refused the page with status 404.",
        "/interno": "The site asks programs not to read this page (robots.txt).",
        "/foto.png": "At this address is no page of text.",
        "/fora": "The page leads to another site: https://other.example/. Use that address if it is the right one.",
    }.items():
        assert await failed(owner, base_id, far.url + path) == said
    pages["/robots.txt"] = (503, "text/plain", "")
    assert await failed(owner, base_id, far.url + "/frete") == "The server refused the page with status 503."
    inside = ReadingJobs()
    assert (
        await failed(owner, base_id, far.url + "/frete", inside) == "This address may not be read: it is no public https address."
    )
    far.requests.clear()
    assert (
        await failed(owner, base_id, "https://127.0.0.1/frete", inside)
        == "This address may not be read: it is no public https address."
    )
    assert far.requests == []
