"""Which failures get a second try (`tests/again.py`)."""

import pytest

from tests.again import worth_it


@pytest.mark.parametrize(
    ("failed", "again"),
    [
        ([], False),
        (["tests/e2e/test_calls.py::test_one"], True),
        (["tests/e2e/test_calls.py::test_one", "tests/faults/test_alone.py::test_two[x]"], True),
        (["tests/e2e/test_calls.py::test_one", "tests/db/test_log.py::test_two"], False),
        (["tests/e2e/test_calls.py::test_one"] * 3, False),
    ],
)
def test_only_few_failures_of_busy_tests_are_tried_again(failed: list[str], again: bool) -> None:
    assert worth_it(failed) is again
