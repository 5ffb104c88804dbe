"""What touches sockets runs on both event loops: uvloop is what the workers use, asyncio's is what reads best in a debugger."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop

ON_BOTH = ("test_wire.py", "test_http1.py", "test_hostile.py")


def pytest_asyncio_loop_factories(item: pytest.Item) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    if item.path.name in ON_BOTH:
        return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
    return {"asyncio": asyncio.new_event_loop}
