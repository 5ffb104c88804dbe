"""What is held over HTTP: who may see it, who may decide, and that a repeated decision is one."""

import asyncpg
import httpx

from db.clock import now
from db.holds import actions as holds
from db.holds.enums import HoldCause
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs, bearer


async def held(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    await factories.campaign(owner_db, owner, channel, name="Black Friday", state="paused", body="Oi")
    await holds._hold(owner.company_id, HoldCause.RESTORE, now(), 2)


async def test_the_owner_sees_it_and_decides(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    auth = await bearer(owner_db, owner)
    assert (await client.get("/v1/me", headers=auth)).json()["held"] is False
    assert (await client.get("/v1/holds", headers=auth)).json() == {"holds": []}
    await held(owner_db, owner)
    assert (await client.get("/v1/me", headers=auth)).json()["held"] is True
    (hold,) = (await client.get("/v1/holds", headers=auth)).json()["holds"]
    (item,) = hold["items"]
    assert (hold["cause"], item["kind"], item["name"], item["before"], item["settled"]) == (
        "restore", "campaign", "Black Friday", "paused", 0,
    )  # fmt: skip
    path, body = f"/v1/holds/{hold['id']}/decide", {"items": [item["id"]], "decision": "discarded"}
    nothing = await client.post(path, headers=auth, json={**body, "items": []})
    assert nothing.status_code == 422
    first = await client.post(path, headers={**auth, "Idempotency-Key": "a"}, json=body)
    again = await client.post(path, headers={**auth, "Idempotency-Key": "a"}, json=body)
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (200, {"holds": []})
    late = await client.post(path, headers=auth, json=body)
    assert (late.status_code, late.json()["code"]) == (409, "already_decided")
    assert await owner_db.fetchval("select state from campaign where company_id = $1", owner.company_id) == "cancelled"
    actions = await owner_db.fetch("select action from audit_log where company_id = $1 order by at", owner.company_id)
    assert {"hold.made", "campaign.held", "hold.discarded", "campaign.discarded"} <= {row["action"] for row in actions}


async def test_a_manager_may_not(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    answer = await client.get("/v1/holds", headers=await sign_in_as(Role.MANAGER))
    assert answer.status_code == 403
