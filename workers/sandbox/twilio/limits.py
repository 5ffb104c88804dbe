"""The sender's queue: Twilio takes messages faster than it sends them, and refuses once the queue is full."""

from workers.sandbox.twilio.account import TwilioAccount


class Limits:
    """Counted in memory; every method takes `now` in epoch seconds and both checks and books."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    def queue(self, account: TwilioAccount, segments: int, now: float) -> float | None:
        """When the sender's queue will send this message (epoch seconds); None when the queue is full (21611)."""
        start = max(self._free_at.get(account.id, 0.0), now)
        if start - now > account.queue_hours * 3600:
            return None
        self._free_at[account.id] = start + segments / account.segments_per_second
        return start

    def clear(self) -> None:
        self._free_at.clear()
