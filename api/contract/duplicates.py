"""Contacts that look like one person: proposed, joined, kept apart."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Input, Output, example
from api.contract.contacts import Moment
from db.contacts.enums import DuplicateReason, IdentityKind


class ContactJoin(Input):
    """POST /v1/contacts/{id}/merge → Contact: another contact becomes a part of this one, which can be undone."""

    contact_id: UUID


class DuplicateAddress(Output):
    kind: IdentityKind
    value: Annotated[str, example("+5511987654321")]


class DuplicatePerson(Output):
    id: UUID
    name: Annotated[str, example("Beatriz Nunes")]
    addresses: list[DuplicateAddress]
    source: Annotated[str, example("import")]
    opted_out: bool
    messages: int  # sent and received
    created_at: Moment


class Duplicate(Output):
    """GET /v1/contacts/duplicates → Page[Duplicate], the surest first, 100 at most: two contacts that look like one person. The one with more
    messages is `keep`. POST /v1/contacts/duplicates/keep-apart KeepApart."""

    reason: Annotated[DuplicateReason, example("same_number")]
    keep: DuplicatePerson
    other: DuplicatePerson


class KeepApart(Input):
    """These are two people; they are not proposed again."""

    contact_id: UUID
    other_id: UUID
