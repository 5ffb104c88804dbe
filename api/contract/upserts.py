"""Contacts and leads as a partner's own system has them: created or updated by external id, contacts by phone or e-mail too."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, Title, example
from api.contract.boards import Cents, LostReasonText, Tags
from api.contract.contacts import CustomValues, FieldKey, PersonName, PhoneText, TagName
from db.contacts.enums import UpsertOutcome
from db.texts import NAME

ExternalId = Annotated[str, Meta(min_length=1, max_length=200, pattern=NAME, extra=TRIM, examples=["cliente-4711"])]
Metadata = Annotated[dict[FieldKey, Annotated[str, Meta(max_length=500, examples=["loja-centro"])]], Meta(max_length=20)]
"""Words of a partner's own, nowhere shown; at most 20."""


class ContactUpsert(Input):
    """POST /v1/contacts/upsert → Contact. One of `external_id`, `phone` and `email` says who is meant."""

    external_id: ExternalId | None = None
    name: PersonName | None = None
    phone: PhoneText | None = None
    email: Annotated[str, Meta(examples=["beatriz@example.com"], max_length=254)] | None = None
    language: Annotated[str, Meta(examples=["pt-BR"], max_length=10)] | None = None
    tags: Annotated[list[TagName], Meta(max_length=20)] = []
    custom: CustomValues = {}
    metadata: Metadata = {}


class ContactUpsertBulk(Input):
    """POST /v1/contacts/upsert/bulk → ContactUpserts."""

    items: Annotated[list[ContactUpsert], Meta(min_length=1, max_length=1000)]


class UpsertError(Output):
    """One wrong field of one contact, as in problem details."""

    field: Annotated[str, example("phone")]
    code: Annotated[str, example("of_another_contact")]
    message: Annotated[str, example("Another contact has this already.")]
    params: dict[str, str | int]


class UpsertResult(Output):
    outcome: UpsertOutcome
    contact_id: UUID | None  # null: refused
    errors: list[UpsertError]


class ContactUpserts(Output):
    """In the order of the call; the counts add up to its length."""

    items: list[UpsertResult]
    created: int
    updated: int
    unchanged: int
    refused: int


class LeadUpsert(Input):
    """POST /v1/leads/upsert → Lead. What is left out stays; a lead that is new needs `board_id` and `title`. In another `stage_id` it is moved
    there, as by a person: rules of the stage run."""

    external_id: ExternalId
    board_id: UUID | UnsetType = UNSET
    title: Annotated[Title, example("Reforma da loja")] | UnsetType = UNSET
    stage_id: UUID | UnsetType = UNSET
    contact_id: UUID | None | UnsetType = UNSET
    value_cents: Cents | None | UnsetType = UNSET
    owner_id: UUID | None | UnsetType = UNSET
    due_on: date | None | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    values: CustomValues | UnsetType = UNSET  # merged, an empty one takes its key out
    metadata: Metadata | UnsetType = UNSET  # likewise
    lost_reason: LostReasonText | UnsetType = UNSET
