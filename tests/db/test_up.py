"""The supervisor's parts: the lock, the ports, programs that die, what reaches the terminal."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from db.settings import Settings
from db.up.lock import MARK, Lock, Running
from db.up.output import Output
from db.up.ports import Port, problem
from db.up.programs import Program, Supervised, next_pause
from db.up.ready import answers
from db.up.supervisor import Supervisor

_HOLDER = "import sys, time; from pathlib import Path; from db.up.lock import Lock; lock = Lock(Path(sys.argv[1]), 'http://x'); print('held', flush=True); time.sleep(60)"


def holder(folder: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_second_run_on_the_same_data_is_told_about_the_first(tmp_path: Path) -> None:
    first = holder(tmp_path)
    try:
        with pytest.raises(Running, match=rf"already runs .* process {first.pid}, since .* at http://x"):
            Lock(tmp_path, "http://y")
    finally:
        end(first)


def test_the_lock_of_a_dead_run_is_taken_over(tmp_path: Path) -> None:
    first = holder(tmp_path)
    end(first)
    lock = Lock(tmp_path, "http://y")
    assert lock.stale["pid"] == first.pid
    lock.release()
    assert not (tmp_path / "lock").exists()
    fresh = Lock(tmp_path, "http://y")
    assert fresh.stale == {}
    fresh.release()


@pytest.mark.parametrize("content", ["1", "garbage", "[]", '{"pid": 1}', "\x00\xff"])
def test_whatever_stands_in_a_stale_lock_is_no_obstacle(tmp_path: Path, content: str) -> None:
    (tmp_path / "lock").write_text(content)
    lock = Lock(tmp_path, "http://y")
    assert lock.stale
    lock.release()


def test_programs_of_a_killed_run_are_ended(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env={**os.environ, MARK: "that-run"})
    while b"that-run" not in Path(f"/proc/{left.pid}/environ").read_bytes():
        time.sleep(0.01)
    (tmp_path / "lock").write_text(json.dumps({"pid": 1, "run": "that-run"}))
    thread = threading.Thread(target=left.wait)  # a process that nobody waits for would stay in the list
    thread.start()
    lock = Lock(tmp_path, "http://y")
    thread.join()
    assert lock.left == 1
    assert left.returncode == -signal.SIGTERM
    lock.release()


def test_a_taken_port_is_named_with_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        text = problem(Port("the web app", "127.0.0.1", number, "UI_PORT"))
    assert text is not None
    assert f"Port {number} (the web app) is taken by " in text
    assert f"(process {os.getpid()})" in text
    assert f"UI_PORT={number + 10} just up" in text
    assert problem(Port("the web app", "127.0.0.1", number, "UI_PORT")) is None


@pytest.mark.parametrize(
    ("number", "host", "words"), [(70_000, "127.0.0.1", "not a port"), (8080, "203.0.113.7", "cannot be used")]
)
def test_an_impossible_port_is_explained(number: int, host: str, words: str) -> None:
    assert words in (problem(Port("the web app", host, number, "UI_PORT")) or "")


async def _now(_events: set[str]) -> bool:
    return True


def supervised(code: str, folder: Path, drain: float = 2) -> Supervised:
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return Supervised(
        Program(name="api", title="The API", argv=[sys.executable, "-c", code], env=env, ready=_now, drain=drain), folder
    )


async def test_a_killed_program_is_named_and_started_again_without_its_children(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import subprocess, sys, time; p = subprocess.Popen(['sleep', '60']); print(p.pid); time.sleep(60)"
    program = supervised(code, tmp_path)
    program.start()
    await program.wait_ready()
    while not (tmp_path / "api.log").read_text().strip():
        await asyncio.sleep(0.02)
    child = int((tmp_path / "api.log").read_text())
    assert program.process is not None
    os.kill(program.process.pid, signal.SIGKILL)
    while not program.restarts or not program.up.is_set():
        await asyncio.sleep(0.02)
    assert not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split(")")[1][:3]
    await program.stop()
    shown = capsys.readouterr().out
    assert "The API was killed by SIGKILL; it starts again at once." in shown
    assert "The API is back." in shown


def test_only_a_program_that_cannot_start_waits_long() -> None:
    pauses = [0.0]
    for _ in range(7):
        pauses.append(next_pause(pauses[-1], worked=None))
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    assert next_pause(30, worked=5) == 0  # killed, not broken
    assert [next_pause(pause, worked=1) for pause in (0, 1, 2, 30)] == [1, 2, 2, 2]


async def test_a_program_that_is_killed_again_and_again_is_soon_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = supervised("import time; time.sleep(60)", tmp_path)
    program.start()
    for number in range(4):
        await program.wait_ready()
        assert program.process is not None
        killed = program.process.pid
        program._ready_at -= 5  # as if it had worked that long
        os.kill(killed, signal.SIGKILL)
        while program.restarts == number:
            await asyncio.sleep(0.02)
    await program.stop()
    assert capsys.readouterr().out.count("it starts again at once.") == 4


async def test_a_program_that_fails_shows_its_last_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = supervised("print('first'); raise SystemExit('no database')", tmp_path)
    program.start()
    while "ended with code 1" not in (shown := capsys.readouterr().out):
        await asyncio.sleep(0.05)
    await program.stop()
    assert "no database" in shown + capsys.readouterr().out


async def test_one_that_does_not_stop_is_stopped_hard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = supervised(
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('on'); time.sleep(3600)", tmp_path, drain=0.3
    )
    program.start()
    while "on" not in program.output.tail:
        await asyncio.sleep(0.02)
    await program.stop()
    assert "stopped hard" in capsys.readouterr().out


async def test_nothing_waits_for_a_number_once_everything_stops(database: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the end of the wait and Ctrl-C come in the same moment, which takes the cancellation away (Python 3.11)."""
    supervisor, asked = Supervisor(database, demo=False), asyncio.Event()

    async def has_sessions(_: str) -> bool:
        asked.set()
        await asyncio.sleep(0)
        return False

    monkeypatch.setattr("db.up.servers.has_sessions", has_sessions)
    waiting = asyncio.create_task(supervisor._gateway())
    await asked.wait()
    supervisor._stop.set()
    done, _ = await asyncio.wait({waiting}, timeout=20)
    waiting.cancel()
    assert done == {waiting}
    assert supervisor._programs == {}


async def test_programs_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio, sys
from pathlib import Path
from tests.db.test_up import supervised
async def main():
    program = supervised("import os, time; print(os.getpid()); time.sleep(60)", Path({str(tmp_path)!r}))
    program.start()
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([sys.executable, "-c", code])
    log = tmp_path / "api.log"
    while not (log.exists() and log.read_text().strip()):
        await asyncio.sleep(0.05)
    child = int(log.read_text())
    parent.kill()
    parent.wait()
    for _ in range(1200):
        if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split(")")[1][:3]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it lives on")


def test_warnings_reach_the_terminal_everything_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = Output("workers", tmp_path)
    output.feed(b'{"event": "job.done", "level": "info"}\n')
    for _ in range(20):
        output.feed(b'{"event": "queue.down", "level": "warning", "error": "gone", "url": "http://127.0.0.1/"}\n')
    output.feed(b"ValueError: no\n")
    output.feed(b"an ordinary line\n")
    output.feed(b"\xff\xfe{broken\n")
    output.close()
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        "workers │ queue.down error=gone url=127.0.0.1/",
        "workers │ queue.down error=gone url=127.0.0.1/",
        "workers │ ValueError: no",
    ]
    assert len((tmp_path / "workers.log").read_bytes().splitlines()) == 24
    assert "job.done" in output.events


def test_logs_are_rotated(tmp_path: Path) -> None:
    output = Output("api", tmp_path)
    for _ in range(3):
        output.feed(b"x" * 10_000_001 + b"\n")
    output.feed(b"last\n")
    output.close()
    assert (tmp_path / "api.log").read_bytes() == b"last\n"
    assert (tmp_path / "api.log.3").exists()


async def test_an_answer_below_500_is_an_answer() -> None:
    replies = iter((b"HTTP/1.1 503 Busy\r\n\r\n", b"HTTP/1.1 303 See Other\r\n\r\n", b""))

    async def reply(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(next(replies))
        writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    assert [await answers(url) for _ in range(3)] == [False, True, False]
    server.close()
    await server.wait_closed()
    assert not await answers(url)
