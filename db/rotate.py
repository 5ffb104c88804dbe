"""Seals every kept secret anew with the first key of SECRET_KEYS, so that an old key can be taken out of the ring.

Resumable: rows that the current key sealed already are passed over, each batch is committed on its own, and a row that
somebody changes meanwhile is left to its new value. Refuses to touch a secret that does not open; it is counted and named.
"""

from collections import Counter
from uuid import NAMESPACE_OID, UUID, uuid5

import asyncpg
import msgspec

from db.crypto import KeyRing, SealBroken

SEALED = (
    ("channel", "token"), ("channel", "signing_secret"), ("channel", "talk_secret"), ("channel_signup", "code"), ("channel_signup", "token"),
    ("channel_signup", "pin"), ("mail", "link"),
    ("push_subscription", "target"), ("ai_connection", "key"),
    ("webhook_endpoint", "secret"), ("webhook_endpoint", "old_secret"), ("webhook_endpoint", "legacy_secret"),
    ("incoming_hook", "signing_secret"), ("erased_salt", "salt"), ("receipt_key", "private"),
    ("kommo_connection", "token"), ("kommo_connection", "refresh_token"), ("kommo_connection", "client_secret"), ("kommo_connection", "code"),
    ("kommo_connection", "hook_token"), ("qr_session", "code"), ("qr_session", "uploads"), ("qr_key", "sealed"),
    ("phone_setup", "carrier_secret"), ("phone_setup", "voice_secret"), ("phone_setup", "trunk_secret"),
)  # fmt: skip
"""Every sealed column; each table has company_id and id. A test finds the bytea columns of the schema and compares."""
OF_PEOPLE = ("second_factor", "secret")
"""Sealed too, of a person in place of a company and a row."""
OF_ALL = ("installation_secret", "sealed")
"""Sealed too, one row of the whole installation: what API keys are hashed under (db/accounts/key_hashes.py)."""
ANSWERS = ("idempotency", "body")
"""Sealed too (db/idempotency.py), under the request's key instead of an id, and gone after 24 hours."""

_BATCH = 500


class RotationError(Exception):
    """The database does not let us see the rows."""


class Rotation(msgspec.Struct, kw_only=True):
    """What a run did. `broken`: table, column, company, row of what could not be opened; `keys`: how many secrets each key
    holds now."""

    resealed: int = 0
    broken: list[tuple[str, str, UUID, UUID]] = []
    keys: dict[str, int] = {}

    def sentence(self, current: str) -> str:
        held = ", ".join(f"{key}: {count}" for key, count in sorted(self.keys.items())) or "none"
        text = f"Sealed {self.resealed} secrets anew with key {current}. Secrets by key: {held}."
        if self.broken:
            rows = "; ".join(
                f"{table}.{column} of row {row} in company {company}" for table, column, company, row in self.broken[:10]
            )
            text += f" {len(self.broken)} could not be opened and were left as they are: {rows}."
        elif set(self.keys) <= {current}:
            text += " Every other key can be removed from SECRET_KEYS now."
        return text


async def rotate(dsn: str, ring: KeyRing) -> Rotation:
    """Runs over all companies as the owner of the database. Safe to repeat and to run beside the programs, once they know
    the new key."""
    done = Rotation(broken=[], keys={})
    connection = await asyncpg.connect(dsn)
    try:
        companies = await _companies(connection)
        for table, column in (*SEALED, ANSWERS):
            for company_id in companies:
                await _column(connection, ring, table, column, company_id, done)
        await _of_people(connection, ring, done)
        await _of_all(connection, ring, done)
        done.keys = dict(await _held(connection, ring, companies))
    finally:
        await connection.close()
    return done


async def _companies(connection: asyncpg.Connection) -> list[UUID]:
    """All of them. A managed server's owner is bound by row-level security like anybody; the system role is not."""
    async with connection.transaction():
        await connection.execute("set local role masteria_system")
        return [row["id"] for row in await connection.fetch("select id from company order by id")]


async def _column(
    connection: asyncpg.Connection, ring: KeyRing, table: str, column: str, company_id: UUID, done: Rotation
) -> None:
    key = "key" if (table, column) == ANSWERS else "id"
    after: UUID | str = "" if key == "key" else UUID(int=0)
    while True:
        async with connection.transaction():
            await _inside(connection, company_id)
            rows = await connection.fetch(
                f"select {key}, {column} as blob from {table} where company_id = $1 and {key} > $2 and {column} is not null "
                f"order by {key} limit {_BATCH}",
                company_id,
                after,
            )
            if not rows:
                return
            after = rows[-1][key]
            for row in rows:
                if ring.key_of(row["blob"]) == ring.current:
                    continue
                row_id = _row_id(row[key])
                try:
                    text = ring.open(row["blob"], company_id=company_id, table=table, column=column, row_id=row_id)
                except SealBroken:
                    done.broken.append((table, column, company_id, row_id))
                    continue
                blob = ring.seal(text, company_id=company_id, table=table, column=column, row_id=row_id)
                tag = await connection.execute(
                    f"update {table} set {column} = $4 where company_id = $1 and {key} = $2 and {column} = $3",
                    company_id,
                    row[key],
                    row["blob"],
                    blob,
                )
                done.resealed += tag == "UPDATE 1"


async def _of_people(connection: asyncpg.Connection, ring: KeyRing, done: Rotation) -> None:
    table, column = OF_PEOPLE
    after = UUID(int=0)
    while True:
        async with connection.transaction():
            await connection.execute("set local role masteria_system")
            rows = await connection.fetch(
                f"select user_id, {column} as blob from {table} where user_id > $1 order by user_id limit {_BATCH}", after
            )
            if not rows:
                return
            for row in rows:
                after = row["user_id"]
                if ring.key_of(row["blob"]) == ring.current:
                    continue
                place = {"company_id": after, "table": table, "column": column, "row_id": after}
                try:
                    blob = ring.seal(ring.open(row["blob"], **place), **place)
                except SealBroken:
                    done.broken.append((table, column, after, after))
                    continue
                tag = await connection.execute(
                    f"update {table} set {column} = $3 where user_id = $1 and {column} = $2", after, row["blob"], blob
                )
                done.resealed += tag == "UPDATE 1"


async def _of_all(connection: asyncpg.Connection, ring: KeyRing, done: Rotation) -> None:
    table, column = OF_ALL
    async with connection.transaction():
        await connection.execute("set local role masteria_system")
        blob = await connection.fetchval(f"select {column} from {table}")
        if blob is None or ring.key_of(blob) == ring.current:
            return
        nobody = UUID(int=0)
        try:
            text = ring.open(blob, company_id=nobody, table=table, column=column, row_id=nobody)
        except SealBroken:
            done.broken.append((table, column, nobody, nobody))
            return
        fresh = ring.seal(text, company_id=nobody, table=table, column=column, row_id=nobody)
        tag = await connection.execute(f"update {table} set {column} = $2 where {column} = $1", blob, fresh)
        done.resealed += tag == "UPDATE 1"


def _row_id(key: UUID | str) -> UUID:
    """What the seal of a row is bound to."""
    return uuid5(NAMESPACE_OID, key) if isinstance(key, str) else key


async def _inside(connection: asyncpg.Connection, company_id: UUID) -> None:
    await connection.execute("set local role masteria_app")
    await connection.execute("select set_config('app.company', $1, true)", str(company_id))


async def _held(connection: asyncpg.Connection, ring: KeyRing, companies: list[UUID]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table, column in (*SEALED, ANSWERS):
        for company_id in companies:
            async with connection.transaction():
                await _inside(connection, company_id)
                async for row in connection.cursor(
                    f"select {column} as blob from {table} where company_id = $1 and {column} is not null",
                    company_id,
                ):
                    counts[ring.key_of(row["blob"])] += 1
    async with connection.transaction():
        await connection.execute("set local role masteria_system")
        for table, column in (OF_PEOPLE, OF_ALL):
            async for row in connection.cursor(f"select {column} as blob from {table}"):
                counts[ring.key_of(row["blob"])] += 1
    return counts
