"""The one AI service of a company: connect, change, check, disconnect. Nothing here calls it: a check is a job."""

import contextlib
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec

from db.ai import catalogue, notices
from db.ai.enums import AiNotice, CheckStep, ConnectionState, EmbedderKind, Provider
from db.ai.errors import AiError, AiField, CallFailure
from db.ai.events import AiConnectionChanged
from db.crypto import ring
from db.errors import Field, PreconditionFailed, RequestError
from db.ids import uuid7
from db.jobs import CheckAi
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected, check
from db.work import Read, read, system_read, work

STOPPED = frozenset((ConnectionState.KEY_REFUSED, ConnectionState.NO_CREDIT))
_NEEDS_ADDRESS = frozenset((Provider.AZURE, Provider.COMPATIBLE))
_COLUMNS = (
    "id, provider, base_url, api_version, organization, chat_model, embedder, embedding_model, embedding_dims, state, state_at,"
    " checked_at, findings::text as findings, models, version, key is not null as has_key"
)


class Finding(msgspec.Struct, frozen=True):
    """What a check found at one step; `failure` None: it works. `detail`: the provider's words, without secrets."""

    step: CheckStep
    failure: CallFailure | None = None
    detail: str = ""


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """As people see it: without the key. `models`: what the key can use, None where the server does not say."""

    id: UUID
    provider: Provider
    base_url: str
    api_version: str
    organization: str
    chat_model: str
    embedder: EmbedderKind
    embedding_model: str
    embedding_dims: int
    state: ConnectionState
    state_at: datetime
    checked_at: datetime | None
    findings: list[Finding]
    models: list[str] | None
    version: int
    has_key: bool


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """As workers call it. `key` is empty where the server asks for none."""

    company_id: UUID
    connection: Connection
    key: str

    def __repr__(self) -> str:
        return f"Opened({self.company_id})"


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants the connection to be. `key` None: the one that there is, as long as the provider and address stay."""

    provider: Provider
    base_url: str = ""
    api_version: str = ""
    organization: str = ""
    key: str | None = None
    chat_model: str = ""
    embedder: EmbedderKind = EmbedderKind.SERVICE
    embedding_model: str = ""


def _connection(row: asyncpg.Record) -> Connection:
    fields: dict[str, Any] = {**row, "findings": msgspec.json.decode(row["findings"])}
    return msgspec.convert(fields, Connection)


async def connection_in(r: Read, company_id: UUID) -> Connection | None:
    """The company's, inside a unit of work."""
    row = await r.fetchrow(f"select {_COLUMNS} from ai_connection where company_id = $1", company_id)
    return None if row is None else _connection(row)


async def connection(actor: Actor) -> Connection | None:
    """The company's; None when nothing is connected."""
    async with read(actor, Permission.AI_READ) as r:
        return await connection_in(r, actor.company_id)


async def opened(company_id: UUID) -> Opened | None:
    """The connection with its key, for workers. Raises SealBroken."""
    async with read(worker(company_id), Permission.AI_READ) as r:
        # One statement: a key read after its address could belong to another one.
        row = await r.fetchrow(f"select {_COLUMNS}, key from ai_connection where company_id = $1", company_id)
    if row is None:
        return None
    found, blob = _connection(row), row["key"]
    key = "" if blob is None else ring().open(blob, company_id=company_id, table="ai_connection", column="key", row_id=found.id)
    return Opened(company_id=company_id, connection=found, key=key)


def _callable(address: str) -> bool:
    try:
        parts = urlsplit(address)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # half a bracket, a port that is no number
        return False
    return parts.scheme in ("https", "http") and named and not (parts.username or parts.query or parts.fragment)


def _refuse_odd(wanted: Settled, key_stays: bool) -> None:
    """Raises Invalid. What an address leads to is looked at when it is called."""
    wrong: list[Field] = []
    if wanted.provider in _NEEDS_ADDRESS and not _callable(wanted.base_url):
        wrong.append(AiField.BASE_URL("base_url"))
    if wanted.provider in (Provider.OPENAI, Provider.AZURE) and not wanted.key and not key_stays:
        wrong.append(AiField.KEY_NEEDED("key"))
    if wanted.provider in _NEEDS_ADDRESS and not wanted.chat_model:
        wrong.append(AiField.MODEL("chat_model"))
    if wrong:
        raise RequestError.INVALID(fields=wrong)


def _completed(wanted: Settled) -> Settled:
    """With our choice where nothing was chosen, and without what its provider does not ask."""
    asks = wanted.provider in _NEEDS_ADDRESS
    embedding = wanted.embedding_model
    if wanted.embedder is not EmbedderKind.SERVICE:
        embedding = ""
    elif not embedding and not asks:
        embedding = "text-embedding-3-small"
    return msgspec.structs.replace(
        wanted,
        base_url=wanted.base_url.rstrip("/") if asks else "",
        api_version=wanted.api_version if wanted.provider is Provider.AZURE else "",
        organization=wanted.organization if wanted.provider is Provider.OPENAI else "",
        chat_model=wanted.chat_model or catalogue.BALANCED,
        embedder=wanted.embedder if embedding or wanted.embedder is not EmbedderKind.SERVICE else EmbedderKind.NONE,
        embedding_model=embedding,
    )


_SAVE = """
insert into ai_connection(company_id, id, provider, base_url, api_version, organization, key, chat_model, embedder, embedding_model,
    embedding_dims, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'checking')
on conflict (company_id) do update set provider = excluded.provider, base_url = excluded.base_url,
    api_version = excluded.api_version, organization = excluded.organization,
    key = case when $12 then ai_connection.key else excluded.key end, chat_model = excluded.chat_model,
    embedder = excluded.embedder, embedding_model = excluded.embedding_model, embedding_dims = excluded.embedding_dims,
    state = 'checking', state_at = now(), checked_at = null, findings = '[]', models = null, version = ai_connection.version + 1
"""


async def save(actor: Actor, wanted: Settled, expected: Expected = None) -> Connection:
    """Connects, or changes what there is, and starts a check. A key goes only where it was given for: another provider or address
    asks for it anew. Raises Invalid, PreconditionFailed."""
    async with work(actor, Permission.AI_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        before = await connection_in(w, w.company_id)
        check(before.version if before else 0, expected)
        asked, wanted = wanted, _completed(wanted)
        if wanted.provider is Provider.SANDBOX:
            wanted = msgspec.structs.replace(wanted, key=sandbox_key(w.company_id))
        same = before is not None and (before.provider, before.base_url) == (wanted.provider, wanted.base_url)
        key_stays = wanted.key is None and same and before is not None and before.has_key
        _refuse_odd(asked, key_stays)
        row_id = before.id if before else uuid7()
        known = catalogue.known(wanted.embedding_model)
        await w.execute(
            _SAVE,
            w.company_id,
            row_id,
            wanted.provider,
            wanted.base_url,
            wanted.api_version,
            wanted.organization,
            _sealed(w.company_id, row_id, wanted.key) if wanted.key else None,
            wanted.chat_model,
            wanted.embedder,
            wanted.embedding_model,
            known.dims if known else 0,
            key_stays,
        )
        w.enqueue(CheckAi())
        w.audit("ai_connection.saved", row_id, provider=wanted.provider, model=wanted.chat_model, key_replaced=not key_stays)
        w.emit(AiConnectionChanged())
        found = await connection_in(w, w.company_id)
        assert found is not None
        return found


async def rehearse(company_id: UUID) -> None:
    """Connects a company that has no service to the simulator's model."""
    with contextlib.suppress(PreconditionFailed):
        await save(worker(company_id), Settled(provider=Provider.SANDBOX), frozenset((0,)))


def sandbox_key(company_id: UUID) -> str:
    """Of one company: what its model was asked is nobody else's."""
    return f"sandbox-{company_id.hex}"


def _sealed(company_id: UUID, row_id: UUID, key: str) -> bytes:
    return ring().seal(key, company_id=company_id, table="ai_connection", column="key", row_id=row_id)


async def _present(r: Read) -> Connection:
    assert r.actor is not None
    found = await connection_in(r, r.actor.company_id)
    if found is None:
        raise AiError.NOT_CONNECTED()
    return found


async def remove(actor: Actor) -> None:
    """Disconnects and forgets the key. Usage and budgets stay; without a connection nothing happens."""
    async with work(actor, Permission.AI_WRITE) as w:
        row_id = await w.fetchval("delete from ai_connection where company_id = $1 returning id", w.company_id)
        if row_id is not None:
            w.audit("ai_connection.removed", row_id)
            w.emit(AiConnectionChanged())


async def test(actor: Actor) -> Connection:
    """Starts a live check; the result comes as an event. Raises Conflict when nothing is connected."""
    async with work(actor, Permission.AI_WRITE) as w:
        await _present(w)
        await w.execute(
            "update ai_connection set state = 'checking', state_at = now() where company_id = $1 and state <> 'ready'",
            w.company_id,
        )
        w.enqueue(CheckAi())
        w.emit(AiConnectionChanged())
        return await _present(w)


async def save_check(
    company_id: UUID,
    checked: Connection,
    findings: list[Finding],
    models: list[str] | None,
    dims: int | None,
    state: ConnectionState,
) -> None:
    """Keeps what a check found; nothing when somebody changed the connection meanwhile, or made another one."""
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        saved = await w.fetchval(
            "update ai_connection set findings = $2::jsonb, models = $3, checked_at = now(), state = $4,"
            " state_at = case when state = $4 then state_at else now() end, embedding_dims = coalesce($5, embedding_dims)"
            " where company_id = $1 and id = $6 and version = $7 returning true",
            company_id,
            msgspec.json.encode(findings).decode(),
            models,
            state,
            dims,
            checked.id,
            checked.version,
        )
        if saved:
            w.emit(AiConnectionChanged())


async def unreadable(company_id: UUID) -> None:
    """The stored key does not open any more."""
    finding = Finding(CheckStep.KEY, CallFailure.KEY_UNREADABLE)
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        await w.execute(
            "update ai_connection set findings = $2::jsonb, checked_at = now(), state = 'failed', state_at = now() where company_id = $1",
            company_id,
            msgspec.json.encode([finding]).decode(),
        )
        w.emit(AiConnectionChanged())


async def stop(company_id: UUID, asked: Connection, state: ConnectionState) -> None:
    """A call found the key refused, or no credit: nothing more is asked, the owners are told once, and a check looks again soon."""
    async with work(worker(company_id), Permission.AI_WRITE) as w:
        stopped = await w.fetchval(
            "update ai_connection set state = $4, state_at = now() where company_id = $1 and id = $2 and version = $3 and state <> $4"
            " returning id",
            company_id,
            asked.id,
            asked.version,
            state,
        )
        if stopped is None:
            return
        w.audit("ai_connection.stopped", stopped, reason=state)
        w.emit(AiConnectionChanged())
        w.enqueue(CheckAi())
        await notices.tell(w, AiNotice.NO_CREDIT if state is ConnectionState.NO_CREDIT else AiNotice.KEY_REFUSED)


async def recheck() -> None:
    """Once an hour: connections without credit, or that failed their check, are checked again: they go on by themselves."""
    async with system_read() as s:
        rows = await s.fetch("select company_id from ai_connection where state in ('no_credit', 'failed')")
    for row in rows:
        async with work(worker(row["company_id"]), Permission.AI_WRITE) as w:
            w.enqueue(CheckAi())
