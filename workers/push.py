"""Sends notifications to the browsers of one person (Web Push): the text is encrypted for the browser (RFC 8291), the request signed with
our key (VAPID, RFC 8292) and sent through workers/http.py, because its address comes from a person.

A later notification of a conversation takes the place of the earlier one in the browser (`tag`). It is tried again only when no browser
of the person took it. A subscription whose browser is gone, or that knows us by a key that is gone, ends.
"""

import asyncio
import base64
from functools import partial
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import http_ece  # type: ignore[import-untyped]
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02  # type: ignore[import-untyped]

from db.crypto import SealBroken
from db.jobs import SendPush
from db.notifications import centre, subscriptions, vapid
from db.notifications.enums import NotificationKind
from db.notifications.subscriptions import Target
from workers.http import Blocked, OutboundClient, OutboundError
from workers.registration import Handler
from workers.runtime import Retry

log = structlog.get_logger("workers.push")

TTL = 4 * 3600  # seconds that a push service keeps it for a browser that is away: after that it is no news
GONE = (404, 410)  # the browser is gone; any other refusal may be ours to mend

K = NotificationKind
_TEXTS: dict[tuple[NotificationKind, str], str] = {
    (K.ASSIGNED, "pt-BR"): "Uma conversa agora é sua.",
    (K.ASSIGNED, "en"): "A conversation is yours now.",
    (K.WAITS, "pt-BR"): "Esta conversa está esperando por uma pessoa.",
    (K.WAITS, "en"): "This conversation is waiting for a person.",
    (K.MENTIONED, "pt-BR"): "Mencionaram você em uma nota.",
    (K.MENTIONED, "en"): "You were mentioned in a note.",
    (K.CALL, "pt-BR"): "Está na linha e quer falar com você.",
    (K.CALL, "en"): "Is on the line and wants to speak with you.",
    (K.LEAD, "pt-BR"): "Uma regra do quadro chama você para este negócio.",
    (K.LEAD, "en"): "A rule of the board calls you to this lead.",
    (K.RULE_STOPPED, "pt-BR"): "Uma regra sua foi interrompida: moveria este negócio em círculo.",
    (K.RULE_STOPPED, "en"): "A rule of yours was stopped: it would move this lead in a circle.",
    (K.NOTICE, "pt-BR"): "Algo precisa de você para as mensagens da empresa continuarem.",
    (K.NOTICE, "en"): "Something needs you, so that your company's messages go on.",
}
_ENDS: dict[tuple[NotificationKind, str, str], str] = {
    (K.CAMPAIGN, "finished", "pt-BR"): "A campanha terminou.",
    (K.CAMPAIGN, "finished", "en"): "The campaign is finished.",
    (K.CAMPAIGN, "paused", "pt-BR"): "A campanha parou sozinha. Veja por quê.",
    (K.CAMPAIGN, "paused", "en"): "The campaign stopped by itself. See why.",
    (K.CAMPAIGN, "failed", "pt-BR"): "A campanha não pôde continuar. Veja por quê.",
    (K.CAMPAIGN, "failed", "en"): "The campaign could not go on. See why.",
    (K.IMPORT, "completed", "pt-BR"): "A importação terminou.",
    (K.IMPORT, "completed", "en"): "The import is finished.",
    (K.IMPORT, "failed", "pt-BR"): "A importação não deu certo. Veja por quê.",
    (K.IMPORT, "failed", "en"): "The import failed. See why.",
}

Outcome = Literal["sent", "gone", "later"]


class Shown(msgspec.Struct):
    """What the service worker of the page (ui/static/sw.js) shows. `tag`: a later one with the same takes its place."""

    title: str
    body: str
    url: str
    tag: str
    count: int = 0  # unread lines behind the bell: the number on the icon of the installed app


class PushJobs:
    """The job of this module with what it needs."""

    def __init__(self, public_url: str, outbound: OutboundClient) -> None:
        self._public_url = public_url
        self._outbound = outbound

    async def send_push(self, company_id: UUID, job: SendPush) -> None:
        reach = await subscriptions.reach(company_id, job.user_id)
        if reach is None or (text := await _shown(company_id, job, reach.language)) is None:
            return
        send = partial(self._one, msgspec.json.encode(text))
        outcomes = await asyncio.gather(*(send(target, key) for target, key in reach.targets.values()))
        for subscription_id, outcome in zip(reach.targets, outcomes, strict=True):
            if outcome == "gone":
                await subscriptions.forget(company_id, subscription_id)
        if "later" in outcomes and "sent" not in outcomes:
            raise Retry(reason="a push service did not take it")

    async def _one(self, text: bytes, target: Target, key_id: str) -> Outcome:
        try:
            headers = {**self._signed(target, key_id), "ttl": str(TTL), "urgency": "high", "content-encoding": "aes128gcm"}
            answer = await self._outbound.request("POST", target.endpoint, headers=headers, content=_encrypted(text, target))
        except (SealBroken, Blocked):
            return "gone"
        except OutboundError as error:
            log.info("push.unreachable", host=urlsplit(target.endpoint).hostname, error=str(error))
            return "later"
        if 200 <= answer.status < 300:
            return "sent"
        if answer.status in GONE:
            return "gone"
        log.warning("push.refused", host=urlsplit(target.endpoint).hostname, status=answer.status)
        return "later"

    def _signed(self, target: Target, key_id: str) -> dict[str, str]:
        place = urlsplit(target.endpoint)
        claims = {"aud": f"{place.scheme}://{place.netloc}", "sub": self._public_url}
        signer = Vapid02(private_key=vapid.private_key(key_id), conf={"no-strict": True})
        signed: dict[str, str] = signer.sign(claims)
        return signed


async def _shown(company_id: UUID, job: SendPush, language: str) -> Shown | None:
    """None once what it is about is gone."""
    kind, subject_id = NotificationKind(job.kind), job.subject_id or job.conversation_id or job.lead_id
    body = _TEXTS.get((kind, language)) or _ENDS[kind, job.code or "", language]
    count = await centre.unread_of(company_id, job.user_id)
    if kind is K.NOTICE:
        return Shown(job.about or "Master IA", body, job.path or "/", f"notice:{job.topic}:{job.code}", count)
    found = await centre.called(company_id, kind, subject_id) if subject_id is not None else None
    if found is None:
        return None
    path, tag = {
        K.LEAD: (f"/boards/{found.board_id}?lead={subject_id}", "lead"),
        K.RULE_STOPPED: (f"/boards/{found.board_id}?lead={subject_id}", "lead"),
        K.CAMPAIGN: (f"/campaigns/{subject_id}", "campaign"),
        K.IMPORT: (f"/imports/{subject_id}", "import"),
    }.get(kind, (f"/inbox/{subject_id}", "conversation"))
    return Shown(found.name, body, path, f"{tag}:{subject_id}", count)


def _encrypted(text: bytes, target: Target) -> bytes:
    own, auth = ec.generate_private_key(ec.SECP256R1()), _decoded(target.auth)
    sealed: bytes = http_ece.encrypt(text, private_key=own, dh=_decoded(target.p256dh), auth_secret=auth, version="aes128gcm")
    return sealed


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


JOBS = (Handler(SendPush, lambda r: PushJobs(r.settings.public_url, OutboundClient()).send_push),)
