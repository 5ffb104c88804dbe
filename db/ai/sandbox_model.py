"""The simulator's model as a company meets it: what it read and answered, and how it is to behave. The simulator is asked by a job."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from db.ai.enums import Provider
from db.ai.events import ModelRequestsChanged
from db.errors import RequestError
from db.jobs import SandboxModel
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, read, work

KEPT = 50
Behaviour = dict[str, str | int | float | bool]


class ModelCall(msgspec.Struct, frozen=True):
    """A tool that the model called. `arguments`: JSON as it wrote them."""

    name: str
    arguments: str


class ModelMessage(msgspec.Struct, frozen=True):
    """`role`: system, user, assistant or tool."""

    role: str
    text: str = ""
    calls: list[ModelCall] = []


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request. `number`, `at`, `milliseconds` are the simulator's; `status` 0: it got no answer. `tools`: their names. `problem`: why it
    was refused. Tokens are None where no usage was told."""

    number: int
    at: datetime
    kind: str
    model: str
    status: int
    milliseconds: int
    messages: list[ModelMessage] = []
    tools: list[str] = []
    answer: ModelMessage | None = None
    problem: str = ""
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None


async def requests(actor: Actor, *, before: int | None = None, limit: int = KEPT) -> list[ModelRequest]:
    """Newest first."""
    async with read(actor, Permission.AI_READ) as r:
        rows = await r.fetch(
            "select request::text as request from model_request where company_id = $1 and number < coalesce($2, 9223372036854775807)"
            " order by number desc limit $3",
            actor.company_id,
            before,
            limit,
        )
    return [msgspec.json.decode(row["request"], type=ModelRequest) for row in rows]


async def ask(actor: Actor) -> None:
    """Has the newest requests fetched; they come with event `model_requests.changed`. Raises NotFound where no simulator is used."""
    async with work(actor, Permission.AI_READ) as w:
        await _on_sandbox(w)
        w.enqueue(SandboxModel(verb="requests"))


async def keep(company_id: UUID, found: Sequence[ModelRequest]) -> None:
    """The newest requests, in place of those that were kept."""
    kept = found[:KEPT]
    async with work(worker(company_id), Permission.AI_READ) as w:
        changed = await w.fetch(
            "insert into model_request(company_id, number, at, request) select $1, * from unnest($2::bigint[], $3::timestamptz[], $4::jsonb[])"
            " on conflict (company_id, number) do update set at = excluded.at, request = excluded.request"
            " where model_request.at <> excluded.at returning number",
            company_id,
            [one.number for one in kept],
            [one.at for one in kept],
            [msgspec.json.encode(one).decode() for one in kept],
        )
        gone = await w.fetch(
            "delete from model_request where company_id = $1 and number <> all($2::bigint[]) returning number",
            company_id,
            [one.number for one in kept],
        )
        if changed or gone:
            w.emit(ModelRequestsChanged())


async def behaviour(actor: Actor) -> Behaviour:
    """What was set, {} when nothing was."""
    async with read(actor, Permission.AI_READ) as r:
        return await behaviour_in(r, actor.company_id)


async def behaviour_in(r: Read, company_id: UUID) -> Behaviour:
    text = await r.fetchval("select behaviour::text from model_behaviour where company_id = $1", company_id)
    return msgspec.json.decode(text or "{}", type=Behaviour)


async def behave(actor: Actor, wanted: Behaviour) -> None:
    """Keeps and applies how the model behaves towards this company. Raises NotFound where no simulator is used."""
    async with work(actor, Permission.AI_WRITE) as w:
        await _on_sandbox(w)
        await w.execute(
            "insert into model_behaviour(company_id, behaviour) values ($1, $2::jsonb)"
            " on conflict (company_id) do update set behaviour = excluded.behaviour",
            w.company_id,
            msgspec.json.encode(wanted).decode(),
        )
        w.enqueue(SandboxModel(verb="behaviour"))
        w.audit("model_behaviour.changed", w.company_id)


async def _on_sandbox(r: Read) -> None:
    assert r.actor is not None
    provider = await r.fetchval("select provider from ai_connection where company_id = $1", r.actor.company_id)
    if provider != Provider.SANDBOX.value:
        raise RequestError.NOT_FOUND(what="sandbox_model")
