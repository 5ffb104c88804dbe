"""Free TCP ports of this machine."""

import os
import random
import socket

_FIRST, _EACH, _PROCESSES = 20_000, 2_000, 6
"""Below those that the system gives to connections by itself: none of them is taken between the choice and the program's start."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses at this moment. The processes of one run choose among different ones."""
    first = _FIRST + _EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _PROCESSES)
    found: list[int] = []
    for port in random.sample(range(first, first + _EACH), _EACH):
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"There are no {count} free ports from {first} on.")
