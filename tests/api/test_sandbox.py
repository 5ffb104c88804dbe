"""The sandbox over HTTP."""

import asyncpg
import httpx
import msgspec

from db.messages.render import TemplateContent
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.db.channels.factories import (
    envelope,
    make_campaign,
    make_channel,
    make_contact,
    make_message,
    put_inbox,
    text,
)
from workers.inbound import process_inbox


async def test_phones_show_both_sides(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True)
    campaign = await make_campaign(owner_db, owner, channel)
    people = {}
    for number in range(3):
        phone = f"+551198765432{number}"
        people[phone] = await make_contact(owner_db, owner, phone, f"Pessoa {number}")
        await make_message(
            owner_db,
            owner,
            channel,
            phone=phone,
            contact_id=people[phone],
            campaign_id=campaign,
            state=4,
            sent_at=f"2026-09-20T10:0{number}Z",
        )
    await put_inbox(owner_db, owner, channel, envelope(text("Quero", phone="5511987654320", at=1_790_000_000)))
    await process_inbox(owner.company_id)
    headers = await sign_in_as(Role.AGENT)
    base = f"/v1/sandbox/{channel}"
    first = (await client.get(f"{base}/phones?limit=2", headers=headers)).json()
    assert [(item["address"], item["last_kind"], item["last_text"]) for item in first["items"]] == [
        ("+5511987654320", "in", "Quero"),
        ("+5511987654322", "out", "Oi Ana"),
    ]
    rest = (await client.get(f"{base}/phones", params={"cursor": first["next_cursor"]}, headers=headers)).json()
    assert [item["address"] for item in rest["items"]] == ["+5511987654321"]
    by_name = (await client.get(f"{base}/phones?search=pessoa 2", headers=headers)).json()["items"]
    assert [item["address"] for item in by_name] == ["+5511987654322"]
    by_digits = (await client.get(f"{base}/phones?search=4321", headers=headers)).json()["items"]
    assert [item["address"] for item in by_digits] == ["+5511987654321"]
    thread = (await client.get(f"{base}/phones/%2B5511987654320", headers=headers)).json()["items"]
    assert [(item["kind"], item["text"], item["state"]) for item in thread] == [
        ("in", "Quero", None),
        ("out", "Oi Ana", "delivered"),
    ]


async def test_reply_and_behaviour_become_jobs(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True)
    headers = await sign_in_as(Role.AGENT)
    base = f"/v1/sandbox/{channel}"
    answer = await client.post(f"{base}/reply", json={"address": "+5511987654321", "text": "Oi"}, headers=headers)
    assert answer.status_code == 202
    assert (await client.get(f"{base}/behaviour", headers=headers)).json()["delivered_share"] == 0.96
    wild = {"error_5xx_share": 0.2, "latency_ms": 900}
    assert (await client.put(f"{base}/behaviour", json=wild, headers=headers)).status_code == 200
    kept = (await client.get(f"{base}/behaviour", headers=headers)).json()
    assert (kept["error_5xx_share"], kept["latency_ms"], kept["read_share"]) == (0.2, 900, 0.55)
    assert (await client.put(f"{base}/behaviour", json={"error_5xx_share": 2}, headers=headers)).status_code == 422
    verbs = await owner_db.fetch("select payload->>'verb' as v from job where company_id = $1 order by id", owner.company_id)
    assert [row["v"] for row in verbs] == ["reply", "behaviour"]


async def test_a_real_channel_and_a_stranger_have_no_sandbox(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    headers_for: SignInAs,
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    real, sandbox = await make_channel(owner_db, owner), await make_channel(owner_db, owner, sandbox=True)
    headers, other = await sign_in_as(), await headers_for(stranger)
    for channel, who in ((real, headers), (sandbox, other)):
        base = f"/v1/sandbox/{channel}"
        assert (await client.get(f"{base}/phones", headers=who)).status_code == 404
        assert (await client.get(f"{base}/phones/%2B55", headers=who)).status_code == 404
        assert (await client.get(f"{base}/behaviour", headers=who)).status_code == 404
        assert (await client.put(f"{base}/behaviour", json={}, headers=who)).status_code == 404
        assert (await client.post(f"{base}/reply", json={"address": "+55", "text": "x"}, headers=who)).status_code == 404
    viewer = await sign_in_as(Role.VIEWER)
    assert (
        await client.post(f"/v1/sandbox/{sandbox}/reply", json={"address": "+55", "text": "x"}, headers=viewer)
    ).status_code == 403


async def test_a_button_says_what_it_does(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner, sandbox=True)
    campaign = await make_campaign(owner_db, owner, channel)
    buttons = [{"type": "QUICK_REPLY", "text": "Quero"}, {"type": "URL", "text": "Abrir a loja", "url": "https://loja.example"}]
    parts = [{"type": "BODY", "text": "Oi"}, {"type": "BUTTONS", "buttons": buttons}]
    content = TemplateContent("promo", "pt_BR", "marketing", parts, [])
    await owner_db.execute(
        "update campaign set content = $2::jsonb where id = $1", campaign, msgspec.json.encode(content).decode()
    )
    await make_message(owner_db, owner, channel, campaign_id=campaign, state=4, sent_at="2026-09-20T10:00Z")
    shown = await client.get(f"/v1/sandbox/{channel}/phones/%2B5511987654321", headers=await sign_in_as(Role.AGENT))
    assert shown.json()["items"][0]["buttons"] == [
        {"kind": "quick_reply", "text": "Quero"},
        {"kind": "url", "text": "Abrir a loja"},
    ]
