"""The worker's side of looking at a picture: starts the process that does it, and never outlives it."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

from workers import cage
from workers.media.child import Picture, Seen

MEMORY = 768 << 20  # bytes of address space; 64 million pixels with transparency take 256 MB, and are held twice
SECONDS = 20  # of processor time
PATIENCE = 90.0
MAX_ANSWER = 4 << 20  # bytes
_ROOT = Path(__file__).parents[2]


async def look(path: Path) -> Seen:
    """Size and small picture; an empty answer for what cannot be shown, whatever it did to the process that tried."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers.media.child",
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
            process.stdin.write(msgspec.msgpack.encode(Picture(str(path), os.getpid(), MEMORY, SECONDS)))
            await process.stdin.drain()
        process.stdin.close()
        answer = b""
        async with asyncio.timeout(PATIENCE):
            while len(answer) <= MAX_ANSWER and (piece := await process.stdout.read(1 << 16)):
                answer += piece
            if len(answer) <= MAX_ANSWER:
                await process.wait()
        return msgspec.msgpack.decode(answer, type=Seen)
    except (msgspec.MsgspecError, TimeoutError):
        return Seen()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            while await process.stdout.read(1 << 20):  # asyncio notes the end only once the pipe is empty
                pass
            await process.wait()
