"""The first page from real rows."""

import asyncpg
import httpx

from db.tenancy import Actor
from tests.api.conftest import bearer


async def test_an_empty_company(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    home = (await client.get("/v1/home", headers=await bearer(owner_db, owner))).json()
    assert (home["contacts"], home["channels"], home["campaigns_total"]) == (0, 0, 0)
    assert [home[name] for name in home if name.startswith("has_")] == [False, False, True, False, False]
    assert (home["running"], home["attention"]) == ([], [])
    assert len(home["days"]) == 14
    assert home["days"][-1] == home["today"]


async def test_figures(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    for company in (owner.company_id, stranger.company_id):
        channel = await owner_db.fetchval(
            "insert into channel(company_id, kind, name, state, state_reason, account_id, external_id, portfolio_id) "
            "values ($1, 'sms', 'Loja', 'error', 'auth', 'AC1', '+15005550006', 'AC1') returning id",
            company,
        )
        campaign = await owner_db.fetchval(
            "insert into campaign(company_id, name, state, channel_id, audience_size) values ($1, 'Natal', 'running', $2, 10) returning id",
            company,
            channel,
        )
        await owner_db.execute(
            "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key, state) "  # the last is left out
            "select $1, $2, $3, $3, '+551190000' || n, n::text, case n when 11 then 8 else 0 end from generate_series(1, 11) n",
            company,
            channel,
            campaign,
        )
        await owner_db.execute("update message set replied_at = now() where campaign_id = $1 and dedupe_key = '1'", campaign)
        for state, most in ((3, 8), (4, 6), (5, 2)):
            await owner_db.execute(
                "update message set state = $2::smallint, sent_at = now() where campaign_id = $1 and dedupe_key::int <= $3",
                campaign,
                state,
                most,
            )
        await owner_db.execute("update message set state = 7 where campaign_id = $1 and dedupe_key = '9'", campaign)
        await owner_db.execute(
            "insert into contact_import(company_id, filename, blob, size, sheet, state, rejected, finished_at) "
            "values ($1, 'lista.csv', 'b', 1, '{}', 'completed', 3, now())",
            company,
        )
        await owner_db.execute(
            "insert into contact_import(company_id, filename, blob, size, sheet, state, finished_at) "
            "values ($1, 'ruim.csv', 'b', 1, '{}', 'failed', now())",
            company,
        )
        await owner_db.execute("update channel set quality = 'red' where id = $1", channel)
        for name, status in (("bom_dia", "approved"), ("natal", "paused"), ("promo", "rejected")):
            await owner_db.execute(
                "insert into template(company_id, channel_id, name, language, category, status, components) "
                "values ($1, $2, $3, 'pt_BR', 'marketing', $4, '[]')",
                company, channel, name, status,
            )  # fmt: skip
    home = (await client.get("/v1/home", headers=await bearer(owner_db, owner))).json()
    assert [(one["figures"], one["channel_name"]) for one in home["running"]] == [
        (
            {"audience": 10, "waiting": 1, "sent": 8, "delivered": 6, "read": 2, "replied": 1, "failed": 1, "stopped": 0},
            "Loja",
        )
    ]
    assert home["today"] == home["days"][-1]
    assert (home["today"]["sent"], home["today"]["delivered"], home["today"]["replied"]) == (8, 6, 1)
    assert sorted((one["code"], one["detail"], one["count"]) for one in home["attention"]) == [
        ("channel_error", "auth", None),
        ("channel_quality", "red", None),
        ("import_failed", None, None),
        ("import_rejects", None, 3),
        ("template_stopped", "paused", None),
        ("template_stopped", "rejected", None),
        ("unknown_outcomes", None, 1),
    ]
