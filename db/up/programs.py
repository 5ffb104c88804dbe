"""One program under supervision: started in a session of its own, read line by line, started again when it dies.

Its own session keeps Ctrl-C away from it, so that the supervisor decides the order of the stop. The kernel ends it when the
supervisor is killed, because a process that nobody watches would hold the ports of the next run.
"""

import asyncio
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from db.up.output import Output, bold, say

# Runs first in the child. Not preexec_fn: that is unsafe beside threads. `exec` keeps the parent-death signal.
_BIRTH = """
import os, sys
parent = int(sys.argv[1])
try:
    import ctypes
    ctypes.CDLL(None).prctl(1, 15)
except (OSError, AttributeError, ImportError):
    pass
if os.getppid() == parent:
    os.execv(sys.argv[2], sys.argv[2:])
"""
_LONGEST_LINE = 1 << 20
_MANY = 5  # deaths within a minute
_HEALTHY = 5.0  # seconds of work after which a death is a first one again
_LONGEST, _LONGEST_OF_ONE_THAT_WORKED = 30.0, 2.0  # seconds between two starts


def next_pause(pause: float, *, worked: float | None) -> float:
    """Seconds until the next start, after a wait of `pause` before the last one. `worked`: seconds it was ready, None for a
    program that never was. The first restart is at once, and so is one of a program that worked for a while: somebody killed
    it. Only one that cannot start waits long."""
    if worked is not None and worked >= _HEALTHY:
        return 0.0
    return min(_LONGEST if worked is None else _LONGEST_OF_ONE_THAT_WORKED, pause * 2 or 1.0)


class Program(msgspec.Struct, kw_only=True):
    """What to run. `ready` is asked every 100 ms and must not raise; it hears what the program has logged so far by event.
    `drain` seconds are given to end after SIGTERM."""

    name: str
    title: str
    argv: list[str]
    env: dict[str, str]
    ready: Callable[[set[str]], Awaitable[bool]]
    drain: float = 5.0


class Supervised:
    """A program and its restarts. `start`, `wait_ready`, `stop`; `kill` at once."""

    def __init__(self, program: Program, log_folder: Path) -> None:
        self.program = program
        self.output = Output(program.name, log_folder)
        self.process: asyncio.subprocess.Process | None = None
        self.deaths: deque[float] = deque(maxlen=_MANY)
        self.restarts = 0
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._ready_at = 0.0
        self.up = asyncio.Event()

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=self.program.name)

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.output.tail.clear()
        self.output.events.clear()
        return await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", _BIRTH, str(os.getpid()), *self.program.argv,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env=self.program.env, start_new_session=True, limit=_LONGEST_LINE,
        )  # fmt: skip

    async def _keep(self) -> None:
        pause: float | None = None  # before the last start; None: it was the first
        while not self._stopping:
            try:
                self.process = await self._spawn()
            except OSError as error:
                pause = next_pause(pause or 0.0, worked=None)
                say(f"{bold(self.program.title)} cannot be started: {error}. Next try in {pause:.0f} s.")
                await asyncio.sleep(pause)
                continue
            reader = asyncio.create_task(self._read(self.process))
            watcher = asyncio.create_task(self._watch())
            code = await _ended(self.process)
            watcher.cancel()
            worked = time.monotonic() - self._ready_at if self.up.is_set() else None
            self.up.clear()
            self._signal(signal.SIGKILL)  # what it started itself
            with suppress(TimeoutError):
                await asyncio.wait_for(reader, 1)
            if self._stopping:
                return
            pause = 0.0 if pause is None else next_pause(pause, worked=worked)
            self._mourn(code, pause)
            await asyncio.sleep(pause)
            self.restarts += 1

    def _mourn(self, code: int, pause: float) -> None:
        self.deaths.append(time.monotonic())
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        say(f"{bold(self.program.title)} {how}; it starts again {f'in {pause:.0f} s' if pause else 'at once'}.")
        if code > 0:
            self.output.show_tail()
        if len(self.deaths) == _MANY and self.deaths[-1] - self.deaths[0] < 60:
            self.deaths.clear()
            say(f"{bold(self.program.title)} died {_MANY} times within a minute. Trying goes on; its log is {self.output.path}.")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # longer than the limit: readline dropped it
                continue
            if not line:
                return
            self.output.feed(line)

    async def _watch(self) -> None:
        while not await self.program.ready(self.output.events):  # noqa: ASYNC110 - another process cannot set an event of ours
            await asyncio.sleep(0.1)
        self._ready_at = time.monotonic()
        self.up.set()
        if self.restarts:
            say(f"{bold(self.program.title)} is back.")

    async def wait_ready(self) -> None:
        await self.up.wait()

    def _signal(self, number: signal.Signals) -> None:
        """To the program and what it started: they share its session."""
        if self.process is not None:
            with suppress(OSError):
                os.killpg(self.process.pid, number)

    async def stop(self) -> None:
        """SIGTERM to the program, time to drain, then SIGKILL to its whole group."""
        self._stopping = True
        process = self.process
        if process is not None and process.returncode is None:
            with suppress(OSError):
                process.terminate()
            try:
                await asyncio.wait_for(_ended(process), self.program.drain)
            except TimeoutError:
                say(f"{bold(self.program.title)} did not end within {self.program.drain:.0f} s and was stopped hard.")
        self.kill()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        self.output.close()

    def kill(self) -> None:
        self._stopping = True
        self._signal(signal.SIGKILL)


async def _ended(process: asyncio.subprocess.Process) -> int:
    """The exit code, also while a child of the program still holds its output open: Process.wait() of Python 3.11 waits for that."""
    while process.returncode is None:  # noqa: ASYNC110 - asyncio offers no event for this
        await asyncio.sleep(0.05)
    return process.returncode
