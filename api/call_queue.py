"""Calls that are handed to people over HTTP: thin, every rule is in db/transfers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.call_queue import (
    CallAgent,
    CallAgentPut,
    CallLead,
    CallLine,
    CallOffer,
    CallQueue,
    CallQueuePut,
    CallTransfer,
    TransferView,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.transfers import agents, queries, ringing
from db.transfers.agents import Queue

View = Annotated[TransferView, QueryParameter(description="open: not over; owed: somebody is still to be called or written to.")]


class CallQueueController(Controller):
    path = "/v1"
    tags = ("Messages",)

    @get("/call-agents", summary="Who takes calls")
    async def list_agents(self, actor: Caller) -> Page[CallAgent]:
        """Everybody of the team who ever said that they take calls, those who do now first."""
        items = [struct(one._asdict(), CallAgent) for one in await agents.agents(actor)]
        return Page(items=items, total=len(items))

    @put("/call-agents/me", summary="Take calls, or not")
    async def set_agent(self, actor: Caller, data: JSONBody[CallAgentPut]) -> CallAgent:
        """For people, not for keys. `skills` are what virtual agents may ask for by name, beside teams."""
        found = await agents.say(actor, available=data.available, phone=data.phone, skills=data.skills)
        return struct(found._asdict(), CallAgent)

    @get("/call-queue", summary="How calls ring")
    async def read_queue(self, actor: Caller) -> CallQueue:
        """For how long, at how many people, and what is offered when nobody takes a call."""
        return struct((await agents.queue(actor))._asdict(), CallQueue)

    @put("/call-queue", summary="Set how calls ring")
    async def set_queue(self, actor: Caller, data: JSONBody[CallQueuePut]) -> CallQueue:
        """Counts for calls that ring from now on."""
        wanted = Queue(data.ring_seconds, data.most_rings, data.overflow)
        return struct((await agents.set_queue(actor, wanted))._asdict(), CallQueue)

    @get("/call-offers", summary="What rings here")
    async def list_offers(self, actor: Caller) -> Page[CallOffer]:
        """The call that rings at the caller's page, at most one; nothing for keys."""
        found = await queries.offer(actor)
        if found is None:
            return Page(items=[], total=0)
        said, lately = ([struct(line._asdict(), CallLine) for line in lines] for lines in (found.said, found.lately))
        leads = [struct(lead._asdict(), CallLead) for lead in found.leads]
        rest = {name: value for name, value in found._asdict().items() if name not in ("said", "lately", "leads")}
        return Page(items=[CallOffer(**rest, said=said, lately=lately, leads=leads)], total=1)

    @get("/call-transfers", summary="Requests for a person")
    async def list_transfers(
        self, actor: Caller, view: View = "all", cursor: Cursor = None, limit: Limit = 50
    ) -> Page[CallTransfer]:
        """Newest first, each with what became of it."""
        before = decode_cursor(cursor, tuple[datetime, UUID])
        rows = await queries.transfers(actor, view, before=before, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.requested_at, row.id), lambda row: struct(row._asdict(), CallTransfer))

    @post("/call-transfers/{transfer_id:uuid}/accept", summary="Take a call", status_code=200)
    async def accept(self, actor: Caller, transfer_id: FromPath[UUID]) -> Done:
        """The caller's phone rings next. 409 `call_gone` when it does not ring at the caller's page any more."""
        await ringing.accept(actor, transfer_id)
        return Done()

    @post("/call-transfers/{transfer_id:uuid}/refuse", summary="Refuse a call", status_code=200)
    async def refuse(self, actor: Caller, transfer_id: FromPath[UUID]) -> Done:
        """The next one is rung. 409 `call_gone` when it does not ring at the caller's page any more."""
        await ringing.refuse(actor, transfer_id)
        return Done()

    @post("/call-transfers/{transfer_id:uuid}/settle", summary="Note that what was owed is done", status_code=200)
    async def settle(self, actor: Caller, transfer_id: FromPath[UUID]) -> CallTransfer:
        """Repeating it changes nothing."""
        return struct((await queries.settle(actor, transfer_id))._asdict(), CallTransfer)
