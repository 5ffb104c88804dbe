"""Incoming hooks over HTTP: what a company makes of them, and the address to which others post. Every rule is in db/incoming."""

import base64
import hashlib
import hmac
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.client_ip import client_ip
from api.contract.base import Page
from api.contract.enums import IncomingState
from api.contract.incoming import (
    IncomingDelivery,
    IncomingHook,
    IncomingHookCreate,
    IncomingHookMade,
    IncomingHookPatch,
    IncomingPayload,
    IncomingProblem,
    IncomingTest,
    IncomingTried,
    IncomingTry,
    IncomingValue,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.rate_limit import Strangers
from api.versions import IfMatch
from db import valkey
from db.allowances import Bucket, give_back, take, too_many
from db.crypto import digest
from db.errors import Field, RequestError
from db.incoming import deliveries, hooks
from db.incoming.enums import SignatureEncoding
from db.incoming.errors import IncomingError
from db.incoming.hooks import Made, Route
from db.incoming.paths import leaves
from db.incoming.payload import MAX_BODY
from db.settings import Settings

PATH = "/v1/hooks/in"
RATE = Bucket("incoming-hook", 120, 5)
"""Of one hook: so many at once, five a second from then on."""
DAY = Bucket("incoming-hook-day", 20_000, 20_000 / 86_400)
"""Of all hooks of a company: what comes is stored, and whoever has an address may post. What is refused for its signature takes none of it, or
who learned one address could shut all others for the day."""
_problems: msgspec.json.Decoder[list[IncomingProblem]] = msgspec.json.Decoder(list[IncomingProblem])


def _delivery(row: Any) -> IncomingDelivery:
    return struct(row, IncomingDelivery, problems=_problems.decode(row["problems"]))


def _made(request: Request[Any, Any, Any], made: Made) -> IncomingHookMade:
    settings: Settings = request.app.state.settings
    return IncomingHookMade(
        id=made.row["id"], hook=struct(made.row, IncomingHook), url=f"{settings.webhook_url.rstrip('/')}{PATH}/{made.token}"
    )


def _told(field: Field) -> IncomingProblem:
    return IncomingProblem(field=field.path, code=field.code.value, message=field.message, params=dict(field.params))


class IncomingHookController(Controller):
    path = "/v1/incoming-hooks"
    tags = ("Incoming hooks",)

    @get(summary="List incoming hooks", description="By name. A company has at most 50. Needs `incoming:read`.")
    async def list_hooks(self, actor: Caller) -> Page[IncomingHook]:
        rows = await hooks.hooks(actor)
        return Page(items=[struct(row, IncomingHook) for row in rows], total=len(rows))

    @post(
        summary="Make an incoming hook",
        description="Answers with the address, which is not shown again: a form, a shop or a spreadsheet posts JSON or form data to it, at "
        "most 256 KB, 120 at once and five a second, all hooks of a company together 20,000 a day. It is answered with 200 once what came is "
        "stored; 401 when a signature is asked for and is missing or wrong, 404 for an address that is none (any more), 413, 429 and 503 with "
        "`Retry-After`. 409 "
        "`too_many_incoming_hooks`.",
    )
    async def create_hook(
        self, request: Request[Any, Any, Any], actor: Caller, data: JSONBody[IncomingHookCreate]
    ) -> IncomingHookMade:
        return _made(request, await hooks.create_hook(actor, data.name))

    @get("/{incoming_hook_id:uuid}", summary="One incoming hook", description="With its steps. Needs `incoming:read`.")
    async def get_hook(self, actor: Caller, incoming_hook_id: FromPath[UUID]) -> IncomingHook:
        return struct(await hooks.hook(actor, incoming_hook_id), IncomingHook)

    @patch(
        "/{incoming_hook_id:uuid}",
        opt={"versioned": True},
        summary="Change an incoming hook",
        description="What is left out stays. A hook acts with rights of its own: who sets its steps or its signature, or switches it on, needs "
        "`contacts:write`, `leads:write`, `messages:send` and `campaigns:send` for the steps of these kinds. 412 when somebody else changed it.",
    )
    async def change_hook(
        self, actor: Caller, incoming_hook_id: FromPath[UUID], data: JSONBody[IncomingHookPatch], expected: IfMatch
    ) -> IncomingHook:
        given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not UNSET}
        secret = given.pop("secret", None)
        if given.get("signature_header", UNSET) is None:
            secret = ""
        return struct(await hooks.change_hook(actor, incoming_hook_id, expected=expected, secret=secret, **given), IncomingHook)

    @delete(
        "/{incoming_hook_id:uuid}",
        opt={"versioned": True},
        summary="Delete an incoming hook",
        description="With what came for it; what waits is not carried out.",
    )
    async def delete_hook(self, actor: Caller, incoming_hook_id: FromPath[UUID], expected: IfMatch) -> None:
        await hooks.delete_hook(actor, incoming_hook_id, expected=expected)

    @post(
        "/{incoming_hook_id:uuid}/renew-address",
        status_code=200,
        summary="Give a hook a new address",
        description="Answers with it; the old one ends at once. Who learns it can have the steps done, so this needs the permissions of "
        "their kinds.",
    )
    async def renew_address(
        self, request: Request[Any, Any, Any], actor: Caller, incoming_hook_id: FromPath[UUID]
    ) -> IncomingHookMade:
        return _made(request, await hooks.renew_address(actor, incoming_hook_id))

    @post(
        "/{incoming_hook_id:uuid}/test",
        status_code=202,
        summary="Post a sample",
        description="Carried out as if it had come, also while the hook is switched off.",
    )
    async def test(self, actor: Caller, incoming_hook_id: FromPath[UUID], data: JSONBody[IncomingTest]) -> IncomingDelivery:
        return _delivery(await deliveries.test(actor, incoming_hook_id, data.payload))

    @get("/{incoming_hook_id:uuid}/deliveries", summary="What came for a hook", description="Newest first, of the last 90 days.")
    async def list_deliveries(
        self,
        actor: Caller,
        incoming_hook_id: FromPath[UUID],
        of_state: Annotated[IncomingState | None, QueryParameter(name="state", description="Only those.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[IncomingDelivery]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await deliveries.deliveries(
            actor, incoming_hook_id, state=of_state, after=after[0] if after else None, limit=one_over(limit)
        )
        return page(rows, limit, lambda row: (row["id"],), _delivery)

    @get(
        "/{incoming_hook_id:uuid}/deliveries/{incoming_delivery_id:uuid}",
        summary="One delivery and its payload",
        description="With the place of every value, as the texts of steps name it. The payload is null once it is kept no longer.",
    )
    async def get_delivery(
        self, actor: Caller, incoming_hook_id: FromPath[UUID], incoming_delivery_id: FromPath[UUID]
    ) -> IncomingPayload:
        row = await deliveries.delivery(actor, incoming_hook_id, incoming_delivery_id)
        tree = msgspec.json.decode(row["payload"]) if row["payload"] is not None else None
        values = [IncomingValue(path=one.path, text=one.text) for one in leaves(tree)] if tree is not None else []
        return IncomingPayload(delivery=_delivery(row), values=values, payload=tree)

    @post(
        "/{incoming_hook_id:uuid}/deliveries/{incoming_delivery_id:uuid}/replay",
        status_code=202,
        summary="Carry a delivery out once more",
        description="As a delivery of its own, by the steps of now, also when it was carried out before. 409 `payload_unread`.",
    )
    async def replay(
        self, actor: Caller, incoming_hook_id: FromPath[UUID], incoming_delivery_id: FromPath[UUID]
    ) -> IncomingDelivery:
        return _delivery(await deliveries.replay(actor, incoming_hook_id, incoming_delivery_id))

    @post(
        "/{incoming_hook_id:uuid}/deliveries/{incoming_delivery_id:uuid}/try",
        status_code=200,
        summary="Say what a delivery would do",
        description="By the hook's steps or by others. Nothing is changed or sent. 409 `payload_unread`.",
    )
    async def try_out(
        self,
        actor: Caller,
        incoming_hook_id: FromPath[UUID],
        incoming_delivery_id: FromPath[UUID],
        data: JSONBody[IncomingTry],
    ) -> IncomingTried:
        tried = await deliveries.try_out(actor, incoming_hook_id, incoming_delivery_id, data.steps)
        return struct(tried._asdict(), IncomingTried, problems=[_told(one) for one in tried.problems])


@post(
    f"{PATH}/{{token:str}}",
    opt={"public": True, "rate": None, "parameter_families": ("",)},
    include_in_schema=False,
    request_max_body_size=MAX_BODY,
)
async def receive(request: Request[Any, Any, Any], token: Annotated[str, PathParameter(max_length=100)]) -> Response[Any]:
    """Takes what somebody posted: 200 once it is stored. It is read and carried out later, by a job."""
    key = digest(token)
    address = client_ip(request, request.app.state.settings.trusted_proxies)
    await Strangers.check(address, key)
    route = await hooks.route(token)
    if route is None:
        await Strangers.disown(key)
        await Strangers.count(address)
        raise RequestError.NOT_FOUND(what="incoming_hook")
    await Strangers.vouch(key)  # many send from one address of a service, and another's wrong addresses are not theirs
    await _room(route)
    body = await request.body()
    if route.header is not None and not _signed(request, route, body):
        await give_back((DAY, str(route.company_id)))
        raise IncomingError.WRONG_SIGNATURE()
    delivery_id = await deliveries.receive(route, body, request.headers.get("content-type", ""))
    if delivery_id is None:
        raise RequestError.NOT_FOUND(what="incoming_hook")
    return Response({"id": str(delivery_id)}, status_code=200)


async def _room(route: Route) -> None:
    """Raises TooManyRequests. While Valkey is away nothing is counted."""
    try:
        taken = await take((RATE, str(route.hook_id)), (DAY, str(route.company_id)))
    except valkey.Down:
        return
    if not taken.allowed:
        raise too_many(taken.wait)


def _signed(request: Request[Any, Any, Any], route: Route, body: bytes) -> bool:
    """A hook that asks for a signature and has no secret takes nothing."""
    given = request.headers.get(route.header or "", "").strip()
    if not route.secret or not given.startswith(route.prefix):
        return False
    made = hmac.digest(route.secret.encode(), body, hashlib.sha256)
    text = given[len(route.prefix) :].strip()
    if route.encoding is SignatureEncoding.HEX:
        return hmac.compare_digest(made.hex().encode(), text.lower().encode())
    return hmac.compare_digest(base64.b64encode(made), text.encode())
