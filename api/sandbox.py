"""The sandbox of one channel over HTTP: what its phones show, answering as a customer, how the outside behaves.

It works on our own records and through jobs: the API itself never calls the sandbox.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, get, post, put
from litestar.openapi.spec import Example
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.buttons import MessageRow, PreviewButton
from api.contract.message_files import MessageFile
from api.contract.sandbox import (
    Behaviour,
    ModelBehaviour,
    ModelRequest,
    SandboxMessage,
    SandboxNews,
    SandboxPhone,
    SandboxReply,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from db.ai import sandbox_model
from db.channels import actions
from db.messages import threads
from db.messages.threads import Entry, Phone
from db.qr import pairing

Search = Annotated[str | None, QueryParameter(max_length=100, description="Part of a number or of a name.")]
Address = Annotated[
    str,
    PathParameter(
        max_length=60, description="E.164 number as `/phones` gives it, or a BSUID.", examples=[Example(value="+5511987654321")]
    ),
]


def _phone(row: Phone) -> SandboxPhone:
    return SandboxPhone(
        address=row.address,
        display=row.display,
        contact_id=row.contact_id,
        name=row.name,
        last_text=row.text[:200],
        last_content=row.content,
        last_at=row.at,
        last_kind="in" if row.kind == "in" else "out",
        state=row.state,
    )


def _message(row: Entry) -> SandboxMessage:
    return SandboxMessage(
        id=row.id,
        kind="in" if row.kind == "in" else "out",
        text=row.text,
        header=row.header,
        footer=row.footer,
        buttons=[PreviewButton(kind=kind, text=text) for kind, text in row.buttons],
        rows=[MessageRow(title=one.title, description=one.description) for one in row.rows],
        at=row.at,
        state=row.state,
        content=row.content,
        quote=row.quote,
        writer=row.writer,
        reactions=row.reactions,
        files=[msgspec.convert(file, MessageFile, from_attributes=True) for file in row.files],
    )


class SandboxController(Controller):
    """Rehearsals without a real account."""

    path = "/v1/sandbox/{channel_id:uuid}"
    tags = ("Sandbox",)

    @get(
        "/phones",
        summary="Phones of the sandbox",
        description="Everybody this channel wrote to or heard from, last active first.",
    )
    async def phones(
        self, channel_id: FromPath[UUID], actor: Caller, search: Search = None, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[SandboxPhone]:
        before = decode_cursor(cursor, tuple[datetime, str])
        rows = await threads.phones(actor, channel_id, search=search, before=before, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.at, row.address), _phone)

    @get("/phones/{address:str}", summary="One phone", description="Its messages, newest first.")
    async def phone(
        self, channel_id: FromPath[UUID], address: Address, actor: Caller, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[SandboxMessage]:
        before = decode_cursor(cursor, tuple[datetime, UUID])
        rows = await threads.thread(actor, channel_id, address, before=before, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.at, row.id), _message)

    @post(
        "/reply",
        status_code=202,
        opt={"rate": "send"},
        summary="Answer as a customer",
        description="The answer goes out to the sandbox and comes back through the webhook, like a real one. With `group` it is said in a group of a "
        "number by QR code, which shows it where its groups are shown.",
    )
    async def reply(self, channel_id: FromPath[UUID], data: JSONBody[SandboxReply], actor: Caller) -> Done:
        if data.answers is not None:
            await threads.press(actor, channel_id, data.address, data.answers, data.option)
        else:
            await actions.sandbox_reply(actor, channel_id, data.address, data.text, data.kind, group=data.group)
        return Done()

    @post(
        "/news",
        status_code=202,
        summary="Tell news about the account",
        description="What Meta would tell about an account comes through the webhook, like real news. WhatsApp only.",
    )
    async def news(self, channel_id: FromPath[UUID], data: JSONBody[SandboxNews], actor: Caller) -> Done:
        await actions.sandbox_news(actor, channel_id, data.code)
        return Done()

    @post(
        "/scan",
        status_code=202,
        summary="Scan the code with the sandbox's phone",
        description="For a rehearsal number that is connected by a code: the sandbox's phone scans what is shown, or types it in, and "
        "`channel.changed` tells once it is connected. 409 `no_code` while none is shown.",
    )
    async def scan(self, channel_id: FromPath[UUID], actor: Caller) -> Done:
        await pairing.scan(actor, channel_id)
        return Done()

    @get("/behaviour", summary="Behaviour of the sandbox", description="How people and network behave towards this channel.")
    async def behaviour(self, channel_id: FromPath[UUID], actor: Caller) -> Behaviour:
        return msgspec.convert(await actions.sandbox_behaviour(actor, channel_id), Behaviour)

    @put(
        "/behaviour",
        summary="Set the behaviour",
        description="Shares lie between 0 and 1. Applied within a moment; ends with event `sandbox.changed`.",
    )
    async def behave(self, channel_id: FromPath[UUID], data: JSONBody[Behaviour], actor: Caller) -> Behaviour:
        await actions.sandbox_behave(actor, channel_id, msgspec.to_builtins(data))
        return data


class SandboxModelController(Controller):
    """The simulator's language model."""

    path = "/v1/sandbox/model"
    tags = ("Sandbox",)

    @get(
        "/requests",
        summary="What the model saw",
        description="Requests of this company to the simulator's model with what it answered, newest first; the last fifty.",
    )
    async def requests(self, actor: Caller, cursor: Cursor = None, limit: Limit = 50) -> Page[ModelRequest]:
        before = decode_cursor(cursor, tuple[int])
        rows = await sandbox_model.requests(actor, before=before[0] if before else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.number,), lambda row: msgspec.convert(row, ModelRequest, from_attributes=True))

    @post(
        "/requests/refresh",
        status_code=202,
        summary="Fetch what the model saw",
        description="Has the newest requests fetched from the simulator; ends with event `model_requests.changed` when there are new ones.",
    )
    async def refresh(self, actor: Caller) -> Done:
        await sandbox_model.ask(actor)
        return Done()

    @get("/behaviour", summary="Behaviour of the model", description="How the simulator's model behaves towards this company.")
    async def behaviour(self, actor: Caller) -> ModelBehaviour:
        return msgspec.convert(await sandbox_model.behaviour(actor), ModelBehaviour)

    @put("/behaviour", summary="Set the behaviour of the model", description="Applied within a moment.")
    async def behave(self, data: JSONBody[ModelBehaviour], actor: Caller) -> ModelBehaviour:
        await sandbox_model.behave(actor, msgspec.to_builtins(data))
        return data
