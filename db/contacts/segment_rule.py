"""Whom a segment means: groups of conditions, one inside the other. Pure data without other imports of ours, because the wire contract
re-exports it. How it becomes SQL: `segment_sql.py`.

A condition is met or not, never unknown: who has no value in a field does not meet a condition about the value, and so meets its opposite.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

DEEPEST = 4
"""So many groups stand inside one another at most, the outermost counted."""
MOST = 50
"""Conditions and groups of a rule together."""

Days = Annotated[int, Meta(ge=1, le=3650, examples=[30])]
Span = Literal["within", "before", "ever", "never"]
"""`within` the last `days`; `before` that and not since; at any time; not once."""


class Condition(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """Base of all conditions."""


class HasTags(Condition, tag="tags", kw_only=True):
    """Any or all of these tags, or none of them."""

    op: Literal["any", "all", "none"] = "any"
    tags: Annotated[list[UUID], Meta(min_length=1, max_length=100)]


class FieldIs(Condition, tag="field", kw_only=True):
    """The value of an own field. `is` and `contains` take case and accents for the same. `at_least` and `at_most` compare numbers, `from` and `until`
    days as 2026-01-31; `birthday` is a day whose month and day come within the next `value` days, today counted. `filled` and `empty` need
    no value."""

    key: Annotated[str, Meta(max_length=40, examples=["cidade"])]
    op: Literal["is", "is_not", "contains", "filled", "empty", "at_least", "at_most", "from", "until", "birthday"] = "is"
    value: Annotated[str, Meta(max_length=500, examples=["Niterói"])] = ""


class Allows(Condition, tag="consent", kw_only=True):
    """Whether the person may be written to, of `category` where it is named, or does not want it."""

    opted_out: bool = False
    category: Literal["marketing", "utility"] | None = None


class RecordedConsent(Condition, tag="recorded_consent", kw_only=True):
    """What the person said last, as the list of consent has it: gave leave, took it back, or said nothing that is recorded (`never`). `category` null: about
    everything; otherwise about that category, for which words about everything count too. `channel`: only what was said over a channel of this
    kind. `op`: when that was; `never` has no moment."""

    said: Literal["given", "withdrawn", "never"] = "given"
    category: Literal["marketing", "utility"] | None = None
    channel: Annotated[str, Meta(max_length=40, examples=["whatsapp"])] | None = None
    op: Literal["ever", "within", "before"] = "ever"
    days: Days = 30


class Reachable(Condition, tag="reachable", kw_only=True):
    """Has an address of this kind."""

    by: Literal["phone", "mobile", "landline", "email"]


class Made(Condition, tag="created", kw_only=True):
    """When the contact was made: within the last `days`, or before that."""

    op: Literal["within", "before"] = "within"
    days: Days


class OfImport(Condition, tag="import", kw_only=True):
    """Stands in the list of this import, new or known before."""

    import_id: UUID


class Contacted(Condition, tag="contacted", kw_only=True):
    """When the person last got something of us, or may have, by a campaign or by hand: what surely failed, and what the simulator sent, is not counted."""

    op: Span = "within"
    days: Days = 30


class Wrote(Condition, tag="wrote", kw_only=True):
    """When the person last wrote to the company."""

    op: Span = "within"
    days: Days = 30


Result = Literal["sent", "delivered", "read", "replied", "failed", "not_read", "not_replied", "not_sent"]


class Received(Condition, tag="campaign", kw_only=True):
    """What became of a campaign's message to the person. `not_read` and `not_replied`: it was sent, and that has not happened; who answered has read.
    `failed`: nor did an SMS go in its place. `not_sent`: it was called off before its turn, as the campaign was cancelled or failed, and nothing else of it went to them. `reason`: of those that failed, only these. `until`: only what was sent by then, or had failed; so nobody joins later."""

    campaign_id: UUID
    result: Result = "sent"
    reason: Annotated[str, Meta(max_length=60, examples=["not_on_whatsapp"])] | None = None
    until: Annotated[datetime, Meta(tz=True)] | None = None


class InStage(Condition, tag="stage", kw_only=True):
    """Has a lead in one of these stages of a board."""

    stages: Annotated[list[UUID], Meta(min_length=1, max_length=100)]


AnyCondition = HasTags | FieldIs | Allows | RecordedConsent | Reachable | Made | OfImport | Contacted | Wrote | Received | InStage


class Group(Struct, forbid_unknown_fields=True, kw_only=True):
    """`all`: meets all of these conditions and groups; `any`: at least one; `none`: not a single one. An empty group is met by nobody, whatever
    it says."""

    match: Literal["all", "any", "none"] = "all"
    conditions: Annotated[
        list[AnyCondition], Meta(max_length=MOST, examples=[[{"kind": "wrote", "op": "before", "days": 30}]])
    ] = []
    groups: Annotated[list["Group"], Meta(max_length=MOST, examples=[[]])] = []

    def walk(self) -> Iterator[AnyCondition]:
        """Every condition, at any depth."""
        yield from self.conditions
        for group in self.groups:
            yield from group.walk()


NOBODY = Group(match="any")
"""Met by no contact: what stands for a segment that is gone."""
