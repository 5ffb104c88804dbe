"""The only door to models: an answer at once, an answer piece by piece, vectors. Never raises for trouble outside; a task that is
cancelled while it asks is booked all the same."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from uuid import UUID

import msgspec

from db.ai import connection
from db.ai.connection import Opened
from db.ai.enums import EmbedderKind
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.tenancy import worker
from workers.llm import chat, client, embeddings, local, moderation, voice
from workers.llm.attempts import Attempt, attempted, ready_for, repeated, stop_for, worth_another
from workers.llm.chat import Request
from workers.llm.client import Failed, failures
from workers.llm.completions import Completion
from workers.llm.embeddings import Embedder, Kind
from workers.llm.outcomes import NotConnected, Outcome


async def ask(company_id: UUID, about: About, request: Request) -> Outcome:
    """One question, one outcome."""
    ready = await ready_for(company_id)
    if not isinstance(ready, Opened):
        return ready
    outcome = await ask_of(ready, about, request)
    await stop_for(ready, outcome)
    return outcome


async def ask_of(ready: Opened, about: About, request: Request) -> Outcome:
    """The same of a connection whatever its state, which stays as it is: for a check."""

    async def call(attempt: Attempt) -> Outcome:
        wire = await client.models().client(ready, request.timeout)
        raw = await wire.chat.completions.with_raw_response.create(**chat.body(ready, request))
        attempt.request_id = raw.headers.get("x-request-id")
        return attempt.reader.whole(raw.content)

    async def attempt() -> Outcome:
        return await attempted(
            ready, about, chat.model_of(ready, request), chat.most_tokens(ready, request), request.timeout, call
        )

    return await repeated(ready, attempt)


async def stream(company_id: UUID, about: About, request: Request) -> AsyncGenerator[str | Outcome, None]:
    """Pieces of text as they come, then the outcome. Nothing is tried again once a piece was given. Whoever stops listening closes it
    (`contextlib.aclosing`)."""
    ready = await ready_for(company_id)
    if not isinstance(ready, Opened):
        yield ready
        return
    for last in (False, True):
        attempt = await Attempt.begin(
            ready, about, chat.model_of(ready, request), chat.most_tokens(ready, request), request.timeout
        )
        if not isinstance(attempt, Attempt):
            yield attempt
            return
        last_word: Outcome | None = None
        try:
            async for piece in _pieces(ready, request, attempt):
                if isinstance(piece, str):
                    yield piece
                else:
                    last_word = piece
        finally:
            outcome = await attempt.end(last_word)
        if last or attempt.reader.text or not await worth_another(outcome):
            break
    await stop_for(ready, outcome)
    yield outcome


async def _pieces(ready: Opened, request: Request, attempt: Attempt) -> AsyncIterator[str | Outcome]:
    """Of one attempt; the outcome comes last."""
    ends = time.monotonic() + request.timeout
    try:
        with failures(ready.key):
            wire = await client.models().client(ready, request.timeout)
            async with asyncio.timeout(request.timeout):
                chunks = await wire.chat.completions.create(**chat.body(ready, request, streamed=True))
            attempt.request_id = chunks.response.headers.get("x-request-id")
            async with chunks:
                pieces = aiter(chunks)
                while True:
                    async with asyncio.timeout(ends - time.monotonic()):
                        chunk = await anext(pieces, None)
                    if chunk is None:
                        break
                    piece = attempt.reader.add(msgspec.convert(client.plain(chunk), Completion, strict=False))
                    if piece:
                        yield piece
    except Failed as failed:
        yield failed.outcome
        return
    yield attempt.reader.outcome()


async def transcribe(company_id: UUID, about: About, sound: bytes, name: str, *, seconds: float, language: str = "") -> Outcome:
    """A voice note as text, `Answered`. `name` ends as its kind does (`note.ogg`). `NotConnected` where the service hears nothing."""
    ready = await ready_for(company_id)
    if not isinstance(ready, Opened):
        return ready
    return await voice.written(ready, about, sound, name, seconds, language) if voice.hears(ready) else NotConnected()


async def moderated(company_id: UUID, texts: Sequence[str]) -> list[str] | None:
    """Under what the service's moderation flags any of them; None: it was not said, because it has none or does not answer."""
    ready = await ready_for(company_id)
    return await moderation.flagged(ready, texts) if isinstance(ready, Opened) and moderation.moderates(ready) else None


async def embed(
    company_id: UUID, about: About, texts: Sequence[str], *, kind: Kind, embedder: Embedder | None = None
) -> list[list[float]] | Outcome:
    """One vector for each text, or why there are none. `embedder` None: the company's; one of another service or local model than there
    is now has no vectors to give. The local one costs nothing, so it stands in no ledger."""
    chosen = embedder or await embedder_of(company_id)
    if chosen is None:
        return NotConnected()
    if chosen.provider == EmbedderKind.LOCAL:
        here = local.installed() and chosen.model == local.MODEL
        return await local.embed(texts, kind) if here else NotConnected(CallFailure.LOCAL_OFF)
    ready = await ready_for(company_id)
    if not isinstance(ready, Opened):
        return ready
    if chosen.provider != ready.connection.provider:
        return NotConnected()
    return await embeddings.vectors(ready, about, texts, chosen)


async def embedder_of(company_id: UUID) -> Embedder | None:
    """What the company's texts are turned into vectors with, whether or not it answers now; None: nothing."""
    found = await connection.connection(worker(company_id))
    return None if found is None else embeddings.of(found)
