"""`Location` of what a POST made: the address of its own GET, where there is one. Decided here for every operation, from the routes."""

import re
from typing import Any

import msgspec
from litestar import Litestar, Response

from api.pagination import bound_request

_ITEM = re.compile(r"^(?P<list>/v1/.+)/\{\w+\}$")


def item_addresses(app: Litestar) -> dict[str, str]:
    """The address of one thing by that of its list: `/v1/contacts` → `/v1/contacts/{contact_id}`."""
    found: dict[str, str] | None = app.state.get("item_addresses")
    if found is None:
        paths = [route.path_format for route in app.routes if "GET" in getattr(route, "methods", ())]
        found = app.state.item_addresses = {match["list"]: path for path in paths if (match := _ITEM.match(path))}
    return found


def _is_list(app: Litestar, address: str) -> bool:
    """Whether its things have addresses of their own; also of a list within a thing, `/v1/personas/0197…/trials`."""
    if address in (addresses := item_addresses(app)):
        return True
    parts = address.split("/")
    return any(
        len(known) == len(parts) and all(a == b or a[:1] == "{" for a, b in zip(known, parts, strict=True))
        for known in (one.split("/") for one in addresses if "{" in one)
    )


async def locate(response: Response[Any]) -> Response[Any]:
    """After the handler: adds the header to the answer of a POST to a list. A route that makes things of another list says so:
    `opt={"creates": "/v1/campaigns"}`."""
    request = bound_request()
    if request is None or request.method != "POST":
        return response
    listed = request.route_handler.opt.get("creates", request.scope["path"].rstrip("/"))
    made = response.content
    if _is_list(request.app, listed) and isinstance(made, msgspec.Struct) and hasattr(made, "id"):
        response.headers["Location"] = f"{listed}/{made.id}"
    return response
