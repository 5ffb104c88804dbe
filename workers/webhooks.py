"""Tells outsiders what happened (Standard Webhooks): one task for each endpoint for which something is due, so that none waits for
another's. What is sent was claimed and committed before; what came of it is written back in batches (`db/webhooks/deliveries.py`).

Every address is checked at each try, redirects are not followed and no more than a little of an answer is read (`workers/http.py`).
"""

import asyncio
import base64
import hashlib
import hmac
import math
import time
from collections import Counter, deque
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx
import structlog

from db.clock import now
from db.event_consumers import Batch
from db.webhooks import deliveries, feed
from db.webhooks.deliveries import Claimed, Tried, Turn
from db.webhooks.enums import TryFailure
from db.work import Work
from workers.hook_wire import HookWire
from workers.http import OutboundError
from workers.registration import Loop

log = structlog.get_logger("workers.webhooks")

AT_ONCE = 64  # requests of one endpoint on the wire
OF_COMPANY = 128  # requests of one company on the wire of this process, beyond the few that each endpoint may always have
ALWAYS = 4
QUICK = 0.25  # seconds; one whose answers take no longer has more claimed than on the wire, all of them within their lease
LATEST = 20.0  # seconds after a claim: what has not left by then is left to its lease, which a try must end within
GATHER = 0.01  # seconds in which more answers may come, before they are written back together
BUSY = frozenset((429, 502, 503, 504))


async def read_events(w: Work, subject: str, batch: Batch) -> None:
    """The reader of `webhooks:<endpoint>` (`workers/event_consumers.py`)."""
    await feed.read_batch(w, UUID(subject), batch)


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, time and body; the key is what follows `whsec_`, decoded."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b"%b.%d.%b" % (event_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def headers(turn: Turn, one: Claimed, timestamp: int) -> dict[str, str]:
    """Of one try: its own time, and a signature by each secret that holds now."""
    found = {
        "content-type": "application/json",
        "webhook-id": one.event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, one.event_id, timestamp, one.body) for secret in turn.secrets),
    }
    if turn.legacy is not None:  # for older receivers: the text of the secret is the key
        found["x-webhook-signature"] = hmac.digest(turn.legacy.encode(), one.body, hashlib.sha256).hex()
    return found


def asked_to_wait(value: str | None) -> float | None:
    """`Retry-After` in seconds, from seconds or from a date; None when absent or unreadable."""
    try:
        if not value:
            return None
        seconds = float(value) if value.strip().isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


class Deliverer:
    """The endpoints that this process serves at the moment."""

    def __init__(self, wire: HookWire | None = None) -> None:
        self._wire = wire
        self._serving: dict[tuple[UUID, UUID], asyncio.Task[None]] = {}
        self._flying: Counter[UUID] = Counter()  # by company

    def connect(self, wire: HookWire) -> None:
        """From now on deliveries leave over it. Without one nothing is delivered."""
        self._wire = wire

    def close(self) -> None:
        """Nothing more is sent; what was claimed is sent again when its lease ends."""
        for task in self._serving.values():
            task.cancel()
        if self._wire is not None:
            self._wire.close()

    async def round(self) -> None:
        """Begins to serve every endpoint for which something is due and that is not served yet."""
        if self._wire is None:
            return
        for place in await deliveries.due():
            if place not in self._serving:
                self._serving[place] = asyncio.create_task(self._serve(*place))

    async def idle(self) -> None:
        """Until what is served now is done."""
        while self._serving:
            await asyncio.wait([*self._serving.values()])

    async def _serve(self, company_id: UUID, endpoint_id: UUID) -> None:
        """Until nothing is due and nothing is in flight."""
        flying: set[asyncio.Task[Tried]] = set()
        ready: deque[tuple[float, Turn, Claimed]] = deque()
        tried: list[Tried] = []
        most = AT_ONCE
        try:
            while True:
                before = time.monotonic()
                if most == AT_ONCE:  # not more than may leave
                    most = min(AT_ONCE, max(OF_COMPANY - self._flying[company_id] + len(flying), ALWAYS))
                turn = await deliveries.turn(company_id, endpoint_id, tried, most - len(ready) - len(flying))
                tried = []
                ready.extend((before + LATEST, turn, one) for one in turn.claimed)
                if not ready and not flying:
                    return
                enough = len(ready) // 2
                while not tried or (ready and len(ready) > enough):
                    while ready and self._may(company_id, len(flying)):
                        latest, how, one = ready.popleft()
                        if time.monotonic() < latest:
                            flying.add(self._fly(company_id, how, one))
                    if not flying:
                        break
                    done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                    tried += [task.result() for task in done]
                if flying and not ready:
                    done, flying = await asyncio.wait(flying, timeout=GATHER)
                    tried += [task.result() for task in done]
                quick = all(one.failure is None and one.seconds < QUICK for one in tried)
                most = deliveries.CLAIMED if quick else AT_ONCE
        except Exception as error:  # what was claimed is sent again when its lease ends
            log.warning("webhooks.broken_off", endpoint_id=str(endpoint_id), error=repr(error))
        finally:
            del self._serving[company_id, endpoint_id]
            for task in flying:
                task.cancel()

    def _may(self, company_id: UUID, flying: int) -> bool:
        """Whether one more may leave for an endpoint that has so many on the wire: fifty slow ones of one company hold up nobody."""
        return flying < AT_ONCE and (flying < ALWAYS or self._flying[company_id] < OF_COMPANY)

    def _fly(self, company_id: UUID, turn: Turn, one: Claimed) -> "asyncio.Task[Tried]":
        self._flying[company_id] += 1
        task = asyncio.create_task(self.try_one(turn, one))
        task.add_done_callback(lambda _: self._landed(company_id))
        return task

    def _landed(self, company_id: UUID) -> None:
        self._flying[company_id] -= 1
        if not self._flying[company_id]:
            del self._flying[company_id]

    async def try_one(self, turn: Turn, one: Claimed) -> Tried:
        """One request, once. Never raises for what happens on the network."""
        at, started = now(), time.monotonic()
        assert self._wire is not None
        sent = headers(turn, one, int(at.timestamp()))
        try:
            answer = await self._wire.post(turn.url, sent, one.body)
        except OutboundError as error:
            spent = time.monotonic() - started
            return Tried(claimed=one, at=at, seconds=spent, failure=TryFailure(error.kind), answer=error.detail, headers=sent)
        failure = None
        if not 200 <= answer.status < 300:
            failure = TryFailure.REDIRECT if 300 <= answer.status < 400 else TryFailure.STATUS
        wait = asked_to_wait(answer.header("retry-after")) if failure else None
        if answer.status in BUSY and wait is None:
            wait = 5.0
        return Tried(
            claimed=one,
            at=at,
            seconds=time.monotonic() - started,
            status=answer.status,
            failure=failure,
            answer=answer.body.decode("utf-8", "replace"),
            headers=sent,
            answer_headers=dict(httpx.Headers(answer.headers)),
            retry_after=wait,
        )


DELIVERER = Deliverer()

LOOPS = (Loop("webhooks", 0.5, DELIVERER.round),)
