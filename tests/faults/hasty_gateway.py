"""`python -m tests.faults.hasty_gateway`: the gateway as it is, for numbers that write without a pause."""

import msgspec

from db.providers import registry as definitions
from db.providers.definition import Pace
from db.providers.linked.definition import PROVIDER
from workers import gateway
from workers.providers.linked.adapter import LinkedAdapter

NONE = (0.0, 0.0)
PACE = Pace(
    first_per_day=10_000, growth=1.0, most_first=10_000, first_gap=NONE, gap=NONE, reply_gap=NONE, typing=NONE, rest_each=10_000, rest=0.0
)  # fmt: skip


def main() -> None:
    hasty = msgspec.structs.replace(PROVIDER, capabilities=msgspec.structs.replace(PROVIDER.capabilities, session=PACE))
    definitions._by_kind[PROVIDER.kind] = hasty
    definitions._by_source.update(dict.fromkeys(hasty.sources, hasty))
    LinkedAdapter.provider = hasty
    gateway.main()


if __name__ == "__main__":
    main()
