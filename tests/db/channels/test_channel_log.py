"""The channel log: redaction, order, the merge with attempts, and who may read it."""

import asyncpg
import pytest

from db.channels.log import LIMIT, entries, record, shown
from db.errors import NotFound
from db.permissions import Permission
from db.redact import HIDDEN
from db.tenancy import Actor, worker
from db.work import work
from tests.db.channels.factories import make_channel, make_message, put_inbox

SECRET = "EAAGm0PX4ZCpsBAKZC1234567890"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f'{{"access_token":"{SECRET}"}}',
        f"{{'app_secret': '{SECRET}'}}",
        f"https://graph.test/me?access_token={SECRET}&x=1",
        f"Basic {SECRET}==",
        f'{{"error":{{"message":"Malformed access token {SECRET}"}}}}',
        f"auth_token = {SECRET}",
        f'"X-Hub-Signature-256": "sha256={SECRET}"',
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str) -> None:
    kept = shown(text)
    assert kept is not None
    assert SECRET not in kept
    assert HIDDEN in kept


def test_known_secrets_are_hidden_and_texts_are_cut() -> None:
    assert shown("a plain-secret b", ["plain-secret"]) == f"a {HIDDEN} b"
    assert len((shown("ç" * 5000) or "").encode()) <= LIMIT
    assert shown("a\0b") == "ab"
    assert shown(None) is None
    assert shown('{"tokens":3,"name":"promo"}') == '{"tokens":3,"name":"promo"}'


async def test_the_log_shows_every_exchange_newest_first(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    channel, other = await make_channel(owner_db, owner), await make_channel(owner_db, owner)
    async with work(worker(owner.company_id), Permission.CHANNELS_WRITE) as w:
        await record(w, channel, "check", True, "Number read", 200, None, 12, "GET /1", '{"token":"abcdefgh"}')
    await make_message(owner_db, owner, channel, state=3, provider_id="wamid.1")
    await make_message(owner_db, owner, other, state=3)
    await make_message(owner_db, owner, channel, state=2)
    dead = await put_inbox(owner_db, owner, channel, b"<html>", "meta")
    await owner_db.execute("update webhook_inbox set tries = 5, error = 'not JSON' where id = $1", dead)
    lines = await entries(owner, channel)
    assert [(line.kind, line.ok) for line in lines] == [("webhook", False), ("send", False), ("send", True), ("check", True)]
    assert lines[3].response == f'{{"token":"{HIDDEN}"}}'
    assert "wamid.1" in (lines[2].request or "")
    assert [line.id for line in await entries(owner, channel, before=lines[1].id, limit=1)] == [lines[2].id]
    assert [line.kind for line in await entries(owner, channel, ok=False)] == ["webhook", "send"]
    assert [line.kind for line in await entries(owner, channel, kind="send", ok=True)] == ["send"]
    assert [line.kind for line in await entries(owner, channel, kind="check")] == ["check"]
    with pytest.raises(NotFound):
        await entries(stranger, channel)
