"""How the people and the network behind one account behave, and which faults it injects.

Every draw is a function of the seed and the message number, so a replay after a restart gives the same
results.
"""

import random
from typing import Annotated, Final, Literal

import msgspec

from workers.sandbox.server import Reply

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Span = tuple[Annotated[float, msgspec.Meta(ge=0)], Annotated[float, msgspec.Meta(ge=0)]]
MASK: Final = (1 << 64) - 1


class Behaviour(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Settable at run time. Shares lie in 0..1; `*_seconds` are spans (least, most) divided by the sandbox's speed,
    except `hang_seconds`; `latency_ms` and the limits are never scaled.

    `outage` is the whole provider being down: every call of the account, not only sends, ends so and nothing is accepted.
    `read_share` is of delivered messages; `reply_share` and `opt_out_share` are of sent ones (opt-outs are replies and
    part of `reply_share`). `refuse_code` answers every send with that vendor code; 0 switches it off. `poisoned_share` of the
    answers holds what no database takes: a third of them accepts, under an impossible id.
    """

    delivered_share: Share = 0.96
    read_share: Share = 0.55
    reply_share: Share = 0.04
    opt_out_share: Share = 0.004
    failed_share: Share = 0.01
    bsuid_share: Share = 0.0
    short_wa_share: Share = 0.3
    held_share: Share = 0.0
    sent_seconds: Span = (0.2, 1.0)
    delivered_seconds: Span = (1.0, 5.0)
    read_seconds: Span = (5.0, 60.0)
    reply_seconds: Span = (5.0, 90.0)
    review_seconds: Span = (3.0, 8.0)
    latency_ms: Annotated[float, msgspec.Meta(ge=0, le=600_000)] = 40.0
    latency_jitter_ms: Annotated[float, msgspec.Meta(ge=0, le=600_000)] = 20.0
    outage: Literal["none", "errors", "silence", "hang_up"] = "none"
    reset_before_share: Share = 0.0
    error_429_share: Share = 0.0
    error_5xx_share: Share = 0.0
    error_5xx_accepted_share: Share = 0.5
    drop_after_accept_share: Share = 0.0
    hang_share: Share = 0.0
    poisoned_share: Share = 0.0
    hang_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 30.0
    duplicate_webhook_share: Share = 0.0
    webhook_lost_share: Share = 0.0
    disorder_share: Share = 0.0
    webhooks_paused: bool = False
    batch_size: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 50
    batch_ms: Annotated[float, msgspec.Meta(ge=0, le=60_000)] = 200.0
    retry_cap_seconds: Annotated[float, msgspec.Meta(gt=0)] = 3600.0
    refuse_code: int = 0
    access: Literal["valid", "expired", "no_permission"] = "valid"
    pair_seconds: Annotated[float, msgspec.Meta(ge=0)] = 6.0
    pair_burst: Annotated[int, msgspec.Meta(ge=1)] = 45
    management_calls_per_hour: Annotated[int, msgspec.Meta(ge=0)] = 5000

    def latency(self, dice: random.Random) -> float:
        """Seconds before an ordinary answer leaves."""
        return max(0.0, self.latency_ms + self.latency_jitter_ms * (2 * dice.random() - 1)) / 1000


def down(behaviour: Behaviour, error: Reply) -> Reply | None:
    """The answer of a provider that is down, None while it is up: `error`, none at all, or a closed connection."""
    match behaviour.outage:
        case "errors":
            return error
        case "silence":
            return Reply(0, delay=behaviour.hang_seconds, cut=True)
        case "hang_up":
            return Reply(0, cut=True)
        case _:
            return None


class Fault(msgspec.Struct, frozen=True):
    """What happens to one send request. `before`: instead of handling it. `after`: once it was accepted."""

    before: Literal["", "reset", "429", "5xx", "poison"] = ""
    after: Literal["", "drop", "hang", "5xx", "poison"] = ""


HEALTHY: Final = Fault()


def draw_fault(behaviour: Behaviour, dice: random.Random) -> Fault:
    """One draw decides: the shares add up and exclude one another."""
    point = dice.random()
    if (point := point - behaviour.reset_before_share) < 0:
        return Fault(before="reset")
    if (point := point - behaviour.error_429_share) < 0:
        return Fault(before="429")
    if (point := point - behaviour.error_5xx_share) < 0:
        accepted = dice.random() < behaviour.error_5xx_accepted_share
        return Fault(after="5xx") if accepted else Fault(before="5xx")
    if (point := point - behaviour.drop_after_accept_share) < 0:
        return Fault(after="drop")
    if (point := point - behaviour.poisoned_share) < 0:
        return Fault(after="poison") if dice.random() < 1 / 3 else Fault(before="poison")
    return Fault(after="hang") if point < behaviour.hang_share else HEALTHY


IMPOSSIBLE: Final = ("\0SM", "wamid." + "x" * 9000)
"""Ids: one with a NUL, one longer than an index takes."""
BEYOND: Final = 10**12
"""A vendor code beyond 32 bits."""


def chance(seed: int, number: int, salt: int) -> float:
    """A number in [0, 1) fixed by its arguments (splitmix64)."""
    x = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + salt * 0x94D049BB133111EB) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return ((x ^ (x >> 31)) & MASK) / (MASK + 1)


def within(span: tuple[float, float], point: float) -> float:
    """The moment in a span, leaning to its start as people do. `point` in [0, 1)."""
    least, most = span
    return least + (most - least) * point * point
