"""What a rule of a stage does: a closed union of actions, told apart by `kind`. Pure data without other imports of ours, because the wire
contract re-exports it. How each is done: `rule_effects.py`."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct


class SlotBinding(Struct, forbid_unknown_fields=True, kw_only=True):
    """What fills one placeholder of a template, as in campaigns: `source` is a contact field or `constant`, `fallback` stands where the
    contact has no value."""

    placeholder: Annotated[str, Meta(examples=["1"], max_length=64)]
    source: Annotated[str, Meta(examples=["first_name"], max_length=64)]
    fallback: Annotated[str, Meta(examples=["cliente"], max_length=500)] = ""


class Action(Struct, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """Base of all actions."""


class Assign(Action, tag="assign"):
    """Gives the lead to a person, or to those of a team by turns. One of the two."""

    user_id: UUID | None = None
    team_id: UUID | None = None


_Tag = Annotated[str, Meta(min_length=1, max_length=60, examples=["vip"])]


class AddTag(Action, tag="add_tag"):
    tag: _Tag


class RemoveTag(Action, tag="remove_tag"):
    tag: _Tag


class SetDue(Action, tag="set_due"):
    """Due so many days from now, by the company's calendar."""

    days: Annotated[int, Meta(ge=0, le=365)]


class SendTemplate(Action, tag="send_template"):
    """Sends a template to the lead's contact, over the template's channel."""

    template_id: UUID
    bindings: Annotated[list[SlotBinding], Meta(max_length=50)] = []


class SendText(Action, tag="send_text"):
    """Sends a free text to the lead's contact, where the channel takes one at that moment."""

    channel_id: UUID
    text: Annotated[str, Meta(min_length=1, max_length=4096, examples=["Oi {{first_name|cliente}}, recebemos seu pedido."])]


class WriteNote(Action, tag="write_note"):
    body: Annotated[str, Meta(min_length=1, max_length=5000, examples=["Ligar para confirmar a entrega."])]


class Move(Action, tag="move"):
    """Moves the lead to another stage of its board, whose rules then run too."""

    stage_id: UUID
    lost_reason: Annotated[str, Meta(min_length=1, max_length=120, examples=["Sem resposta"])] | None = None


class Notify(Action, tag="notify"):
    """Calls a person in the browsers that they chose."""

    user_id: UUID


RuleAction = Assign | AddTag | RemoveTag | SetDue | SendTemplate | SendText | WriteNote | Move | Notify
SENDS = ("send_template", "send_text")
