"""Our programs and Postgres die, stop and freeze; in small, with real processes. At full size: just faults."""

import pytest

from tests.faults.cadences import cadence_killed
from tests.faults.conftest import SMALL
from tests.faults.judging import judging_killed
from tests.faults.scenarios import PROGRAMS, Scenario
from tests.faults.turns import TURNS


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("one_installation")
@pytest.mark.parametrize("scenario", PROGRAMS, ids=lambda scenario: scenario.__name__)
async def test_nobody_is_written_to_twice_and_nobody_is_forgotten(scenario: Scenario) -> None:
    report = await scenario(SMALL)
    assert report.accepted >= SMALL * 0.6


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("one_installation")
async def test_a_crowd_that_is_due_at_once_gets_each_step_of_a_cadence_once() -> None:
    assert (await cadence_killed(SMALL)).accepted >= SMALL * 1.2


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("one_installation")
@pytest.mark.parametrize("scenario", TURNS, ids=lambda scenario: scenario.__name__)
async def test_an_answer_is_said_once_or_leaves_its_reason(scenario: Scenario) -> None:
    assert (await scenario(SMALL)).accepted


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("one_installation")
async def test_a_look_whose_worker_died_is_taken_again_and_moves_the_lead_once() -> None:
    await judging_killed()
