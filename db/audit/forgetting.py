"""Forgets lines of the audit log that are older than the company keeps. The database itself holds what it must keep: `audit_forget` reads the rule,
which cannot be shorter than six months, and nobody has any other right to delete a line."""

from db.work import Work

LEAST = 184
"""Days; six months, which Lei 12.965/2014 (Marco Civil da Internet), art. 15, has records of access kept."""


async def forget_old(w: Work, most: int) -> int:
    """Deletes some lines that are older than the rule, the oldest first. Returns how many."""
    return int(await w.fetchval("select audit_forget($1)", most))
