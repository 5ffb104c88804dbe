"""`python -m workers.imports.child`: reads one file for a worker, with little memory, little time and nothing to lose.

Strangers' files are parsed only here: no connection, no secret, no environment, no right to write a file. The question comes on
standard input, the answers leave on standard output, so a worker that does not read holds the reading up. Ends with the worker.
"""

import os
import resource
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from db import storable
from db.contacts.import_rows import clean_row
from db.contacts.reasons import FileProblem
from db.parent import die_with_parent
from workers.imports import frames
from workers.imports.frames import Answer, Broken, End, Look, Question, Read, Rows, Seen, Unreadable
from workers.imports.mapping import guess
from workers.imports.reader import Column, inspect, rows
from workers.imports.unreadable import UnreadableFile

_BATCH_TEXT = 4 << 20  # characters of a batch
_SHOWN = 200  # characters of a cell that are shown


def main() -> None:
    question = frames.decode_question(sys.stdin.buffer.read())
    _shut_in(question)
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


def _shut_in(question: Question) -> None:
    """Takes from this process all that it does not need. macOS does not hold the bound on memory; the bounds on what is read
    (limits.py) stand everywhere."""
    die_with_parent(question.parent, signal.SIGKILL)
    os.nice(10)
    for kind, most, hard in (
        (resource.RLIMIT_AS, question.memory, question.memory),
        (resource.RLIMIT_CPU, question.seconds, question.seconds + 1),  # SIGXCPU says why, SIGKILL would not
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, hard))


def _say(answer: Answer) -> None:
    frame = frames.encode(answer)
    out = sys.stdout.buffer
    out.write(frames.LENGTH.pack(len(frame)))
    out.write(frame)
    out.flush()


def _look(question: Look) -> Iterator[Answer]:
    sheet = inspect(Path(question.path), question.filename)
    mapping = guess(sheet.columns, question.region)
    columns = [Column(column.index, _shown(column.name), list(map(_shown, column.samples[:5]))) for column in sheet.columns]
    preview = [list(map(_shown, cells)) for cells in sheet.preview]
    yield Seen(msgspec.structs.replace(sheet, columns=columns, preview=preview, skipped=[]), mapping)


def _shown(cell: str) -> str:
    return storable.text(cell, _SHOWN)


def _read(question: Read) -> Iterator[Answer]:
    source = islice(rows(Path(question.path), question.sheet), question.skip, None)
    batch: list[tuple[int, list[str], object]] = []
    size = 0
    for number, cells in source:
        batch.append((number, cells, clean_row(number, cells, question.mapping, question.region)))
        size += sum(map(len, cells))
        if len(batch) >= question.batch or size >= _BATCH_TEXT:
            yield Rows(batch)  # type: ignore[arg-type]
            batch, size = [], 0
    if batch:
        yield Rows(batch)  # type: ignore[arg-type]
    yield End()


if __name__ == "__main__":
    main()
