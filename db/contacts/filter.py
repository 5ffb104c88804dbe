"""Which contacts: one Struct for the list, the bulk actions and the audience of a campaign.

Pure data, because the wire contract re-exports it. How it becomes SQL: `filters.py`.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from db.contacts.segment_rule import Group

Moment = Annotated[datetime, Meta(tz=True)]
"""A point in time with its offset: without one it would mean another hour to each reader."""


class ContactFilter(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Query parameters of the list, body of bulk actions, audience of a campaign. Conditions add up (AND).

    A list without conditions shows all contacts. Whoever changes or writes to contacts must pick them (`picks`): without a
    condition that is nobody, and all contacts only by `everyone`."""

    search: Annotated[str, Meta(max_length=100, examples=["beatriz"])] | None = None
    tags: list[UUID] = []  # has any of these
    all_tags: bool = False  # has all of `tags`
    without_tags: list[UUID] = []
    import_id: UUID | None = None  # everybody in the file, new or known before
    opted_out: bool | None = None
    line: Literal["mobile", "fixed"] | None = None
    has: Literal["phone", "email"] | None = None
    custom: dict[str, str] = {}  # equal to
    external_id: Annotated[str, Meta(max_length=200, examples=["cliente-4711"])] | None = None
    metadata: dict[str, str] = {}  # of partners: equal to
    created_after: Moment | None = None
    created_before: Moment | None = None
    segment_id: UUID | None = None  # who is in this saved segment at the moment; nobody once it is deleted
    rule: Group | None = None  # conditions as a segment has them, not saved
    ids: list[UUID] = []  # exactly these (a selection)
    everyone: bool = False  # all contacts that the other conditions leave

    @property
    def picks(self) -> bool:
        """Whether this says who is meant. To leave somebody out (`without_tags`) says nothing of the others."""
        return bool(
            self.everyone
            or self.ids
            or self.tags
            or self.import_id
            or self.segment_id
            or self.rule
            or self.custom
            or self.external_id
            or self.metadata
            or self.line
            or self.has
            or self.opted_out is not None
            or self.created_after
            or self.created_before
            or (self.search and self.search.strip())
        )
