"""The size of the disasters in the test command, and one installation for those of a file."""

from collections.abc import AsyncIterator

import pytest

from tests.faults.installation import sharing

SMALL = 400


@pytest.fixture(scope="module")
async def one_installation() -> AsyncIterator[None]:
    async with sharing():
        yield
