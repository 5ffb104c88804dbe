"""The worker's side of reading a file: starts the process that does it, takes its answers one by one, and never outlives it.

Whatever a file does to its reader, the worker loses nothing but the reader.
"""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

from db.contacts.reasons import FileProblem
from workers import cage
from workers.imports import frames
from workers.imports.frames import Answer, Broken, Question, Unreadable
from workers.imports.unreadable import UnreadableFile

LOOK_SECONDS = 60  # of processor time
READ_SECONDS = 600
MEMORY = 768 << 20  # bytes of address space; a list of 800,000 people with four texts each takes 310 MB

_ROOT = Path(__file__).parents[2]


class ReaderDied(Exception):
    """The reading process ended without a word, or our code in it broke: not known to be the file's fault, so worth a retry."""


async def answers(question: Question) -> AsyncGenerator[Answer]:
    """What the reader says, as it says it: it waits while nobody asks for more. Raises UnreadableFile and ReaderDied. Close it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers.imports.child",
        cwd=_ROOT,
        env=cage.environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,  # a traceback would show the file's content
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(frames.encode(question))
            await process.stdin.drain()
        process.stdin.close()
        while True:
            try:
                length = frames.LENGTH.unpack(await process.stdout.readexactly(frames.LENGTH.size))[0]
                if length > frames.MAX_FRAME:
                    raise ReaderDied(f"a frame of {length} bytes")
                frame = await process.stdout.readexactly(length)
            except asyncio.IncompleteReadError:
                break
            answer = frames.decode_answer(frame)
            if isinstance(answer, Unreadable):
                raise UnreadableFile(answer.code, answer.row)
            if isinstance(answer, Broken):
                raise ReaderDied(answer.where)
            yield answer
        ended = await process.wait()
        if ended == -signal.SIGXCPU:
            raise UnreadableFile(FileProblem.TOO_SLOW)
        if ended == -signal.SIGABRT:  # a library without our exceptions found no memory
            raise UnreadableFile(FileProblem.TOO_BIG)
        if ended:
            raise ReaderDied(f"status {ended}")
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            # asyncio takes note of the end only once the pipe is empty, and it does not empty one that is held up.
            while await process.stdout.read(1 << 20):
                pass
            await process.wait()
