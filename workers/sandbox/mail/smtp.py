"""Catches the mail the product would send, so that a machine without SMTP settings still shows its invitations and
password resets. Nothing leaves this machine; any sender, recipient and password is accepted.
"""

import asyncio
import email
import html
import re
import time
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.store import Store

KEEP: Final = 1000
LARGEST: Final = 5 * 1024 * 1024
_LINK: Final = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_TAG: Final = re.compile(r"<(style|script|head)\b.*?</\1>|<br\s*/?>|</(?:p|div|tr|h\d|li)>|<[^>]+>", re.DOTALL | re.I)
_HREF: Final = re.compile(r"<a\b[^>]*href=[\"'](https?://[^\"']+)[\"'][^>]*>(.*?)</a>", re.DOTALL | re.I)
_PAGE: Final = """<!doctype html><html lang="pt-BR"><head><meta charset="utf-8"><title>E-mails capturados</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark }}
body {{ font: 15px/1.55 system-ui, sans-serif; max-width: 46rem; margin: 2.5rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.35rem; margin: 0 }} .lead {{ opacity: .7; margin: .25rem 0 1.5rem }}
article {{ border: 1px solid color-mix(in srgb, currentColor 18%, transparent); border-radius: 12px; padding: 1rem 1.2rem;
 margin-bottom: 1rem }}
h2 {{ font-size: 1.05rem; margin: 0 0 .2rem }} .meta {{ font-size: .85rem; opacity: .7 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .8rem 0 0 }} a {{ color: #4f7cff }}
</style></head><body><h1>E-mails capturados</h1>
<p class="lead">Nenhuma mensagem sai desta máquina. Sem um servidor de e-mail configurado, os convites e as trocas de
senha aparecem aqui.</p>{mails}</body></html>"""


class Mail:
    """The SMTP handler (aiosmtpd calls `handle_DATA`) and the two views of what it caught."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._next = 1

    async def load(self) -> None:
        self._next = (await self._store.query("SELECT coalesce(max(number), 0) + 1 FROM mail"))[0][0]

    async def listen(self, host: str, port: int) -> asyncio.Server:
        """Port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: self._session(loop), host, port)

    def _session(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        return SMTP(
            self,
            loop=loop,
            hostname="sandbox",
            data_size_limit=LARGEST,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=True),
            enable_SMTPUTF8=True,
        )

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        message = email.message_from_bytes(content, policy=default)
        assert isinstance(message, EmailMessage)
        recipients = ", ".join(envelope.rcpt_tos)
        sender, subject = str(message["from"] or envelope.mail_from or ""), str(message["subject"] or "")
        row = (self._next, time.time(), sender, recipients, subject, _part(message, "plain"), _part(message, "html"))
        self._next += 1
        self._store.put("INSERT INTO mail VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, content))
        self._store.put("DELETE FROM mail WHERE number <= ?", (row[0] - KEEP,))
        return "250 OK"

    async def _latest(self, to: str, limit: int) -> list[dict[str, Any]]:
        rows = await self._store.query(
            "SELECT number, at, sender, recipients, subject, text, html FROM mail "
            "WHERE ? = '' OR instr(lower(recipients), lower(?)) ORDER BY number DESC LIMIT ?",
            (to, to, limit),
        )
        names = ("number", "at", "from", "to", "subject", "text", "html")
        return [dict(zip(names, row, strict=True)) for row in rows]

    async def as_json(self, request: Request) -> Reply:
        """GET /sandbox/mails?to=&limit=: newest first; `links` are the http(s) addresses in the text."""
        params = request.params()
        limit = params.get("limit", "100")
        mails = await self._latest(params.get("to", ""), min(int(limit), KEEP) if limit.isdecimal() else 100)
        for mail in mails:
            mail["links"] = _LINK.findall(_readable(mail["text"], mail["html"]))
        return json_reply({"data": mails})

    async def as_page(self) -> Reply:
        """GET /mail: for people. Everything is escaped; only http(s) addresses become links."""
        mails = _articles(await self._latest("", 50)) or "<p>Nenhum e-mail por enquanto.</p>"
        policy = b"content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nreferrer-policy: no-referrer\r\n"
        return Reply(200, _PAGE.format(mails=mails).encode(), b"text/html; charset=utf-8", policy)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    try:
        return str(part.get_content()) if part is not None else ""
    except (LookupError, UnicodeError, KeyError):
        # an unknown charset must not lose the mail
        payload = part.get_payload(decode=True) if part is not None else b""
        return payload.decode("latin-1") if isinstance(payload, bytes) else ""


def _readable(text: str, markup: str) -> str:
    """The plain part; of a mail that has none, the markup without its tags, links kept as text."""
    if text.strip():
        return text
    shown = _HREF.sub(lambda match: f"{match[2]} {match[1]}", markup)
    return html.unescape(_TAG.sub(lambda match: "" if match[0].startswith("<") and match[1] else "\n", shown)).strip()


def _articles(mails: Iterable[dict[str, Any]]) -> str:
    return "".join(
        f"<article><h2>{html.escape(mail['subject']) or '(sem assunto)'}</h2>"
        f'<div class="meta">De {html.escape(mail["from"])} · Para {html.escape(mail["to"])} · '
        f"{datetime.fromtimestamp(mail['at']).astimezone():%d/%m/%Y %H:%M:%S}</div>"
        f"<pre>{_linked(_readable(mail['text'], mail['html']))}</pre></article>"
        for mail in mails
    )


def _linked(text: str) -> str:
    """Escapes a text and makes its http(s) addresses clickable."""
    parts: list[str] = []
    at = 0
    for match in _LINK.finditer(text):
        link = html.escape(match[0])
        parts += [html.escape(text[at : match.start()]), f'<a href="{link}" rel="noreferrer">{link}</a>']
        at = match.end()
    return "".join([*parts, html.escape(text[at:])])
