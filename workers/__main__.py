"""`python -m workers`: one worker process. Start as many as there is work for."""

import uvloop

from db import settings
from db.embedded import locate
from db.log import configure
from workers.main import Process


def main() -> None:
    configured = locate(settings.load())
    configure(configured.log_level)
    process = Process(configured)
    uvloop.run(process.run())


if __name__ == "__main__":
    main()
