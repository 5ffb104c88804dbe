"""Files made to hurt who reads them: each is refused with its code, in little memory, and the worker stays as it was."""

import asyncio
import io
import os
import random
import signal
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest
from openpyxl.utils.datetime import WINDOWS_EPOCH

from db.contacts.enums import ImportTarget
from db.contacts.import_rows import Batch
from db.contacts.mapping import ColumnTarget
from tests.workers.imports.bombs import MAIN, one_cell, rows_of, same_string, text, workbook
from workers.imports import cells, reading
from workers.imports.frames import Answer, Look, Read, Seen
from workers.imports.reader import Column, FileKind, Sheet
from workers.imports.unreadable import UnreadableFile

SMALL = 200 << 20
"""Bytes of address space: a plain list needs 40 MB, so what is held in memory whole shows."""


def look(path: Path, *, memory: int = SMALL, seconds: int = 30) -> Look:
    return Look(
        path=str(path), filename=path.name, region="BR", language="pt-BR", parent=os.getpid(), memory=memory, seconds=seconds
    )


def read(path: Path, sheet_name: str | None, *, memory: int = SMALL) -> Read:
    return Read(
        path=str(path),
        sheet=Sheet(
            FileKind.XLSX if sheet_name else FileKind.CSV,
            [Column(0, "A", [])],
            None if sheet_name else "utf-8",
            None if sheet_name else ",",
            sheet_name,
            False,
            0,
            0,
            [],
            [],
        ),
        mapping=[ColumnTarget(0, ImportTarget.NAME)],
        region="BR",
        language="pt-BR",
        skip=0,
        batch=2000,
        counting=False,
        parent=os.getpid(),
        memory=memory,
        seconds=30,
    )


async def said(question: Look | Read) -> list[Answer]:
    async with aclosing(reading.answers(question)) as answers:
        return [answer async for answer in answers]


async def refused(question: Look | Read) -> tuple[str, int | None]:
    with pytest.raises(UnreadableFile) as caught:
        await said(question)
    return caught.value.code, caught.value.row


@pytest.mark.parametrize(
    ("count", "noise", "code"),
    [(3_000_000, 0, "too_big"), (500_000, 400, "cell_too_long")],
    ids=["45 MB of 50 kB", "packed badly"],
)
async def test_one_cell_of_endless_runs(tmp_path: Path, count: int, noise: int, code: str) -> None:
    path = workbook(tmp_path / "a.xlsx", one_cell(count, noise))
    assert (await refused(look(path)))[0] == code


async def test_a_worksheet_that_unpacks_to_a_thousand_times_its_size(tmp_path: Path) -> None:
    assert await refused(look(workbook(tmp_path / "a.xlsx", rows_of(1000, filler=64)))) == ("too_big", None)


def test_a_shared_string_that_stands_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MAX_TEXT", 1_000_000)
    sheet = io.BytesIO("".join(same_string(9000)()).encode())  # type: ignore[arg-type]
    book = cells.Book(["x" * 1000], frozenset(), frozenset(), WINDOWS_EPOCH)
    with pytest.raises(UnreadableFile) as caught:
        list(cells.read_rows(sheet, book))
    assert (caught.value.code, caught.value.row) == ("too_big", 1001)


async def test_too_many_strings_for_the_memory(tmp_path: Path) -> None:
    many = "".join(f"<si><t>{n:x}</t></si>" for n in range(600_000))
    path = workbook(tmp_path / "a.xlsx", same_string(10), lambda: ["<sst>", many, "</sst>"])
    assert await refused(look(path, memory=64 << 20)) == ("too_big", None)


@pytest.mark.parametrize(
    ("pieces", "code"),
    [
        (['<row r="1"><c><v>', "<a>" * 1000], "damaged"),
        (['<row r="1"><c x="', "y" * 6_000_000, '"/></row>'], "damaged"),
        (['<row r="99999999999"><c t="str"><v>1</v></c></row>'], "too_many_rows"),
        (['<row r="1"><c r="ZZZZZZ1" t="str"><v>1</v></c></row>'], "damaged"),
        (['<row r="1"><c r="XFD1" t="str"><v>1</v></c></row>'], "too_many_columns"),
        (['<row r="1"><c><v>', "9" * 100_000, "</v></c></row>"], "damaged"),
        (['<row r="1">', *(f'<c t="str"><v>{"x" * 100_000}</v></c>' for _ in range(20)), "</row>"], "row_too_long"),
    ],
    ids=["nested", "attribute", "row number", "column name", "far column", "number", "row"],
)
async def test_hostile_worksheets(tmp_path: Path, pieces: list[str], code: str) -> None:
    source = random.Random(2)
    ballast = f"<!--{source.randbytes(200_000).hex()}-->"
    path = workbook(tmp_path / "a.xlsx", lambda: [f'<worksheet xmlns="{MAIN}"><sheetData>', ballast, *pieces])
    assert (await refused(look(path)))[0] == code


async def test_many_sheets_are_one_list(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", rows_of(10, 0), sheets=20_000)
    assert isinstance((await said(look(path)))[0], Seen)


@pytest.mark.parametrize(
    ("pieces", "code", "row"),
    [
        ([("x" * 1_000_000, 99)], "row_too_long", 1),
        ([("a,b\n", 3), (",", 2_000_000), ("\n", 1)], "row_too_long", 4),
        ([("a,b\n", 3), ("x" * 200_000 + "\n", 1)], "cell_too_long", 4),
        ([("a,b\n", 3), ('"\n",', 900_000)], "quote_not_closed", 4),
        ([("a,b\n", 3), (",", 3000), ("x\n", 1)], "too_many_columns", 4),
    ],
    ids=["one line of 99 MB", "commas", "cell", "lines within quotes", "columns"],
)
async def test_hostile_texts(tmp_path: Path, pieces: list[tuple[str, int]], code: str, row: int) -> None:
    path = text(tmp_path / "a.csv", *pieces)
    assert await refused(look(path)) == (code, row)
    assert await refused(read(path, None)) == (code, row)


async def test_processor_time_is_bounded(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", ("Ana,11 98765-4321\n", 500_000))
    question = read(path, None)
    assert await refused(Read(**{**{f: getattr(question, f) for f in question.__struct_fields__}, "seconds": 1})) == (
        "too_slow",
        None,
    )


async def test_the_reader_waits_for_the_worker_and_ends_with_it(tmp_path: Path) -> None:
    """What is not taken is not read: a list of any length is never in memory, and who stops listening leaves nobody behind."""
    path = text(tmp_path / "a.csv", ("Ana,11 98765-4321\n", 30_000))
    async with aclosing(reading.answers(read(path, None))) as answers:
        first = await anext(answers)
        assert isinstance(first, Batch)
        assert first.length == 2000
        child = _children(os.getpid())
        assert len(child) == 1
        spent = -1
        while spent != (spent := _processor_time(child[0])) or _state(child[0]) != "S":  # until it waits for us
            await asyncio.sleep(0.5)
        taken = sum([answer.length async for answer in answers if isinstance(answer, Batch)])
    assert taken == 28_000
    async with aclosing(reading.answers(read(path, None))) as answers:
        await anext(answers)
    assert _children(os.getpid()) == []


_WORKER = """
import asyncio, os, sys
from contextlib import aclosing
from tests.workers.imports.test_bombs import read, reading, Path

async def main():
    async with aclosing(reading.answers(read(Path(sys.argv[1]), None))) as answers:
        await anext(answers)
        print("reading", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_a_killed_worker_leaves_no_reader(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", ("Ana,11 98765-4321\n", 30_000))
    worker = subprocess.Popen([sys.executable, "-c", _WORKER, str(path)], stdout=subprocess.PIPE)
    assert worker.stdout is not None
    with worker:
        assert worker.stdout.readline() == b"reading\n"
        child = _children(worker.pid)[0]
        worker.send_signal(signal.SIGKILL)
        worker.wait(10)
    for _ in range(100):
        if _state(child) in ("", "Z"):
            return
        signal.sigtimedwait([], 0.05)
    raise AssertionError("the reader outlived its worker")


async def test_the_reader_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEYS", "k1:canary")
    path = text(tmp_path / "a.csv", ("Ana,11 98765-4321\n", 30_000))
    async with aclosing(reading.answers(read(path, None))) as answers:
        await anext(answers)
        child = _children(os.getpid())[0]
        names = {entry.split(b"=")[0] for entry in Path(f"/proc/{child}/environ").read_bytes().split(b"\0")}
        assert names <= {b"PATH", b"LD_LIBRARY_PATH", b"PYTHONUTF8", b""}
        opened = [os.readlink(entry) for entry in Path(f"/proc/{child}/fd").iterdir()]
        assert not [name for name in opened if name.startswith("socket:")]


def _children(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                named = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if parent == pid and b"workers.imports.child" in named:
                found.append(int(entry.name))
    return found


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _processor_time(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
