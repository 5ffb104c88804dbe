"""Which company is the demo one, and the ids of what it has: the same on every installation."""

from uuid import NAMESPACE_URL, UUID, uuid5


def fixed_id(name: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"masteria:demo:{name}")


COMPANY = fixed_id("company")
