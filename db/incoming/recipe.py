"""What a hook does with what comes: a short list of steps, told apart by `kind`. Pure data without other imports of ours, because the
wire contract re-exports it. How each is done: `effects.py`.

Every text may name places in the payload: `{{cliente.nome}}`. One that is empty after it is filled says nothing and changes nothing.
"""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from db.incoming.enums import LeadChoice

Text = Annotated[str, Meta(max_length=500, examples=["{{cliente.nome}}"])]
_Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200, examples=["site"])]], Meta(max_length=20)]


class Value(Struct, forbid_unknown_fields=True, kw_only=True):
    """What fills one field: of the contact, of the board, or a gap of a template."""

    key: Annotated[str, Meta(min_length=1, max_length=64, examples=["cidade"])]
    text: Text


_Values = Annotated[list[Value], Meta(max_length=50)]


class Step(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """Base of all steps."""


class UpsertContact(Step, tag="contact"):
    """Finds the contact by the sender's own id, by phone or by e-mail, in this order, or makes it."""

    external_id: Text = ""
    phone: Text = ""
    email: Text = ""
    name: Text = ""
    fields: _Values = []


class AddTags(Step, tag="tag"):
    """Adds tags to the contact; a text with commas is several."""

    tags: _Tags


class PutLead(Step, tag="lead", kw_only=True):
    """Makes a lead of the contact, or moves the open one that they have on the board. Without a stage: the first."""

    board_id: UUID
    stage_id: UUID | None = None
    choice: LeadChoice = LeadChoice.MOVE
    title: Text
    value: Text = ""
    tags: _Tags = []
    fields: _Values = []


class WriteTemplate(Step, tag="template"):
    """Writes to the contact with an approved template, over the template's channel: with the protections of every automatic message."""

    template_id: UUID
    values: _Values = []


class EnrolInCampaign(Step, tag="campaign"):
    """Puts the contact into a campaign, once: one that runs or ran to its end writes to them too, a draft whose audience is a list of people
    takes them into it. With the protections of every campaign."""

    campaign_id: UUID


class EnrolInCadence(Step, tag="cadence"):
    """Puts the contact into a cadence that runs: who stands in it, or asked for no more messages, stays as they are."""

    cadence_id: UUID


HookStep = UpsertContact | AddTags | PutLead | WriteTemplate | EnrolInCampaign | EnrolInCadence
