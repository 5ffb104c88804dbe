"""Each disaster in small, with real processes. At full size: just faults."""

import pytest

from tests.faults.requests import api_killed
from tests.faults.scenarios import ALL, Scenario

SMALL = 400


@pytest.mark.timeout(240)
@pytest.mark.xdist_group("faults")
@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.__name__)
async def test_nobody_is_written_to_twice_and_nobody_is_forgotten(scenario: Scenario) -> None:
    report = await scenario(SMALL)
    assert report.accepted >= SMALL * 0.6


@pytest.mark.timeout(240)
@pytest.mark.xdist_group("faults")
async def test_a_request_that_is_repeated_has_its_effect_once() -> None:
    assert (await api_killed(40)).accepted == 40
