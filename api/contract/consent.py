"""What people asked for, and the list of addresses that are not written to."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from api.contract.contacts import Moment
from db.contacts.enums import Category


class ConsentEntry(Output):
    """GET /v1/contacts/{id}/consent → Page[ConsentEntry], newest first: what the person asked for, and by what that is shown. Never changed."""

    id: UUID
    category: Category | None  # null: everything
    allowed: bool
    source: Annotated[str, example("keyword")]  # keyword, provider, person (of the team), import, api, list
    by_name: Annotated[str, example("Ana Lima")] | None  # of the team, who entered it
    message_id: UUID | None
    words: Annotated[str, example("SAIR")] | None  # of that message
    import_id: UUID | None
    list: Annotated[str, example("descadastros.csv")] | None  # the file of that import
    note: Annotated[str, example("Lista do sistema antigo, maio de 2026")]
    at: Moment


class ConsentGiven(Input):
    """POST /v1/contacts/{id}/consent → ConsentEntry: what the person said elsewhere. `note` says where and how: it is the proof."""

    allowed: bool
    note: Annotated[str, Meta(min_length=1, max_length=200, examples=["Ficha assinada na loja, 12/05/2026"])]
    category: Category | None = None  # null: everything


class Suppression(Output):
    """GET /v1/suppressions?search= → Page[Suppression], by address; DELETE /v1/suppressions/{address}?note=: it may be written to
    again, and `note` is the proof."""

    address: Annotated[str, example("+5511987654321")]
    source: Annotated[str, example("list")]
    at: Moment
    contact_id: UUID | None  # who has the address
    name: Annotated[str, example("Beatriz Nunes")] | None


class SuppressionList(Input):
    """POST /v1/suppressions → SuppressionsAdded. `note` says where the list is from: it is the proof."""

    addresses: Annotated[
        list[Annotated[str, Meta(max_length=254, examples=["(11) 98765-4321"])]], Meta(min_length=1, max_length=5000)
    ]
    note: Annotated[str, Meta(max_length=200, examples=["Lista do sistema antigo, maio de 2026"])] = ""


class SuppressionsAdded(Output):
    added: int
    known: int  # were not written to before
    wrong: list[Annotated[str, example("12345")]]  # lines that are no phone and no e-mail
