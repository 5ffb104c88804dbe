"""What people asked for, over HTTP. Thin, every rule is in db/contacts."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.openapi.spec import Example
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.consent import ConsentEntry, ConsentGiven, Suppression, SuppressionList, SuppressionsAdded
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.contacts import consent_log, consent_said, suppressions
from db.errors import RequestError, RequestField

_LARGE = 1_000_000  # bytes
Address = Annotated[
    str, PathParameter(max_length=254, description="As the list gives it.", examples=[Example(value="+5511987654321")])
]


class ConsentController(Controller):
    path = "/v1/contacts/{contact_id:uuid}/consent"
    tags = ("Contacts",)

    @get(summary="What a contact asked for", description="The newest 200 entries, of contacts that became part of it too.")
    async def list_consent(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[ConsentEntry]:
        rows = await consent_log.entries(actor, contact_id)
        return Page(items=[struct(row, ConsentEntry) for row in rows], total=len(rows))

    @post(summary="Write down what a contact asked for")
    async def add_consent(self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[ConsentGiven]) -> ConsentEntry:
        """At the counter, on paper, in another system. It holds at once, for messages in the queue too; leave for a category lets nobody be written
        to who opted out of everything."""
        note = data.note.strip()
        if not note:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("note")])
        row = await consent_said.say(actor, contact_id, allowed=data.allowed, category=data.category, note=note)
        return struct(row, ConsentEntry)


class SuppressionController(Controller):
    path = "/v1/suppressions"
    tags = ("Contacts",)

    @get(summary="List who is not written to", description="By address, with the contact that has it.")
    async def list_suppressions(
        self,
        actor: Caller,
        search: Annotated[str | None, QueryParameter(max_length=100, description="A part of the address.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Suppression]:
        after = decode_cursor(cursor, tuple[str])
        rows = await suppressions.suppressions(actor, search=search, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["address"],), lambda row: struct(row, Suppression))

    @post(
        status_code=200,
        summary="Take in a list of opt-outs",
        request_max_body_size=_LARGE,
        description="Phones and e-mails. Whoever has one gets nothing more, whatever waits in a campaign included, and comes opted out later.",
    )
    async def add_suppressions(self, actor: Caller, data: JSONBody[SuppressionList]) -> SuppressionsAdded:
        return struct((await suppressions.bar(actor, data.addresses, data.note.strip()))._asdict(), SuppressionsAdded)

    @delete("/{address:str}", summary="Let an address be written to again")
    async def lift_suppression(
        self,
        actor: Caller,
        address: Address,
        note: Annotated[
            str, QueryParameter(max_length=200, description="Where and how the person asked for it: it is the proof. Needed.")
        ] = "",
    ) -> None:
        """Of a contact: all its addresses."""
        await suppressions.lift(actor, address, note)
