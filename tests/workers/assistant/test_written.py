"""What a model writes is shown piece by piece, and read anew only where a piece is told."""

from collections.abc import AsyncIterator

import pytest

from db.ai.enums import Purpose
from db.ai.ledger import About
from db.ids import uuid7
from workers.assistant import written
from workers.assistant.written import Pieces, Writer
from workers.llm.chat import Message, Request
from workers.llm.outcomes import Answered, Outcome, Usage

PIECES = ['{"messages":[{"text":"', *(["palavra "] * 500), '"}]}']


async def test_what_is_not_told_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    moment, read, told = 100.0, list[str](), list[str]()
    reads = written.texts_so_far

    async def stream(*_: object) -> AsyncIterator[str | Outcome]:
        nonlocal moment
        for number, piece in enumerate(PIECES):
            moment += written.EVERY if number in (1, 400) else 0.0
            yield piece
        yield Answered(text="".join(PIECES), model="m", usage=Usage())

    async def tell(_at: int, text: str) -> bool:
        told.append(text)
        return True

    def reading(text: str) -> str:
        read.append(text)
        return reads(text)

    monkeypatch.setattr(written, "stream", stream)
    monkeypatch.setattr(written, "texts_so_far", reading)
    monkeypatch.setattr(written.time, "monotonic", lambda: moment)
    request = Request(messages=(Message(role="user", content="Oi"),))
    outcome = await Writer(Pieces(tell), whole=False)(uuid7(), About(purpose=Purpose.DRAFT), request)
    assert isinstance(outcome, Answered)
    assert "".join(told) == "palavra " * 400, "each piece goes on where the last one ended"
    assert len(read) <= 4, "nothing is read for a piece that is not told"
