"""What is remembered outside Postgres, so that a database that lost time is noticed and what it forgot can be told to it.

Valkey and a file of DATA_DIR keep the highest beat of the installation; Valkey also keeps, for a minute, which messages were
claimed, written before their first byte goes out. A witness that is lost costs nothing as long as another one is left; one
that comes back older than the database is brought up to date.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import msgspec
import structlog

from db import valkey

log = structlog.get_logger("db.witness")

JOURNAL_SECONDS = 60
"""So long a claim is remembered. A database that lost less than this is told what it forgot; any other is held."""
_NOBODY = UUID(int=0)


class Seen(msgspec.Struct, frozen=True):
    """How far the installation `id` got. `journal_from`: the beat since which every claim is in the journal; None: no journal."""

    id: UUID
    generation: int
    beat: int
    at: datetime
    journal_from: int | None = None


class Claim(NamedTuple):
    """One claimed message as the journal has it."""

    message_id: UUID
    attempt_id: UUID
    contact_id: UUID | None
    epoch: int


class Slice(NamedTuple):
    """The claims of one slice. `campaign_id` None: messages of no campaign."""

    company_id: UUID
    channel_id: UUID
    campaign_id: UUID | None
    claims: list[Claim]


_REMEMBER = """
local known = redis.call('hmget', KEYS[1], 'generation', 'beat')
local generation, beat = tonumber(known[1] or -1), tonumber(known[2] or -1)
if generation == -1 or redis.call('hget', KEYS[1], 'server') ~= ARGV[4] then
    redis.call('hset', KEYS[1], 'journal_from', ARGV[2], 'server', ARGV[4])
end
if tonumber(ARGV[1]) > generation or tonumber(ARGV[1]) == generation and tonumber(ARGV[2]) > beat then
    redis.call('hset', KEYS[1], 'generation', ARGV[1], 'beat', ARGV[2], 'at', ARGV[3])
end
"""

# An empty Valkey learns from whoever writes first; its journal is complete from the next beat on.
_NOTE = """
local generation = redis.call('hget', KEYS[1], 'generation')
if not generation then
    redis.call('hset', KEYS[1], 'generation', ARGV[1], 'beat', ARGV[2], 'at', ARGV[3], 'journal_from', ARGV[2] + 1)
elseif generation ~= ARGV[1] or tonumber(redis.call('hget', KEYS[1], 'barrier') or 0) > tonumber(ARGV[1]) then
    return 0
end
local oldest = redis.call('time')[1] - ARGV[4]
redis.call('xadd', KEYS[2], 'MINID', '~', oldest * 1000, '*', 'd', ARGV[5])
return 1
"""
_remember = valkey.Script(_REMEMBER)
_note = valkey.Script(_NOTE)


def _key(installation: UUID) -> str:
    return f"installation:{installation}"


def _journal(installation: UUID) -> str:
    return f"claims:{installation}"


def _jobs(installation: UUID) -> str:
    return f"jobs:{installation}"


def _file(data_dir: Path) -> Path:
    return data_dir / "installation.json"


async def recall(installation: UUID, data_dir: Path) -> tuple[Seen | None, bool]:
    """The furthest that a witness has seen, and whether all of them could be asked (Valkey answered)."""
    found: list[Seen] = []
    try:
        told = await valkey.client().hgetall(_key(installation))
        server = await _server()
        asked = True
    except valkey.Down:
        told, server, asked = {}, "", False
    if b"generation" in told:
        values = {name.decode(): value.decode() for name, value in told.items()}
        at = datetime.fromisoformat(values["at"])
        # Started anew, it may lack the claims of its last second.
        journal_from = int(values["journal_from"]) if values.get("server") == server else None
        found.append(Seen(installation, int(values["generation"]), int(values["beat"]), at, journal_from))
    try:
        kept = msgspec.json.decode(_file(data_dir).read_bytes(), type=Seen)
        if kept.id == installation:
            found.append(kept)
    except (OSError, msgspec.MsgspecError):
        pass
    return furthest(found), asked


def furthest(found: Iterable[Seen]) -> Seen | None:
    """The newest word, with the journal of whoever has one."""
    seen = list(found)
    if not seen:
        return None
    newest = max(seen, key=lambda one: (one.generation, one.beat))
    journal = next((one.journal_from for one in seen if one.journal_from is not None), None)
    return msgspec.structs.replace(newest, journal_from=journal)


async def remember(seen: Seen, data_dir: Path) -> None:
    """Tells every witness that can be reached. What they know better stays."""
    try:
        await _remember.run([_key(seen.id)], [seen.generation, seen.beat, seen.at.isoformat(), await _server()])
    except valkey.Down:
        pass
    path = _file(data_dir)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_bytes(msgspec.json.encode(msgspec.structs.replace(seen, journal_from=None)))
        partial.replace(path)
    except OSError as error:
        log.warning("witness.no_file", path=str(path), error=repr(error))


async def note(seen: Seen, claimed: Slice) -> bool:
    """Writes claims into the journal; only then may they be sent. False when another generation of the installation has
    begun meanwhile: then they must not be. Raises valkey.Down."""
    packed = b"".join(
        claim.message_id.bytes + claim.attempt_id.bytes + (claim.contact_id or _NOBODY).bytes + claim.epoch.to_bytes(4, "big")
        for claim in claimed.claims
    )
    entry = msgspec.msgpack.encode((claimed.company_id, claimed.channel_id, claimed.campaign_id, packed))
    return await _write(seen, _journal(seen.id), entry)


async def note_job(seen: Seen, company_id: UUID, job_id: UUID) -> bool:
    """The same for a job that somebody outside notices."""
    return await _write(seen, _jobs(seen.id), msgspec.msgpack.encode((company_id, job_id)))


async def _write(seen: Seen, key: str, entry: bytes) -> bool:
    written = await _note.run([_key(seen.id), key], [seen.generation, seen.beat, seen.at.isoformat(), JOURNAL_SECONDS, entry])
    return int(written) == 1


async def started_jobs(installation: UUID) -> list[tuple[UUID, UUID]]:
    """Jobs of the last minute: (company, job). Raises valkey.Down."""
    entries = await valkey.client().xrange(_jobs(installation))
    return [msgspec.msgpack.decode(fields[b"d"], type=tuple[UUID, UUID]) for _, fields in entries]


async def _server() -> str:
    """Changes when Valkey is started anew or another one takes its place."""
    return str((await valkey.client().info("server"))["run_id"])


async def bar(installation: UUID, generation: int) -> None:
    """Closes the journal to every earlier generation. Raises valkey.Down."""
    await valkey.client().hset(_key(installation), "barrier", generation)


async def journal(installation: UUID) -> list[Slice]:
    """Every claim of the last minute, oldest first. Raises valkey.Down."""
    found = []
    for _, fields in await valkey.client().xrange(_journal(installation)):
        company_id, channel_id, campaign_id, packed = msgspec.msgpack.decode(
            fields[b"d"], type=tuple[UUID, UUID, UUID | None, bytes]
        )
        claims = []
        for start in range(0, len(packed), 52):
            message, attempt, contact = (UUID(bytes=packed[start + at : start + at + 16]) for at in (0, 16, 32))
            epoch = int.from_bytes(packed[start + 48 : start + 52], "big")
            claims.append(Claim(message, attempt, None if contact == _NOBODY else contact, epoch))
        found.append(Slice(company_id, channel_id, campaign_id, claims))
    return found
