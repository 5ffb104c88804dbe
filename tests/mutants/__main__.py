"""`just mutants [--count N] [--seed N] [--fresh] [path …]`: makes the product wrong in a few places, each in a copy, runs the tests
that run that place, and prints the changes that no test noticed.

The first run learns which test runs which function, in a run of all tests; `--fresh` learns it anew."""

import argparse
import ast
import asyncio
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import Servers
from tests.mutants.sites import FOLDERS, Site, sites

ROOT = Path(__file__).resolve().parents[2]
REACH = ROOT / ".venv" / "reach"
AT_ONCE = 2
TESTS_SECONDS = 30.0  # as the tests took while they were learnt; the nearest first
LIMIT_SECONDS = 240.0
TOO_SLOW = ("tests/e2e", "tests/faults")


class Test(NamedTuple):
    name: str
    seconds: float
    runs: frozenset[str]


def learn() -> None:
    """Runs every test that needs no browser and no processes, and notes what it runs."""
    shutil.rmtree(REACH, ignore_errors=True)
    REACH.mkdir(parents=True)
    print("Learning which test runs what …", flush=True)
    ignored = [part for folder in TOO_SLOW for part in ("--ignore", folder)]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "4",
        "--dist",
        "loadgroup",
        "-p",
        "tests.mutants.reach",
        "-o",
        "timeout=600",
        *ignored,
    ]
    subprocess.run(command, cwd=ROOT, env={**os.environ, "REACH": str(REACH)}, check=False, stdout=subprocess.DEVNULL)


def known() -> list[Test]:
    lines = [json.loads(line) for file in sorted(REACH.glob("*.jsonl")) for line in file.open()]
    return [Test(line["test"], line["seconds"], frozenset(line["runs"])) for line in lines]


def places(site: Site) -> set[str]:
    """The functions whose tests are asked. A module-level name is run where it is used, else by the whole module."""
    if not site.function.startswith("="):
        return {f"{site.path}::{site.function}"}
    wanted, found = set(site.function.split("=")[1:]), set[str]()
    tree = ast.parse((ROOT / site.path).read_bytes())
    for _hop in range(4):  # names made of names
        for statement in tree.body:
            if isinstance(statement, ast.Assign) and _uses(statement.value, wanted):
                wanted |= {target.id for target in statement.targets if isinstance(target, ast.Name)}
    for statement in tree.body:
        for node in statement.body if isinstance(statement, ast.ClassDef) else [statement]:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _uses(node, wanted):
                prefix = f"{statement.name}." if isinstance(statement, ast.ClassDef) else ""
                found.add(f"{site.path}::{prefix}{node.name}")
    return found


def _uses(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def importers(path: str) -> set[str]:
    """The product's files that import a module."""
    folder, _, name = path.removesuffix(".py").replace("/", ".").rpartition(".")
    imported = re.compile(rf"^(from {folder}\.{name} import|from {folder} import .*\b{name}\b)", re.MULTILINE)
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix() for path in paths if imported.search(path.read_text())}


def chosen(site: Site, tests: list[Test]) -> list[str]:
    """The tests that run the place, the nearest first: those of the folder alike, then those that run little else."""
    where = places(site)
    reached = [test for test in tests if test.runs & where]
    for files in ({site.path}, importers(site.path)):  # a value of a class or a module
        reached = reached or [test for test in tests if any(run.partition("::")[0] in files for run in test.runs)]
    folder = f"tests/{site.path.rpartition('/')[0]}/"
    reached.sort(key=lambda test: (not test.name.startswith(folder), len(test.runs)))
    names, spent = list[str](), 0.0
    for test in reached:
        spent += test.seconds
        if names and spent > TESTS_SECONDS:
            break
        names.append(test.name)
    return names


async def notices(site: Site, names: list[str], number: int) -> bool:
    """Whether one of the tests fails with the change, or never ends. Raises RuntimeError when pytest does not find the tests."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
        copy = Path(temporary)
        for folder in ("api", "db", "workers", "ui", "tests", "docs"):
            shutil.copytree(ROOT / folder, copy / folder)  # with what is compiled: only the changed file is read anew
        for file in ROOT.iterdir():
            if file.is_file():
                shutil.copy(file, copy)
        (copy / site.path).write_bytes(site.apply((ROOT / site.path).read_bytes()))
        (copy / "names").write_text("\n".join(names))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pytest", "-x", "-p", "no:xdist.plugin", "-o", "timeout=60", "@names",
            cwd=copy, env={**os.environ, "PYTEST_XDIST_WORKER": f"gw{number}"},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            code = await asyncio.wait_for(process.wait(), LIMIT_SECONDS)
        except TimeoutError:
            return True
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
    if code in (pytest.ExitCode.USAGE_ERROR, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise RuntimeError(f"pytest does not find {names}; learn anew with --fresh")
    return code != 0


async def main() -> int:
    parser = argparse.ArgumentParser(prog="just mutants")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=int(f"{datetime.now(UTC):%Y%m%d}"), help="the same seed, the same places")
    parser.add_argument("--fresh", action="store_true", help="learn anew which test runs what")
    parser.add_argument("paths", nargs="*", help="only files under these")
    given = parser.parse_args()
    if given.fresh or not known():
        learn()
    tests = known()
    found = [site for site in sites(ROOT) if not given.paths or site.path.startswith(tuple(given.paths))]
    sample = random.Random(given.seed).sample(found, min(given.count, len(found)))
    print(f"{len(sample)} of {len(found)} places, seed {given.seed}", flush=True)
    began, free, survivors = time.monotonic(), asyncio.Queue[int](), list[str]()
    for number in range(AT_ONCE):
        free.put_nowait(number)

    async def one(site: Site) -> None:
        number = await free.get()
        try:
            names = chosen(site, tests)
            if not names or not await notices(site, names, number):
                told = f"{site.path}:{site.line} ({len(names)} tests)\n    - {_short(site.before)}\n    + {_short(site.after)}"
                survivors.append(told)
                print(f"survived: {told}", flush=True)
        finally:
            free.put_nowait(number)

    servers = await asyncio.to_thread(Servers)
    try:
        await asyncio.gather(*map(one, sample))
    finally:
        servers.stop()
    print(f"{len(sample) - len(survivors)} noticed, {len(survivors)} survived, {time.monotonic() - began:.0f} s")
    return 1 if survivors else 0


def _short(text: str) -> str:
    return " ".join(text.split())[:1000]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
