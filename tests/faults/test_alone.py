"""Databases that lose their memory, and an API killed in requests; in small, with real processes. At full size: just faults."""

import pytest

from tests.faults.conftest import SMALL
from tests.faults.hooks import hooks_broken
from tests.faults.requests import api_killed
from tests.faults.scenarios import ALONE, Scenario


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scenario", ALONE, ids=lambda scenario: scenario.__name__)
async def test_nobody_is_written_to_twice_and_nobody_is_forgotten(scenario: Scenario) -> None:
    report = await scenario(SMALL)
    assert report.accepted >= SMALL * 0.6


@pytest.mark.timeout(600)
async def test_a_request_that_is_repeated_has_its_effect_once() -> None:
    assert (await api_killed(30)).accepted >= 30


@pytest.mark.timeout(600)
async def test_every_event_reaches_outsiders_in_the_order_of_its_entity() -> None:
    assert (await hooks_broken(SMALL)).accepted == 2 * SMALL
