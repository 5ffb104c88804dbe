"""The webhook door: who gets in, what is kept, what is answered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from api.hooks import quota
from api.hooks.routes import Routes
from db.channels.events import ChannelChanged
from db.channels.secrets import seal
from db.permissions import Permission
from db.providers.meta.signature import sign_meta
from db.providers.twilio.signature import sign_twilio
from db.settings import Settings
from db.tenancy import Actor
from db.work import work
from tests.db.channels.factories import (
    APP_SECRET,
    AUTH_TOKEN,
    envelope,
    make_channel,
    meta_headers,
    status,
    text,
    twilio_form,
    twilio_json,
)

BODY = b'{"object":"whatsapp_business_account","entry":[]}'


async def stored(owner_db: asyncpg.Connection, channel_id: UUID) -> list[asyncpg.Record]:
    return await owner_db.fetch("select * from webhook_inbox where channel_id = $1 order by received_at", channel_id)


async def test_a_signed_post_is_stored_raw_before_the_answer(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    raw = b'{"entry": [], "x":"\\u00e9 \\ud83d\\ude00"}  '
    answer = await hook_client.post(f"/hooks/meta/{channel}", content=raw, headers=meta_headers(raw))
    assert (answer.status_code, answer.text) == (200, "ok")
    rows = await stored(owner_db, channel)
    assert [(row["company_id"], row["source"], row["body"]) for row in rows] == [(owner.company_id, "meta", raw)]


FORGED = [
    ("missing", None),
    ("empty", ""),
    ("no prefix", "0" * 64),
    ("short", "sha256=abc"),
    ("zeros", "sha256=" + "0" * 64),
    ("other secret", sign_meta("another", BODY)),
    ("sha1", "sha1=" + "0" * 40),
    ("other body", sign_meta(APP_SECRET, BODY + b" ")),
    ("not ascii", "sha256=é"),
]


@pytest.mark.parametrize(("name", "signature"), FORGED, ids=[name for name, _ in FORGED])
async def test_a_forged_meta_post_is_refused(
    name: str, signature: str | None, hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = {} if signature is None else {"x-hub-signature-256": signature.encode()}
    answer = await hook_client.post(f"/hooks/meta/{channel}", content=BODY, headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert await stored(owner_db, channel) == []


@pytest.mark.parametrize("guess", ["", "no such channel, and the same work"])
@pytest.mark.parametrize("had_one", [True, False])
async def test_a_channel_without_a_secret_takes_nothing(
    guess: str, had_one: bool, hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    if had_one:
        channel = await make_channel(owner_db, owner)
        assert (await hook_client.post(f"/hooks/meta/{channel}", content=BODY, headers=meta_headers(BODY))).status_code == 200
        await owner_db.execute("delete from webhook_inbox where channel_id = $1", channel)
        await owner_db.execute("update channel set signing_secret = null where id = $1", channel)
        await asyncio.sleep(1.1)
    else:
        channel = await make_channel(owner_db, owner, signing_secret=None)
    for _ in range(2):
        headers = {"x-hub-signature-256": sign_meta(guess, BODY)}
        assert (await hook_client.post(f"/hooks/meta/{channel}", content=BODY, headers=headers)).status_code == 401
    assert await stored(owner_db, channel) == []


async def test_twilio_signs_the_public_address(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, settings: Settings
) -> None:
    channel, attempt = await make_channel(owner_db, owner, "sms"), uuid4()
    path = f"/hooks/twilio/{channel}/status/{attempt}"
    fields = {"MessageSid": "SM1", "MessageStatus": "sent", "New parameter": "ç &=+"}
    body, headers = twilio_form(settings.webhook_url + path, fields)
    answer = await hook_client.post(path, content=body, headers={**headers, "host": "evil.example"})
    assert answer.status_code == 200
    path = f"/hooks/twilio/{channel}/message"
    body, headers = twilio_form(settings.webhook_url + path + "?a=%20b", fields)
    answer = await hook_client.post(path + "?a=%20b", content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/xml; charset=utf-8", "<Response/>")
    url, signature = twilio_json(settings.webhook_url + path, b'{"ok":true}')
    query = url.removeprefix(settings.webhook_url)
    assert (await hook_client.post(query, content=b'{"ok":true}', headers={"x-twilio-signature": signature})).status_code == 200
    rows = await stored(owner_db, channel)
    assert [(row["source"], row["attempt_id"], row["people"]) for row in rows] == [
        ("twilio_status", attempt, False),
        ("twilio_message", None, True),
        ("twilio_message", None, True),
    ]


async def test_meta_tells_what_people_wrote_from_statuses(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    for body in (envelope(status(uuid4(), "read")), envelope(text("Oi")), envelope(status(uuid4(), "read"), text("Oi"))):
        assert (await hook_client.post(f"/hooks/meta/{channel}", content=body, headers=meta_headers(body))).status_code == 200
    assert [row["people"] for row in await stored(owner_db, channel)] == [False, True, True]


async def test_a_forged_twilio_post_is_refused(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, settings: Settings
) -> None:
    channel = await make_channel(owner_db, owner, "sms")
    path = f"/hooks/twilio/{channel}/message"
    form = [("MessageSid", "SM1"), ("From", "+1")]
    good = settings.webhook_url + path
    for url, fields, secret in (
        ("http://evil.example" + path, form, AUTH_TOKEN),  # the Host header's word counts for nothing
        (good + "?x=1", form, AUTH_TOKEN),
        (good, [*form, ("To", "+2")], AUTH_TOKEN),
        (good, form, "another"),
    ):
        headers = {"x-twilio-signature": sign_twilio(secret, url, fields), "host": "evil.example"}
        assert (await hook_client.post(path, content=b"MessageSid=SM1&From=%2B1", headers=headers)).status_code == 403
    assert (await hook_client.post(path, content=b"MessageSid=SM1")).status_code == 403
    assert await stored(owner_db, channel) == []


async def test_addresses_that_lead_nowhere(hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    sms = await make_channel(owner_db, owner, "sms")
    archived = await make_channel(owner_db, owner)
    await owner_db.execute("update channel set archived_at = now() where id = $1", archived)
    paths = [f"/hooks/meta/{uuid4()}", f"/hooks/meta/{sms}", f"/hooks/meta/{archived}", "/hooks/meta/nonsense", "/hooks/x/y"]
    for path in [
        *paths,
        f"/hooks/twilio/{uuid4()}/message",
        f"/hooks/twilio/{sms}/status/nonsense",
        "/hooks/",
        "/hooks/meta/" + "a" * 36,
    ]:
        answer = await hook_client.post(path, content=BODY, headers=meta_headers(BODY))
        assert answer.status_code == 404, path
    assert (await hook_client.put(f"/hooks/meta/{sms}", content=BODY)).status_code == 405
    assert (await hook_client.get(f"/hooks/twilio/{sms}/message")).status_code == 405


async def test_limits(hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    path = f"/hooks/meta/{channel}"
    large = b" " * (3 * 1024 * 1024)
    assert (await hook_client.post(path, content=large, headers=meta_headers(large))).status_code == 200
    large += b" "
    assert (await hook_client.post(path, content=large, headers=meta_headers(large))).status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 100_000

    answer = await hook_client.post(path, content=endless(), headers=meta_headers(BODY))
    assert answer.status_code == 413
    packed = await hook_client.post(path, content=BODY, headers={**meta_headers(BODY), "content-encoding": "gzip"})
    assert packed.status_code == 415


async def test_a_company_beyond_its_share_of_the_day_is_told_when_to_come_back(
    hook_client: httpx.AsyncClient, owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MAX_BYTES_A_DAY", 3 * len(BODY))
    ours, theirs = await make_channel(owner_db, owner), await make_channel(owner_db, stranger)
    for expected in (200, 200, 200, 429):
        answer = await hook_client.post(f"/hooks/meta/{ours}", content=BODY, headers=meta_headers(BODY))
        assert answer.status_code == expected
    assert 0 < int(answer.headers["retry-after"]) <= 3600
    assert len(await stored(owner_db, ours)) == 3
    assert (await hook_client.post(f"/hooks/meta/{theirs}", content=BODY, headers=meta_headers(BODY))).status_code == 200


async def test_metas_challenge(hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-me"}
    answer = await hook_client.get(f"/hooks/meta/{channel}", params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert (await hook_client.get(f"/hooks/meta/{channel}", params={**query, "hub.verify_token": "x"})).status_code == 403
    assert (await hook_client.get(f"/hooks/meta/{channel}", params={**query, "hub.mode": "x"})).status_code == 403
    assert (await hook_client.get(f"/hooks/meta/{uuid4()}", params=query)).status_code == 404


async def test_a_replaced_secret_counts_at_once(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    path = f"/hooks/meta/{channel}"
    assert (await hook_client.post(path, content=BODY, headers=meta_headers(BODY))).status_code == 200
    blob = seal(owner.company_id, channel, "signing_secret", "new-secret-of-tests")
    await owner_db.execute("update channel set signing_secret = $2 where id = $1", channel, blob)
    await asyncio.sleep(1.05)  # at most one look per second
    assert (await hook_client.post(path, content=BODY, headers=meta_headers(BODY, "new-secret-of-tests"))).status_code == 200
    assert (await hook_client.post(path, content=BODY, headers=meta_headers(BODY))).status_code == 401


async def test_many_at_once_share_their_commits(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    bodies = [BODY + b" " * number for number in range(300)]
    answers = await asyncio.gather(
        *(hook_client.post(f"/hooks/meta/{channel}", content=body, headers=meta_headers(body)) for body in bodies)
    )
    assert {answer.status_code for answer in answers} == {200}
    rows = await owner_db.fetch("select body, xmin::text as tx from webhook_inbox where channel_id = $1", channel)
    assert sorted(row["body"] for row in rows) == sorted(bodies)
    assert len({row["tx"] for row in rows}) < len(bodies) * 0.9


async def test_a_channel_that_moved_has_its_new_address_at_once(
    database: Settings, owner: Actor, owner_db: asyncpg.Connection, tmp_path: Path
) -> None:
    channel, archived = await make_channel(owner_db, owner), await make_channel(owner_db, owner)
    pool = await asyncpg.create_pool(database.database_owner_url, min_size=0, max_size=1)
    routes = Routes(pool, tmp_path / "routes")
    following = asyncio.create_task(routes.follow())
    try:
        for one in (channel, archived):
            assert await routes.find(one, "whatsapp") is not None
        await owner_db.execute("update channel set kind = 'whatsapp_qr' where id = $1", channel)
        await owner_db.execute("update channel set archived_at = now() where id = $1", archived)

        async def known() -> list[bool]:
            return [
                await routes.find(*one) is not None
                for one in ((channel, "whatsapp"), (channel, "whatsapp_qr"), (archived, "whatsapp"))
            ]

        assert await known() == [True, False, True]
        for _ in range(200):  # said again: whoever follows may have begun a moment later
            async with work(owner, Permission.CHANNELS_WRITE) as w:
                for one in (channel, archived):
                    w.emit(ChannelChanged(channel_id=one))
            if await known() == [False, True, False]:
                break
            await asyncio.sleep(0.05)
        assert await known() == [False, True, False]
    finally:
        following.cancel()
        pool.terminate()
