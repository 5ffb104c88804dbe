"""The real package against the sandbox."""

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI

from tests.workers.sandbox.world import Sandbox


@pytest.fixture
async def model(sandbox: Sandbox) -> AsyncIterator[AsyncOpenAI]:
    async with client(sandbox) as made:
        yield made


def client(sandbox: Sandbox, key: str = "sandbox") -> AsyncOpenAI:
    return AsyncOpenAI(api_key=key, base_url=f"{sandbox.base}/openai/v1", max_retries=0, timeout=60)
