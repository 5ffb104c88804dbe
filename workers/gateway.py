"""`python -m workers.gateway`: holds the numbers that are connected by scanning a code. Start as many as there is work for."""

import uvloop

from db import deployment, settings
from db.embedded import locate
from db.log import configure
from workers.qr.process import Process


def main() -> None:
    configured = locate(settings.load())
    configure(configured.log_level)
    deployment.check(configured)

    async def run() -> None:
        await Process(configured).run()

    uvloop.run(run())


if __name__ == "__main__":
    main()
