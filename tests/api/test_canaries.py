"""No secret of a channel comes out anywhere: a provider that repeats what it was sent in every error, and then a search through the
whole database, Valkey, the log and every answer of the API for each role."""

import base64
import json
import logging
from collections.abc import AsyncIterator, Iterator
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
import structlog

from db import valkey
from db.campaigns import actions, lifecycle
from db.channels.secrets import seal
from db.jobs import CheckChannel, SubmitTemplate, SyncTemplates
from db.log import configure
from db.permissions import ROLE_PERMISSIONS
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs
from tests.api.test_every_operation import operations
from tests.db.channels.factories import make_channel
from workers.channels import ChannelJobs
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.runtime import Runner
from workers.sandbox.server import Reply, Request, bind, listen
from workers.sending import Lanes
from workers.templates import TemplateJobs

META_TOKEN = "EAACanaryMetaTokenZx1234567890"
APP_SECRET = "c0ffee5ecre7c0ffee5ecre7c0ffee5e"
AUTH_TOKEN = "7w1110c0ffee7w1110c0ffee7w1110c0"
CANARIES = (META_TOKEN, APP_SECRET, AUTH_TOKEN)


def _repeat(request: Request) -> Reply:
    """An error that repeats the caller's credentials, in the envelope of the vendor that is asked."""
    given = request.header(b"authorization")
    if given.startswith("Basic "):
        given = base64.b64decode(given.removeprefix("Basic ")).decode()
        return Reply(400, json.dumps({"code": 20003, "message": f"Authenticate: {given}", "status": 400}).encode())
    said = f"Malformed access token {given}; sent: {request.body.decode()}"
    error = {"message": said, "code": 190, "error_data": {"details": f"access_token={given}"}}
    return Reply(400, json.dumps({"error": error}).encode())


@pytest.fixture
async def echo() -> AsyncIterator[str]:
    """The provider's address."""
    taken = bind("127.0.0.1", 0)
    server, live = await listen(_repeat, taken)
    yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    server.close()
    for connection in list(live):
        connection.close()


class _Lines(logging.Handler):
    """What a program would have written to its log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Lines of the log, written as the programs write them."""
    root = logging.getLogger()
    before, level, defaults = root.handlers[:], root.level, structlog.get_config()
    configure("DEBUG")
    # a logger that is used here for the first time belongs to the tests that follow, too
    structlog.configure(**{**structlog.get_config(), "cache_logger_on_first_use": False})
    handler = _Lines()
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]
    yield handler.lines
    root.handlers[:] = before
    root.setLevel(level)
    structlog.configure(**defaults)


async def _everything(db: asyncpg.Connection) -> AsyncIterator[tuple[str, str]]:
    """Every row of every table as text, with what is bytes as text too."""
    for row in await db.fetch(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1"
    ):
        for found in await db.fetch(f'select t::text as text from "{row["relname"]}" t'):
            yield row["relname"], found["text"]


def _holds(text: str) -> list[str]:
    forms = [form for canary in CANARIES for form in (canary, canary.encode().hex(), base64.b64encode(canary.encode()).decode())]
    return [form for form in forms if form in text]


async def _valkey() -> list[str]:
    store = valkey.client()
    return [f"{key!r} {await store.dump(key)!r}" async for key in store.scan_iter("*")]


async def test_a_provider_that_repeats_secrets_gives_none_away(
    echo: str,
    lines: list[str],
    client: httpx.AsyncClient,
    document: dict[str, object],
    belongings: dict[str, str],
    sign_in_as: SignInAs,
    owner: Actor,
    owner_db: asyncpg.Connection,
    settings: Settings,
) -> None:
    there = msgspec.structs.replace(settings, graph_url=echo, twilio_url=echo)
    meta, sms = await _channels(owner_db, owner)
    template = await factories.template(owner_db, owner, meta)
    await factories.contacts(owner_db, owner, 3, first=1000)
    await owner_db.execute(
        "delete from send_hours where company_id = $1", owner.company_id
    )  # on days on which they hold nothing leaves
    async with Wire(timeout=4, connect_timeout=1) as wire:
        await _use(there, wire, owner, owner_db, meta, sms, template)

    seen = await owner_db.fetch(
        "select state, state_detail, check_result::text as checks from channel where id in ($1, $2)", meta, sms
    )
    assert all(row["state"] == "error" and "[hidden]" in row["state_detail"] for row in seen), "the provider's words are kept"
    assert await owner_db.fetchval("select count(*) from attempt where channel_id in ($1, $2)", meta, sms) > 0
    async for table, text in _everything(owner_db):
        assert not _holds(text), table
    for text in await _valkey():
        assert not _holds(text), text[:200]
    assert lines
    assert not [line for line in lines if _holds(line)]

    values = {**belongings, "channel_id": str(meta), "token": "x"}
    for role in ROLE_PERMISSIONS:
        headers = await sign_in_as(role)
        for method, path, _ in operations(document):
            if method != "GET" or path == "/v1/events":
                continue
            for channel in (meta, sms) if "{channel_id}" in path else (meta,):
                where = path.replace("{channel_id}", str(channel))
                for name, value in values.items():
                    where = where.replace(f"{{{name}}}", value)
                answer = await client.get(where, headers=headers)
                assert not _holds(answer.text), (role, where)


async def _channels(db: asyncpg.Connection, owner: Actor) -> tuple[UUID, UUID]:
    meta = await make_channel(db, owner)
    sms = await make_channel(db, owner, "sms")
    for channel, token, secret in ((meta, META_TOKEN, APP_SECRET), (sms, AUTH_TOKEN, AUTH_TOKEN)):
        await db.execute(
            "update channel set token = $2, signing_secret = $3 where id = $1",
            channel,
            seal(owner.company_id, channel, "token", token),
            seal(owner.company_id, channel, "signing_secret", secret),
        )
    return meta, sms


async def _use(
    settings: Settings, wire: Wire, owner: Actor, db: asyncpg.Connection, meta: UUID, sms: UUID, template: UUID
) -> None:
    """Everything that speaks to a provider, each as its job or lane."""
    checks, submissions = ChannelJobs(settings, wire), TemplateJobs(settings, wire)
    runner = Runner(
        {
            CheckChannel: checks.check_channel,
            SyncTemplates: submissions.sync_templates,
            SubmitTemplate: submissions.submit_template,
        }
    )
    lanes = Lanes(settings, Sender(settings, wire))
    for channel, content in ((meta, template), (sms, None)):
        campaign = await factories.campaign(db, owner, channel, content, body=None if content else "Oi, tudo bem?")
        await actions.launch(owner, campaign, None)
        await lifecycle.prepare(owner.company_id, campaign)
        await lanes.run(owner.company_id, channel, 0)
        await lanes.drain()
    await db.execute("update template set external_id = '1' where id = $1", template)
    draft = await factories.template(db, owner, meta, status="pending")
    for job in (
        SyncTemplates(channel_id=meta),
        SubmitTemplate(template_id=draft, verb="create"),
        SubmitTemplate(template_id=template, verb="delete"),
        CheckChannel(channel_id=meta),
        CheckChannel(channel_id=sms),
    ):
        row = await db.fetchval(
            "insert into job(company_id, id, name, queue, payload, max_tries) values ($1, $2, $3, 'default', $4::jsonb, 5)"
            " returning id",
            owner.company_id,
            uuid4(),
            type(job).__name__,
            msgspec.json.encode(job).decode(),
        )
        assert await runner.run(row) in ("done", "retry", "cancel")
