"""What the simulator's model saw, over HTTP: through the real sandbox, and of one company only."""

from pathlib import Path

import asyncpg
import httpx
import msgspec

from db.ai import connection
from db.ai.connection import Settled, sandbox_key
from db.ai.enums import Provider
from db.jobs import SandboxModel
from db.permissions import Role
from db.settings import Settings
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.workers.sandbox.openai.conftest import client as model_client
from tests.workers.sandbox.world import running
from workers.providers.wire import Wire
from workers.sandbox_model import ModelJobs

BASE = "/v1/sandbox/model"


async def test_requests_of_this_company_are_fetched_and_the_model_behaves(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    owner: Actor,
    owner_db: asyncpg.Connection,
    database: Settings,
    tmp_path: Path,
) -> None:
    headers = await sign_in_as(Role.ADMIN)
    assert (await client.get(f"{BASE}/requests", headers=headers)).json()["items"] == []
    assert (await client.post(f"{BASE}/requests/refresh", headers=headers)).status_code == 404  # no simulator is used
    assert (await client.put(f"{BASE}/behaviour", json={}, headers=headers)).status_code == 404
    await connection.save(owner, Settled(provider=Provider.SANDBOX))
    async with running(tmp_path) as sandbox, Wire() as wire:
        jobs = ModelJobs(msgspec.structs.replace(database, sandbox_url=sandbox.base), wire)
        messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Oi"}]
        for key in (sandbox_key(owner.company_id), "sandbox-somebodyelse", "sandbox"):
            async with model_client(sandbox, key) as model:
                await model.chat.completions.create(model="gpt-6-luna", messages=messages)  # type: ignore[arg-type]
        assert (await client.post(f"{BASE}/requests/refresh", headers=headers)).status_code == 202
        await jobs.sandbox_model(owner.company_id, SandboxModel(verb="requests"))
        [seen] = (await client.get(f"{BASE}/requests", headers=headers)).json()["items"]
        assert [(one["role"], one["text"]) for one in seen["messages"]] == [("system", "Be kind."), ("user", "Oi")]
        assert seen["answer"]["text"] == "Olá! Como posso ajudar?"
        assert (seen["kind"], seen["status"], seen["input_tokens"] > 0, seen["problem"]) == ("chat", 200, True, "")

        wanted = {"gullible": True, "trick": "error", "times": 1}
        assert (await client.put(f"{BASE}/behaviour", json=wanted, headers=headers)).status_code == 200
        assert wanted.items() <= (await client.get(f"{BASE}/behaviour", headers=headers)).json().items()
        await jobs.sandbox_model(owner.company_id, SandboxModel(verb="behaviour"))
        shown = (await sandbox.http.get(f"/sandbox/accounts/openai-{owner.company_id.hex}/model")).json()
        assert wanted.items() <= shown.items()
    verbs = await owner_db.fetch(
        "select payload->>'verb' as v from job where company_id = $1 and payload->>'type' = 'SandboxModel'", owner.company_id
    )
    assert sorted(row["v"] for row in verbs) == ["behaviour", "requests"]


async def test_only_who_may_see_the_ai_sees_what_it_read(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as(Role.AGENT)
    assert (await client.get(f"{BASE}/requests", headers=headers)).status_code == 403
    headers = await sign_in_as(Role.MANAGER)
    assert (await client.get(f"{BASE}/requests", headers=headers)).status_code == 200
    assert (await client.put(f"{BASE}/behaviour", json={}, headers=headers)).status_code == 403
