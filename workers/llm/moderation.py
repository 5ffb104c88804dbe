"""What the moderation of a service says of texts. Source: OpenAI "Create moderation": free of charge, so it stands in no ledger."""

import asyncio
from collections.abc import Sequence

import msgspec

from db.ai.connection import Opened
from db.ai.enums import Provider
from workers.llm import client
from workers.llm.client import Failed, failures

MODEL = "omni-moderation-latest"
TIMEOUT = 8.0
LONGEST = 20_000  # characters of each text


class _Result(msgspec.Struct, frozen=True):
    flagged: bool
    categories: dict[str, bool | None] = {}


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result]


def moderates(opened: Opened) -> bool:
    """Whether the connected service can be asked at all."""
    return opened.connection.provider in (Provider.OPENAI, Provider.SANDBOX) and client.models().off(opened.connection) is None


async def flagged(ready: Opened, texts: Sequence[str]) -> list[str] | None:
    """Under what any of them falls; None: it did not say."""
    try:
        with failures(ready.key):
            async with asyncio.timeout(TIMEOUT):
                wire = await client.models().client(ready, TIMEOUT)
                raw = await wire.moderations.with_raw_response.create(model=MODEL, input=[text[:LONGEST] for text in texts])
        answer = msgspec.json.decode(raw.content, type=_Answer)
    except (Failed, TimeoutError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    found = [name for one in answer.results if one.flagged for name, there in one.categories.items() if there]
    return list(dict.fromkeys(found)) or (["flagged"] if any(one.flagged for one in answer.results) else [])
