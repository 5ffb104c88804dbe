"""Who is who on both sides, and what each said when they were last in step."""

import hashlib
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.errors import RequestError
from db.kommo.enums import KommoLinkKind
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, read, work


class Facts(NamedTuple):
    """What of a contact both sides keep. Phones in E.164, e-mails in lower case."""

    name: str
    phones: tuple[str, ...]
    emails: tuple[str, ...]

    @property
    def reachable(self) -> bool:
        return bool(self.phones or self.emails)

    @property
    def digest(self) -> str:
        """The same for the same facts, in whatever order they are listed."""
        text = msgspec.json.encode((self.name, sorted(self.phones), sorted(self.emails)))
        return hashlib.sha256(text).hexdigest()[:32]


class Link(NamedTuple):
    local_id: UUID
    kommo_id: int
    ours: str
    theirs: str
    stage_id: UUID | None
    pipeline_id: int | None
    status_id: int | None


class LeadFacts(NamedTuple):
    """A lead as it is here, with the status that stands for its stage; None: none does."""

    title: str
    value_cents: int | None
    contact_id: UUID | None
    board_id: UUID
    stage_id: UUID
    pipeline_id: int | None
    status_id: int | None
    created_at: datetime


_FACTS = """
select c.id, c.name, array(select i.value from contact_identity i where i.company_id = $1 and i.contact_id = c.id and i.kind = 'phone' order by i.id) as phones,
    array(select i.value from contact_identity i where i.company_id = $1 and i.contact_id = c.id and i.kind = 'email' order by i.id) as emails
from contact c where c.company_id = $1 and c.id = any($2::uuid[])
    and not exists (select from erasure e where e.company_id = $1 and e.contact_id = c.id and e.state = 'waiting')
"""
_LEAD = """
select l.title, l.value_cents, l.contact_id, l.board_id, l.stage_id, m.pipeline_id, m.status_id, l.created_at from lead l
left join kommo_stage m on m.company_id = $1 and m.stage_id = l.stage_id where l.company_id = $1 and l.id = $2
"""
_LINK = "select local_id, kommo_id, ours, theirs, stage_id, pipeline_id, status_id from kommo_link where company_id = $1 and kind = $2"
_SET = """
insert into kommo_link(company_id, kind, local_id, kommo_id, ours, theirs, stage_id, pipeline_id, status_id)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (company_id, kind, local_id) do update set kommo_id = excluded.kommo_id, ours = excluded.ours, theirs = excluded.theirs,
    stage_id = excluded.stage_id, pipeline_id = excluded.pipeline_id, status_id = excluded.status_id, synced_at = now()
"""


async def contact_facts(r: Read, ids: list[UUID]) -> dict[UUID, Facts]:
    """Those that are still there, and are not being erased."""
    assert r.actor is not None
    rows = await r.fetch(_FACTS, r.actor.company_id, ids)
    return {row["id"]: Facts(row["name"], tuple(row["phones"]), tuple(row["emails"])) for row in rows}


async def ours(r: Read, ids: list[UUID]) -> dict[UUID, str]:
    """What each was here when it was last written to Kommo."""
    assert r.actor is not None
    rows = await r.fetch(
        "select local_id, ours from kommo_link where company_id = $1 and kind = 'contact' and local_id = any($2::uuid[])",
        r.actor.company_id,
        ids,
    )
    return {row["local_id"]: row["ours"] for row in rows}


async def contact(company_id: UUID, contact_id: UUID) -> tuple[Facts | None, Link | None]:
    """What it is here, and who it is there."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        facts = (await contact_facts(r, [contact_id])).get(contact_id)
        return facts, await of(r, company_id, KommoLinkKind.CONTACT, contact_id)


async def lead(company_id: UUID, lead_id: UUID) -> tuple[LeadFacts | None, Link | None]:
    """The same of a lead."""
    async with read(worker(company_id), Permission.BOARDS_READ) as r:
        row = await r.fetchrow(_LEAD, company_id, lead_id)
        return LeadFacts(*row) if row is not None else None, await of(r, company_id, KommoLinkKind.LEAD, lead_id)


async def of(r: Read, company_id: UUID, kind: KommoLinkKind, local_id: UUID) -> Link | None:
    row = await r.fetchrow(f"{_LINK} and local_id = $3", company_id, kind, local_id)
    return _link(row)


async def of_theirs(r: Read, company_id: UUID, kind: KommoLinkKind, kommo_id: int) -> Link | None:
    """By Kommo's id."""
    return _link(await r.fetchrow(f"{_LINK} and kommo_id = $3", company_id, kind, kommo_id))


def _link(row: asyncpg.Record | None) -> Link | None:
    return None if row is None else Link(*row)


async def by_theirs(company_id: UUID, kind: KommoLinkKind, kommo_id: int) -> Link | None:
    """By Kommo's id, in a transaction of its own."""
    async with read(worker(company_id), Permission.INTEGRATIONS_READ) as r:
        return await of_theirs(r, company_id, kind, kommo_id)


async def taken(company_id: UUID, kind: KommoLinkKind, ids: list[int]) -> set[int]:
    """Those of Kommo's ids that are somebody's here."""
    async with read(worker(company_id), Permission.INTEGRATIONS_READ) as r:
        rows = await r.fetch(
            "select kommo_id from kommo_link where company_id = $1 and kind = $2 and kommo_id = any($3::bigint[])",
            company_id,
            kind,
            ids,
        )
    return {row["kommo_id"] for row in rows}


async def keep(company_id: UUID, kind: KommoLinkKind, link: Link) -> None:
    """Both are one from now on, and in step."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await keep_in(w, kind, link)


async def keep_in(w: Work, kind: KommoLinkKind, link: Link) -> None:
    """The same inside a unit of work. Nothing is kept without a connection, or of a contact that is gone: it was removed, or erased, while
    something was on its way."""
    there = await w.fetchval("select true from kommo_connection where company_id = $1 for share", w.company_id)
    if there and kind is KommoLinkKind.CONTACT:
        there = await w.fetchval(
            "select true from contact where company_id = $1 and id = $2 for key share", w.company_id, link.local_id
        )
    if there:
        # Two of ours turned out to be one there: the newer word counts.
        await w.execute(
            "delete from kommo_link where company_id = $1 and kind = $2 and kommo_id = $3 and local_id <> $4",
            w.company_id,
            kind,
            link.kommo_id,
            link.local_id,
        )
        await w.execute(
            _SET,
            w.company_id,
            kind,
            link.local_id,
            link.kommo_id,
            link.ours,
            link.theirs,
            link.stage_id,
            link.pipeline_id,
            link.status_id,
        )


async def forget(company_id: UUID, kind: KommoLinkKind, local_id: UUID) -> None:
    """One of both is gone."""
    async with work(worker(company_id), Permission.INTEGRATIONS_WRITE) as w:
        await w.execute(
            "delete from kommo_link where company_id = $1 and kind = $2 and local_id = $3", w.company_id, kind, local_id
        )


async def shown(actor: Actor, kind: KommoLinkKind, local_id: UUID) -> tuple[str | None, int | None]:
    """The host that is connected, and the id in Kommo of a contact or lead; None: not connected, not there. Raises NotFound for one that is not
    here either."""
    permission = Permission.CONTACTS_READ if kind is KommoLinkKind.CONTACT else Permission.BOARDS_READ
    async with read(actor, permission) as r:
        if not await r.fetchval(f"select true from {kind.value} where company_id = $1 and id = $2", actor.company_id, local_id):
            raise RequestError.NOT_FOUND(what=kind.value)
        row = await r.fetchrow(
            "select c.host, k.kommo_id from kommo_connection c"
            " left join kommo_link k on k.company_id = c.company_id and k.kind = $2 and k.local_id = $3 where c.company_id = $1",
            actor.company_id,
            kind,
            local_id,
        )
    return (None, None) if row is None else (row["host"], row["kommo_id"])
