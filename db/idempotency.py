"""What an `Idempotency-Key` stands for: the first request with a key runs, the same one again gets the first answer.

Answers are kept 24 hours, sealed, since some hold a secret that is shown once. A request whose process died leaves a running
row, which the same request may take over after 60 seconds.
"""

from datetime import datetime
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from db import crypto
from db.enums import Permission
from db.errors import Conflict
from db.tenancy import worker
from db.work import system, work

_CLAIM = """
insert into idempotency as held (company_id, key, request_hash) values ($1, $2, $3)
on conflict (company_id, key) do update
    set request_hash = excluded.request_hash, status = null, body = null, headers = null, created_at = clock_timestamp()
    where held.created_at < now() - interval '24 hours'
    or (held.status is null and held.request_hash = excluded.request_hash and held.created_at < now() - interval '60 seconds')
returning created_at
"""
_HERE = Permission.COMPANY_READ


class Claim(msgspec.Struct, frozen=True):
    """The right to run the request. `at` fences it against a later take-over."""

    company_id: UUID
    key: str
    at: datetime


class Answer(msgspec.Struct, frozen=True):
    """The first answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def _row_id(key: str) -> UUID:
    return uuid5(NAMESPACE_OID, key)


async def claim(company_id: UUID, key: str, request_hash: bytes) -> Claim | Answer:
    """The right to run, or the answer there is. Raises Conflict `idempotency_mismatch` (another request used the key),
    `idempotency_in_progress`."""
    async with work(worker(company_id), _HERE) as w:
        at = await w.fetchval(_CLAIM, company_id, key, request_hash)
        if at is not None:
            return Claim(company_id, key, at)
        row = await w.fetchrow(
            "select request_hash, status, body, headers from idempotency where company_id = $1 and key = $2", company_id, key
        )
    if row is None or (row["request_hash"] == request_hash and row["status"] is None):
        raise Conflict(
            "idempotency_in_progress", "The first request with this key is still running. Try again in a moment.", retry_after=2
        )
    if row["request_hash"] != request_hash:
        raise Conflict("idempotency_mismatch", "This Idempotency-Key was used for another request.")
    body = crypto.ring().open(row["body"], company_id=company_id, table="idempotency", column="body", row_id=_row_id(key))
    return Answer(row["status"], msgspec.json.decode(row["headers"], type=dict[str, str]), body.encode("latin-1"))


async def finish(claim: Claim, answer: Answer) -> None:
    """Keeps the answer, unless the claim was taken over."""
    sealed = crypto.ring().seal(
        answer.body.decode("latin-1"), company_id=claim.company_id, table="idempotency", column="body", row_id=_row_id(claim.key)
    )
    async with work(worker(claim.company_id), _HERE) as w:
        await w.execute(
            "update idempotency set status = $4, body = $5, headers = $6::jsonb where company_id = $1 and key = $2 and created_at = $3 and status is null",
            claim.company_id,
            claim.key,
            claim.at,
            answer.status,
            sealed,
            msgspec.json.encode(answer.headers).decode(),
        )


async def release(claim: Claim) -> None:
    """The request failed and changed nothing: the key may be used again."""
    async with work(worker(claim.company_id), _HERE) as w:
        await w.execute(
            "delete from idempotency where company_id = $1 and key = $2 and created_at = $3 and status is null",
            claim.company_id,
            claim.key,
            claim.at,
        )


async def forget_old() -> int:
    """Deletes what is older than 24 hours; for a daily job."""
    async with system() as s:
        return await s.execute("delete from idempotency where created_at < now() - interval '24 hours'")
