"""`python -m workers`: one worker process. Start as many as there is work for."""

import gc

import uvloop

from db import deployment, settings
from db.embedded import locate
from db.log import configure
from workers.main import Process


def main() -> None:
    configured = locate(settings.load())
    configure(configured.log_level)
    deployment.check(configured)
    process = Process(configured)
    # What was imported stays: the collector need not look at it again with every few hundred messages.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 25, 50)
    uvloop.run(process.run())


if __name__ == "__main__":
    main()
