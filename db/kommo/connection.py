"""The one Kommo account of a company: connect, set the rules, check, disconnect. Nothing here calls Kommo: that is jobs' work.

Its host is one of Kommo's own domains, whatever is typed. Secrets are sealed for the row, and go only to the host they were given for.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import msgspec

from db import event_consumers
from db.boards.events import LeadChanged
from db.contacts.events import ContactsChanged
from db.crypto import digest, new_token, ring
from db.errors import RequestError
from db.events import Event
from db.ids import uuid7
from db.jobs import CheckKommo, SyncKommo
from db.kommo.enums import KommoHookState, KommoState, KommoWay
from db.kommo.errors import KommoError, KommoField, KommoReason
from db.kommo.events import KommoChanged
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Read, Work, read, work

CONSUMER = "kommo"
TABLE = "kommo_connection"
SANDBOX = "sandbox"
"""The host of the account that the simulator plays."""
RULES = ("push_contacts", "push_leads", "push_notes", "take_contacts", "take_leads")
_NEEDED: dict[str, tuple[Permission, ...]] = {
    "push_contacts": (Permission.CONTACTS_READ,),
    "push_leads": (Permission.BOARDS_READ, Permission.CONTACTS_READ),
    "push_notes": (Permission.BOARDS_READ, Permission.CONTACTS_READ),
    "take_contacts": (Permission.CONTACTS_WRITE,),
    "take_leads": (Permission.LEADS_WRITE,),
}
"""What somebody may do by hand who has it done by a rule."""
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(?:kommo\.com|amocrm\.com|amocrm\.ru)")
_COLUMNS = (
    "id, way, host, account_id, account_name, pipelines::text as pipelines, state, state_at, checked_at, reason, detail, hook_state,"
    f" case when rest_until > now() then rest_until end as rest_until, token_until, version, {', '.join(RULES)}"
)


class Status(msgspec.Struct, frozen=True):
    id: int
    name: str


class Pipeline(msgspec.Struct, frozen=True):
    """As Kommo has it, in its order."""

    id: int
    name: str
    statuses: list[Status]


class Mapped(msgspec.Struct, frozen=True):
    """One stage of ours is one status of theirs."""

    stage_id: UUID
    pipeline_id: int
    status_id: int


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """As people see it: without secrets. `rest_until`: Kommo asked for rest, nothing is asked before."""

    id: UUID
    way: KommoWay
    host: str
    account_id: int | None
    account_name: str
    pipelines: list[Pipeline]
    state: KommoState
    state_at: datetime
    checked_at: datetime | None
    reason: KommoReason | None
    detail: str
    hook_state: KommoHookState
    rest_until: datetime | None
    token_until: datetime | None
    version: int
    push_contacts: bool
    push_leads: bool
    push_notes: bool
    take_contacts: bool
    take_leads: bool
    stages: list[Mapped] = []

    @property
    def takes(self) -> bool:
        return self.take_contacts or self.take_leads


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody wants to connect. Of `oauth`: the integration's ID, its secret, and the code that Kommo shows for 20 minutes."""

    way: KommoWay
    host: str = ""
    token: str = ""
    client_id: str = ""
    client_secret: str = ""
    code: str = ""
    redirect_uri: str = ""


def _allow(actor: Actor, rules: Iterable[str]) -> None:
    """Raises Forbidden for who may not do by hand what the rules do."""
    for name in rules:
        for permission in _NEEDED[name]:
            actor.require(permission)


def sealed(company_id: UUID, row_id: UUID, column: str, text: str) -> bytes | None:
    """None where there is nothing to seal."""
    return ring().seal(text, company_id=company_id, table=TABLE, column=column, row_id=row_id) if text else None


def opened(company_id: UUID, row_id: UUID, column: str, blob: bytes | None) -> str:
    """Empty where there is nothing. Raises SealBroken."""
    return "" if blob is None else ring().open(blob, company_id=company_id, table=TABLE, column=column, row_id=row_id)


def host_of(text: str) -> str | None:
    """The host in what somebody typed, which may be the whole address of a page; None unless it is an account of Kommo."""
    text = text.strip().lower()
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:
        return None
    if host and "." not in host:
        host += ".kommo.com"
    return host if _HOST.fullmatch(host) and not host.startswith("www.") else None


async def connection_in(r: Read, company_id: UUID, lock: str = "") -> Connection | None:
    """The company's, inside a unit of work."""
    row = await r.fetchrow(f"select {_COLUMNS} from kommo_connection where company_id = $1 {lock}", company_id)
    if row is None:
        return None
    mapped = await r.fetch(
        "select m.stage_id, m.pipeline_id, m.status_id from kommo_stage m join stage s on s.company_id = $1 and s.id = m.stage_id"
        " where m.company_id = $1 order by m.stage_id",
        company_id,
    )
    return _connection(row, mapped)


def _connection(row: asyncpg.Record, mapped: list[asyncpg.Record]) -> Connection:
    fields: dict[str, Any] = {**row, "pipelines": msgspec.json.decode(row["pipelines"]), "stages": [dict(one) for one in mapped]}
    return msgspec.convert(fields, Connection)


async def present(r: Read, company_id: UUID, lock: str = "") -> Connection:
    """Raises Conflict `kommo_not_connected`."""
    found = await connection_in(r, company_id, lock)
    if found is None:
        raise KommoError.NOT_CONNECTED()
    return found


async def connection(actor: Actor) -> Connection | None:
    """The company's; None when nothing is connected."""
    async with read(actor, Permission.INTEGRATIONS_READ) as r:
        return await connection_in(r, actor.company_id)


_SAVE = """
insert into kommo_connection(company_id, id, way, host, token, client_id, client_secret, code, redirect_uri, hook_hash, hook_token, state)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'checking')
on conflict (company_id) do update set way = excluded.way, host = excluded.host, token = excluded.token, token_until = null,
    refresh_token = null, client_id = excluded.client_id, client_secret = excluded.client_secret, code = excluded.code,
    redirect_uri = excluded.redirect_uri, hook_hash = excluded.hook_hash, hook_token = excluded.hook_token, hook_state = 'off',
    state = 'checking', state_at = now(), checked_at = null, reason = null, detail = '', rest_until = null, rests = 0,
    version = kommo_connection.version + 1
"""


def _completed(wanted: Wanted, *, sandbox: bool) -> Wanted:
    """With its host as it is called. Raises Invalid."""
    if wanted.way is KommoWay.SANDBOX:
        if not sandbox:
            raise RequestError.INVALID(fields=[KommoField.SANDBOX("way")])
        return Wanted(way=KommoWay.SANDBOX, host=SANDBOX)
    host = SANDBOX if wanted.host == SANDBOX and sandbox else host_of(wanted.host)
    if host is None:
        raise RequestError.INVALID(fields=[KommoField.HOST("host")])
    if wanted.way is KommoWay.TOKEN:
        if not wanted.token:
            raise RequestError.INVALID(fields=[KommoField.TOKEN("token")])
        return Wanted(way=KommoWay.TOKEN, host=host, token=wanted.token)
    if not (wanted.client_id and wanted.client_secret and wanted.code):
        raise RequestError.INVALID(fields=[KommoField.CODE("code")])
    return msgspec.structs.replace(wanted, host=host, token="")


async def save(actor: Actor, wanted: Wanted, *, redirect_uri: str, sandbox: bool, expected: Expected = None) -> Connection:
    """Connects, or connects anew, and starts a check. Another account begins without links: what is one there is another one here.
    Rules and stages stay. `redirect_uri`: where none is given. Raises Invalid, PreconditionFailed, Forbidden for who may not do what the
    rules would do with another account."""
    wanted = _completed(wanted, sandbox=sandbox)
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        before = await connection_in(w, w.company_id, "for update")
        check(before.version if before else 0, expected)
        if before is not None and before.host != wanted.host:
            _allow(actor, [name for name in RULES if getattr(before, name)])
        row_id, hook = before.id if before else uuid7(), new_token()
        token = sandbox_token(w.company_id) if wanted.way is KommoWay.SANDBOX else wanted.token
        await w.execute(
            _SAVE,
            w.company_id,
            row_id,
            wanted.way,
            wanted.host,
            sealed(w.company_id, row_id, "token", token),
            wanted.client_id,
            sealed(w.company_id, row_id, "client_secret", wanted.client_secret),
            sealed(w.company_id, row_id, "code", wanted.code),
            wanted.redirect_uri or redirect_uri,
            digest(hook),
            sealed(w.company_id, row_id, "hook_token", hook),
        )
        if before is not None and before.host != wanted.host:
            await _another_account(w)
        await _listen(w, await present(w, w.company_id))
        w.enqueue(CheckKommo())
        w.audit("kommo.connected", row_id, host=wanted.host, way=wanted.way)
        w.emit(KommoChanged())
        return await present(w, w.company_id)


def sandbox_token(company_id: UUID) -> str:
    """Of one company: what its account holds is nobody else's."""
    return f"sandbox-{company_id.hex}"


async def _another_account(w: Work) -> None:
    await w.execute("delete from kommo_link where company_id = $1", w.company_id)
    await w.execute("delete from kommo_stage where company_id = $1", w.company_id)
    await w.execute(
        "update kommo_connection set account_id = null, account_name = '', pipelines = '[]' where company_id = $1", w.company_id
    )
    await _drop_waiting(w)


async def _drop_waiting(w: Work) -> None:
    await w.execute(
        "update kommo_task set state = 'skipped', reason = $2, note = null, done_at = now() where company_id = $1"
        " and state in ('waiting', 'unknown')",
        w.company_id,
        KommoReason.SWITCHED_OFF,
    )


async def _listen(w: Work, found: Connection) -> None:
    """Asks for the events that its rules need, or for none."""
    kinds: list[type[Event]] = []
    if found.push_contacts:
        kinds.append(ContactsChanged)
    if found.push_leads or found.push_notes:
        kinds.append(LeadChanged)
    if kinds:
        await event_consumers.subscribe(w, CONSUMER, kinds)
    else:
        await event_consumers.unsubscribe(w, CONSUMER)


async def _check_stages(w: Work, found: Connection, stages: list[Mapped]) -> None:
    """Raises Invalid for a stage or a status that is not there."""
    ids = [one.stage_id for one in stages]
    rows = await w.fetch("select id from stage where company_id = $1 and id = any($2::uuid[])", w.company_id, ids)
    known = {row["id"] for row in rows}
    statuses = {(pipeline.id, status.id) for pipeline in found.pipelines for status in pipeline.statuses}
    wrong = []
    for place, one in enumerate(stages):
        if one.stage_id not in known or ids.count(one.stage_id) > 1:
            wrong.append(KommoField.STAGE(f"stages[{place}].stage_id"))
        if (one.pipeline_id, one.status_id) not in statuses:
            wrong.append(KommoField.STATUS(f"stages[{place}].status_id"))
    if wrong:
        raise RequestError.INVALID(fields=wrong)


async def change(actor: Actor, rules: Mapping[str, bool], stages: list[Mapped] | None, expected: Expected = None) -> Connection:
    """Sets rules (names of `RULES`) and, unless None, which status is which stage. What is not given stays. Notes that were written before
    they are sent by a rule stay here. Raises Conflict `kommo_not_connected`, Invalid, PreconditionFailed, Forbidden."""
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        before = await present(w, w.company_id, "for update")
        check(before.version, expected)
        _allow(actor, [name for name, on in rules.items() if on and not getattr(before, name)])
        given = {name: rules.get(name, getattr(before, name)) for name in RULES}
        await w.execute(
            "update kommo_connection set push_contacts = $2, push_leads = $3, push_notes = $4, take_contacts = $5, take_leads = $6,"
            " notes_since = case when $4 and not push_notes then now() else notes_since end, version = version + 1 where company_id = $1",
            w.company_id,
            *given.values(),
        )
        if stages is not None:
            await _check_stages(w, before, stages)
            await w.execute("delete from kommo_stage where company_id = $1", w.company_id)
            await w.execute(
                "insert into kommo_stage(company_id, stage_id, pipeline_id, status_id)"
                " select $1, s, p, t from unnest($2::uuid[], $3::bigint[], $4::bigint[]) m(s, p, t)",
                w.company_id,
                [one.stage_id for one in stages],
                [one.pipeline_id for one in stages],
                [one.status_id for one in stages],
            )
        after = await present(w, w.company_id)
        await _listen(w, after)
        if after.takes != before.takes:  # Kommo is told to call, or not to
            w.enqueue(CheckKommo())
        w.audit("kommo.changed", before.id, **given)
        w.emit(KommoChanged())
        return after


async def test(actor: Actor) -> Connection:
    """Starts a live check; the result comes as an event. Raises Conflict `kommo_not_connected`."""
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        await present(w, w.company_id, "for update")
        await w.execute(
            "update kommo_connection set state = 'checking', state_at = now() where company_id = $1 and state <> 'ready'",
            w.company_id,
        )
        w.enqueue(CheckKommo())
        w.emit(KommoChanged())
        return await present(w, w.company_id)


async def remove(actor: Actor) -> None:
    """Disconnects: secrets, rules and links are forgotten, what waits is not done. Nothing changes in Kommo but that it calls an address
    that is none any more. Without a connection nothing happens."""
    async with work(actor, Permission.INTEGRATIONS_WRITE) as w:
        row_id = await w.fetchval("delete from kommo_connection where company_id = $1 returning id", w.company_id)
        if row_id is None:
            return
        await w.execute("delete from kommo_link where company_id = $1", w.company_id)
        await _drop_waiting(w)
        await event_consumers.unsubscribe(w, CONSUMER)
        w.audit("kommo.removed", row_id)
        w.emit(KommoChanged())


def wake(w: Work, at: datetime | None = None) -> None:
    """Whatever is owed is looked at, now or `at`."""
    w.enqueue(SyncKommo(), at=at)
