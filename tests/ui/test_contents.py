"""What people send beside texts, account news and merged contacts, as the screens show them; over the real API and database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui.testing import User

from db import blobs
from db.blobs import DiskBlobs
from db.contacts.senders import Sender, contact_of
from db.messages import content as doc
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.ui.interactions import click, until

PHONE = "+5511900000000"
CONTENTS: list[tuple[doc.MessageContent, tuple[str, ...]]] = [
    (doc.Document(file=doc.File(id="1", name="nota.pdf", size=2_000_000)), ("Documento", "nota.pdf")),
    (doc.Location(latitude=-23.5, longitude=-46.6, name="MASP"), ("MASP", "-23.50000, -46.60000")),
    (doc.Contacts(contacts=[doc.Card(name="Marina", phones=[doc.CardPhone(phone="+55 11 1")])]), ("Marina", "+55 11 1")),
    (
        doc.Order(items=[doc.OrderItem(product_id="camiseta", quantity=2, unit_price=4990, currency="BRL")]),
        ("2 × camiseta · R$\xa049,90",),
    ),
    (doc.Form(answers={"cep": "01310"}), ("Preencheu um formulário", "cep: 01310")),
    (doc.ListReply(title="Tamanho M", description="Azul"), ("Tamanho M", "Azul")),
    (doc.Reaction(target_id="wamid.not-here"), ("Retirou uma reação",)),
    (doc.Edit(target_id="wamid.first", content=doc.Text(text="amanhã")), ("Editou uma mensagem", "amanhã")),
    (doc.Call(status="completed", seconds=42), ("Chamada",)),
    (doc.Unsupported(type="video_note", reason="novo"), ("video_note · novo",)),
    (doc.System(event="number_changed", current="+5511911112222"), ("Mudou de número para +5511911112222",)),
]


async def keep(
    db: asyncpg.Connection, owner: Actor, channel: UUID, person: UUID, content: doc.MessageContent, wamid: str
) -> None:
    context = doc.Context(provider_id="wamid.first", forwarded=True)
    referral = doc.Referral(headline="Promo no Instagram")
    await db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, context, referral,"
        " received_at) values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10::jsonb, clock_timestamp())",
        owner.company_id, channel, person, wamid, PHONE, doc.kind_of(content), doc.text_of(content), doc.encode(content),
        doc.encode(context), doc.encode(referral),
    )  # fmt: skip


@pytest.fixture
async def person(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    await factories.contacts(owner_db, owner, 1)
    return await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)


async def test_every_kind_says_what_it_is(real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID) -> None:
    channel = await factories.channel(owner_db, owner)
    await keep(owner_db, owner, channel, person, doc.Text(text="primeira"), "wamid.first")
    for content, _ in CONTENTS:
        await keep(owner_db, owner, channel, person, content, uuid4().hex)
    await real.open(f"/contacts/{person}")
    await real.should_see("primeira", retries=30)
    for _, words in CONTENTS:
        for word in words:
            await real.should_see(word, retries=3)
    for word in ("Veio de: Promo no Instagram", "Encaminhada"):
        await real.should_see(word)


async def test_merged_contacts_are_parted_on_the_page(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        hidden = await contact_of(w, Sender(bsuid="BR.1", name="Ana L.", scope="p"))
        known = await contact_of(w, Sender(phone="5511987654321", name="Ana"))
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        assert await contact_of(w, Sender(phone="5511987654321", bsuid="BR.1", scope="p")) == known
    await real.open(f"/contacts/{known}")
    await real.should_see("Ana L., BR.1", retries=30)
    click(real, "Separar de novo")
    await real.should_see("Separar estes dois?", retries=10)
    click(real, "Separar")

    async def parted() -> bool:
        return bool(await owner_db.fetchval("select true from contact where id = $1", hidden))

    await until(parted)


async def test_account_news_waits_on_the_first_page_and_on_the_channel(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    await owner_db.execute(
        "insert into channel_notice(company_id, channel_id, code, subject, detail, at) values ($1, $2, 'name_rejected', '5511', $3, now())",
        owner.company_id,
        channel,
        "NAME_EMPLOYEE",
    )
    await real.open("/")
    await real.should_see("Loja: A Meta recusou o nome de exibição do número", retries=30)
    await real.open(f"/channels/{channel}")
    await real.should_see("A Meta recusou o nome de exibição do número (5511)", retries=30)
    click(real, "Já resolvi")

    async def closed() -> bool:
        return bool(await owner_db.fetchval("select closed_at is not null from channel_notice where channel_id = $1", channel))

    await until(closed)


async def test_files_are_shown_by_what_they_are_and_say_why_they_are_not_here(
    real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID
) -> None:
    channel = await factories.channel(owner_db, owner)

    async def file(**columns: Any) -> UUID:
        return await factories.message_file(owner_db, owner, channel, person, **columns)

    picture = await file(thumbnail=True)
    sound = await file(mime_type="audio/ogg")
    paper = await file(mime_type="application/pdf", name="nota.pdf", size=2_000_000)
    program = await file(mime_type="application/octet-stream", name="foto.svg")
    await file(state="waiting")
    await file(state="gone", reason="expired")
    await file(state="refused", reason="wrong_type", name="virus.png")
    await real.open(f"/contacts/{person}")
    for words in (
        "nota.pdf",
        "2 MB",
        "foto.svg",
        "O arquivo está sendo baixado.",
        "O provedor não tem mais o arquivo. Peça à pessoa para enviar de novo.",
        "O arquivo não é o que diz ser, por isso não foi guardado.",
        "virus.png",
    ):
        await real.should_see(words)
    with real:
        drawn = [
            (element.tag, element.props.get("src") or element.props.get("href"))
            for element in real.client.elements.values()
            if str(element.props.get("src") or element.props.get("href")).startswith("/files/")
        ]
    assert drawn == [
        ("a", f"/files/{picture}"),
        ("img", f"/files/{picture}/thumbnail"),
        ("audio", f"/files/{sound}"),
        ("a", f"/files/{paper}"),
        ("a", f"/files/{program}"),
    ]


async def test_a_file_is_handed_to_the_browser_of_who_may_read_it(
    real: User,
    owner_db: asyncpg.Connection,
    owner: Actor,
    person: UUID,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blobs, "_store", DiskBlobs(tmp_path))

    async def content() -> AsyncIterator[bytes]:
        yield b"0123456789"

    channel = await factories.channel(owner_db, owner)
    film = await factories.message_file(owner_db, owner, channel, person, mime_type="video/mp4")
    paper = await factories.message_file(owner_db, owner, channel, person, mime_type="application/pdf")
    page = await factories.message_file(owner_db, owner, channel, person, mime_type="application/octet-stream", name="a.html")
    for file_id in (film, paper, page):
        key = await owner_db.fetchval("select key from message_file where id = $1", file_id)
        await blobs.store().put(key, content(), most=10)
    http = real.http_client
    answer = await http.get(f"/files/{film}", headers={"Range": "bytes=2-4"})
    assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    answer = await http.get(f"/files/{paper}")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"0123456789", "application/pdf")
    assert "sandbox" not in answer.headers["content-security-policy"]
    answer = await http.get(f"/files/{page}")
    assert answer.headers["content-disposition"].startswith('attachment; filename="a.html"')
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await http.get(f"/files/{film}/thumbnail")).status_code == 404
    assert (await http.get(f"/files/{uuid4()}")).status_code == 404
    http.cookies.clear()
    answer = await http.get(f"/files/{film}")
    assert answer.status_code == 303
