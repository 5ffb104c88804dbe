"""Calls over HTTP: thin, every rule is in db/messages."""

from uuid import UUID

import msgspec
from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.calls import CallChannel, CallCreate, CallDetail, CallOrder, CallOrderCreate
from api.contract.messages import Message
from api.pagination import struct
from db.messages import calling, calls
from db.transfers import orders


class CallController(Controller):
    path = "/v1"
    tags = ("Messages",)

    @get("/contacts/{contact_id:uuid}/call-channels", summary="How a contact can be called")
    async def list_call_channels(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[CallChannel]:
        """Every channel that calls people, with what stands in the way of a call now: `channel_not_connected`, `no_address`,
        `opted_out`, `call_hours`, `too_many_calls` or `call_under_way`."""
        ways = await calling.channels(actor, contact_id)
        items = [
            struct({**way._asdict(), "obstacle": way.obstacle.value if way.obstacle is not None else None}, CallChannel)
            for way in ways
        ]
        return Page(items=items, total=len(items))

    @post("/contacts/{contact_id:uuid}/call", summary="Call a contact", status_code=202, opt={"rate": "send"})
    async def create_call(self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[CallCreate]) -> Message:
        """One call by the channel's virtual agent, at once. 409 `call_hours` where the law of the person's place forbids it at this hour,
        `too_many_calls` after two in a day or three in a week, `call_under_way` while one goes on; 409 `opted_out`, `no_address` or
        `channel_not_connected` as for messages. Needs `messages:send`."""
        return struct((await calling.call(actor, contact_id, data.channel_id, data.agent))._asdict(), Message)

    @get("/calls/{call_id:uuid}", summary="Read a call")
    async def read_call(self, actor: Caller, call_id: FromPath[UUID]) -> CallDetail:
        """What became of a call, and what was said in it, word by word. Needs `contacts:read` and `conversations:read`."""
        found = await calls.one(actor, call_id)
        return struct(msgspec.structs.asdict(found), CallDetail, turns=[turn._asdict() for turn in found.turns])

    @get("/calls/{call_id:uuid}/orders", summary="What was asked of a call")
    async def list_orders(self, actor: Caller, call_id: FromPath[UUID]) -> Page[CallOrder]:
        """By whom, and what became of it; newest first, at most a hundred. Needs `conversations:write`."""
        items = [struct(one._asdict(), CallOrder) for one in await orders.orders(actor, call_id)]
        return Page(items=items, total=len(items))

    @post("/calls/{call_id:uuid}/orders", summary="Ask something of a call that goes on", status_code=202)
    async def create_order(self, actor: Caller, call_id: FromPath[UUID], data: JSONBody[CallOrderCreate]) -> CallOrder:
        """`listen` gets an address where the provider plays the call; `hint` tells the virtual agent something that the person does not
        hear; `take_over` puts the call through to the phone of who asks (people only); `hang_up` ends it. Told to the provider once. 409
        `order_not_taken` where it does not offer that (`orders` of the call), `call_not_live`, `no_phone_to_take`, `call_gone` where a
        colleague takes it. Needs `conversations:write`."""
        return struct((await orders.order(actor, call_id, data.kind, data.text))._asdict(), CallOrder)
