"""`python -m workers.imports.child`: reads one file for a worker, with little memory, little time and nothing to lose.

Strangers' files are parsed only here: no connection, no secret, no environment, no right to write a file. The question comes on
standard input, the answers leave on standard output, so a worker that does not read holds the reading up. Ends with the worker.
"""

import sys
import traceback
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from db import storable
from db.contacts.import_rows import Batch, Reject, Row, clean_row
from db.contacts.reasons import FileProblem
from workers.cage import shut_in
from workers.imports import frames
from workers.imports.frames import Answer, Broken, End, Look, Read, Seen, Unreadable
from workers.imports.mapping import guess
from workers.imports.reader import Column, inspect, rows
from workers.imports.unreadable import UnreadableFile

_BATCH_TEXT = 4 << 20  # characters of a batch
_SHOWN = 200  # characters of a cell that are shown


def main() -> None:
    question = frames.decode_question(sys.stdin.buffer.read())
    shut_in(question.parent, question.memory, question.seconds)
    try:
        for answer in _look(question) if isinstance(question, Look) else _read(question):
            _say(answer)
    except UnreadableFile as unreadable:
        _say(Unreadable(unreadable.code, unreadable.row))
    except MemoryError:
        _say(Unreadable(FileProblem.TOO_BIG, None))
    except FileNotFoundError:
        _say(Unreadable(FileProblem.FILE_GONE, None))
    except Exception as error:
        lines = "".join(traceback.format_tb(error.__traceback__)[-3:])
        _say(Broken(f"{type(error).__name__} {lines}"[-1500:]))


def _say(answer: Answer) -> None:
    frame = frames.encode(answer)
    out = sys.stdout.buffer
    out.write(frames.LENGTH.pack(len(frame)))
    out.write(frame)
    out.flush()


def _look(question: Look) -> Iterator[Answer]:
    sheet = inspect(Path(question.path), question.filename, question.language)
    guessed = [
        replace(column, name=_shown(column.name), samples=list(map(_shown, column.samples[:5])))
        for column in guess(sheet.columns, question.region, question.language)
    ]
    columns = [Column(column.index, column.name, []) for column in guessed]
    preview = [list(map(_shown, cells)) for cells in sheet.preview]
    yield Seen(replace(sheet, columns=columns, preview=preview, skipped=[]), guessed)


def _shown(cell: str) -> str:
    return storable.text(cell, _SHOWN)


def _read(question: Read) -> Iterator[Answer]:
    source = islice(rows(Path(question.path), question.sheet, question.language), question.skip, None)
    batch = _Batch(question)
    for number, cells in source:
        batch.add(number, cells)
        if batch.length >= question.batch or batch.size >= _BATCH_TEXT:
            yield batch.done()
            batch = _Batch(question)
    if batch.length:
        yield batch.done()
    yield End()


class _Batch:
    """Rows that are being gathered."""

    def __init__(self, question: Read) -> None:
        self._question = question
        self._rows: list[Row] = []
        self._rejects: list[Reject] = []
        self._filled = [0] * len(question.mapping) if question.counting else []
        self.length = self.blank = self.size = 0

    def add(self, number: int, cells: list[str]) -> None:
        self.length += 1
        self.size += sum(map(len, cells))
        clean = clean_row(number, cells, self._question.mapping, self._question.region)
        if self._question.counting:
            for index, cell in enumerate(cells[: len(self._filled)]):
                self._filled[index] += bool(cell) and not cell.isspace()
        if clean is None:
            self.blank += 1
        elif isinstance(clean, Row):
            self._rows.append(clean)
        else:
            self._rejects += clean

    def done(self) -> Batch:
        if not self._question.counting:
            return Batch(self.length, self.blank, self._rows, self._rejects)
        rows = [replace(row, cells=[], left_out=[replace(each, cells=[]) for each in row.left_out]) for row in self._rows]
        return Batch(self.length, self.blank, rows, [replace(each, cells=[]) for each in self._rejects], self._filled)


if __name__ == "__main__":
    main()
