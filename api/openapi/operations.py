"""What every operation has in common with others: its id, the statuses that it can answer, its headers. All of it follows from the
method, the path and what the route declares; the few exceptions are tables here."""

import re
from typing import Any, NamedTuple

from litestar.handlers import HTTPRouteHandler

from api.idempotency import takes_key
from api.openapi.schemas import page_of
from api.versions import has_version

CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VERBS = {"POST": "create", "PUT": "set", "PATCH": "update"}


class Operation(NamedTuple):
    """What is known of an operation before it is described."""

    method: str
    path: str  # /v1/contacts/{contact_id}
    handler: HTTPRouteHandler
    takes: Any  # the type of its JSON body; None without one
    gives: Any  # the type of its answer; None for 204 and for what is no JSON
    collection: bool  # whether GET and POST both act on the path

    @property
    def opt(self) -> dict[str, Any]:
        return self.handler.opt

    @property
    def id(self) -> str:
        """Resource and verb: `contacts_list`, `campaigns_notes_create`, `campaigns_pause`. GET lists or gets, POST creates, PUT sets,
        PATCH updates, DELETE deletes (a whole list: clears); the last part of a path that only takes POST is the verb itself."""
        parts = self.path.removeprefix("/v1/").split("/")
        words = [re.sub(r"\W", "_", part) for part in parts if "{" not in part]
        if self.method == "GET":
            verb = [] if parts[-1].endswith(".csv") else ["list" if page_of(self.gives) and "{" not in parts[-1] else "get"]
        elif self.method == "DELETE":
            verb = ["delete" if "{" in parts[-1] else "clear"]
        else:
            verb = [] if self.method == "POST" and len(words) > 1 and not self.collection else [_VERBS[self.method]]
        return "_".join(words + verb)

    @property
    def keyed(self) -> bool:
        return takes_key(self.method, self.opt)

    @property
    def has_body(self) -> bool:
        return self.takes is not None or bool(self.opt.get("upload"))

    @property
    def needs_body(self) -> bool:
        """Whether its body may not be left out."""
        data = self.handler.parsed_fn_signature.parameters.get("data")
        return self.has_body and (data is None or not data.has_default)


MEANING: dict[str, str] = {
    "400": "The body is not valid JSON.",
    "401": "No valid session or key, or not the right password.",
    "403": "The role or scope does not reach.",
    "404": "Absent, or another company's.",
    "408": "The body came too slowly.",
    "409": "The state has moved on, the thing exists already, or the `Idempotency-Key` was used for another request.",
    "412": "`If-Match` names another version, or the operation checks none.",
    "413": "The body is larger than allowed here.",
    "415": "The body has another content type.",
    "422": "A field or parameter is wrong; `errors` says which.",
    "429": "Wait for `Retry-After` seconds.",
    "503": "Try again in `Retry-After` seconds; after `outcome_unknown` look first whether it was done.",
}
"""Statuses of failure."""
NEVER: dict[str, frozenset[str]] = {
    "me_get": frozenset({"403"}),
    "search_get": frozenset({"403"}),  # who may read nothing finds nothing
    "auth_invitations_accept": frozenset({"403"}),  # whoever has just come in has a company
    "auth_sign_up": frozenset({"403"}),
    "auth_providers_list": frozenset({"503"}),
}
"""By operation: statuses that the rules would give it."""


HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "Names this request in the log: the id that you sent in `X-Request-Id`, or a new one.",
        "required": True,
        "schema": {"type": "string"},
        "example": "b1946ac92492d2347c6235b4d2611184",
    },
    "Master-Version": {
        "description": "The version of this contract in which the answer is: the one named in `Master-Version`, else the one that the key was "
        "made in, else the newest.",
        "schema": {"type": "string", "format": "date"},
        "example": "2026-11-27",
    },
    "Deprecation": {
        "description": "Since when what was asked for, or a part of the answer, is out of date (RFC 9745).",
        "schema": {"type": "string"},
        "example": "@1803859200",
    },
    "Sunset": {
        "description": "Until when it works (RFC 8594).",
        "schema": {"type": "string"},
        "example": "Wed, 01 Sep 2027 00:00:00 GMT",
    },
    "RateLimit-Policy": {
        "description": "The budgets: requests at once (`q`) and seconds until an empty one is full (`w`).",
        "schema": {"type": "string"},
        "example": '"read";q=600;w=30, "read-company";q=3000;w=30',
    },
    "RateLimit": {
        "description": "What is left of each budget (`r`), and in how many seconds (`t`) it is full again. Absent while budgets are not "
        "counted.",
        "schema": {"type": "string"},
        "example": '"read";r=599;t=1, "read-company";r=2999;t=1',
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 2,
    },
    "WWW-Authenticate": {"required": True, "schema": {"type": "string", "const": "Bearer"}, "example": "Bearer"},
    "ETag": {
        "description": "The version, for If-Match.",
        "required": True,
        "schema": {"type": "string"},
        "example": '"7"',
    },
    "Location": {
        "description": "Where the new thing is.",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/contacts/0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42",
    },
    "Idempotency-Replayed": {
        "description": "This is the first answer again; nothing was done.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Content-Disposition": {
        "required": True,
        "schema": {"type": "string"},
        "example": 'attachment; filename="contacts-2026-03-02.csv"',
    },
}


def response_headers(operation: Operation, status: str, *, located: bool) -> list[str]:
    """Names of the headers of an answer, from `HEADERS`."""
    good = status < "300"
    counted = status != "401" or bool(operation.opt.get("public"))  # who it is comes before the budget
    rules = {
        "X-Request-Id": True,
        "Master-Version": good,
        "Deprecation": good,
        "Sunset": good,
        "RateLimit-Policy": counted,
        "RateLimit": counted,
        "Retry-After": status in ("429", "503"),
        "WWW-Authenticate": status == "401",
        "ETag": good and has_version(operation.gives),
        "Location": good and located,
        "Idempotency-Replayed": good and operation.keyed,
        "Content-Disposition": good and operation.path.endswith((".csv", "/file")) and operation.method == "GET",
    }
    return [name for name, holds in rules.items() if holds]


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "The ETag that you saw: 412 when somebody changed it since.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same request gives the first answer again, for 24 hours.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
    "example": "0d9f4c1e-order-1042",
}
