"""Old Excel workbooks that are whole: what their cells hold, and as many rows as the format takes."""

import os
from contextlib import aclosing
from datetime import date, datetime
from pathlib import Path

from db.contacts.import_rows import Batch
from db.contacts.mapping import ColumnTarget
from tests.workers.imports import biff
from tests.workers.imports.biff import Formula
from workers.imports import reading
from workers.imports.frames import Answer, Look, Read, Seen
from workers.imports.reader import FileKind, inspect, rows

ROWS = 65_536
"""As many as a sheet of this format has."""
SMALL = 200 << 20

HEADER = ["Nome", "Celular", "Nascimento", "Valor", "Sócio", "Total", "Nível", "Ativo", "Visita"]
ANA = [
    "Ana Luísa",
    11987654321.0,
    date(1990, 2, 3),
    139.48,
    True,
    Formula(278.96),
    Formula("Ouro é 😀"),
    Formula(False),
    datetime(2025, 2, 3, 14, 30),  # noqa: DTZ001 - a cell has no zone
]


def test_cells_come_as_a_person_of_the_company_writes_them(tmp_path: Path) -> None:
    path = biff.write(tmp_path / "a.xls", [HEADER, ANA, [None] * 3, [None, "(11) 98765-0001", None, 1e15, 0.1 + 0.2]])
    said = {
        "pt-BR": ["Ana Luísa", "11987654321", "03/02/1990", "139,48", "sim", "278,96", "Ouro é 😀", "não", "03/02/2025 14:30"],
        "en": ["Ana Luísa", "11987654321", "1990-02-03", "139.48", "yes", "278.96", "Ouro é 😀", "no", "2025-02-03 14:30"],
    }
    for language, cells in said.items():
        sheet = inspect(path, "a.xls", language)
        assert (sheet.kind, sheet.sheet_name, [column.name for column in sheet.columns]) == (FileKind.XLS, "Clientes", HEADER)
        found = list(rows(path, sheet, language))
        assert found[0] == (2, cells)
        point = "," if language == "pt-BR" else "."
        assert found[-1][1][:5] == ["", "(11) 98765-0001", "", "1000000000000000", f"0{point}3"]
        assert sheet.total_rows_estimate == len(found) == 3


async def _said(question: Look | Read) -> list[Answer]:
    async with aclosing(reading.answers(question)) as answers:
        return [answer async for answer in answers]


async def test_a_sheet_as_long_as_the_format_takes_is_read_with_little_memory(tmp_path: Path) -> None:
    people = ([f"Pessoa {number}", 11_900_000_000.0 + number] for number in range(1, ROWS))
    path = biff.write(tmp_path / "a.xls", [["Nome", "Celular"], *people])
    bounds = {"path": str(path), "region": "BR", "language": "pt-BR", "parent": os.getpid(), "memory": SMALL, "seconds": 60}
    [seen] = await _said(Look(filename=path.name, **bounds))
    assert isinstance(seen, Seen)
    assert seen.sheet.total_rows_estimate == ROWS - 1
    assert [column.target for column in seen.columns] == ["name", "phone"]
    mapping = [ColumnTarget(column.index, column.target) for column in seen.columns]
    answers = await _said(Read(sheet=seen.sheet, mapping=mapping, skip=0, batch=20_000, counting=False, **bounds))
    batches = [answer for answer in answers if isinstance(answer, Batch)]
    assert sum(batch.length for batch in batches) == ROWS - 1
    assert [row.name for row in batches[-1].rows][-1:] == [f"Pessoa {ROWS - 1}"]
