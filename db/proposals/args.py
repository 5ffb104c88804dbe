"""What each proposal would do, one Struct per tool. Of the target there is nothing in it: that is always the conversation's own contact and
its lead on the board. Pure data."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from db.proposals.enums import LeadTool

Cents = Annotated[int, Meta(ge=0, le=10**12)]


class Args(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="tool"):
    """Base of all arguments."""

    @property
    def target(self) -> str:
        """Which of several things of a lead it is about."""
        return ""


class CreateLead(Args, frozen=True, kw_only=True, tag=LeadTool.CREATE_LEAD.value):
    """`stage_id` None: the board's first open one."""

    title: Annotated[str, Meta(min_length=1, max_length=120)]
    stage_id: UUID | None = None
    value_cents: Cents | None = None


class MoveLead(Args, frozen=True, kw_only=True, tag=LeadTool.MOVE_LEAD.value):
    stage_id: UUID
    lost_reason: Annotated[str, Meta(max_length=120)] | None = None


class SetValue(Args, frozen=True, kw_only=True, tag=LeadTool.SET_VALUE.value):
    value_cents: Cents


class SetField(Args, frozen=True, kw_only=True, tag=LeadTool.SET_FIELD.value):
    """`value` as the field keeps it: 1234.5; 150000 (money, in cents); 2026-01-31; true; one of its choices."""

    key: Annotated[str, Meta(min_length=1, max_length=60)]
    value: Annotated[str, Meta(min_length=1, max_length=1000)]

    @property
    def target(self) -> str:
        return self.key


class AddTag(Args, frozen=True, kw_only=True, tag=LeadTool.ADD_TAG.value):
    tag: Annotated[str, Meta(min_length=1, max_length=60)]

    @property
    def target(self) -> str:
        return self.tag.casefold()


class RemoveTag(Args, frozen=True, kw_only=True, tag=LeadTool.REMOVE_TAG.value):
    tag: Annotated[str, Meta(min_length=1, max_length=60)]

    @property
    def target(self) -> str:
        return self.tag.casefold()


class Assign(Args, frozen=True, kw_only=True, tag=LeadTool.ASSIGN.value):
    user_id: UUID


class FollowUp(Args, frozen=True, kw_only=True, tag=LeadTool.FOLLOW_UP.value):
    due_on: date
    note: Annotated[str, Meta(max_length=500)] = ""


class SendTemplate(Args, frozen=True, kw_only=True, tag=LeadTool.SEND_TEMPLATE.value):
    """`values`: what stands in each placeholder."""

    template_id: UUID
    values: dict[str, Annotated[str, Meta(max_length=500)]] = {}


class SendFile(Args, frozen=True, kw_only=True, tag=LeadTool.SEND_FILE.value):
    """What goes with it is the board's to say, not the model's."""

    file_id: UUID


class AddToCadence(Args, frozen=True, kw_only=True, tag=LeadTool.ADD_TO_CADENCE.value):
    cadence_id: UUID

    @property
    def target(self) -> str:
        return str(self.cadence_id)


class Book(Args, frozen=True, kw_only=True, tag=LeadTool.BOOK.value):
    starts_at: datetime


class CancelBooking(Args, frozen=True, kw_only=True, tag=LeadTool.CANCEL_BOOKING.value):
    """The appointment that the lead has."""


Alone = CreateLead | MoveLead | SetValue | SetField | AddTag | RemoveTag | Assign | FollowUp | AddToCadence
Books = Book | CancelBooking
"""It is told to the customer."""
Message = SendTemplate | SendFile
"""It writes to somebody: nothing takes it back."""
ToolArgs = Alone | Books | Message
decode: msgspec.json.Decoder[ToolArgs] = msgspec.json.Decoder(ToolArgs)


def encode(args: ToolArgs) -> str:
    return msgspec.json.encode(args).decode()


def read(tool: LeadTool, given: dict[str, object]) -> ToolArgs | None:
    """Arguments as somebody outside gave them; None where they make no sense."""
    try:
        found: ToolArgs = msgspec.convert({**given, "tool": tool.value}, ToolArgs, strict=False)
    except (msgspec.ValidationError, ValueError):
        return None
    return found
