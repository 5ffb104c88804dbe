"""The connection to Kommo over HTTP, and the address that Kommo calls: thin, every rule is in db/kommo."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.client_ip import client_ip
from api.contract.base import Page
from api.contract.kommo import (
    Kommo,
    KommoConnect,
    KommoPatch,
    KommoPipeline,
    KommoPlace,
    KommoPushContact,
    KommoPushLeadNote,
    KommoRules,
    KommoStage,
    KommoStatus,
    KommoTask,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.rate_limit import Strangers
from api.versions import IfMatch
from db.crypto import digest
from db.errors import RequestError
from db.kommo import connection, hooks, links, tasks
from db.kommo.connection import RULES, SANDBOX, Connection, Mapped, Wanted
from db.kommo.enums import KommoHookState, KommoLinkKind, KommoTaskKind, KommoTaskState
from db.settings import Settings

HOOK = "/v1/hooks/kommo"


def _kommo(found: Connection | None) -> Kommo:
    if found is None:
        return Kommo(
            way=None,
            host="",
            account_id=None,
            account_name="",
            state=None,
            state_at=None,
            checked_at=None,
            reason=None,
            detail="",
            hook_state=KommoHookState.OFF,
            rest_until=None,
            token_until=None,
            rules=KommoRules(**dict.fromkeys(RULES, False)),
            stages=[],
            pipelines=[],
            version=0,
        )
    same = [name for name in Kommo.__struct_fields__ if name not in ("rules", "stages", "pipelines")]
    pipelines = [
        KommoPipeline(id=one.id, name=one.name, statuses=[KommoStatus(id=each.id, name=each.name) for each in one.statuses])
        for one in found.pipelines
    ]
    return Kommo(
        **{name: getattr(found, name) for name in same},
        rules=KommoRules(**{name: getattr(found, name) for name in RULES}),
        stages=[KommoStage(**msgspec.structs.asdict(one)) for one in found.stages],
        pipelines=pipelines,
    )


def _place(found: tuple[str | None, int | None], noun: str) -> KommoPlace:
    host, kommo_id = found
    there = host != SANDBOX and kommo_id is not None
    return KommoPlace(
        connected=host is not None, kommo_id=kommo_id, url=f"https://{host}/{noun}/detail/{kommo_id}" if there else None
    )


class KommoController(Controller):
    path = "/v1/integrations/kommo"
    tags = ("Kommo",)

    @get(summary="Read the connection to Kommo")
    async def read_kommo(self, actor: Caller) -> Kommo:
        """Which account is connected, whether it works, its pipelines, and what happens by itself. Needs `integrations:read`."""
        return _kommo(await connection.connection(actor))

    @put(opt={"versioned": True}, summary="Connect Kommo")
    async def set_kommo(
        self, actor: Caller, data: JSONBody[KommoConnect], expected: IfMatch, request: Request[Any, Any, Any]
    ) -> Kommo:
        """Keeps how we are let in and checks it live; `kommo.changed` tells when the check is done. Another account begins without links and
        stages. Needs `integrations:write`, and with another account the permissions of what the rules do."""
        settings: Settings = request.app.state.settings
        wanted = Wanted(**msgspec.structs.asdict(data))
        redirect = f"{settings.public_url.rstrip('/')}/integrations/kommo"
        found = await connection.save(actor, wanted, redirect_uri=redirect, sandbox=bool(settings.sandbox_url), expected=expected)
        return _kommo(found)

    @patch(opt={"versioned": True}, summary="Set what happens with Kommo by itself")
    async def change_kommo(self, actor: Caller, data: JSONBody[KommoPatch], expected: IfMatch) -> Kommo:
        """The rules, and which stage stands for which status. What is left out stays. Needs `integrations:write`, and for a
        rule that is switched on the permissions of what it does. 409 `kommo_not_connected`."""
        given = {name: value for name in RULES if (value := getattr(data, name)) is not UNSET}
        stages = None if data.stages is UNSET else [Mapped(**msgspec.structs.asdict(one)) for one in data.stages]
        return _kommo(await connection.change(actor, given, stages, expected))

    @delete(summary="Disconnect Kommo")
    async def delete_kommo(self, actor: Caller) -> None:
        """Secrets, rules and links are forgotten, what waits is not done. What is in Kommo stays. Needs `integrations:write`."""
        await connection.remove(actor)

    @post("/test", status_code=200, summary="Test the connection to Kommo")
    async def test_kommo(self, actor: Caller) -> Kommo:
        """Checks token, account, pipelines and webhook, and goes on after a stop when they work. Needs `integrations:write`. 409
        `kommo_not_connected`."""
        return _kommo(await connection.test(actor))

    @post("/push-contact", status_code=202, summary="Send a contact to Kommo")
    async def push_contact(self, actor: Caller, data: JSONBody[KommoPushContact]) -> KommoTask:
        """Finds the contact there by phone or e-mail and brings it up to date, or makes it; its id is kept here. One that waits already is
        it. Needs `contacts:write`. 409 `kommo_not_connected`, `kommo_not_ready`."""
        return struct(await tasks.push_contact(actor, data.contact_id), KommoTask)

    @post("/push-lead-note", status_code=202, summary="Write a note on a lead in Kommo")
    async def push_lead_note(self, actor: Caller, data: JSONBody[KommoPushLeadNote]) -> KommoTask:
        """On the lead there, which is made with its contact where it is not there yet. An answer that got lost is looked up before
        anything is written again. Needs `leads:write`. 409 `kommo_not_connected`, `kommo_not_ready`."""
        return struct(await tasks.push_lead_note(actor, data.lead_id, data.text, private=data.private), KommoTask)

    @get("/contacts/{contact_id:uuid}", summary="Who a contact is in Kommo")
    async def get_contact(self, actor: Caller, contact_id: FromPath[UUID]) -> KommoPlace:
        """Needs `contacts:read`."""
        return _place(await links.shown(actor, KommoLinkKind.CONTACT, contact_id), "contacts")

    @get("/leads/{lead_id:uuid}", summary="Which lead it is in Kommo")
    async def get_lead(self, actor: Caller, lead_id: FromPath[UUID]) -> KommoPlace:
        """Needs `boards:read`."""
        return _place(await links.shown(actor, KommoLinkKind.LEAD, lead_id), "leads")

    @get("/tasks", summary="What went to Kommo and came from there")
    async def list_tasks(
        self,
        actor: Caller,
        cursor: Cursor = None,
        limit: Limit = 50,
        only: Annotated[KommoTaskState | None, QueryParameter(name="state", description="Only these.")] = None,
        kind: Annotated[KommoTaskKind | None, QueryParameter(description="Only these.")] = None,
    ) -> Page[KommoTask]:
        """Newest first, of the last 30 days. Needs `integrations:read`."""
        after = decode_cursor(cursor, tuple[UUID])
        rows = await tasks.tasks(actor, state=only, kind=kind, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, KommoTask))

    @get("/tasks/{kommo_task_id:uuid}", summary="What became of one task")
    async def get_task(self, actor: Caller, kommo_task_id: FromPath[UUID]) -> KommoTask:
        """Needs `integrations:read`."""
        return struct(await tasks.task(actor, kommo_task_id), KommoTask)

    @post("/tasks/{kommo_task_id:uuid}/retry", status_code=202, summary="Try once more what failed")
    async def retry_task(self, actor: Caller, kommo_task_id: FromPath[UUID]) -> KommoTask:
        """What Kommo may have taken is looked up first. Needs `integrations:write`. 409 `kommo_not_failed`, `kommo_not_connected`,
        `kommo_not_ready`."""
        return struct(await tasks.again(actor, kommo_task_id), KommoTask)


@post(
    f"{HOOK}/{{token:str}}",
    opt={"public": True, "rate": None, "parameter_families": ("",)},
    include_in_schema=False,
    request_max_body_size=hooks.MAX_BODY,
)
async def receive(request: Request[Any, Any, Any], token: Annotated[str, PathParameter(max_length=100)]) -> Response[Any]:
    """Keeps what Kommo tells: 200 once it is stored. Of another account it is 403, which Kommo gives up on."""
    address = client_ip(request, request.app.state.settings.trusted_proxies)
    await Strangers.check(address, digest(token))
    company_id = await hooks.route(token)
    if company_id is None:
        await Strangers.count(address)
        raise RequestError.NOT_FOUND(what="kommo_hook")
    try:
        taken = await hooks.receive(company_id, await request.body())
    except ValueError:
        return Response({"ok": False}, status_code=400)
    return Response({"ok": taken}, status_code=200 if taken else 403)
