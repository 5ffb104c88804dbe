"""One letter over one session: an outcome of the closed taxonomy, and nothing sent by who may not."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.channels.secrets import load_channel
from db.messages.reasons import FailureReason as F
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import read
from tests import factories
from tests.workers.qr.port_fake import PortFake
from workers.outcomes import Accepted, Outcome, Rejected, RetryAfter, Unknown
from workers.providers.http1 import TooLate
from workers.providers.linked.errors import outcome_for
from workers.providers.linked.payloads import text_letter
from workers.providers.wire import Wire
from workers.qr.client import SessionClient
from workers.qr.lanes import SessionSender
from workers.qr.port import Line, Opening

WA_ID = "3EB0AAAABBBBCCCCDDDD01"
LATEST = 1e18


class Scene:
    def __init__(self, *script: str | int) -> None:
        self.now = 100.0
        self.refused: list[object] = []
        self.port = PortFake(None)  # type: ignore[arg-type]
        self.port.script = list(script)
        line = Line(uuid4(), 1)
        self.port.lines[line] = Opening(device="Loja")
        self.client = SessionClient(self.port, line, outcome_for, self._refuse, lambda: self.now, send_seconds=0.02)
        self.client.until, self.client.is_open = 130.0, True

    async def _refuse(self, outcome: object) -> None:
        self.refused.append(outcome)

    async def send(self, to: str = "+5511987654321", latest: float = LATEST) -> Outcome:
        return await self.client.send(text_letter(to, "Oi", WA_ID), latest)


@pytest.mark.parametrize(
    ("step", "outcome", "reason", "arrived"),
    [
        ("taken", Accepted, None, 1),
        ("not_sent", RetryAfter, F.NETWORK, 0),
        ("lost_before", Unknown, None, 0),
        ("lost_after", Unknown, None, 1),
        ("silent", Unknown, None, 1),
        (404, Rejected, F.NOT_ON_WHATSAPP, 0),
        (429, RetryAfter, F.THROUGHPUT, 0),
        (463, RetryAfter, F.NEW_PEOPLE_LIMIT, 0),
        (479, RetryAfter, F.THROUGHPUT, 0),
        (599, RetryAfter, F.TEMPORARY, 0),
    ],
)
async def test_what_becomes_of_it(step: str | int, outcome: type[Outcome], reason: F | None, arrived: int) -> None:
    scene = Scene(step)
    found = await scene.send()
    assert type(found) is outcome
    assert getattr(found, "reason", None) == reason
    assert len(scene.port.arrived) == arrived
    assert len(scene.refused) == isinstance(step, int)


async def test_it_is_accepted_under_the_id_that_we_chose() -> None:
    found = await Scene().send()
    assert isinstance(found, Accepted)
    assert found.provider_id == WA_ID


async def test_a_number_that_is_not_there_is_not_written_to() -> None:
    scene = Scene()
    scene.port.absent.add("+5511987654321")
    found = await scene.send()
    assert isinstance(found, Rejected)
    assert found.reason is F.NOT_ON_WHATSAPP
    assert scene.port.arrived == []


async def test_who_shows_no_number_is_written_to_by_the_hidden_id() -> None:
    scene = Scene()
    scene.port.absent.add("987654")
    assert isinstance(await scene.send("987654"), Accepted)


async def test_nothing_leaves_a_closed_session_or_after_the_lease() -> None:
    scene = Scene()
    scene.client.is_open = False
    assert isinstance(await scene.send(), RetryAfter)
    scene.client.is_open, scene.now = True, 130.0
    assert isinstance(await scene.send(), RetryAfter)
    assert scene.port.arrived == []


async def test_nothing_leaves_over_a_session_that_is_gone_since_the_claim(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel_id = await factories.channel(owner_db, owner, "whatsapp_qr", sandbox=False)
    async with read(worker(owner.company_id), Permission.CHANNELS_READ) as r:
        channel = await load_channel(r, channel_id)
    assert channel is not None
    async with Wire() as wire:
        outcome = await SessionSender(database, wire, {}).send(channel, b"{}", 100.0)
    assert isinstance(outcome, RetryAfter)


async def test_nothing_leaves_when_the_claim_is_about_to_end() -> None:
    scene = Scene()
    with pytest.raises(TooLate):
        await scene.send(latest=99.0)
    assert scene.port.arrived == []


@given(st.lists(st.sampled_from(["taken", "not_sent", "lost_before", "lost_after", 404, 429, 463, 500]), max_size=12))
def test_what_may_have_arrived_is_never_called_unsent(steps: list[str | int]) -> None:
    async def run() -> None:
        scene = Scene(*steps)
        for _ in steps:
            before = len(scene.port.arrived)
            outcome = await scene.send()
            came = len(scene.port.arrived) > before
            if isinstance(outcome, Accepted):
                assert came
            elif not isinstance(outcome, Unknown):
                assert not came

    asyncio.run(run())
