"""`python -m workers.sandbox`: plays Meta, Twilio and a mail server on this machine until it is stopped."""

import asyncio
import gc
import signal
import sys

import uvloop

from workers.sandbox.app import World
from workers.sandbox.config import Settings, parse


async def run(settings: Settings) -> int:
    """Serves until SIGINT or SIGTERM. 1 when a port is taken."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopping.set)
    world = World(settings)
    try:
        await world.start()
    except OSError as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 1
    # flights hold no cycles: the collector need not look at a million of them
    gc.freeze()
    gc.set_threshold(100_000, 50, 1000)
    mail = f", mail on port {world.smtp_port}" if world.smtp_port >= 0 else ""
    print(f"Sandbox ready: http://{settings.host}:{world.port}{mail}", flush=True)
    await stopping.wait()
    await world.stop()
    return 0


if __name__ == "__main__":
    sys.exit(uvloop.run(run(parse(sys.argv[1:]))))
