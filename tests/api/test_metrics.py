"""What Prometheus reads."""

import asyncpg
import httpx

from db.tenancy import Actor


def _value(body: str, sample: str) -> float:
    return next(float(line.rpartition(" ")[2]) for line in body.splitlines() if line.startswith(sample))


async def test_what_waits_and_what_stands_is_counted(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    before = (await client.get("/metrics")).text
    await owner_db.execute(
        "insert into job(company_id, name, queue, payload, state, max_tries) select $1, 'check_channel', 'default', '{}', 'dead', 1 from generate_series(1, 3)",
        owner.company_id,
    )
    await owner_db.execute(
        "insert into channel(company_id, kind, name, state, account_id, external_id, portfolio_id, sandbox)"
        " select $1, 'sms', 'S', 'error', 'a', n::text, 'p', n = 3 from generate_series(1, 3) n",
        owner.company_id,
    )
    body = (await client.get("/metrics")).text
    for sample, more in (('masteria_count{kind="jobs",state="dead"}', 3), ('masteria_count{kind="channels",state="error"}', 2)):
        assert _value(body, sample) - _value(before, sample) == more
    await owner_db.execute("delete from job where company_id = $1", owner.company_id)
    assert _value((await client.get("/metrics")).text, 'masteria_count{kind="jobs",state="dead"}') == _value(
        before, 'masteria_count{kind="jobs",state="dead"}'
    )
