"""`just faults [N] [name …]`: every disaster at full size, one after the other, and a table at the end."""

import asyncio
import sys
import traceback

from tests.faults.cadences import ALL_CADENCES
from tests.faults.chaos import hooks_chaos
from tests.faults.hooks import hooks_broken
from tests.faults.requests import api_killed
from tests.faults.scenarios import ALL
from tests.faults.sessions import ALL_SESSIONS
from tests.faults.turns import ALL_TURNS
from tests.faults.upgrade import upgraded

FULL = 20_000
REQUESTS = 500


async def main(arguments: list[str]) -> int:
    size = next((int(a) for a in arguments if a.isdigit()), FULL)
    names = [a for a in arguments if not a.isdigit()]
    broken = 0
    print(f"{'disaster':30} {'s':>6} {'accepted':>9} {'twice':>6} {'lost':>5}  end states · unknown outcomes")
    for scenario in (*ALL, *ALL_TURNS, *ALL_CADENCES, api_killed, upgraded, hooks_broken, hooks_chaos, *ALL_SESSIONS):
        if names and scenario.__name__ not in names:
            continue
        try:
            r = await scenario(min(size, REQUESTS) if scenario is api_killed else size)
        except Exception:
            broken += 1
            print(f"{scenario.__name__:30} BROKEN")
            traceback.print_exc()
            continue
        states = ", ".join(f"{n} {state}" for state, n in sorted(r.states.items()))
        unknown = ", ".join(f"{n} {how}" for how, n in sorted(r.unknown.items())) or "none"
        print(f"{r.name:30} {r.seconds:6.0f} {r.accepted:9} {r.doubled:6} {r.lost:5}  {states} · {unknown} {r.notes}", flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
