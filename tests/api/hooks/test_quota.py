"""One company's webhooks have a bound, counted over all processes; others and the next day are not touched."""

from uuid import uuid4

import pytest

from api.hooks import quota
from api.hooks.quota import Quota
from db import valkey
from db.settings import Settings


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MAX_BYTES_A_DAY", 1000)


async def test_two_processes_share_the_day_of_a_company(database: Settings) -> None:
    at = [20_000.0 * quota.DAY + 100]
    one, two = Quota(lambda: at[0]), Quota(lambda: at[0])
    us, them = uuid4(), uuid4()
    assert one.spend(us, 600)
    assert two.spend(us, 300)
    await one.sum_up()
    await two.sum_up()
    assert not two.spend(us, 200)  # 900 are taken
    assert two.spend(us, 100)
    await two.sum_up()
    await one.sum_up()
    assert one.spend(them, 1000)
    assert one.seconds_left == quota.DAY - 100
    at[0] += quota.DAY
    assert two.spend(us, 1000)


async def test_without_valkey_each_process_counts_for_itself(database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    us, one = uuid4(), Quota()

    class Away:
        async def incrby(self, key: str, size: int) -> int:
            raise ConnectionError("away")

    assert one.spend(us, 700)
    with monkeypatch.context() as away:
        away.setattr(valkey, "client", Away)
        await one.sum_up()
    assert not one.spend(us, 700)
    await one.sum_up()
    two = Quota()
    assert two.spend(us, 1)
    await two.sum_up()
    assert not two.spend(us, 300)  # what was not summed then was summed later
