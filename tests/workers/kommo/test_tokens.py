"""A pair of tokens: had for a code, renewed once however many need it, and never used twice."""

import asyncio
import uuid

import httpx
import pytest

from db.errors import Invalid, PreconditionFailed
from db.kommo import access, connection
from db.kommo.connection import Connection, Wanted, host_of
from db.kommo.enums import KommoState, KommoWay
from tests.workers.kommo.conftest import Here, There


async def _granted(here: Here, there: There, **changes: int) -> Connection:
    """Connected by OAuth to the account that the sandbox plays."""
    await there.change(**changes)
    answer = await there.http.get("/sandbox/accounts")
    account = next(one for one in answer.json()["data"] if one["id"] == there.account)
    wanted = Wanted(
        way=KommoWay.OAUTH,
        host="sandbox",
        client_id=account["client_id"],
        client_secret=account["client_secret"],
        code=account["code"],
    )
    await connection.save(here.actor, wanted, redirect_uri="https://panel.test/", sandbox=True)
    return await here.check()


async def test_a_code_becomes_a_pair_and_works(here: Here, there: There) -> None:
    found = await _granted(here, there)
    assert found.state is KommoState.READY
    assert found.token_until is not None
    row = await here.db.fetchrow("select code, token, refresh_token from kommo_connection where id = $1", found.id)
    assert row["code"] is None
    assert b"at-" not in row["token"] + row["refresh_token"]


async def test_many_who_need_a_new_token_use_the_refresh_token_once(here: Here, there: There) -> None:
    await _granted(here, there, access_seconds=60)  # it ends too soon to be used
    asked: list[int] = []
    kommo = here.jobs._account(here.actor.company_id, "sandbox", "")

    async def exchange(grant: access.Grant) -> access.Pair:
        asked.append(1)
        await there.change(access_seconds=86_400)
        return await kommo.exchange(grant)

    await asyncio.gather(*(access.renew(here.actor.company_id, exchange) for _ in range(6)))
    assert len(asked) == 1
    assert (await here.check()).state is KommoState.READY


async def test_a_pair_that_kommo_ended_early_is_renewed_and_the_work_goes_on(here: Here, there: There) -> None:
    await _granted(here, there)
    before = await here.db.fetchval("select token from kommo_connection where company_id = $1", here.actor.company_id)
    await there.change(access_token="another")
    with pytest.raises(Exception, match="renewed"):
        await here.check()
    assert (await here.check()).state is KommoState.READY
    assert await here.db.fetchval("select token from kommo_connection where company_id = $1", here.actor.company_id) != before


async def test_a_refresh_token_that_was_used_up_stops_the_connection(here: Here, there: There) -> None:
    await _granted(here, there, access_seconds=60)
    await there.change(refresh_token="spent")
    assert (await here.check()).state is KommoState.TOKEN_REFUSED


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("lojaaurora.kommo.com", "lojaaurora.kommo.com"),
        (" https://LojaAurora.kommo.com/leads/pipeline/1 ", "lojaaurora.kommo.com"),
        ("lojaaurora", "lojaaurora.kommo.com"),
        ("aurora.amocrm.ru", "aurora.amocrm.ru"),
        ("www.kommo.com", None),
        ("aurora.kommo.com.evil.test", None),
        ("evil.test#.kommo.com", None),
        ("a@b.kommo.com:22", "b.kommo.com"),
        ("127.0.0.1", None),
        ("a.b.kommo.com", None),
        ("", None),
    ],
)
def test_only_accounts_of_kommo_are_hosts(typed: str, host: str | None) -> None:
    assert host_of(typed) == host


async def test_what_is_missing_is_named_and_somebody_elses_change_is_not_written_over(here: Here) -> None:
    for wanted, field in (
        (Wanted(way=KommoWay.TOKEN, host="example.com", token="x"), "host"),
        (Wanted(way=KommoWay.TOKEN, host="a.kommo.com"), "token"),
        (Wanted(way=KommoWay.OAUTH, host="a.kommo.com"), "code"),
    ):
        with pytest.raises(Invalid) as refused:
            await connection.save(here.actor, wanted, redirect_uri="", sandbox=True)
        assert [one.path for one in refused.value.fields] == [field]
    with pytest.raises(PreconditionFailed):
        await connection.change(here.actor, {"push_leads": True}, None, frozenset({99}))


async def test_the_played_kommo_spends_codes_and_names_what_is_wrong(there: There) -> None:
    base = f"/kommo/{there.account.removeprefix('kommo-')}"
    auth = {"authorization": f"Bearer sandbox-{there.account.removeprefix('kommo-')}"}
    assert (await there.http.get(f"{base}/api/v4/account")).status_code == 401
    answer: httpx.Response = await there.http.get(f"{base}/api/v4/contacts", params={"query": uuid.uuid4().hex}, headers=auth)
    assert answer.status_code == 204
    bad = [{"name": "Ana", "request_id": "c-1"}, {"name": "Bia", "request_id": "c-2", "custom_fields_values": [{"field_id": 9}]}]
    refused = await there.http.post(f"{base}/api/v4/contacts", json=bad, headers=auth)
    assert refused.status_code == 400
    assert refused.json()["validation-errors"][0]["request_id"] == "c-2"
    assert (await there.books())["contacts"] == []
