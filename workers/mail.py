"""Sends the mails that were written: invitations and links, in the reader's language. Plain text with one link of ours, no
pictures, no tracking: names are quoted, and what a mail program would make clickable in them is broken. Without SMTP_URL the sandbox
catches the mail. A mailbox that refuses for good ends the job; all else is tried again.
"""

import re
import ssl
import unicodedata
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from functools import partial
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import aiosmtplib
import msgspec
import structlog

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.accounts.mails import Mail
from db.crypto import SealBroken
from db.jobs import SendMail
from db.settings import Settings
from workers.notices import account_sentence, ai_sentence, cost_sentence, happened, kommo_sentence, sentence, webhook_sentence
from workers.registration import Handler
from workers.runtime import Cancel, Retry

log = structlog.get_logger("workers.mail")

_TIMEOUT = 20.0


class Text(NamedTuple):
    subject: str
    body: str


_TEXTS: dict[tuple[MailTemplate, str], Text] = {
    (MailTemplate.INVITATION, "pt-BR"): Text(
        "{inviter} convidou você para “{company}”",
        "Olá!\n\n{inviter} convidou você para trabalhar em “{company}” na Master IA.\n\n"
        "Para aceitar, abra este link. Ele vale por 7 dias e funciona uma vez:\n\n{link}\n\n"
        "Se você não esperava este convite, ignore esta mensagem.\n",
    ),
    (MailTemplate.INVITATION, "en"): Text(
        "{inviter} invited you to “{company}”",
        "Hello!\n\n{inviter} invited you to work in “{company}” on Master IA.\n\n"
        "To accept, open this link. It works once, for 7 days:\n\n{link}\n\n"
        "If you did not expect this invitation, ignore this message.\n",
    ),
    (MailTemplate.PASSWORD_RESET, "pt-BR"): Text(
        "Crie uma nova senha",
        "Olá, {name}!\n\nPara criar uma nova senha, abra este link. Ele vale por 30 minutos e funciona uma vez:\n\n{link}\n\n"
        "Se não foi você quem pediu, ignore esta mensagem. Sua senha continua a mesma.\n",
    ),
    (MailTemplate.PASSWORD_RESET, "en"): Text(
        "Set a new password",
        "Hello, {name}!\n\nTo set a new password, open this link. It works once, for 30 minutes:\n\n{link}\n\n"
        "If you did not ask for this, ignore this message. Your password stays as it is.\n",
    ),
    (MailTemplate.VERIFY_EMAIL, "pt-BR"): Text(
        "Confirme seu e-mail",
        "Olá, {name}!\n\nPara confirmar que este endereço é seu, abra este link. Ele vale por 7 dias:\n\n{link}\n\n"
        "Se você não criou uma conta na Master IA, ignore esta mensagem.\n",
    ),
    (MailTemplate.VERIFY_EMAIL, "en"): Text(
        "Confirm your e-mail",
        "Hello, {name}!\n\nTo confirm that this address is yours, open this link. It works for 7 days:\n\n{link}\n\n"
        "If you did not create an account at Master IA, ignore this message.\n",
    ),
    (MailTemplate.CHANNEL_NOTICE, "pt-BR"): Text(
        "Atenção: {channel}",
        "Olá!\n\n{sentence}\n\nCanal: {channel}\n{told}\nVeja o que fazer:\n\n{link}\n\n"
        "Você recebe este e-mail porque é dono da empresa na Master IA.\n",
    ),
    (MailTemplate.CHANNEL_NOTICE, "en"): Text(
        "Attention: {channel}",
        "Hello!\n\n{sentence}\n\nChannel: {channel}\n{told}\nSee what to do:\n\n{link}\n\n"
        "You get this mail because you own the company at Master IA.\n",
    ),
    (MailTemplate.AI_NOTICE, "pt-BR"): Text(
        "Atenção: serviço de IA",
        "Olá!\n\n{sentence}\n\n{told}\nVeja o que fazer:\n\n{link}\n\n"
        "Você recebe este e-mail porque é dono da empresa na Master IA.\n",
    ),
    (MailTemplate.AI_NOTICE, "en"): Text(
        "Attention: AI service",
        "Hello!\n\n{sentence}\n\n{told}\nSee what to do:\n\n{link}\n\n"
        "You get this mail because you own the company at Master IA.\n",
    ),
    (MailTemplate.COST_NOTICE, "pt-BR"): Text(
        "Atenção: limite de custos do mês",
        "Olá!\n\n{sentence}\n\n{told}\nVeja ou mude o limite:\n\n{link}\n\n"
        "Você recebe este e-mail porque é dono da empresa na Master IA.\n",
    ),
    (MailTemplate.COST_NOTICE, "en"): Text(
        "Attention: the month's limit of costs",
        "Hello!\n\n{sentence}\n\n{told}\nSee or change the limit:\n\n{link}\n\n"
        "You get this mail because you own the company at Master IA.\n",
    ),
    (MailTemplate.KOMMO_NOTICE, "pt-BR"): Text(
        "Atenção: a conexão com o Kommo parou",
        "Olá!\n\n{sentence}\n\n{told}\nVeja o que fazer:\n\n{link}\n\n"
        "Você recebe este e-mail porque é dono da empresa na Master IA.\n",
    ),
    (MailTemplate.KOMMO_NOTICE, "en"): Text(
        "Attention: the connection to Kommo stopped",
        "Hello!\n\n{sentence}\n\n{told}\nSee what to do:\n\n{link}\n\n"
        "You get this mail because you own the company at Master IA.\n",
    ),
    (MailTemplate.WEBHOOK_NOTICE, "pt-BR"): Text(
        "Atenção: webhook sem resposta",
        "Olá!\n\n{sentence}\n\n{told}\nVeja o que fazer:\n\n{link}\n\n"
        "Você recebe este e-mail porque é dono da empresa na Master IA.\n",
    ),
    (MailTemplate.WEBHOOK_NOTICE, "en"): Text(
        "Attention: a webhook does not answer",
        "Hello!\n\n{sentence}\n\n{told}\nSee what to do:\n\n{link}\n\n"
        "You get this mail because you own the company at Master IA.\n",
    ),
    (MailTemplate.ACCOUNT_NOTICE, "pt-BR"): Text(
        "Sua conta na Master IA: o jeito de entrar mudou",
        "Olá, {name}!\n\n{sentence}\n\n{told}\nSe foi você, não precisa fazer nada. Se não foi, troque sua senha agora e veja por onde se entra "
        "na sua conta:\n\n{link}\n",
    ),
    (MailTemplate.ACCOUNT_NOTICE, "en"): Text(
        "Your account at Master IA: the way in changed",
        "Hello, {name}!\n\n{sentence}\n\n{told}\nIf it was you, there is nothing to do. If not, change your password now and see what opens your "
        "account:\n\n{link}\n",
    ),
    (MailTemplate.NOTIFICATIONS, "pt-BR"): Text(
        "O que aconteceu com você na Master IA",
        "Olá, {name}!\n\n{told}\nVeja tudo:\n\n{link}\n\n"
        "Você recebe este e-mail porque escolheu recebê-lo. Mude isso em Configurações, Notificações.\n",
    ),
    (MailTemplate.NOTIFICATIONS, "en"): Text(
        "What happened to you at Master IA",
        "Hello, {name}!\n\n{told}\nSee all of it:\n\n{link}\n\n"
        "You get this mail because you chose to. Change that in Settings, Notifications.\n",
    ),
}
_ABOUT = {
    MailTemplate.AI_NOTICE: ai_sentence,
    MailTemplate.COST_NOTICE: cost_sentence,
    MailTemplate.KOMMO_NOTICE: kommo_sentence,
    MailTemplate.WEBHOOK_NOTICE: webhook_sentence,
    MailTemplate.ACCOUNT_NOTICE: account_sentence,
}
_LONGEST_NAME = 60
_CLICKABLE = re.compile(
    r"(?<=\w)([.@\u3002\uff0e\uff61\uff20])(?=\w)|(://)"
)  # also the dots that browsers take for one in a host name


class Server(NamedTuple):
    """Where mail goes. `tls`: `tls` from the first byte, `starttls`, or `none`."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: str


def server_of(settings: Settings) -> Server:
    """From SMTP_URL: `smtp://user:password@host:587?tls=starttls`, `smtps://…`; empty: the sandbox on this machine."""
    if not settings.smtp_url:
        return Server("127.0.0.1", settings.sandbox_smtp_port, None, None, "none")
    url = urlsplit(settings.smtp_url)
    tls = parse_qs(url.query).get("tls", ["tls" if url.scheme == "smtps" else "starttls"])[0]
    port = url.port or {"tls": 465, "starttls": 587}.get(tls, 25)
    user, password = (unquote(part) if part else None for part in (url.username, url.password))
    return Server(url.hostname or "localhost", port, user, password, tls)


def plain(name: str) -> str:
    """A name as a mail may hold it: one short line without controls, and nothing in it that becomes a link (`evil.com` is broken
    to `evil. com`)."""
    shown = "".join(sign if unicodedata.category(sign)[0] != "C" else " " for sign in name)
    return _CLICKABLE.sub(lambda found: f"{found[0].strip(':/')} ", " ".join(shown.split()))[:_LONGEST_NAME].strip()


def compose(mail: Mail, sender: str) -> EmailMessage:
    """The message."""
    text = _TEXTS.get((mail.template, mail.language)) or _TEXTS[(mail.template, "pt-BR")]
    values = {**{name: plain(value) for name, value in mail.params.items()}, "link": mail.link}
    if mail.template is MailTemplate.CHANNEL_NOTICE:
        values["sentence"] = sentence(mail.params["code"], mail.language)
        values["told"] = "".join(f"{values[name]}\n" for name in ("subject", "detail") if values[name])
    if mail.template is MailTemplate.NOTIFICATIONS:
        values["told"] = happened(mail.params["happened"], mail.language)
    if (about := _ABOUT.get(mail.template)) is not None:
        values["sentence"] = about(mail.params["code"], mail.language)
        values["told"] = f"{values['subject']}\n" if values["subject"] else ""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = text.subject.format_map(values)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=parseaddr(sender)[1].rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text.body.format_map(values))
    return message


async def send_mail(company_id: UUID, job: SendMail, settings: Settings) -> None:
    """The job: sends a mail that still waits, and forgets its link. Raises what `deliver` raises."""
    try:
        mail = await mails.waiting(company_id, job.mail_id)
    except SealBroken as error:
        raise Cancel("its link cannot be opened with the keys in SECRET_KEYS") from error
    if mail is None:
        return
    await deliver(mail, settings)
    await mails.forget_link(company_id, job.mail_id)
    log.info("mail.sent", company_id=str(company_id), template=mail.template.value)


async def give_up(company_id: UUID, job: SendMail, reason: str) -> None:
    """Deletes the link of a mail that will never be sent: only somebody else could still use it."""
    await mails.forget_link(company_id, job.mail_id)


async def hand_over(message: EmailMessage, settings: Settings) -> None:
    """To the mail server. Raises what aiosmtplib raises, and OSError."""
    server = server_of(settings)
    await aiosmtplib.send(
        message,
        hostname=server.host,
        port=server.port,
        username=server.user,
        password=server.password,
        use_tls=server.tls == "tls",
        start_tls=server.tls == "starttls",
        tls_context=ssl.create_default_context() if server.tls != "none" else None,
        timeout=_TIMEOUT,
    )


async def deliver(mail: Mail, settings: Settings) -> None:
    """Raises Retry when the server cannot be reached or says later, Cancel when it refuses for good."""
    try:
        if mail.link.startswith("/"):  # a page of ours
            mail = msgspec.structs.replace(mail, link=settings.public_url + mail.link)
        message = compose(mail, settings.mail_from)
    except (ValueError, IndexError, MessageError) as error:  # an address or a name of which no mail can be made
        raise Cancel(f"no mail can be made for this address: {type(error).__name__}") from error
    try:
        await hand_over(message, settings)
    except aiosmtplib.SMTPRecipientsRefused as error:
        if all(500 <= refused.code < 600 for refused in error.recipients):
            raise Cancel("the mailbox refuses: " + "; ".join(str(refused.code) for refused in error.recipients)) from error
        raise Retry(reason="the mailbox is busy") from error
    except aiosmtplib.SMTPAuthenticationError as error:
        raise Retry(600, "the mail server refuses our sign-in; check SMTP_URL") from error
    except aiosmtplib.SMTPResponseException as error:
        if 500 <= error.code < 600:
            raise Cancel(f"the mail server refuses: {error.code}") from error
        raise Retry(reason=f"the mail server says later: {error.code}") from error
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise Retry(reason=f"the mail server does not answer: {type(error).__name__}") from error


JOBS = (Handler(SendMail, lambda r: partial(send_mail, settings=r.settings), give_up),)
