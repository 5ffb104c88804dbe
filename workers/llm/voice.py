"""Voice notes as text. Source: OpenAI "Create transcription": at most 25 MB; `usage` counts tokens, or seconds, or is not there."""

from typing import Any

import msgspec

from db import storable
from db.ai.connection import Opened
from db.ai.enums import Provider
from db.ai.ledger import About, Tokens
from workers.llm import client
from workers.llm.attempts import Attempt, attempted, repeated
from workers.llm.outcomes import Answered, Malformed, Outcome, TooLong, Usage

MODEL = "gpt-4o-mini-transcribe"
TIMEOUT = 60.0
MOST_BYTES = 25 * 1024 * 1024
TOKENS_PER_SECOND = 10  # of sound
WORDS_PER_SECOND = 5  # tokens of text, of somebody who speaks fast
LONGEST = 20_000  # characters


class _Usage(msgspec.Struct, frozen=True):
    input_tokens: int | None = None
    output_tokens: int | None = None


class _Answer(msgspec.Struct, frozen=True):
    text: str
    usage: _Usage | None = None


_decoder = msgspec.json.Decoder(_Answer, strict=False)


def hears(opened: Opened) -> bool:
    """Whether the connected service can be asked at all."""
    connection = opened.connection
    listed = connection.models is None or MODEL in connection.models
    return connection.provider in (Provider.OPENAI, Provider.SANDBOX) and listed


async def written(ready: Opened, about: About, sound: bytes, name: str, seconds: float, language: str) -> Outcome:
    """What is said, as `Answered`; its text is empty where nobody speaks. `language` "": the one that is heard."""
    if len(sound) > MOST_BYTES:
        return TooLong(f"{len(sound)} bytes")
    most = Tokens(input=round(seconds * TOKENS_PER_SECOND) + 100, output=round(seconds * WORDS_PER_SECOND) + 50)

    async def call(attempt: Attempt) -> Outcome:
        wire = await client.models().client(ready, TIMEOUT)
        spoken: dict[str, Any] = {"language": language} if language else {}
        raw = await wire.audio.transcriptions.with_raw_response.create(
            file=(name, sound), model=MODEL, response_format="json", **spoken
        )
        attempt.request_id = raw.headers.get("x-request-id")
        return _read(attempt, raw.content)

    async def attempt() -> Outcome:
        return await attempted(ready, about, MODEL, most, TIMEOUT, call)

    return await repeated(ready, attempt)


def _read(attempt: Attempt, raw: bytes) -> Outcome:
    try:
        answer = _decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Malformed(str(error)[:300])
    text = storable.text(answer.text, LONGEST).strip()
    if answer.usage is not None and answer.usage.input_tokens is not None:
        attempt.reader.usage = Usage(max(answer.usage.input_tokens, 0), output=max(answer.usage.output_tokens or 0, 0))
    else:
        attempt.reader.take(text)
    return Answered(text, model=MODEL)
