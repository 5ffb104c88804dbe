"""The worker's side of looking at a stranger's file: starts the process that does it, and never outlives it."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import msgspec

from workers import cage

T = TypeVar("T")
_ROOT = Path(__file__).parents[2]


async def ask(module: str, question: msgspec.Struct, kind: type[T], *, patience: float, most: int) -> T | None:
    """What `python -m module` answers to the question, at most `most` bytes after `patience` seconds; None when it does not, whatever the
    file did to it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        cwd=_ROOT,
        env=cage.environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with suppress(BrokenPipeError, ConnectionResetError):
            process.stdin.write(msgspec.msgpack.encode(question))
            await process.stdin.drain()
        process.stdin.close()
        answer = bytearray()
        async with asyncio.timeout(patience):
            while len(answer) <= most and (piece := await process.stdout.read(1 << 16)):
                answer += piece
            if len(answer) <= most:
                await process.wait()
        return msgspec.msgpack.decode(answer, type=kind)
    except (msgspec.MsgspecError, TimeoutError):
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            while await process.stdout.read(1 << 20):  # asyncio notes the end only once the pipe is empty
                pass
            await process.wait()
