"""What an installation for real people must not start with. An https PUBLIC_URL says that it is one."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import asyncpg

from db.accounts.passwords import matches
from db.accounts.recover import lock_out
from db.engine import SYSTEM_ROLE, open_connection
from db.settings import Settings

_PATIENCE = 3.0  # seconds; while the database is away nobody can sign in either


class Refused(SystemExit):
    """The sentence that says what to do."""


def for_real_people(settings: Settings) -> bool:
    return urlsplit(settings.public_url).scheme == "https"


def on_this_machine(settings: Settings) -> bool:
    """Whether only who sits at this machine can open it: then starting it asks for the demo company too."""
    return not for_real_people(settings) and urlsplit(settings.public_url).hostname in {"127.0.0.1", "localhost", "::1"}


def refuse_without_mail(settings: Settings) -> None:
    """Raises Refused."""
    if for_real_people(settings) and not settings.smtp_url:
        raise Refused(
            "PUBLIC_URL is https, so people work here, but SMTP_URL is not set: nobody would get an invitation or a new password."
            " Set SMTP_URL (see .env.example)."
        )


async def refuse_published_password(settings: Settings) -> None:
    """Raises Refused when the database answers and lets somebody in with the password that everybody can read."""
    if not for_real_people(settings):
        return
    try:
        connection = await open_connection(
            settings.system_url, name="masteria", role=SYSTEM_ROLE, statement_timeout=_PATIENCE, timeout=_PATIENCE
        )
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return
    try:
        found = await _open_demo_accounts(connection)
    except asyncpg.UndefinedTableError:  # nothing was migrated yet
        return
    finally:
        with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError):
            await connection.close(timeout=_PATIENCE)
    if found:
        raise Refused(
            f"PUBLIC_URL is https, but the demo company's published password lets in {', '.join(sorted(found))}."
            " Close these accounts with `python -m db close-demo`, or change their passwords."
        )


async def _open_demo_accounts(connection: asyncpg.Connection) -> list[str]:
    """E-mails of the demo company's people whom the published password lets in."""
    from db.seed.accounts import EMAILS, PASSWORD  # not at the top: programs that do not serve real people need none of it

    rows = await connection.fetch("select email, password_hash from account_user where email = any($1)", EMAILS)
    return [row["email"] for row in rows if await matches(row["password_hash"], PASSWORD)]


async def close_demo(dsn: str) -> list[str]:
    """Takes the published password from the demo company's people and signs them out, as the owner of the database; their e-mails."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(f"set local role {SYSTEM_ROLE}")
            found = await _open_demo_accounts(connection)
            await lock_out(connection, found)
    finally:
        await connection.close()
    return found


def check(settings: Settings) -> None:
    """Before a program serves. Raises Refused."""
    refuse_without_mail(settings)
    asyncio.run(refuse_published_password(settings))
