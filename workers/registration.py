"""How modules of this program declare what they do: `JOBS` and `LOOPS` beside the functions. `workers/main.py` only collects them."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

from db.jobs import Job
from db.settings import Settings
from workers.outgoing import Sender
from workers.providers.wire import Wire

JobFunction = Callable[[UUID, Any], Awaitable[None]]
"""Runs one job: (company, job). Its time limit, tries and queue are on the job (`db/jobs.py`)."""
GivenUp = Callable[[UUID, Any, str], Awaitable[None]]
"""Told of a job that will not be tried again, so that what waits for it does not wait for ever. Must be harmless when repeated."""


class Resources(NamedTuple):
    """What functions get of their process. `poll_sending` looks at once where something could be sent."""

    settings: Settings
    wire: Wire
    sender: Sender
    poll_sending: Callable[[], Awaitable[None]]


class Handler(NamedTuple):
    """A job and the function that runs it; `bind` gives that function what it needs."""

    job: type[Job]
    bind: Callable[[Resources], JobFunction]
    give_up: GivenUp | None = None


class Loop(NamedTuple):
    """One round after another, `seconds` apart, in every process of this program."""

    name: str
    seconds: float
    round: Callable[[], Awaitable[object]]
