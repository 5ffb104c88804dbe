"""Mails leave as people should read them, and a refusal is told apart from a delay."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from uuid import uuid4

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from db.jobs import SendMail
from db.settings import Settings
from workers.mail import compose, send_mail, server_of
from workers.runtime import Cancel, Retry

INVITATION = SendMail(
    template="invitation",
    to="bruno@example.com",
    language="pt-BR",
    params={"link": "http://127.0.0.1:8080/invitation/abc", "company": "Loja Aurora", "inviter": "Ana Lima"},
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
async def settings(box: Box) -> AsyncIterator[Settings]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(box), "127.0.0.1", 0)
    yield Settings(sandbox_smtp_port=server.sockets[0].getsockname()[1])
    server.close()
    await server.wait_closed()


async def test_a_letter_arrives_in_the_sandbox(settings: Settings, box: Box) -> None:
    await send_mail(uuid4(), INVITATION, settings)
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
    job = SendMail(
        template="password_reset", to="a@example.com", language=language, params={"link": "https://x/y", "name": "Ana"}
    )
    assert "30 min" in body(compose(job, "no-reply@example.com"))


def test_a_name_cannot_add_a_header() -> None:
    params = {**INVITATION.params, "inviter": "Ana\r\nBcc: all@example.com"}
    message = compose(msgspec.structs.replace(INVITATION, params=params), "no-reply@example.com")
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


@pytest.mark.parametrize(("answer", "outcome"), [("550 no such person", Cancel), ("451 later", Retry)])
async def test_refusals(settings: Settings, box: Box, answer: str, outcome: type[Exception]) -> None:
    box.answer = answer
    with pytest.raises(outcome):
        await send_mail(uuid4(), INVITATION, settings)


async def test_nobody_there() -> None:
    with pytest.raises(Retry):
        await send_mail(uuid4(), INVITATION, Settings(smtp_url="smtp://127.0.0.1:1?tls=none"))


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
