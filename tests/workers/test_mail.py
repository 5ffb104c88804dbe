"""Mails leave as people should read them, and a refusal is told apart from a delay."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from uuid import UUID

import asyncpg
import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from db.accounts import mails
from db.accounts.enums import AccountNotice, MailTemplate
from db.accounts.mails import Mail
from db.channels.notices import MEANINGS, Weight
from db.jobs import SendMail
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.webhooks.enums import WebhookNotice
from db.work import work
from workers.mail import compose, deliver, give_up, plain, send_mail, server_of
from workers.notices import ACCOUNT_SENTENCES, SENTENCES, WEBHOOK_SENTENCES
from workers.runtime import Cancel, Retry

INVITATION = Mail(
    template=MailTemplate.INVITATION,
    recipient="bruno@example.com",
    language="pt-BR",
    params={"company": "Loja Aurora", "inviter": "Ana Lima"},
    link="http://127.0.0.1:8080/invitation/abc",
)


class Box:
    """A mailbox that answers as told."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.letters: list[Envelope] = []

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.letters.append(envelope)
        return "250 OK"


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def server(box: Box) -> AsyncIterator[Settings]:
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    yield Settings(sandbox_smtp_port=listening.sockets[0].getsockname()[1])
    listening.close()
    await listening.wait_closed()


async def test_a_letter_arrives_in_the_sandbox(server: Settings, box: Box) -> None:
    await deliver(INVITATION, server)
    (letter,) = box.letters
    assert letter.rcpt_tos == ["bruno@example.com"]
    assert b"/invitation/abc" in (letter.content or b"")


def body(message: EmailMessage) -> str:
    return str(message.get_content())


@pytest.mark.parametrize(("language", "words"), [("pt-BR", "convidou você"), ("en", "invited you"), ("fr", "convidou você")])
def test_invitations_speak_the_language(language: str, words: str) -> None:
    message = compose(msgspec.structs.replace(INVITATION, language=language), "Master IA <no-reply@example.com>")
    assert words in body(message)
    assert "http://127.0.0.1:8080/invitation/abc" in body(message)
    assert "Ana Lima" in message["Subject"]


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_resets_say_how_long(language: str) -> None:
    mail = Mail(
        template=MailTemplate.PASSWORD_RESET,
        recipient="a@example.com",
        language=language,
        params={"name": "Ana"},
        link="https://x/y",
    )
    assert "30 min" in body(compose(mail, "no-reply@example.com"))


@pytest.mark.parametrize("language", ["pt-BR", "en"])
@pytest.mark.parametrize("template", list(MailTemplate))
def test_every_template_speaks_every_language_and_holds_its_link(template: MailTemplate, language: str) -> None:
    params = {"name": "Ana", "company": "Loja", "inviter": "Ana"}
    if template is MailTemplate.CHANNEL_NOTICE:
        params = {"channel": "Loja", "code": "review_rejected", "subject": "", "detail": "See https://evil.example"}
    if template is MailTemplate.AI_NOTICE:
        params = {"code": "model_ends", "subject": "gpt-4o"}
    if template is MailTemplate.COST_NOTICE:
        params = {"code": "nearly", "subject": "BRL 500.00"}
    if template is MailTemplate.KOMMO_NOTICE:
        params = {"code": "blocked", "subject": "loja.kommo.com"}
    if template is MailTemplate.WEBHOOK_NOTICE:
        params = {"code": "failing", "subject": "example.com"}
    if template is MailTemplate.NOTIFICATIONS:
        params = {"name": "Ana", "happened": "assigned:2 import:1"}
    if template is MailTemplate.ACCOUNT_NOTICE:
        params = {"name": "Ana", "code": "identity_linked", "subject": "Google · ana@example.com"}
    mail = Mail(template=template, recipient="a@example.com", language=language, params=params, link="https://x/y?token=z")
    assert body(compose(mail, "no-reply@example.com")).count("https://x/y?token=z") == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Loja Aurora", "Loja Aurora"),
        ("https://evil.example/win", "https evil. example/win"),
        ("evil.com", "evil. com"),
        ("evil\u3002com", "evil\u3002 com"),
        ("ana@evil.com", "ana@ evil. com"),
        ("Loja\u202e\x00 \u200b Aurora\r\nBcc: x", "Loja Aurora Bcc: x"),
        ("J.P. Morgan", "J. P. Morgan"),
        ("x" * 300, "x" * 60),
    ],
)
def test_names_become_no_links(name: str, shown: str) -> None:
    assert plain(name) == shown


def test_a_name_cannot_add_a_header() -> None:
    params = {**INVITATION.params, "inviter": "Ana\r\nBcc: all@example.com"}
    message = compose(msgspec.structs.replace(INVITATION, params=params), "no-reply@example.com")
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(("answer", "outcome"), [("550 no such person", Cancel), ("451 later", Retry)])
async def test_refusals(server: Settings, box: Box, answer: str, outcome: type[Exception]) -> None:
    box.answer = answer
    with pytest.raises(outcome):
        await deliver(INVITATION, server)


async def test_nobody_there() -> None:
    with pytest.raises(Retry):
        await deliver(INVITATION, Settings(smtp_url="smtp://127.0.0.1:1?tls=none"))


async def _posted(owner: Actor, owner_db: asyncpg.Connection) -> UUID:
    async with work(owner, Permission.TEAM_WRITE) as w:
        await mails.post(w, INVITATION)
    found: UUID = await owner_db.fetchval("select id from mail where company_id = $1", owner.company_id)
    return found


@pytest.mark.parametrize("ending", ["sent", "given up"])
async def test_a_mail_that_ended_keeps_no_link(
    server: Settings, box: Box, owner: Actor, owner_db: asyncpg.Connection, ending: str
) -> None:
    mail_id = await _posted(owner, owner_db)
    job = SendMail(mail_id=mail_id)
    for _ in range(2):  # a doubled wake-up
        if ending == "sent":
            await send_mail(owner.company_id, job, server)
        else:
            await give_up(owner.company_id, job, "the mailbox refuses")
    assert len(box.letters) == (1 if ending == "sent" else 0)
    assert await owner_db.fetchval("select link from mail where id = $1", mail_id) is None


async def test_a_mail_sealed_by_a_key_that_is_gone_is_given_up(
    server: Settings, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    mail_id = await _posted(owner, owner_db)
    await owner_db.execute("update mail set link = 'nonsense' where id = $1", mail_id)
    with pytest.raises(Cancel):
        await send_mail(owner.company_id, SendMail(mail_id=mail_id), server)


def test_the_server_of_an_address() -> None:
    assert server_of(Settings(smtp_url="smtp://me:p%40ss@mail.example.com")) == (
        "mail.example.com",
        587,
        "me",
        "p@ss",
        "starttls",
    )
    assert server_of(Settings(smtp_url="smtps://mail.example.com")) == ("mail.example.com", 465, None, None, "tls")
    assert server_of(Settings()) == ("127.0.0.1", 8791, None, None, "none")


def test_every_notice_that_is_mailed_has_a_sentence() -> None:
    mailed = {code for code, meaning in MEANINGS.items() if meaning.weight is Weight.ACTION}
    assert set(SENTENCES) == mailed
    assert set(WEBHOOK_SENTENCES) == set(WebhookNotice)
    assert set(ACCOUNT_SENTENCES) == set(AccountNotice)
