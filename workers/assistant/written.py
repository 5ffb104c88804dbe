"""What a model writes, shown piece by piece to somebody who looks on, as far as it is meant to be read."""

import contextlib
import json
import re
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from db.ai.ledger import About
from workers.assistant.clean import clean
from workers.llm.ask import stream
from workers.llm.chat import Request
from workers.llm.outcomes import Outcome

EVERY = 0.2  # seconds between two pieces that are told
Show = Callable[[int, str], Awaitable[bool]]
"""Tells what takes the place of everything from a character on; False: nobody wants it any more."""
_TEXT = re.compile(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)')
_ESCAPE = 6  # characters of \\u0041


class Stopped(Exception):
    """Nobody wants it any more."""


class Pieces:
    """What is shown while it is written."""

    def __init__(self, tell: Show) -> None:
        self._tell = tell
        self._shown = ""
        self._told = 0.0

    def due(self) -> bool:
        """Whether the last piece is some time ago."""
        return time.monotonic() - self._told >= EVERY

    async def show(self, text: str) -> None:
        """The whole text so far, told when it is due. Raises Stopped."""
        if text == self._shown or not self.due():
            return
        at = next((n for n, (one, other) in enumerate(zip(text, self._shown, strict=False)) if one != other), None)
        at = min(len(text), len(self._shown)) if at is None else at
        self._told = time.monotonic()
        if not await self._tell(at, text[at:]):
            raise Stopped
        self._shown = text


class Writer:
    """Asks the model, shows what it writes, and keeps what came of it last. `whole`: all of it is meant to be read; else the messages of
    an answer's JSON."""

    def __init__(self, pieces: Pieces, *, whole: bool) -> None:
        self._pieces, self._whole = pieces, whole
        self.last: Outcome | None = None

    async def __call__(self, company_id: UUID, about: About, request: Request) -> Outcome:
        written: list[str] = []
        outcome = None
        async with contextlib.aclosing(stream(company_id, about, request)) as coming:
            async for piece in coming:
                if isinstance(piece, str):
                    written.append(piece)
                    if self._pieces.due():  # else the whole text would be read anew for each of its words
                        so_far = "".join(written)
                        await self._pieces.show(clean(so_far if self._whole else texts_so_far(so_far), 8000))
                else:
                    outcome = piece
        assert outcome is not None
        self.last = outcome
        return outcome


def texts_so_far(written: str) -> str:
    """The messages in the beginning of an answer's JSON."""
    _, found, after = written.partition('"messages"')
    pieces = _TEXT.findall(after.partition('"citations"')[0]) if found else []
    return "\n\n".join(text for text in map(_decoded, pieces) if text)


def _decoded(piece: str) -> str:
    """A JSON string without its ends; an escape that is not whole yet is left out."""
    for end in range(len(piece), max(-1, len(piece) - _ESCAPE), -1):
        with contextlib.suppress(ValueError):
            return str(json.loads(f'"{piece[:end]}"', strict=False))
    return ""
