"""Every door that checks a password counts in the same place, and nobody is kept out of their own account by strangers."""

import re

import asyncpg
import httpx
import pytest
from litestar import Litestar

from db.accounts import attempts, recover
from db.allowances import Bucket
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, bearer, links_mailed, make_member
from tests.architecture.tree import python_files, text

WRONG = "not this password"


def calling_from(app: Litestar, address: str) -> httpx.AsyncClient:
    """A client at another address."""
    transport = httpx.ASGITransport(app=app, client=(address, 5000), raise_app_exceptions=False)  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")


@pytest.fixture
async def email(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> str:
    """Of a person of `owner`'s company whose password is PASSWORD."""
    person = await make_member(owner_db, owner, Role.ADMIN, PASSWORD)
    return str(await owner_db.fetchval("select email from account_user where id = $1", person.id))


async def sign_in(app: Litestar, address: str, email: str, password: str, device: str | None = None) -> httpx.Response:
    async with calling_from(app, address) as client:
        return await client.post("/v1/auth/sign-in", json={"email": email, "password": password, "device": device})


def test_passwords_are_checked_in_one_place() -> None:
    importing = re.compile(r"^from db\.accounts\.passwords import .*\bmatches\b", re.MULTILINE)
    doors = [str(path) for path in python_files("api", "db", "workers") if importing.search(text(path))]
    published = "db/deployment.py"  # compares what is stored with the one password that everybody can read
    assert doors == ["db/accounts/attempts.py", published]


async def test_an_invitation_is_no_way_around_the_count(
    app: Litestar, client: httpx.AsyncClient, owner_db: asyncpg.Connection, stranger: Actor, email: str
) -> None:
    """Inviting anew opened a fresh allowance of guesses."""
    headers = await bearer(owner_db, stranger)
    answers = []
    for _ in range(4):
        made = await client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=headers)
        token = made.json()["link"].rpartition("/")[2]
        for _ in range(3):
            answers.append(await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": WRONG}))
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
    assert answers[-1].json()["code"] == "too_many_attempts"
    assert (await sign_in(app, "127.0.0.1", email, PASSWORD)).status_code == 429, "sign-in counts by itself"


async def test_a_session_guesses_ten_times(client: httpx.AsyncClient, app: Litestar, email: str) -> None:
    headers = {"Authorization": f"Bearer {(await sign_in(app, '10.0.0.1', email, PASSWORD)).json()['token']}"}
    body = {"current_password": WRONG, "new_password": "outra-senha-longa"}
    answers = [await client.post("/v1/me/password", json=body, headers=headers) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [422] * 10 + [429] * 2
    assert (await sign_in(app, "10.0.0.1", email, PASSWORD)).status_code == 200


async def test_one_network_locks_nobody_out(app: Litestar, email: str) -> None:
    """A wrong password every few seconds used to keep the owner out, wherever they were."""
    tries = [await sign_in(app, "10.0.0.1", email, WRONG) for _ in range(15)]
    assert [answer.status_code for answer in tries] == [401] * 10 + [429] * 5
    assert (await sign_in(app, "10.0.0.2", email, PASSWORD)).status_code == 200


@pytest.mark.parametrize("addresses", [[f"2001:db8:1:2::{n:x}" for n in range(12)], ["10.9.9.9", "::ffff:10.9.9.9"] * 6])
async def test_addresses_of_one_subscriber_are_one(app: Litestar, email: str, addresses: list[str]) -> None:
    assert [(await sign_in(app, address, email, WRONG)).status_code for address in addresses] == [401] * 10 + [429] * 2


async def test_a_known_device_gets_in_whatever_others_try(app: Litestar, email: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "ACCOUNT", Bucket("test-account", 5, 0.001))
    device = (await sign_in(app, "10.0.0.1", email, PASSWORD)).json()["device"]
    tries = [await sign_in(app, f"10.1.0.{n}", email, WRONG) for n in range(8)]
    assert [answer.status_code for answer in tries] == [401] * 5 + [429] * 3
    assert (await sign_in(app, "10.0.0.1", email, PASSWORD)).status_code == 429, "a device that the account does not know"
    assert (await sign_in(app, "10.0.0.1", email, PASSWORD, "made-up-by-the-caller")).status_code == 429
    again = await sign_in(app, "10.0.0.9", email, PASSWORD, device)
    assert (again.status_code, again.json()["device"]) == (200, device)
    wrong = [await sign_in(app, "10.0.0.9", email, WRONG, device) for _ in range(12)]
    assert [answer.status_code for answer in wrong] == [401] * 10 + [429] * 2, "a stolen device guesses no more than others"


async def test_a_device_is_known_to_its_own_account_only(
    app: Litestar,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    owner: Actor,
    email: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = await make_member(owner_db, owner, Role.AGENT, PASSWORD)
    theirs = str(await owner_db.fetchval("select email from account_user where id = $1", other.id))
    device = (await sign_in(app, "10.0.0.1", theirs, PASSWORD)).json()["device"]
    monkeypatch.setattr(attempts, "ACCOUNT", Bucket("test-other", 1, 0.001))
    assert (await sign_in(app, "10.1.0.1", email, WRONG, device)).status_code == 401
    assert (await sign_in(app, "10.1.0.2", email, WRONG, device)).status_code == 429


async def test_a_new_password_forgets_the_devices(
    app: Litestar, client: httpx.AsyncClient, owner_db: asyncpg.Connection, email: str
) -> None:
    first = (await sign_in(app, "10.0.0.1", email, PASSWORD)).json()
    change = {"current_password": PASSWORD, "new_password": "outra-senha-longa"}
    changed = await client.post("/v1/me/password", json=change, headers={"Authorization": f"Bearer {first['token']}"})
    devices = await owner_db.fetch(
        "select token_hash from known_device d join account_user u on u.id = d.user_id where u.email = $1", email
    )
    assert len(devices) == 1
    assert changed.json()["device"] not in (None, first["device"])


async def test_noise_that_checks_no_password_empties_nothing_shared(
    app: Litestar, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """900 anonymous requests at made-up invitations used to keep everybody out of the installation."""
    monkeypatch.setattr(attempts, "ALL", Bucket("test-all", 3, 0.001))
    for n in range(6):
        async with calling_from(app, f"10.2.0.{n}") as noise:
            address = f"/v1/auth/invitations/{'x' * 43}"
            assert (await noise.post(f"{address}/accept", json={"password": WRONG})).status_code == 404
            assert (await noise.get(address)).status_code == 404
            reset = await noise.post("/v1/auth/reset-password", json={"token": "x" * 43, "password": PASSWORD})
            assert reset.status_code == 422
            forgot = await noise.post("/v1/auth/forgot-password", json={"email": "nobody@example.com"})
            assert forgot.status_code == 200
    assert (await sign_in(app, "10.0.0.1", email, PASSWORD)).status_code == 200


async def test_a_refused_try_takes_from_nobody_and_a_right_one_gives_back(
    app: Litestar, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "ALL", Bucket("test-back", 4, 0.001))
    monkeypatch.setattr(attempts, "PLACE", Bucket("test-place", 2, 0.001))
    assert [(await sign_in(app, "10.0.0.1", email, WRONG)).status_code for _ in range(8)] == [401] * 2 + [429] * 6
    assert [(await sign_in(app, "10.0.0.2", email, PASSWORD)).status_code for _ in range(4)] == [200] * 4


async def reset_tokens(owner_db: asyncpg.Connection, email: str) -> list[str]:
    return [link.partition("token=")[2] for link in await links_mailed(owner_db, email)]


async def test_strangers_asking_for_links_do_not_stand_in_the_way(
    app: Litestar, owner_db: asyncpg.Connection, email: str
) -> None:
    for n in range(4):
        async with calling_from(app, f"10.3.0.{n}") as other:
            assert (await other.post("/v1/auth/forgot-password", json={"email": email})).status_code == 200
    async with calling_from(app, "10.0.0.1") as own:
        assert (await own.post("/v1/auth/forgot-password", json={"email": email})).status_code == 200
        tokens = await reset_tokens(owner_db, email)
        assert len(tokens) == 5
        oldest = {"token": tokens[0], "password": "outra-senha-longa"}
        assert (await own.post("/v1/auth/reset-password", json=oldest)).status_code == 200, "an older link was ended by a newer"
        for token in tokens:
            ended = await own.post("/v1/auth/reset-password", json={"token": token, "password": "mais-uma-senha"})
            assert ended.json()["code"] == "link_expired"


async def test_mails_to_one_address_are_bounded(app: Litestar, owner_db: asyncpg.Connection, email: str) -> None:
    device = (await sign_in(app, "10.0.0.1", email, PASSWORD)).json()["device"]
    for n in range(12):
        async with calling_from(app, f"10.3.{n}.1") as other:
            answer = await other.post("/v1/auth/forgot-password", json={"email": email})
            assert answer.json() == {"ok": True}
    assert len(await links_mailed(owner_db, email)) == recover.MAIL_ACCOUNT.size
    async with calling_from(app, "10.0.0.1") as own:
        await own.post("/v1/auth/forgot-password", json={"email": email, "device": device})
    assert len(await links_mailed(owner_db, email)) == recover.MAIL_ACCOUNT.size + 1
    for bucket in (recover.MAIL_ACCOUNT, recover.MAIL_PLACE, recover.MAIL_DEVICE):
        assert 1 / bucket.rate < recover.LINK_LIFE.total_seconds(), "an empty bucket must mean that a link still works"
