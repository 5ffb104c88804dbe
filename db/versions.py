"""Whether somebody changed a thing since the one who changes it now looked at it."""

from db.errors import RequestError

Expected = frozenset[int] | None
"""The versions of which one must be the present one; None: whatever it is."""


def check(version: int, expected: Expected) -> None:
    """For the row under its lock, before anything else is decided about it. Raises PreconditionFailed."""
    if expected is not None and version not in expected:
        raise RequestError.CHANGED_MEANWHILE()
