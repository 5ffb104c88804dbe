"""Contacts that look like one person, over HTTP. Thin, every rule is in db/contacts."""

from uuid import UUID

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contacts import contact_of
from api.contract.base import Done, Page
from api.contract.contacts import Contact
from api.contract.duplicates import ContactJoin, Duplicate, DuplicateAddress, DuplicatePerson, KeepApart
from api.pagination import struct
from db.contacts import duplicates


def _person(found: duplicates.Person) -> DuplicatePerson:
    return struct(
        found.row, DuplicatePerson, addresses=[DuplicateAddress(kind=one.kind, value=one.value) for one in found.addresses]
    )


class DuplicateController(Controller):
    path = "/v1/contacts"
    tags = ("Contacts",)

    @get("/duplicates", summary="List who looks like one person")
    async def list_duplicates(self, actor: Caller) -> Page[Duplicate]:
        """Pairs that nobody decided yet, the surest first, at most 100; more come up as these are decided."""
        found = await duplicates.duplicates(actor)
        items = [Duplicate(reason=one.reason, keep=_person(one.one), other=_person(one.other)) for one in found]
        return Page(items=items, total=len(items))

    @post("/duplicates/keep-apart", status_code=200, summary="Say that two contacts are two people")
    async def keep_apart(self, actor: Caller, data: JSONBody[KeepApart]) -> Done:
        """They are not proposed as one again."""
        await duplicates.keep_apart(actor, data.contact_id, data.other_id)
        return Done()

    @post("/{contact_id:uuid}/merge", status_code=200, summary="Join two contacts")
    async def join_contacts(self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[ContactJoin]) -> Contact:
        """The other one becomes a part of this one: addresses, messages, leads, notes, tags, and the stricter of what both asked for. It is undone by
        `merges/{merge_id}/undo`."""
        return contact_of(await duplicates.join(actor, contact_id, data.contact_id))
