"""The demo company and its team, one person in each role."""

import asyncpg

from db.permissions import Role
from db.seed.company import COMPANY, fixed_id

EMAIL = "ana@lojaaurora.test"
PASSWORD = "aurora-demo-2026"  # noqa: S105 - printed on every start; the company is made up
TEAM = (
    (EMAIL, "Ana Lima", Role.OWNER),
    ("bruno@lojaaurora.test", "Bruno Rocha", Role.ADMIN),
    ("carla@lojaaurora.test", "Carla Mendes", Role.MANAGER),
    ("diego@lojaaurora.test", "Diego Alves", Role.AGENT),
    ("elisa@lojaaurora.test", "Elisa Nunes", Role.VIEWER),
)


async def write_accounts(c: asyncpg.Connection, password: str) -> None:
    """As the system role: nobody may write a company without being in it. The team shares one password, told at the start."""
    await c.execute(
        "insert into company(id, name, demo, created_at) values ($1, 'Loja Aurora', true, now() - interval '400 days')", COMPANY
    )
    for email, name, role in TEAM:
        user_id = await c.fetchval(
            "insert into account_user(id, email, name, password_hash, email_verified_at) values ($1, $2, $3, $4, now()) "
            "on conflict (email) do update set email = excluded.email returning id",
            fixed_id(email),
            email,
            name,
            password,
        )
        await c.execute("insert into membership(company_id, user_id, role) values ($1, $2, $3)", COMPANY, user_id, role)
