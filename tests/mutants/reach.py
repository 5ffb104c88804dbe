"""A pytest plugin: which functions of the product each test runs, if it passes: one that fails by itself would notice everything.
`REACH` names the folder that takes one file per test process.

Only calls are traced, so that a run takes little longer than without."""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest

from tests.mutants.sites import FOLDERS

_ROOT = Path.cwd()
_OURS = tuple(f"{_ROOT / folder}/" for folder in FOLDERS)


_failed: set[str] = set()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _failed.add(report.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    seen: set[CodeType] = set()

    def call(frame: FrameType, event: str, argument: object) -> None:
        seen.add(frame.f_code)

    began = time.monotonic()
    sys.settrace(call)
    try:
        result = yield
    finally:
        sys.settrace(None)
    if item.nodeid not in _failed:
        ours = {(code.co_filename, code.co_qualname) for code in seen if code.co_filename.startswith(_OURS)}
        line = {
            "test": item.nodeid,
            "seconds": round(time.monotonic() - began, 3),
            "runs": sorted(f"{Path(file).relative_to(_ROOT)}::{name}" for file, name in ours),
        }
        with (Path(os.environ["REACH"]) / f"{os.getpid()}.jsonl").open("a") as out:
            out.write(json.dumps(line) + "\n")
    return result
