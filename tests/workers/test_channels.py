"""Channels over the real clients against the real sandbox, with the real webhook door between them: connect, check, templates,
a customer's answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from api.hooks.asgi import Hooks
from db.ai import connection as ai_connection
from db.channels import actions, signups, templates
from db.channels.enums import ChannelState, SignupState, TemplateCategory, TemplateStatus
from db.channels.errors import SignupFailure
from db.channels.log import entries
from db.channels.queries import ChannelView, channel
from db.channels.queries import template as template_view
from db.channels.queries import templates as template_list
from db.channels.signups import Signup
from db.errors import Conflict, NotFound
from db.jobs import CheckChannel, FinishSignup, MakeSimulator, SandboxControl, SubmitTemplate, SyncTemplates
from db.messages import threads
from db.permissions import Permission
from db.providers.definition import TemplateDraft
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import read
from tests import factories
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
from workers.signups import SignupJobs
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
        async with httpx.AsyncClient(timeout=60) as http:
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
    for _ in range(1200):
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
    played = await ai_connection.connection(owner)
    assert played is not None
    assert (played.provider, played.version) == ("sandbox", 1), "and a model to try personas with"


async def test_without_a_sandbox_no_company_gets_a_channel_that_cannot_send(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    for url, ends in (("", Cancel), ("http://127.0.0.1:1", Retry)):
        jobs = RehearsalJobs(msgspec.structs.replace(outside.settings, sandbox_url=url), outside.wire)
        with pytest.raises(ends):
            await jobs.make_simulator(owner.company_id, MakeSimulator())
    assert not await owner_db.fetchval("select exists (select from channel where company_id = $1)", owner.company_id)


class Window:
    """Meta's window as the sandbox plays it, and the job that ends an attempt."""

    def __init__(self, outside: Outside) -> None:
        self.settings = outside.settings
        self.jobs = SignupJobs(self.settings, outside.wire)

    async def through(self, actor: Actor, outcome: str = "finish", client_id: str = "sandbox", **wrong: str) -> UUID:
        """An attempt that was finished; what the window gave is waiting for the job."""
        begun = await signups.start(actor, "whatsapp", self.settings)
        async with httpx.AsyncClient(base_url=self.settings.sandbox_url, timeout=60) as http:
            answer = await http.post("/connect/finish", json={"client_id": client_id, "business": "Padaria", "outcome": outcome})
        told = answer.json()
        names = {"account_id": "waba_id", "external_id": "phone_number_id", "portfolio_id": "business_id"}
        given = {name: told["data"][theirs] for name, theirs in names.items()}
        assert (await signups.finish(actor, begun.id, **{"code": told["code"], **given, **wrong})).state is SignupState.EXCHANGING
        return begun.id

    async def ended(self, actor: Actor, signup_id: UUID) -> Signup:
        await self.jobs.finish_signup(actor.company_id, FinishSignup(signup_id=signup_id))
        return await signups.signup(actor, signup_id)


async def test_a_number_chosen_in_the_window_becomes_a_channel(
    outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    window = Window(outside)
    attempt = await window.through(owner)
    async with read(worker(owner.company_id), Permission.CHANNELS_READ) as r:
        known = await signups.waiting(r, owner.company_id, attempt)
    assert known is not None
    await window.jobs._redeem(owner.company_id, known)  # and the worker dies: the code is used up
    made = await window.ended(owner, attempt)
    assert (made.state, made.failure) == (SignupState.CONNECTED, None)
    await outside.checks.check_channel(owner.company_id, CheckChannel(channel_id=made.channel_id))
    view = await channel(owner, made.channel_id)
    assert (view.state, view.sandbox, view.name) == (ChannelState.CONNECTED, True, "Padaria")
    assert view.external_id == known.external_id, "the number of the window, not another one of the simulator"
    row = await owner_db.fetchrow("select code, token, pin from channel_signup where id = $1", attempt)
    assert row is not None
    assert (row["code"], row["token"]) == (None, None)
    assert known.pin.encode() not in row["pin"]
    assert await window.ended(owner, attempt) == made, "a second run changes nothing"


@pytest.mark.parametrize(
    ("outcome", "wrong", "failure"),
    [
        ("expired", {}, SignupFailure.CODE_EXPIRED),
        ("no_permission", {}, SignupFailure.NO_PERMISSION),
        ("pin", {}, SignupFailure.PIN_UNKNOWN),
        ("finish", {"external_id": "999999999999999"}, SignupFailure.NO_NUMBER),
        ("finish", {"account_id": "999999999999999"}, SignupFailure.NO_PERMISSION),
        ("finish", {"client_id": "another-app"}, SignupFailure.APP_REFUSED),
    ],
)
async def test_every_way_in_which_the_window_fails_has_its_words(
    outcome: str, wrong: dict[str, str], failure: SignupFailure, outside: Outside, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    window = Window(outside)
    over = await window.ended(owner, await window.through(owner, outcome, **wrong))
    assert (over.state, over.failure) == (SignupState.FAILED, failure)
    assert not await owner_db.fetchval("select exists (select from channel where company_id = $1)", owner.company_id)


async def test_a_number_is_connected_once(outside: Outside, owner: Actor, owner_db: asyncpg.Connection) -> None:
    window = Window(outside)
    attempt = await window.through(owner)
    taken = await owner_db.fetchval("select external_id from channel_signup where id = $1", attempt)
    await factories.channel(owner_db, owner, external_id=taken)
    assert (await window.ended(owner, attempt)).failure is SignupFailure.NUMBER_TAKEN


async def test_an_attempt_is_its_makers_and_is_used_once(outside: Outside, owner: Actor, owner_db: asyncpg.Connection) -> None:
    window = Window(outside)
    attempt = await window.through(owner)
    given = {"code": "x", "account_id": "1", "external_id": "2", "portfolio_id": None}
    with pytest.raises(Conflict):
        await signups.finish(owner, attempt, **given)  # type: ignore[arg-type]
    colleague = msgspec.structs.replace(owner, id=uuid4())
    with pytest.raises(NotFound):
        await signups.finish(colleague, attempt, **given)  # type: ignore[arg-type]
    late = await signups.start(owner, "whatsapp", window.settings)
    await owner_db.execute("update channel_signup set expires_at = now() where id = $1", late.id)
    with pytest.raises(Conflict):
        await signups.finish(owner, late.id, **given)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        await signups.start(owner, "whatsapp", msgspec.structs.replace(outside.settings, meta_app_id=""))


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
