"""The API in process over the embedded servers, and ways to be somebody."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
from litestar import Litestar

from api import rate_limit
from api.auth import guard, oidc
from db import valkey
from db.accounts import mails
from db.accounts.identify import new_session_token
from db.accounts.passwords import hash_password
from db.crypto import digest
from db.permissions import Permission, Role, held
from db.tenancy import Actor
from tests.api.belongings import belongings_of
from tests.api.elsewhere import Elsewhere
from tests.api.schemas import Schemas
from workers.sandbox.app import World
from workers.sandbox.config import Settings as SandboxSettings

PASSWORD = "cavalo-azul-42"
Headers = dict[str, str]
SignInAs = Callable[..., Awaitable[Headers]]


async def fill_budgets() -> None:
    """Nobody has asked for anything yet."""
    if keys := await valkey.client().keys("limit:*"):
        await valkey.client().delete(*keys)


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody: requests without a token. Allowances and remembered tokens start fresh."""
    await fill_budgets()
    guard.forget_all()
    guard._once_valid.clear()
    rate_limit.Strangers._until.clear()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        yield client


async def bearer(owner_db: asyncpg.Connection, actor: Actor) -> Headers:
    """Headers of a fresh session (user) or key (api_key) of the actor, written straight into the tables."""
    if actor.kind == "api_key":
        prefix = f"mia_live_{uuid4().hex[:8]}"
        token = f"{prefix}_{new_session_token().removeprefix('mia_s_')}"
        await owner_db.execute(
            "insert into api_key(company_id, name, prefix, secret_hash, scopes, created_by) values ($1, 'Test key', $2, $3, $4, "
            "coalesce($5, (select user_id from membership where company_id = $1 and role = 'owner' limit 1)))",
            actor.company_id,
            prefix,
            digest(token),
            sorted(actor.permissions),
            actor.maker_id,
        )
    else:
        token = new_session_token()
        await owner_db.execute(
            "insert into session(company_id, token_hash, user_id, expires_at) values ($1, $2, $3, now() + interval '1 day')",
            actor.company_id,
            digest(token),
            actor.id,
        )
    return {"Authorization": f"Bearer {token}"}


async def links_mailed(owner_db: asyncpg.Connection, email: str) -> list[str]:
    """The links of the mails to an address that wait to be sent, oldest first."""
    rows = await owner_db.fetch("select company_id, id from mail where recipient = $1 order by id", email)
    found = [await mails.waiting(row["company_id"], row["id"]) for row in rows]
    return [mail.link for mail in found if mail is not None]


async def custom_role(owner_db: asyncpg.Connection, company: Actor, picked: Collection[Permission], name: str = "") -> UUID:
    """A role of the company's own."""
    return await owner_db.fetchval(
        "insert into custom_role(company_id, name, permissions) values ($1, $2, $3) returning id",
        company.company_id,
        name or f"Papel {uuid4().hex[:8]}",
        sorted(picked),
    )


async def make_member(
    owner_db: asyncpg.Connection,
    company: Actor,
    role: Role,
    password: str | None = None,
    *,
    picked: Collection[Permission] = (),
    role_id: UUID | None = None,
) -> Actor:
    """Another person of the company. `picked`, `role_id`: with `custom`, a new role of these permissions, or which."""
    if role is Role.CUSTOM and role_id is None:
        role_id = await custom_role(owner_db, company, picked)
    stored = await hash_password(password) if password else "x"
    user_id = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, $2, $3) returning id",
        f"{uuid4().hex}@example.com",
        f"Pessoa {role.value}",
        stored,
    )
    await owner_db.execute(
        "insert into membership(company_id, user_id, role, role_id) values ($1, $2, $3, $4)",
        company.company_id,
        user_id,
        role.value,
        role_id,
    )
    given = held(role, sorted(picked))
    return Actor(company_id=company.company_id, kind="user", id=user_id, role=role, role_id=role_id, permissions=given)


@pytest.fixture
async def elsewhere(
    client: httpx.AsyncClient, app: Litestar, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Elsewhere]:
    world = World(SandboxSettings(port=0, smtp_port=-1, data=tmp_path_factory.mktemp("sandbox")))
    await world.start()
    oidc._known.clear()
    settings = msgspec.structs.replace(app.state.settings, sandbox_url=world.settings.base_url)
    monkeypatch.setattr(app.state, "settings", settings)
    async with httpx.AsyncClient(base_url=world.settings.base_url, timeout=60) as browser:
        yield Elsewhere(client, browser)
    await world.stop()


@pytest.fixture
async def ana(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    """An owner with a password and a verified address."""
    actor = await make_member(owner_db, owner, Role.OWNER, PASSWORD)
    await owner_db.execute("update account_user set email_verified_at = now(), email = email || '.test' where id = $1", actor.id)
    return actor


@pytest.fixture
def headers_for(owner_db: asyncpg.Connection) -> SignInAs:
    """`await headers_for(actor)`: Authorization of that actor."""

    async def headers(actor: Actor) -> Headers:
        return await bearer(owner_db, actor)

    return headers


@pytest.fixture
def sign_in_as(owner_db: asyncpg.Connection, owner: Actor) -> SignInAs:
    """`await sign_in_as(Role.AGENT)`: a member of `owner`'s company; `sign_in_as(picked=[...])`: one with
    a role of the company's own; `sign_in_as(scopes=[...])`: an API key of it."""

    async def sign_in(
        role: Role = Role.OWNER, scopes: list[Permission] | None = None, picked: Collection[Permission] | None = None
    ) -> Headers:
        if picked is not None:
            return await bearer(owner_db, await make_member(owner_db, owner, Role.CUSTOM, picked=picked))
        if scopes is not None:
            key = msgspec.structs.replace(owner, kind="api_key", id=None, role=None, permissions=frozenset(scopes))
            return await bearer(owner_db, key)
        return await bearer(owner_db, owner if role is Role.OWNER else await make_member(owner_db, owner, role))

    return sign_in


@pytest.fixture(scope="session")
async def document(app: Litestar) -> dict[str, Any]:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        return (await client.get("/v1/openapi.json")).raise_for_status().json()


@pytest.fixture(scope="session")
def closed(document: dict[str, Any]) -> Schemas:
    return Schemas(document, closed=True)


@pytest.fixture
async def belongings(owner_db: asyncpg.Connection, owner: Actor) -> dict[str, str]:
    return await belongings_of(owner_db, owner)
