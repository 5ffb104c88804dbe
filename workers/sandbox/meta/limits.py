"""The limits WhatsApp enforces on a number and a portfolio, counted in memory.

They are limits of the outside world, so they survive nothing but a restart of the sandbox: the tier is rebuilt from the
ledger, the short ones start afresh.
"""

from typing import Final

from workers.sandbox.meta.account import TIERS, MetaAccount, Number

DAY: Final = 86_400.0


class Limits:
    """Every method takes `now` in epoch seconds and both checks and books."""

    def __init__(self) -> None:
        self._bucket: dict[str, tuple[float, float]] = {}
        self._pair: dict[tuple[str, str], float] = {}
        self._pair_sweep = 0.0
        self._people: dict[str, dict[int, float]] = {}
        self._calls: dict[str, tuple[int, int]] = {}

    def throughput(self, number: Number, now: float) -> bool:
        """A token bucket of one second's worth per number; False is error 130429."""
        rate = number.throughput
        tokens, at = self._bucket.get(number.phone_number_id, (rate, now))
        tokens = min(max(rate, 1.0), tokens + (now - at) * rate)
        if tokens < 1:
            self._bucket[number.phone_number_id] = (tokens, now)
            return False
        self._bucket[number.phone_number_id] = (tokens - 1, now)
        return True

    def pair(self, account: MetaAccount, number: Number, person: str, now: float) -> bool:
        """One message per 6 s to one person, a burst of 45 borrows from later; False is error 131056."""
        spacing = account.behaviour.pair_seconds
        if spacing <= 0:
            return True
        if now > self._pair_sweep:
            self._pair = {key: at for key, at in self._pair.items() if at > now}
            self._pair_sweep = now + 5
        key = (number.phone_number_id, person)
        at = max(self._pair.get(key, 0.0), now)
        if at - now > spacing * (account.behaviour.pair_burst - 1):
            return False
        self._pair[key] = at + spacing
        return True

    def tier(self, account: MetaAccount, person: str, now: float) -> bool:
        """Unique people in a moving 24 h over all numbers of the portfolio, outside open windows; False is 131048."""
        limit = TIERS.get(account.tier)
        if limit is None:
            return True
        people = self._people.setdefault(account.business_id, {})
        key = int(person)
        if people.get(key, 0.0) > now - DAY:
            return True
        if len(people) >= limit:
            people = {who: at for who, at in people.items() if at > now - DAY}
            self._people[account.business_id] = people
            if len(people) >= limit:
                return False
        people[key] = now
        return True

    def remember_person(self, account: MetaAccount, person: str, at: float) -> None:
        """Rebuilds the tier after a restart."""
        self._people.setdefault(account.business_id, {})[int(person)] = at

    def management(self, account: MetaAccount, now: float) -> bool:
        """Calls per hour of the management API; False is error 80007."""
        hour, count = self._calls.get(account.id, (0, 0))
        this = int(now // 3600)
        count = count + 1 if hour == this else 1
        self._calls[account.id] = (this, count)
        return count <= account.behaviour.management_calls_per_hour

    def usage(self, account: MetaAccount) -> int:
        """Share of the management calls used, in percent, for the usage header."""
        allowed = account.behaviour.management_calls_per_hour or 1
        return min(100, 100 * self._calls.get(account.id, (0, 0))[1] // allowed)

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]
