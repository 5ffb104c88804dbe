"""An https address refuses to start without a mail server, or with a password that everybody can read, in a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import msgspec
import pytest

from db import deployment
from db.accounts.passwords import hash_password, matches
from db.deployment import Refused
from db.seed.accounts import EMAIL, PASSWORD
from db.settings import Settings

HTTPS = "https://painel.example.com"


@pytest.mark.parametrize("program", [["api"], ["workers"], ["ui"], ["db", "up"]])
def test_no_program_starts_without_a_mail_server(program: list[str], database: Settings, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PUBLIC_URL": HTTPS,
        "SMTP_URL": "",
        "DATABASE_URL": database.database_url,
        "VALKEY_URL": database.valkey_url,
        "DATA_DIR": str(tmp_path),
    }
    run = subprocess.run([sys.executable, "-m", *program], env=env, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert "SMTP_URL is not set" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://painel.local"])
def test_a_plain_address_starts(url: str) -> None:
    deployment.refuse_without_mail(Settings(public_url=url))
    deployment.refuse_without_mail(Settings(public_url=HTTPS, smtp_url="smtp://mail"))


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("http://127.0.0.1:8080", True),
        ("http://localhost:8080", True),
        ("http://192.168.0.7:8080", False),
        ("https://127.0.0.1", False),
        (HTTPS, False),
    ],
)
def test_the_demo_company_is_for_who_sits_at_the_machine(url: str, asked: bool) -> None:
    assert deployment.on_this_machine(Settings(public_url=url)) is asked


async def test_the_published_password_is_refused_and_closed(database: Settings, owner_db: asyncpg.Connection) -> None:
    settings = msgspec.structs.replace(database, public_url=HTTPS)
    await deployment.refuse_published_password(settings)
    user_id = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'Ana', $2) returning id",
        EMAIL,
        await hash_password(PASSWORD),
    )
    try:
        with pytest.raises(Refused, match=rf"published password lets in {EMAIL}.*close-demo"):
            await deployment.refuse_published_password(settings)
        await deployment.refuse_published_password(database)  # over http on this machine it was asked for
        await owner_db.execute(
            "insert into identity(user_id, provider, issuer, subject) values ($1, 'google', 'https://accounts.google.com', 'anybody')",
            user_id,
        )
        assert await deployment.close_demo(database.database_owner_url) == [EMAIL]
        await deployment.refuse_published_password(settings)
        stored = await owner_db.fetchval("select password_hash from account_user where id = $1", user_id)
        assert not await matches(stored, PASSWORD)
        linked = await owner_db.fetchval("select count(*) from identity where user_id = $1", user_id)
        assert linked == 0, "whoever read the password may have linked an account of their own"
    finally:
        await owner_db.execute("delete from account_user where id = $1", user_id)


async def test_a_database_that_is_away_refuses_nobody() -> None:
    away = Settings(public_url=HTTPS, database_url="postgresql://masteria_app@127.0.0.1:1/x")
    await deployment.refuse_published_password(away)
