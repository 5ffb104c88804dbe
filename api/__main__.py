"""`python -m api`: granian, ASGI, uvloop, as many processes as API_WORKERS says."""

import gc
import multiprocessing
import os
import shutil
import signal
import sys

from granian.constants import Interfaces, Loops
from granian.server.mp import MPServer

from db import deployment, log
from db.embedded import locate
from db.parent import die_with_parent
from db.settings import load


class Graceful(MPServer):
    """Tells its processes to end their live streams first: granian waits for open connections before it ends an app's lifespan,
    and a stream would keep it waiting until the kill."""

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            if worker.inner.is_alive():
                os.kill(worker.inner.pid, signal.SIGUSR1)
        super()._stop_workers()  # type: ignore[no-untyped-call]


def application() -> object:
    """The factory that each process calls, in a fresh interpreter."""
    if parent := multiprocessing.parent_process():
        die_with_parent(parent.pid or 0)  # else kill -9 of the parent leaves this process serving on the port
    gc.disable()  # all that is loaded now stays: the collector need not look at it while it grows, nor with every few requests
    from api.app import create_app  # not at the top: the parent process only watches, and would load it all in vain

    settings = locate(load())
    log.configure(settings.log_level)
    app = create_app(settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 25, 50)
    gc.enable()
    return app


def main() -> int:
    """Serves until SIGTERM or SIGINT; requests in flight get 15 seconds to end. Raises SystemExit for what must not start."""
    settings = locate(load())
    log.configure(settings.log_level)
    deployment.check(settings)
    if settings.api_workers > 1:
        folder = settings.data_dir / "metrics" / str(settings.api_port)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder.resolve())
    Graceful(
        "api.__main__:application",
        factory=True,
        address=settings.api_host,
        port=settings.api_port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.api_workers,
        backlog=2048,
        websockets=True,
        respawn_failed_workers=True,
        workers_kill_timeout=15,
        log_access=False,
        log_dictconfig={"loggers": {"_granian": {"handlers": [], "level": "INFO", "propagate": True}}},
    ).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
