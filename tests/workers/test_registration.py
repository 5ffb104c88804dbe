"""Every job has one function, and what a module declares is run."""

import importlib
import pkgutil
import subprocess
import sys
from collections import Counter
from types import ModuleType

import pytest

import workers
from db.jobs import JOBS, QUEUES, Job, SendFile
from workers.main import HANDLERS, LOOPS, ROUND_SECONDS, SLOTS
from workers.registration import Handler, Loop


def modules() -> list[ModuleType]:
    """All of the program but the sandbox, which is one of its own."""
    names = [module.name for module in pkgutil.walk_packages(workers.__path__, "workers.")]
    return [
        importlib.import_module(name)
        for name in names
        if not f"{name}.".startswith("workers.sandbox.") and not name.endswith("__main__")
    ]


def test_every_job_has_one_function() -> None:
    ours = {kind for kind in Job.__subclasses__() if kind.__module__.startswith("db.")}
    assert set(JOBS) == ours
    assert Counter(handler.job for handler in HANDLERS) == Counter(JOBS)


def test_what_a_module_declares_is_collected() -> None:
    declared: list[Handler | Loop] = []
    for module in modules():
        if module.__name__ != "workers.main":
            declared += [*getattr(module, "JOBS", ()), *getattr(module, "LOOPS", ())]
    assert Counter(declared) == Counter([*HANDLERS, *LOOPS])


def test_loops_have_names_of_their_own() -> None:
    names = Counter(loop.name for loop in LOOPS)
    assert max(names.values()) == 1
    assert {"installation", "sending"} & set(names) == set(), "the process has these itself"
    assert all(0 < loop.seconds < ROUND_SECONDS for loop in LOOPS)


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_a_job_says_its_limits(job: type[Job]) -> None:
    assert job.queue in QUEUES
    assert SLOTS[job.queue] > 1
    assert 0 < job.timeout <= 900
    assert 1 <= job.max_tries <= (150 if job is SendFile else 20)  # a file waits for its provider as long as a window is open


def test_a_worker_starts_without_the_package_for_models() -> None:
    asked = "import sys, workers.main; print('openai.types' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "False\n"
