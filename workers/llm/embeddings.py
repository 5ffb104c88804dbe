"""Vectors from a service: in batches that every server takes, each an attempt in the ledger.

Source: OpenAI "Create embeddings": at most 8,192 tokens in a text, 2,048 texts and 300,000 tokens in a request; no empty text.
"""

import base64
import struct
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec

from db.ai import catalogue
from db.ai.connection import Connection, Opened
from db.ai.enums import EmbedderKind, Provider
from db.ai.ledger import About, Tokens
from workers.llm import chat, client, local
from workers.llm.attempts import Attempt, attempted, repeated
from workers.llm.chat import TIMEOUT
from workers.llm.completions import Completion, usage_of
from workers.llm.outcomes import Answered, Malformed, Outcome

Kind = Literal["query", "passage"]

TEXTS_AT_ONCE = 256
TOKENS_AT_ONCE = 200_000
LONGEST_TEXT = 8_000 * chat.BYTES_PER_TOKEN  # characters; the rest of a longer text is left out of its vector
MOST_DIMS = 8_192


class Embedder(msgspec.Struct, frozen=True):
    """What made a vector: only vectors of one embedder can be compared. `provider`: a Provider, or `local`; `dims`: numbers in each
    vector, 0 where nobody has seen one yet."""

    provider: str
    model: str
    dims: int = 0


class _Vector(msgspec.Struct, frozen=True):
    embedding: list[float] | str
    index: int = 0


class _Answer(msgspec.Struct, frozen=True):
    data: list[_Vector]


_decoder = msgspec.json.Decoder(_Answer, strict=False)
_usage_decoder = msgspec.json.Decoder(Completion, strict=False)


def of(connection: Connection) -> Embedder | None:
    """The one that a company chose."""
    if connection.embedder is EmbedderKind.SERVICE:
        return Embedder(connection.provider, connection.embedding_model, connection.embedding_dims)
    return Embedder(EmbedderKind.LOCAL, local.MODEL, local.DIMS) if connection.embedder is EmbedderKind.LOCAL else None


async def vectors(ready: Opened, about: About, texts: Sequence[str], embedder: Embedder) -> list[list[float]] | Outcome:
    """One for each text, in their order. What a first batch cost is spent when a later one fails."""
    found: list[list[float]] = []
    for batch in _batches(texts):
        made: list[list[float]] = []

        async def call(attempt: Attempt, batch: list[str] = batch, made: list[list[float]] = made) -> Outcome:
            wire = await client.models().client(ready, TIMEOUT)
            raw = await wire.embeddings.with_raw_response.create(**_body(ready, embedder, batch))
            attempt.request_id = raw.headers.get("x-request-id")
            outcome, read = _read(raw.content, len(batch), embedder.dims)
            attempt.reader.usage = usage_of(_usage_decoder.decode(raw.content))
            made[:] = read
            return outcome

        async def attempt(call: Any = call, batch: list[str] = batch) -> Outcome:
            most = Tokens(input=sum(chat.text_tokens(text) for text in batch))
            return await attempted(ready, about, embedder.model, most, TIMEOUT, call)

        outcome = await repeated(ready, attempt)
        if not isinstance(outcome, Answered):
            return outcome
        found += made
    return found


def _body(ready: Opened, embedder: Embedder, batch: list[str]) -> dict[str, Any]:
    own = ready.connection.provider is Provider.COMPATIBLE
    body: dict[str, Any] = {"model": embedder.model, "input": batch, "encoding_format": "float" if own else "base64"}
    known = catalogue.known(embedder.model)
    if known is not None and embedder.dims and embedder.dims < known.dims:
        body["dimensions"] = embedder.dims
    return body


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    tokens = 0
    for text in texts:
        text = text[:LONGEST_TEXT] if text.strip() else "."
        size = chat.text_tokens(text)
        if batch and (len(batch) == TEXTS_AT_ONCE or tokens + size > TOKENS_AT_ONCE):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += size
    if batch:
        yield batch


def _read(raw: bytes, count: int, dims: int) -> tuple[Outcome, list[list[float]]]:
    """All of one length and in the order asked, or none of them."""
    try:
        data = sorted(_decoder.decode(raw).data, key=lambda vector: vector.index)
        read = [_numbers(vector.embedding) for vector in data]
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, struct.error) as error:
        return Malformed(f"no vectors: {error}"[:300]), []
    lengths = {len(vector) for vector in read}
    if len(read) != count or len(lengths) != 1 or not 0 < max(lengths) <= MOST_DIMS or (dims and lengths != {dims}):
        return Malformed(f"{len(read)} vectors of {sorted(lengths)} numbers for {count} texts"), []
    return Answered(""), read


def _numbers(embedding: list[float] | str) -> list[float]:
    if isinstance(embedding, list):
        return embedding
    raw = base64.b64decode(embedding, validate=True)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))
