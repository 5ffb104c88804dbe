"""Calls to a provider that are not sends: each is timed, classified and written to the channel log, secrets taken out."""

import time
from collections.abc import Awaitable
from typing import Generic, TypeVar

import msgspec

from db import storable
from db.channels import log as channel_log
from db.channels.queries import Check
from db.channels.secrets import Credentials
from db.messages.reasons import FailureReason
from db.redact import redact
from db.work import Work
from workers.outcomes import Outcome, reason_of
from workers.providers.wire import ProviderError

T = TypeVar("T")
ClientT = TypeVar("ClientT")

TRANSIENT = (
    FailureReason.NETWORK,
    FailureReason.TEMPORARY,
    FailureReason.API_RATE,
    FailureReason.THROUGHPUT,
    FailureReason.UNKNOWN_OUTCOME,
)
"""The provider, not the channel, is the reason: worth another try, no proof against the channel."""


class Refused(Exception):
    """A control call failed: `reason` in our words, `detail` in the provider's, without what looks like a secret."""

    def __init__(self, reason: FailureReason, detail: str, code: int | None) -> None:
        self.reason = reason
        self.detail = redact(storable.text(detail, 4000))
        super().__init__(f"{reason}: {self.detail}")
        self.code = code

    @property
    def transient(self) -> bool:
        return self.reason in TRANSIENT


def refused_line(code: str, refused: Refused) -> Check:
    """The finding of a check whose call was refused."""
    return Check(code=code, ok=False, reason=refused.reason.value, detail=refused.detail[:300])


class _Line(msgspec.Struct, frozen=True):
    kind: str
    ok: bool
    summary: str
    http_status: int | None
    code: str | None
    duration_ms: int
    request: str
    response: str | None


class Control(Generic[ClientT]):
    """One piece of work with one channel: its client, and what was said, kept until it is written down with the result."""

    def __init__(self, credentials: Credentials, client: ClientT) -> None:
        self.channel = credentials.channel
        self.client = client
        self._credentials = credentials
        self._lines: list[_Line] = []

    async def call(self, kind: str, summary: str, request: str, answer: Awaitable[T]) -> T:
        """Awaits one call. Raises Refused."""
        started = time.monotonic()
        try:
            result = await answer
        except ProviderError as error:
            reason = reason_of(error.outcome) or FailureReason.UNKNOWN_OUTCOME
            code, detail = _said(error.outcome)
            self._note(kind, False, summary, error.http_status, code, started, request, error.body_excerpt)
            raise Refused(reason, redact(detail or error.body_excerpt, self._secrets())[:300], code) from error
        self._note(kind, True, summary, 200, None, started, request, _shown(result))
        return result

    def _note(
        self,
        kind: str,
        ok: bool,
        summary: str,
        status: int | None,
        code: int | None,
        started: float,
        request: str,
        response: str | None,
    ) -> None:
        took = int((time.monotonic() - started) * 1000)
        self._lines.append(_Line(kind, ok, summary, status, None if code is None else str(code), took, request, response))

    def _secrets(self) -> list[str]:
        return [self._credentials.token, self._credentials.signing_secret, self.channel.verify_token or ""]

    async def write_log(self, w: Work) -> None:
        """Into the channel log, in the caller's transaction."""
        secrets = self._secrets()
        for line in self._lines:
            await channel_log.record(w, self.channel.id, *msgspec.structs.astuple(line), secrets=secrets)
        self._lines = []


def _said(outcome: Outcome) -> tuple[int | None, str]:
    """Code and words of the provider."""
    code: int | None = getattr(outcome, "code", None)
    return code, str(getattr(outcome, "message", None) or getattr(outcome, "cause", None) or "")


def _shown(result: object) -> str | None:
    if result is None:
        return None
    if isinstance(result, list):
        return f"{len(result)} items"
    return msgspec.json.encode(result).decode()
