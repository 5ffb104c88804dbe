"""What the worker and the process that reads a file for it say to one another: length-prefixed msgpack, decoded by type."""

import struct

import msgspec

from db.contacts.import_rows import Batch
from db.contacts.mapping import ColumnTarget, GuessedColumn
from db.contacts.reasons import FileProblem
from workers.imports.reader import Sheet

LENGTH = struct.Struct(">I")
MAX_FRAME = 64 << 20  # bytes; the largest batch is a quarter of it


class Look(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Find out what the file is. `parent` is the worker's process id, the limits are bytes and seconds of processor time."""

    path: str
    filename: str
    region: str
    language: str
    parent: int
    memory: int
    seconds: int


class Read(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Clean the rows after the first `skip`, in batches of at most `batch`. `counting`: with how many rows fill each column, and
    without the cells of rows, for who only wants to know what would happen."""

    path: str
    sheet: Sheet
    mapping: list[ColumnTarget]
    region: str
    language: str
    skip: int
    batch: int
    counting: bool
    parent: int
    memory: int
    seconds: int


class Seen(msgspec.Struct, frozen=True, tag=True):
    """The answer to `Look`: cells are cut. `columns` are those of the sheet with their guessed targets."""

    sheet: Sheet
    columns: list[GuessedColumn]


class End(msgspec.Struct, frozen=True, tag=True):
    """There are no more rows."""


class Unreadable(msgspec.Struct, frozen=True, tag=True):
    """The file is to blame: as `UnreadableFile`."""

    code: FileProblem
    row: int | None


class Broken(msgspec.Struct, frozen=True, tag=True):
    """Our code is to blame. `where` names the error and its lines of code, none of the file's content."""

    where: str


Question = Look | Read
Answer = Seen | Batch | End | Unreadable | Broken

encode = msgspec.msgpack.Encoder().encode
decode_question = msgspec.msgpack.Decoder(Question).decode
decode_answer = msgspec.msgpack.Decoder(Answer).decode
