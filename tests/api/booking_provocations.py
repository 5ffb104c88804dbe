"""What brings the operations of appointments to each answer that is documented."""

from datetime import timedelta

from db.clock import now
from tests.api.provocations import Request, Scene, Stage


async def _free(stage: Stage) -> str:
    """A time that the board offers, not the one that is taken."""
    at = (now() + timedelta(hours=50)).replace(minute=0, second=0, microsecond=0)
    return at.isoformat()


async def _books(stage: Stage) -> Request:
    await stage.set("appointment", state="cancelled")
    return Request(body={"lead_id": stage.things["lead_id"], "starts_at": await _free(stage)})


async def _books_again(stage: Stage) -> Request:
    await stage.set("appointment", state="booked")
    return Request(body={"lead_id": stage.things["lead_id"], "starts_at": await _free(stage)}, status=409)


async def _moves(stage: Stage) -> Request:
    await stage.set("appointment", state="booked")
    return Request(body={"starts_at": await _free(stage)})


async def _over(stage: Stage) -> Request:
    await stage.set("appointment", state="cancelled")
    return Request(body={"starts_at": await _free(stage)}, status=409)


async def _cancels(stage: Stage) -> Request:
    await stage.set("appointment", state="booked")
    return Request()


async def _cancelled(stage: Stage) -> Request:
    await stage.set("appointment", state="cancelled")
    return Request(status=409)


SUCCESS: dict[str, Scene] = {"appointments_create": _books, "appointments_move": _moves, "appointments_cancel": _cancels}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "appointments_create": [_books_again],
    "appointments_move": [_over],
    "appointments_cancel": [_cancelled],
}
"""Answers that no rule tells."""
