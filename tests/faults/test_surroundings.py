"""Valkey is lost and providers behave badly; in small, with real processes. At full size: just faults."""

import asyncio

import pytest

from tests.faults.conftest import SMALL
from tests.faults.scenarios import SURROUNDINGS, WEATHER, Scenario

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("one_installation")]


async def test_bad_weather_of_five_companies_at_once() -> None:
    """Refusals, lost answers, poisoned ones, no statuses: each company's messages end as they would if it were alone."""
    async with asyncio.TaskGroup() as group:
        scenarios = [group.create_task(scenario(SMALL), name=scenario.__name__) for scenario in WEATHER]
    assert [report for report in (task.result() for task in scenarios) if report.accepted < SMALL * 0.6] == []


@pytest.mark.parametrize("scenario", SURROUNDINGS, ids=lambda scenario: scenario.__name__)
async def test_nobody_is_written_to_twice_and_nobody_is_forgotten(scenario: Scenario) -> None:
    report = await scenario(SMALL)
    assert report.accepted >= SMALL * 0.6
