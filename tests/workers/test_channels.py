"""Channels over the real clients against the real sandbox, with the real webhook door between them: connect, check, templates,
a customer's answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from api.hooks.asgi import Hooks
from db.channels import actions, templates
from db.channels.enums import ChannelState, TemplateCategory, TemplateStatus
from db.channels.log import entries
from db.channels.queries import ChannelView, channel
from db.channels.queries import template as template_view
from db.channels.queries import templates as template_list
from db.jobs import CheckChannel, MakeSimulator, SandboxControl, SubmitTemplate, SyncTemplates
from db.messages import threads
from db.providers.definition import TemplateDraft
from db.settings import Settings
from db.tenancy import Actor
from tests.api.hooks.conftest import client_of
from workers.channels import ChannelJobs
from workers.inbound import process_inbox
from workers.providers.wire import Wire
from workers.rehearsal import RehearsalJobs
from workers.runtime import Cancel, Retry
from workers.sandbox.app import World
from workers.sandbox.config import Settings as SandboxSettings
from workers.sandbox.server import Reply, Request, bind, listen
from workers.sandbox_control import SandboxJobs
from workers.templates import TemplateJobs

PHONE = "+5511987654321"
DRAFT = TemplateDraft(
    name="promo_teste",
    language="pt_BR",
    category=TemplateCategory.MARKETING,
    body="Oi {{1}}, chegou a promoção de {{2}}!",
    body_examples=["Ana", "maio"],
    header="Para {{1}}",
    header_example="Ana",
    footer="Responda SAIR para não receber",
    quick_replies=["Quero", "Sair"],
    url_button=("Abrir", "https://loja.test/{{1}}", "https://loja.test/a"),
)


class Outside:
    """The sandbox, and our webhook door as it sees it."""

    def __init__(self, settings: Settings, world: World, wire: Wire) -> None:
        self.settings, self.world, self.wire = settings, world, wire
        self.checks = ChannelJobs(settings, wire)
        self.templates = TemplateJobs(settings, wire)
        self.control = SandboxJobs(settings, wire)

    async def behave(self, view: ChannelView, **behaviour: object) -> None:
        async with httpx.AsyncClient() as http:
            url = f"{self.settings.sandbox_url}/sandbox/accounts/{view.id.hex}/behaviour"
            assert (await http.put(url, json=behaviour)).status_code == 200

    async def connect(self, actor: Actor, of: str = "whatsapp") -> ChannelView:
        view = await actions.connect_sandbox(actor, kind=of, name="Ensaio")
        await self.checks.check_channel(actor.company_id, CheckChannel(channel_id=view.id))
        return await channel(actor, view.id)


@pytest.fixture(scope="module")
async def outside(database: Settings, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Outside]:
    folder: Path = tmp_path_factory.mktemp("sandbox")
    world = World(SandboxSettings(port=0, smtp_port=0, data=folder, speed=50.0))
    await world.start()
    door = bind("127.0.0.1", 0)
    settings = msgspec.structs.replace(
        database, sandbox_url=world.settings.base_url, webhook_url=f"http://127.0.0.1:{door.getsockname()[1]}"
    )
    async with Hooks(settings).running() as hooks, client_of(hooks) as client, Wire() as wire:

        async def forward(request: Request) -> Reply:
            headers = {name.decode(): value.decode() for name, value in request.headers.items()}
            url = request.path + (f"?{request.query}" if request.query else "")
            answer = await client.request(request.method, url, content=request.body, headers=headers)
            return Reply(answer.status_code, answer.content)

        server, live = await listen(forward, door)
        yield Outside(settings, world, wire)
        await world.stop()
        server.close()
        for connection in list(live):
            connection.close()
        await asyncio.sleep(0)


async def until(company_id: UUID, seen: Callable[[], Awaitable[Any]]) -> Any:
    """Processes what comes in until `seen` answers something."""
    for _ in range(200):
        await process_inbox(company_id)
        if found := await seen():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come")


async def test_a_rehearsal_number_connects_by_itself(outside: Outside, owner: Actor, owner_db: asyncpg.Connection) -> None:
    view = await outside.connect(owner)
    assert (view.state, view.state_reason) == (ChannelState.CONNECTED, None)
    assert view.number is not None
    assert [(line.code, line.ok) for line in view.check] == [
        (code, True) for code in ("token", "number", "quality", "limit", "throughput", "webhook", "templates")
    ]
    assert (view.messaging_limit, view.throughput) == (10_000, 80)
    row = await owner_db.fetchrow("select token, signing_secret, unknown_horizon from channel where id = $1", view.id)
    assert row is not None
    assert row["unknown_horizon"] == 60
    account = outside.world.accounts.by_id[view.id.hex]
    secret = msgspec.to_builtins(account)["token"].encode()
    assert secret not in row["token"]
    lines = await entries(owner, view.id)
    assert [line.kind for line in lines] == ["check"] * 3
    assert all(secret.decode() not in f"{line}" for line in lines)
    again = await outside.connect(owner)
    assert again.external_id != view.external_id


async def test_a_new_company_has_an_approved_text_at_once(outside: Outside, owner: Actor) -> None:
    jobs = RehearsalJobs(outside.settings, outside.wire)
    for _again in range(2):  # a worker that died before it could say that it is done
        await jobs.make_simulator(owner.company_id, MakeSimulator())

    async def approved() -> Any:
        (template,) = await template_list(owner)
        return template if template.status is TemplateStatus.APPROVED else None

    template = await until(owner.company_id, approved)
    assert (template.name, template.channel_name) == ("primeira_mensagem", "Simulador")
    assert (await channel(owner, template.channel_id)).state is ChannelState.CONNECTED


async def test_without_a_sandbox_no_company_gets_a_channel_that_cannot_send(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    for url, ends in (("", Cancel), ("http://127.0.0.1:1", Retry)):
        jobs = RehearsalJobs(msgspec.structs.replace(outside.settings, sandbox_url=url), outside.wire)
        with pytest.raises(ends):
            await jobs.make_simulator(owner.company_id, MakeSimulator())
    assert not await owner_db.fetchval("select exists (select from channel where company_id = $1)", owner.company_id)


async def test_an_sms_rehearsal_number_connects(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner, "sms")
    assert view.state is ChannelState.CONNECTED
    assert [(line.code, line.ok) for line in view.check] == [("token", True), ("sender", True), ("webhook", True)]
    await outside.control.sandbox_control(
        owner.company_id, SandboxControl(channel_id=view.id, verb="reply", params={"address": PHONE, "text": "STOP"})
    )

    async def seen() -> Any:
        return await threads.phones(owner, view.id)

    (phone,) = await until(owner.company_id, seen)
    assert (phone.address, phone.text, phone.kind) == (PHONE, "STOP", "in")


@pytest.mark.parametrize(("state", "reason"), [("expired", "token_invalid"), ("no_permission", "permission")])
async def test_a_bad_token_is_explained(state: str, reason: str, outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    await outside.behave(view, access=state)
    await outside.checks.check_channel(owner.company_id, CheckChannel(channel_id=view.id))
    broken = await channel(owner, view.id)
    assert (broken.state, broken.state_reason) == (ChannelState.ERROR, reason)
    assert [(line.code, line.ok, line.reason) for line in broken.check] == [("token", False, reason)]
    assert any(not line.ok and line.http_status in (400, 401, 403) for line in await entries(owner, view.id))
    await outside.behave(view, access="valid")
    await outside.checks.check_channel(owner.company_id, CheckChannel(channel_id=view.id))
    assert (await channel(owner, view.id)).state is ChannelState.CONNECTED


async def test_a_provider_that_is_away_proves_nothing(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    async with Wire() as wire:
        away = ChannelJobs(msgspec.structs.replace(outside.settings, sandbox_url="http://127.0.0.1:1"), wire)
        with pytest.raises(Retry):
            await away.check_channel(owner.company_id, CheckChannel(channel_id=view.id))
        assert (await channel(owner, view.id)).state is ChannelState.CONNECTED
        fresh = await actions.connect_sandbox(owner, kind="whatsapp", name="Nova")
        with pytest.raises(Retry):
            await away.check_channel(owner.company_id, CheckChannel(channel_id=fresh.id))
        waiting = await channel(owner, fresh.id)
        assert (waiting.state, waiting.state_reason) == (ChannelState.ERROR, "network")


async def test_a_pause_outlives_a_check(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    await actions.pause(owner, view.id)
    await outside.checks.check_channel(owner.company_id, CheckChannel(channel_id=view.id))
    assert (await channel(owner, view.id)).state is ChannelState.PAUSED
    assert (await actions.resume(owner, view.id)).state is ChannelState.CONNECTED
    await actions.archive(owner, view.id)
    with pytest.raises(Cancel):
        await outside.checks.check_channel(owner.company_id, CheckChannel(channel_id=view.id))


async def test_a_template_is_written_reviewed_and_deleted(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    await outside.behave(view, review_seconds=[5, 6])
    template_id = (await templates.create(owner, view.id, DRAFT)).id
    job = SubmitTemplate(template_id=template_id, verb="create")
    await outside.templates.submit_template(owner.company_id, job)
    pending = await template_view(owner, template_id)
    assert (pending.status, pending.problem) == (TemplateStatus.PENDING, None)
    assert pending.placeholders == ["header.1", "1", "2", "button.2.1"]

    async def approved() -> bool:
        return (await template_view(owner, template_id)).status is TemplateStatus.APPROVED

    await until(owner.company_id, approved)
    await outside.templates.submit_template(owner.company_id, job)  # a second run does nothing
    await templates.delete(owner, template_id)
    assert await template_list(owner, channel_id=view.id) == []
    await outside.templates.submit_template(owner.company_id, SubmitTemplate(template_id=template_id, verb="delete"))
    await outside.templates.sync_templates(owner.company_id, SyncTemplates(channel_id=view.id))
    assert await template_list(owner, channel_id=view.id) == []


async def test_a_template_that_was_made_before_the_answer_got_lost_is_adopted(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    view = await outside.connect(owner)
    template_id = (await templates.create(owner, view.id, DRAFT)).id
    job = SubmitTemplate(template_id=template_id, verb="create")
    await outside.templates.submit_template(owner.company_id, job)
    first = await owner_db.fetchval("select external_id from template where id = $1", template_id)
    await owner_db.execute("update template set external_id = null where id = $1", template_id)
    await outside.templates.submit_template(owner.company_id, job)
    assert await owner_db.fetchval("select external_id from template where id = $1", template_id) == first


async def test_a_customer_answers(outside: Outside, owner: Actor) -> None:
    view = await outside.connect(owner)
    await actions.sandbox_reply(owner, view.id, PHONE, "Tenho interesse")
    await outside.control.sandbox_control(
        owner.company_id, SandboxControl(channel_id=view.id, verb="reply", params={"address": PHONE, "text": "Tenho interesse"})
    )

    async def seen() -> Any:
        return await threads.thread(owner, view.id, PHONE)

    (entry,) = await until(owner.company_id, seen)
    assert (entry.kind, entry.text) == ("in", "Tenho interesse")
    with pytest.raises(Cancel):
        await outside.control.sandbox_control(
            owner.company_id, SandboxControl(channel_id=view.id, verb="reply", params={"address": "x", "text": "?"})
        )
