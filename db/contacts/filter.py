"""Which contacts: one Struct for the list, the bulk actions and the audience of a campaign.

Pure data without other imports of ours, because the wire contract re-exports it. How it becomes SQL: `filters.py`.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct


class ContactFilter(Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Query parameters of the list, body of bulk actions, audience of a campaign. Conditions add up (AND)."""

    search: Annotated[str, Meta(max_length=100)] | None = None
    tags: list[UUID] = []  # has any of these
    all_tags: bool = False  # has all of `tags`
    without_tags: list[UUID] = []
    import_id: UUID | None = None  # everybody in the file, new or known before
    opted_out: bool | None = None
    line: Literal["mobile", "fixed"] | None = None
    has: Literal["phone", "email"] | None = None
    custom: dict[str, str] = {}  # equal to
    created_after: datetime | None = None
    created_before: datetime | None = None
    ids: list[UUID] = []  # exactly these (a selection)
