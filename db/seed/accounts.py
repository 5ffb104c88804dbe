"""A made-up company and its team, whose published password everybody can read."""

import asyncpg

from db.seed.company import DEMO, LARGE, Made, fixed_id

EMAIL = DEMO.team[0][0]
PASSWORD = "aurora-demo-2026"  # noqa: S105 - printed on every start; the companies are made up
EMAILS = [email for company in (DEMO, LARGE) for email, _, _ in company.team]
"""Whom the published password may let in."""


async def write_accounts(c: asyncpg.Connection, password: str, company: Made = DEMO) -> None:
    """As the system role: nobody may write a company without being in it. The team shares one password, told at the start."""
    await c.execute(
        "insert into company(id, name, demo, created_at) values ($1, $2, true, now() - interval '400 days')",
        company.id,
        company.name,
    )
    for email, name, role in company.team:
        user_id = await c.fetchval(
            "insert into account_user(id, email, name, password_hash, email_verified_at) values ($1, $2, $3, $4, now()) "
            "on conflict (email) do update set email = excluded.email returning id",
            fixed_id(email),
            email,
            name,
            password,
        )
        await c.execute("insert into membership(company_id, user_id, role) values ($1, $2, $3)", company.id, user_id, role)
