"""How much a lane takes at once."""

import pytest

from db.settings import Settings
from workers.quantum import FAST, slice_size

SETTINGS = Settings(send_slice=500, send_concurrency=64)


@pytest.mark.parametrize(
    ("rate", "taken"),
    [
        (0.1, (1, 64)),  # at least one
        (8, (2, 64)),  # a quarter of a second's worth
        (80, (20, 64)),
        (FAST, (32, 64)),  # never more than half of what goes on the wire at once
        (FAST + 1, (500, 1000)),
    ],
)
def test_a_slice_is_a_quarter_of_a_second(rate: float, taken: tuple[int, int]) -> None:
    assert slice_size(SETTINGS, rate) == taken
