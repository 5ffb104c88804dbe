"""Is a port free, and if not, who has it: asked before anything is started."""

import errno
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple


class Port(NamedTuple):
    """`setting` is the environment variable that moves it."""

    what: str
    host: str
    number: int
    setting: str


def problem(port: Port) -> str | None:
    """One sentence that says why the port cannot be used and what to do, or None when it is free."""
    with socket.socket(socket.AF_INET6 if ":" in port.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except PermissionError:
            return f"Port {port.number} ({port.what}) needs special rights. Choose one above 1023: {port.setting}=… just up"
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                by = holder(port.number) or "another program"
                other = f"{port.setting}={port.number + 10} just up"
                return f"Port {port.number} ({port.what}) is taken by {by}. Stop it, or choose another: {other}"
            return f"{port.host}:{port.number} ({port.what}) cannot be used: {error.strerror}. Set {port.setting} or its host."
        except OverflowError:
            return f"{port.number} is not a port ({port.what}). Set {port.setting} to a number from 1 to 65535."
    return None


def holder(number: int) -> str | None:
    """ "python -m http.server (process 4711)", when this user may know and the system is Linux."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == number:  # 0A: listening
                    inodes.add(f"socket:[{fields[9]}]")
    for entry in Path("/proc").glob("[0-9]*") if inodes else ():
        with suppress(OSError):
            if any(str(link.readlink()) in inodes for link in (entry / "fd").iterdir()):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
                words[0] = Path(words[0]).name
                return f"{' '.join(words).strip()[:80]} (process {entry.name})"
    return None
