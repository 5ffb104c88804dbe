"""The port over a Node.js process that holds Baileys (`bridge/bridge.mjs`): JSON lines on its stdin and stdout, nothing on a disk.

Its stderr is read and thrown away: the cipher library prints keys where it can. Should the process die, whatever waited for an answer is
lost, and `gone` is set; should this process freeze, the other one closes its connections by itself.
"""

import asyncio
import contextlib
import itertools
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self
from uuid import UUID

import msgspec
import structlog

from db.crypto import SealBroken
from db.engine import DB
from db.errors import Unavailable
from db.qr.keys import Name
from db.qr.leases import Fenced
from workers.qr.port import AnyTold, Group, Host, Letter, Line, Lost, NotSent, Opening, Refused, Taken, Uploads

log = structlog.get_logger("workers.qr")

SCRIPT = Path(__file__).with_name("bridge") / "bridge.mjs"
LONGEST_LINE = 8 * 1024 * 1024
BEAT = 5.0
"""Seconds between signs of life: without one for 20 the other process ends."""
UNANSWERED = 6
"""Of them to which the other process said nothing at all: it stands still, whatever it looks like, and is ended. Counted, not timed: who was frozen itself
has asked nothing meanwhile."""
HELLO = 30.0
MEMORY = "--max-old-space-size=1024"
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "MASTERIA_ENV",
    "WA_URL",
    "WA_ROOT_KEY",
)
"""What it sees of our environment: no secret of ours."""


class _Line(msgspec.Struct):
    """One line of the other process."""

    hello: str | None = None
    ask: int | None = None
    done: int | None = None
    line: str = ""
    what: str = ""
    value: msgspec.Raw = msgspec.Raw(b"null")


class _Sent(msgspec.Struct):
    code: int | None = None
    lost: bool = False
    not_sent: bool = False
    jids: list[str | None] = []
    hosts: list[str] = []
    auth: str = ""
    subject: str = ""
    admins: list[str] = []
    seconds: float = 0.0


_line = msgspec.json.Decoder(_Line)
_told = msgspec.json.Decoder(list[AnyTold])
_names = msgspec.json.Decoder(list[tuple[str, str]])
_batch = msgspec.json.Decoder(list[tuple[str, str, str | None]])
_sent = msgspec.json.Decoder(_Sent)
_text = msgspec.json.Decoder(str)


def _spelled(line: Line) -> str:
    return f"{line.channel_id}:{line.epoch}"


def _read(spelled: str) -> Line:
    channel, _, epoch = spelled.partition(":")
    return Line(UUID(channel), int(epoch))


class Bridge:
    """One process. Made by `started`."""

    engine = ""

    def __init__(self, host: Host, process: asyncio.subprocess.Process) -> None:
        self._host, self._process = host, process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[_Sent]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._hello = asyncio.Event()
        self._unanswered = 0
        self.gone = asyncio.Event()

    @classmethod
    async def started(cls, host: Host, node: str, modules: Path, environment: Mapping[str, str] | None = None) -> Self:
        """`modules`: the folder in which its packages lie. Raises Lost when it does not come up."""
        known = {name: value for name in PASSED_ON if (value := os.environ.get(name))} | dict(environment or {})
        process = await asyncio.create_subprocess_exec(
            node,
            MEMORY,
            str(modules / SCRIPT.name),
            cwd=modules,
            env=known,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for us: it ends when its stdin does
        )
        made = cls(host, process)
        made._run(made._listen())
        made._run(made._live())
        try:
            async with asyncio.timeout(HELLO):
                await made._hello.wait()
        except TimeoutError:
            await made.close()
            raise Lost("the engine did not start") from None
        if made.gone.is_set():
            raise Lost("the engine did not start")
        return made

    @property
    def pid(self) -> int:
        return self._process.pid

    def _run(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _write(self, told: dict[str, Any]) -> None:
        """Raises Lost."""
        if self.gone.is_set() or self._process.stdin is None:
            raise Lost("the engine is gone")
        try:
            self._process.stdin.write(msgspec.json.encode(told) + b"\n")
        except (OSError, RuntimeError) as error:
            raise Lost("the engine is gone") from error

    async def _live(self) -> None:
        with contextlib.suppress(Lost):
            while not self.gone.is_set():
                if self._unanswered >= UNANSWERED:
                    log.error("qr.engine_stands_still", pid=self.pid)
                    self._process.kill()
                    return
                self._unanswered += self._hello.is_set()
                self._write({"op": "beat"})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.gone.wait(), BEAT)

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while text := await self._process.stdout.readline():
                self._unanswered = 0
                try:
                    line = _line.decode(text)
                except msgspec.MsgspecError:
                    log.error("qr.engine_line", length=len(text))
                    continue
                if line.hello is not None:
                    self.engine = line.hello
                    self._hello.set()
                elif line.ask is not None:
                    self._run(self._answer(line))
                elif line.done is not None and (waiting := self._waiting.pop(line.done, None)) and not waiting.done():
                    try:
                        waiting.set_result(_sent.decode(line.value))
                    except msgspec.MsgspecError:
                        waiting.set_exception(Lost("an answer that cannot be read"))
        except (ValueError, OSError) as error:  # a line that is too long
            log.error("qr.engine_broke", error=repr(error)[:200])
        finally:
            self.gone.set()
            self._hello.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(Lost("the engine is gone"))
            self._waiting.clear()
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            await self._process.wait()

    async def _answer(self, line: _Line) -> None:
        """Does what the engine asks, and says that it is done or why it is not."""
        answer: dict[str, Any] = {"op": "answer", "n": line.ask}
        try:
            answer["value"] = await self._patiently(_read(line.line), line)
        except Fenced:
            answer["error"] = "fenced"
        except (SealBroken, msgspec.MsgspecError, ValueError) as error:
            log.warning("qr.engine_refused", what=line.what, error=type(error).__name__)
            answer["error"] = "refused"
        except Exception as error:
            log.error("qr.engine_failed", what=line.what, error=type(error).__name__, exc_info=True)
            answer["error"] = "failed"
        with contextlib.suppress(Lost):
            self._write(answer)

    async def _patiently(self, line: Line, asked: _Line) -> Any:
        """While Postgres is away the engine waits: what it heard is nowhere else."""
        while True:
            try:
                return await self._asked(line, asked)
            except Unavailable:
                if self.gone.is_set():
                    raise ValueError("nobody waits for it") from None
                await DB.back(5.0)

    async def _asked(self, line: Line, asked: _Line) -> Any:
        match asked.what:
            case "told":
                return await self._host.told(line, _told.decode(asked.value))
            case "keys":
                names = [Name(*one) for one in _names.decode(asked.value)]
                found = await self._host.keys(line, names)
                return [found.get(name) for name in names]
            case "keep":
                return await self._host.keep(line, {Name(kind, name): text for kind, name, text in _batch.decode(asked.value)})
            case "sent":
                return await self._host.sent(line, _text.decode(asked.value))
            case _:
                raise ValueError("an unknown question")

    async def _call(self, op: str, line: Line, **given: Any) -> _Sent:
        number = next(self._numbers)
        waiting: asyncio.Future[_Sent] = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        try:
            self._write({"op": op, "n": number, "line": _spelled(line), **given})
            answer = await waiting
        finally:
            self._waiting.pop(number, None)
        if answer.not_sent:
            raise NotSent
        if answer.lost:
            raise Lost("the connection ended before the answer")
        return answer

    # the port

    async def start(self, line: Line, opening: Opening) -> None:
        self._write({"op": "start", "line": _spelled(line), "opening": msgspec.to_builtins(opening)})

    async def stop(self, line: Line) -> None:
        self._write({"op": "stop", "line": _spelled(line)})

    async def logout(self, line: Line) -> None:
        await self._call("logout", line)

    async def send(self, line: Line, jid: str, letter: Letter) -> Taken | Refused:
        answer = await self._call("send", line, jid=jid, letter=msgspec.to_builtins(letter))
        return Taken() if answer.code is None else Refused(answer.code)

    async def find(self, line: Line, numbers: Sequence[str]) -> dict[str, str]:
        answer = await self._call("find", line, numbers=list(numbers))
        return {number: jid for number, jid in zip(numbers, answer.jids, strict=False) if jid}

    async def uploads(self, line: Line) -> Uploads:
        answer = await self._call("uploads", line)
        return Uploads(answer.hosts, answer.auth, answer.seconds)

    async def mark_read(self, line: Line, chat: str, message_ids: Sequence[str]) -> None:
        await self._call("read", line, chat=chat, ids=list(message_ids))

    async def show(self, line: Line, chat: str, what: Literal["typing", "nothing"]) -> None:
        await self._call("show", line, chat=chat, what=what)

    async def watch(self, line: Line, chat: str, seconds: float) -> None:
        await self._call("watch", line, chat=chat, seconds=seconds)

    async def group(self, line: Line, chat: str) -> Group:
        found = await self._call("group", line, chat=chat)
        return Group(found.subject, found.admins)

    async def available(self, line: Line, on: bool) -> None:
        await self._call("available", line, on=on)

    async def history(self, line: Line, chat: str, message_id: str, at: datetime, count: int) -> None:
        await self._call("history", line, chat=chat, id=message_id, at=int(at.timestamp() * 1000), count=count)

    async def close(self) -> None:
        """It ends by itself when its stdin does; one that does not is ended."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self.gone.wait(), 3.0)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self.gone.wait()
