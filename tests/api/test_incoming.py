"""The address of a hook: who may post, and what is answered."""

import base64
import hashlib
import hmac
import time
from collections import OrderedDict
from uuid import UUID

import asyncpg
import httpx
import pytest

from api import incoming
from api.rate_limit import Strangers
from db.allowances import Bucket
from db.incoming.payload import MAX_BODY
from tests.api.conftest import SignInAs

BODY = b'{"cliente": {"nome": "Ana"}, "senha": "s3gredo"}'


async def made(client: httpx.AsyncClient, sign_in_as: SignInAs) -> tuple[str, str, dict[str, str]]:
    """The hook's id, the path of its address, and headers of who made it."""
    auth = await sign_in_as()
    answer = await client.post("/v1/incoming-hooks", json={"name": "Site"}, headers=auth)
    assert answer.status_code == 201, answer.text
    return answer.json()["hook"]["id"], httpx.URL(answer.json()["url"]).path, auth


async def test_what_is_posted_is_stored_before_the_answer_and_shown_without_secrets(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    hook, path, auth = await made(client, sign_in_as)
    posted = await client.post(f"{path}?utm=1", content=BODY, headers={"content-type": "text/plain"})
    assert posted.status_code == 200, posted.text
    delivery = UUID(posted.json()["id"])
    assert (
        await owner_db.fetchval(
            "select count(*) from job where name = 'RunIncoming' and payload->>'delivery_id' = $1", str(delivery)
        )
        == 1
    )
    shown = (await client.get(f"/v1/incoming-hooks/{hook}/deliveries/{delivery}", headers=auth)).json()
    assert shown["payload"] == {"cliente": {"nome": "Ana"}, "senha": "•••"}
    assert "s3gredo" not in str(await owner_db.fetchval("select payload from incoming_delivery where id = $1", delivery))
    garbage = await client.post(path, content=b"\xff\x00garbage")
    assert garbage.status_code == 200
    page = (await client.get(f"/v1/incoming-hooks/{hook}/deliveries", params={"state": "failed"}, headers=auth)).json()
    assert [one["problems"][0]["code"] for one in page["items"]] == ["body_unreadable"]


async def test_no_address_no_room_and_too_much(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, path, auth = await made(client, sign_in_as)
    assert (await client.post(path[:-1] + ("A" if path[-1] != "A" else "B"), content=BODY)).status_code == 404
    assert (await client.post(path, content=b"x" * (MAX_BODY + 1))).status_code == 413
    renewed = await client.post(f"/v1/incoming-hooks/{hook}/renew-address", headers=auth)
    assert (await client.post(path, content=BODY)).status_code == 404
    path = httpx.URL(renewed.json()["url"]).path
    for name in ("DAY", "RATE"):  # of the company, and of the hook
        with monkeypatch.context() as patched:
            patched.setattr(incoming, name, Bucket(f"incoming-hook-test-{name}", 1, 0.001))
            assert (await client.post(path, content=BODY)).status_code == 200
            refused = await client.post(path, content=BODY)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) > 0
    await client.delete(f"/v1/incoming-hooks/{hook}", headers=auth)
    assert (await client.post(path, content=BODY)).status_code == 404


@pytest.mark.parametrize("encoding", ["hex", "base64"])
async def test_a_signature_that_is_asked_for_is_checked(client: httpx.AsyncClient, sign_in_as: SignInAs, encoding: str) -> None:
    hook, path, auth = await made(client, sign_in_as)
    change = {"signature_header": "X-Loja-Signature", "signature_prefix": "sha256=", "signature_encoding": encoding}
    changed = await client.patch(f"/v1/incoming-hooks/{hook}", json=change, headers=auth)
    assert changed.status_code == 200, changed.text
    digest = hmac.digest(b"segredo-longo", BODY, hashlib.sha256)
    right = "sha256=" + (digest.hex() if encoding == "hex" else base64.b64encode(digest).decode())

    async def status(signature: str | None, body: bytes = BODY) -> int:
        headers = {} if signature is None else {"X-Loja-Signature": signature}
        return (await client.post(path, content=body, headers=headers)).status_code

    assert await status(right) == 401, "without a secret nothing is right"
    await client.patch(f"/v1/incoming-hooks/{hook}", json={"secret": "segredo-longo"}, headers=auth)
    assert await status(right) == 200
    for wrong in (None, "", right[7:], right[:-2] + "00", "sha256=é"):
        assert await status(wrong if wrong != "sha256=é" else "sha256=%C3") == 401
    assert await status(right, BODY + b" ") == 401
    await client.patch(f"/v1/incoming-hooks/{hook}", json={"signature_header": None}, headers=auth)
    assert await status(None) == 200


async def test_who_cannot_sign_takes_no_room_from_the_companys_other_hooks(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, signed, auth = await made(client, sign_in_as)
    made_too = await client.post("/v1/incoming-hooks", json={"name": "Outro"}, headers=auth)
    other = httpx.URL(made_too.json()["url"]).path
    change = {"signature_header": "X-Loja-Signature", "secret": "segredo-longo"}
    assert (await client.patch(f"/v1/incoming-hooks/{hook}", json=change, headers=auth)).status_code == 200
    monkeypatch.setattr(incoming, "DAY", Bucket("incoming-hook-test-unsigned", 2, 0.001))
    for _ in range(4):
        assert (await client.post(signed, content=BODY, headers={"X-Loja-Signature": "00"})).status_code == 401
    assert [(await client.post(other, content=BODY)).status_code for _ in range(3)] == [200, 200, 429]


async def test_wrong_addresses_of_a_neighbour_lock_out_no_hook(
    client: httpx.AsyncClient, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many companies' forms post from the addresses of one service."""
    _, path, _ = await made(client, sign_in_as)
    assert (await client.post(path, content=BODY)).status_code == 200

    class Waiting(OrderedDict[str, float]):
        def get(self, *_: object) -> float:  # type: ignore[override]
            return time.monotonic() + 60

    monkeypatch.setattr(Strangers, "_until", Waiting())
    assert (await client.post(f"{path}x", content=BODY)).status_code == 429
    assert (await client.post(path, content=BODY)).status_code == 200
