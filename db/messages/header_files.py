"""The picture, film or document at the head of a template: a file of ours, which the channel's provider must know before a message names it.

A provider keeps a file for a time, so it is handed over when something is to go and it does not have it, or will not for long. Whoever needs
one says `want`; the job `SendFile` hands it over. Many messages may name one file: no message takes it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.clock import now
from db.jobs import SendFile
from db.messages import render
from db.messages.render import Content, TemplateContent
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, Work, read, work

FRESH = timedelta(hours=10)
"""So long the provider must still know the file when a message that names it goes."""
HAS = """(k.header_file_id is null or exists (select from handed_file h where h.company_id = k.company_id and h.channel_id = k.channel_id
    and h.file_id = k.header_file_id and h.media_until > now() + interval '10 hours'))"""
"""SQL: whether the provider has the file of campaign `k`, and will for long enough."""
_WANT = """
insert into handed_file as h (company_id, channel_id, file_id) values ($1, $2, $3)
on conflict (company_id, channel_id, file_id) do update set refused = false, media = null, media_until = null
    where h.refused or coalesce(h.media_until, '-infinity') <= $4
"""
_KNOWN = """
select file_id, case when media_until > $4 then media end as media, refused from handed_file
where company_id = $1 and channel_id = $2 and file_id = any($3::uuid[])
"""
_WANTED = """
select h.channel_id, f.key, f.mime_type, f.name, f.state = 'stored' as stored from handed_file h
join message_file f on f.company_id = $1 and f.id = h.file_id
where h.company_id = $1 and h.file_id = $2 and not h.refused and coalesce(h.media_until, '-infinity') <= $3
"""
_HANDED = """
update handed_file set media = $4, media_until = coalesce($5::timestamptz, 'infinity'), refused = false
where company_id = $1 and channel_id = $2 and file_id = $3
"""
_REFUSE = "update handed_file set refused = true, media = null, media_until = null where company_id = $1 and channel_id = $2 and file_id = $3"


class Known(NamedTuple):
    """What a channel's provider knows a file by; None: it does not have it. `refused`: it does not take it."""

    media: str | None
    refused: bool


class Wanted(NamedTuple):
    """A file that a channel's provider is to have. `stored`: it is there to be handed over."""

    channel_id: UUID
    key: str
    mime_type: str
    name: str | None
    stored: bool


def of(content: Content | None) -> UUID | None:
    """The file that a message names at its head."""
    if not isinstance(content, TemplateContent):
        return None
    return next((slot.file for slot in content.slots if slot.file is not None), None)


def named(content: str | None) -> UUID | None:
    """As `of`, for content as it is stored."""
    return of(render.decode(content)) if content is not None and '"file"' in content else None


def filled(content: str, media: str) -> str:
    """Stored content with what the provider knows its file by."""
    decoded = render.decode(content)
    assert isinstance(decoded, TemplateContent)
    slots = [slot if slot.file is None else render.Slot(slot.placeholder, constant=media) for slot in decoded.slots]
    return render.encode(msgspec.structs.replace(decoded, slots=slots))


async def want(w: Work, channel_id: UUID, file_id: UUID) -> None:
    """Has the provider know it. Harmless where it does, or is about to; what it refused is tried again."""
    await w.execute(_WANT, w.company_id, channel_id, file_id, now() + FRESH)
    w.enqueue(SendFile(file_id=file_id))


async def known(r: Read, channel_id: UUID, file_ids: Collection[UUID]) -> Mapping[UUID, Known]:
    """Those that were asked for."""
    assert r.actor is not None
    rows = await r.fetch(_KNOWN, r.actor.company_id, channel_id, list(file_ids), now() + FRESH)
    return {row["file_id"]: Known(row["media"], row["refused"]) for row in rows}


async def wanted(company_id: UUID, file_id: UUID) -> list[Wanted]:
    """Where it has to be handed over."""
    async with read(worker(company_id), Permission.MESSAGES_SEND) as r:
        return [Wanted(*row) for row in await r.fetch(_WANTED, company_id, file_id, now() + FRESH)]


async def handed_over(company_id: UUID, channel_id: UUID, file_id: UUID, media: str, until: datetime | None) -> None:
    """The provider has it. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        await w.execute(_HANDED, company_id, channel_id, file_id, media, until)


async def refuse(w: Work, channel_id: UUID, file_id: UUID) -> None:
    """The provider does not take it, or knows it no longer."""
    await w.execute(_REFUSE, w.company_id, channel_id, file_id)
