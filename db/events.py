"""What an event is: its name on the wire, what it holds, who may hear of it. Each capability declares its own in `events.py`.

Events say what changed, by id; whoever needs more asks the API, under its own rights. `event_stream.py` takes them to listeners,
`outbox.py` keeps the durable ones for consumers. Pure data, imported by the wire contract too.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

import msgspec

from db.permissions import Permission


class Reach(StrEnum):
    """To whom in the company an event goes, among those who hold its permission."""

    COMPANY = "company"
    USER = "user"  # only the person whom it concerns


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. A subclass without a `type` is a family: it groups events by what they concern."""

    type: ClassVar[str]
    """The name on the wire, `noun.verb`. What a type holds never changes its meaning; another meaning is another type."""
    permission: ClassVar[Permission]
    """What a listener must hold: that of the reads to which the event leads."""
    reach: ClassVar[Reach] = Reach.COMPANY
    durable: ClassVar[bool] = True
    """Whether consumers may ask for it. Progress and what only a screen needs is not kept."""
    remembered: ClassVar[bool] = False
    """Whether programs keep in memory what it is about: its `channel_id` goes to all of them, whoever listens (`event_stream.py`)."""
    noticed: ClassVar[bool] = False
    """Whether the database itself writes it, where a consumer asks (`outbox.py`). Nobody emits it and no screen hears it."""

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        """Whether a listener with these rights hears it. `user_id` is None for an API key."""
        return self.permission in permissions
