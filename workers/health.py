"""The round that watches the numbers: slows those that people block or that fail, and lets them go on."""

from datetime import timedelta

from db.channels import health
from db.clock import now
from db.work import take_tick
from workers.registration import Loop

EVERY = timedelta(minutes=5)


async def watch() -> None:
    """Once in five minutes in the whole installation."""
    moment = now()
    if await take_tick("health", moment - (moment - moment.min.replace(tzinfo=moment.tzinfo)) % EVERY):
        await health.look()


LOOPS = (Loop("health", 30.0, watch),)
