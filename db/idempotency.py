"""What an `Idempotency-Key` stands for: the first request with a key runs, the same one again gets the first answer.

The answer is written in the transaction of the effect, so there is both or neither, whenever a process dies. While the first one
runs an advisory lock of that transaction holds the key; nothing is left behind by a request that fails. Answers are kept 24 hours,
sealed, since some hold a secret that is shown once.
"""

from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from db import crypto
from db.errors import RequestError
from db.tenancy import SELF, worker
from db.work import Read, SystemWork, work

_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('idempotency:' || $1::text || ':' || $2::text, 0))"
_FIND = """
select request_hash, status, body, headers from idempotency
where company_id = $1 and key = $2 and created_at > now() - interval '24 hours'
"""
_KEEP = """
insert into idempotency(company_id, key, request_hash, status, body, headers) values ($1, $2, $3, $4, $5, $6::jsonb)
on conflict (company_id, key) do update set request_hash = excluded.request_hash, status = excluded.status, body = excluded.body,
    headers = excluded.headers, created_at = excluded.created_at
"""


class Answer(msgspec.Struct, frozen=True):
    """The first answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Replayed(Exception):
    """This request was answered before: nothing runs, the first answer is given again."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("This request was answered before.")
        self.answer = answer


class Attempt:
    """One request under a key, inside `one_transaction`, whose first step is `begin`."""

    def __init__(self, company_id: UUID, key: str, request_hash: bytes) -> None:
        self._company_id = company_id
        self._key = key
        self._hash = request_hash
        self._row_id = uuid5(NAMESPACE_OID, key)

    async def begin(self, r: Read) -> None:
        """Takes the key until the end of the transaction. Raises Replayed; Conflict `idempotency_mismatch` (another request used
        the key), `idempotency_in_progress`."""
        if not await r.fetchval(_LOCK, str(self._company_id), self._key):
            raise RequestError.IDEMPOTENCY_IN_PROGRESS(retry_after=2)
        row = await r.fetchrow(
            _FIND, self._company_id, self._key
        )  # after the lock: a statement sees what was committed before it
        if row is None:
            return
        if row["request_hash"] != self._hash:
            raise RequestError.IDEMPOTENCY_MISMATCH()
        body = crypto.ring().open(
            row["body"], company_id=self._company_id, table="idempotency", column="body", row_id=self._row_id
        )
        raise Replayed(Answer(row["status"], msgspec.json.decode(row["headers"], type=dict[str, str]), body.encode("latin-1")))

    async def keep(self, answer: Answer) -> None:
        """Stores the answer, to be committed with the effect."""
        sealed = crypto.ring().seal(
            answer.body.decode("latin-1"),
            company_id=self._company_id,
            table="idempotency",
            column="body",
            row_id=self._row_id,
        )
        async with work(worker(self._company_id), SELF) as w:
            await w.execute(
                _KEEP,
                self._company_id,
                self._key,
                self._hash,
                answer.status,
                sealed,
                msgspec.json.encode(answer.headers).decode(),
            )


async def forget_old(s: SystemWork) -> None:
    """Deletes answers after 24 hours."""
    await s.execute("delete from idempotency where created_at < now() - interval '24 hours'")
