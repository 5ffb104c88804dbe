"""`python -m workers`: one worker process. Start as many as there is work for."""

import gc


def main() -> None:
    gc.disable()  # what is imported stays: the collector need not look at it while it grows, nor with every few hundred messages
    import uvloop

    from db import deployment, settings
    from db.embedded import locate
    from db.log import configure
    from workers.main import Process

    configured = locate(settings.load())
    configure(configured.log_level)
    deployment.check(configured)
    process = Process(configured)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 25, 50)
    gc.enable()
    uvloop.run(process.run())


if __name__ == "__main__":
    main()
