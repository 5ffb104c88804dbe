"""A number connected by a code whose pace is none, and a gateway whose platform is in memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import asyncpg
import msgspec
import pytest

from db.providers import registry as definitions
from db.providers.definition import Pace
from db.providers.linked.definition import PROVIDER
from db.qr import leases
from db.settings import Settings
from tests.workers.qr.port_fake import PortFake
from workers.providers import registry as adapters
from workers.providers.linked.adapter import LinkedAdapter
from workers.providers.linked.inbound import parse
from workers.qr import install
from workers.qr.gateway import Gateway

PACKAGES = Path(__file__).parents[3] / ".venv" / "qr"
"""Where the bridge and its packages lie for tests."""
NONE = (0.0, 0.0)
FAST = msgspec.structs.replace(
    PROVIDER, name="hasty", kind="hasty_qr", feeds=("hasty",),
    capabilities=msgspec.structs.replace(
        PROVIDER.capabilities,
        session=Pace(first_per_day=3, growth=1.0, most_first=3, first_gap=NONE, gap=NONE, reply_gap=NONE, typing=NONE, rest_each=1000, rest=0.0),
    ),
)  # fmt: skip


class HastyAdapter(LinkedAdapter):
    provider = FAST
    parsers: ClassVar = {"hasty": lambda body, _: parse(body)}


@pytest.fixture(autouse=True)
def hasty() -> Iterator[None]:
    definitions.register(FAST)
    adapters.register(HastyAdapter())
    yield
    adapters._by_kind.pop(FAST.kind)
    definitions._by_kind.pop(FAST.kind)
    definitions._by_source.pop("hasty")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.gateway, self.port = self.another("g1")

    def another(self, owner: str) -> tuple[Gateway, PortFake]:
        gateway = Gateway(owner, apart=0.0, clock=self.clock)
        gateway.port = port = PortFake(gateway)
        return gateway, port


@pytest.fixture
async def scene(database: Settings, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Its leases last in the database however slow the machine is."""
    monkeypatch.setattr(leases, "LEASE", 3600.0)
    await owner_db.execute("update qr_session set next_at = 'infinity'")  # of other tests
    return Scene()


@pytest.fixture(scope="session")
async def engine() -> str:
    """Node.js; the packages of the bridge are installed by whoever comes first."""
    return await install.prepare(PACKAGES)
