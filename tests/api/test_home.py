"""The first page from real rows."""

from datetime import timedelta

import asyncpg
import httpx
import msgspec

from db.campaigns import failed_jobs
from db.campaigns.enums import FailedJob
from db.clock import now
from db.jobs import JOBS, BulkContacts, CheckChannel, LookUpUnknown, RemoveStage, SyncTemplates
from db.permissions import Permission, Role
from db.stats import fold
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs, bearer


async def test_an_empty_company(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    home = (await client.get("/v1/home", headers=await bearer(owner_db, owner))).json()
    assert (home["contacts"], home["channels"], home["campaigns_total"]) == (0, 0, 0)
    assert [home[name] for name in home if name.startswith("has_")] == [False, False, True, False, False, False]
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


async def test_who_waits_too_long_is_counted_by_the_office_hours(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 4)
    await owner_db.execute(
        "insert into conversation(company_id, channel_id, contact_id, address, last_at, opened_at, state, unanswered_at)"
        " select $1, $2, id, '+5511', now(), now(), case when row_number() over (order by id) = 4 then 'closed' else 'open' end,"
        " array[now() - row_number() over (order by id) * interval '10 minutes'] from contact where company_id = $1",
        owner.company_id, channel,
    )  # fmt: skip

    async def late(*scopes: Permission) -> list[int]:
        headers = await sign_in_as(scopes=[Permission.CAMPAIGNS_READ, *scopes])
        home = (await client.get("/v1/home", headers=headers)).json()
        return [one["count"] for one in home["attention"] if one["code"] == "late_answers"]

    assert await late(Permission.CONVERSATIONS_READ) == []  # no time was set
    await owner_db.execute("update company set answer_target = 15 where id = $1", owner.company_id)
    assert await late(Permission.CONVERSATIONS_READ) == [2]
    assert await late() == []
    await owner_db.execute(
        "insert into office_hours(company_id, enabled, hours, holidays, away_text) values ($1, true, '[]', '{}', '')",
        owner.company_id,
    )
    assert await late(Permission.CONVERSATIONS_READ) == []  # it never opens


async def test_work_that_was_given_up_is_said_until_it_is_done(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner, checked_at=now() - timedelta(days=1))
    lead = await factories.lead(owner_db, owner)
    stage, board = await owner_db.fetchrow("select stage_id, board_id from lead where id = $1", lead)
    bulk = await owner_db.fetchval(
        "insert into contact_bulk(company_id, verb, filter, params) values ($1, 'add_tags', $2, $3) returning id",
        owner.company_id, '{"q": "ana"}', '{"tags": ["a", "b"]}',
    )  # fmt: skip
    await owner_db.execute("update stage set moving_to = id where id = $1", stage)
    jobs = [
        SyncTemplates(channel_id=channel), SyncTemplates(channel_id=channel), CheckChannel(channel_id=channel), RemoveStage(stage_id=stage),
        BulkContacts(bulk_id=bulk), LookUpUnknown(channel_id=channel),
    ]  # fmt: skip
    for job in jobs:
        await owner_db.execute(
            "insert into job(company_id, name, queue, payload, state, max_tries, next_at) values ($1, $2, 'default', $3, 'dead', 8, now())",
            owner.company_id, type(job).__name__, msgspec.json.encode(job).decode(),
        )  # fmt: skip
    headers = await bearer(owner_db, owner)

    async def said() -> list[tuple[str, str]]:
        home = (await client.get("/v1/home", headers=headers)).json()
        return sorted((one["detail"], one["subject_id"]) for one in home["attention"] if one["code"] == "job_failed")

    assert await said() == sorted([
        ("templates_sync", str(channel)), ("channel_check", str(channel)), ("stage_removal", str(board)), ("contacts_bulk", str(bulk)),
    ])  # fmt: skip
    await owner_db.execute("update channel set checked_at = now(), templates_synced_at = now() where id = $1", channel)
    await owner_db.execute("update stage set moving_to = null where id = $1", stage)
    assert await said() == [("contacts_bulk", str(bulk))]
    again = "insert into contact_bulk(company_id, verb, filter, params, finished_at) values ($1, $2, $3, $4, now())"
    for verb, filter, params in (
        ("remove_tags", '{"q": "ana"}', '{"tags": ["b", "a"]}'),
        ("add_tags", "{}", '{"tags": ["b", "a"]}'),
        ("add_tags", '{"q": "ana"}', '{"tags": ["b"]}'),
    ):
        await owner_db.execute(again, owner.company_id, verb, filter, params)
    assert await said() == [("contacts_bulk", str(bulk))]  # something else was done
    await owner_db.execute(again, owner.company_id, "add_tags", '{"q": "ana"}', '{"tags": ["b", "a"]}')
    assert await said() == []
    await owner_db.execute("delete from contact_bulk where company_id = $1 and id <> $2", owner.company_id, bulk)
    assert await said() == [("contacts_bulk", str(bulk))]
    await owner_db.execute("update contact_bulk set finished_at = now() where id = $1", bulk)
    assert await said() == []


def test_every_job_that_is_said_is_a_job() -> None:
    assert set(failed_jobs.NAMES) <= {job.__name__ for job in JOBS}
    assert sorted(failed_jobs.NAMES.values()) == sorted(FailedJob)


async def test_the_first_steps_end_in_the_first_delivered_message(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs
) -> None:
    auth = await sign_in_as()
    rehearsal = await factories.channel(owner_db, owner)
    real = await factories.channel(owner_db, owner, sandbox=False)

    async def delivered(channel_id: object) -> bool:
        await owner_db.execute(
            "insert into message(company_id, channel_id, queue_id, address, dedupe_key, state, sent_at, delivered_at)"
            " values ($1, $2, $2, '+5511900000001', $3, 4, now(), now())",
            owner.company_id,
            channel_id,
            str(channel_id),
        )
        return bool((await client.get("/v1/home", headers=auth)).json()["has_delivered"])

    assert not await delivered(rehearsal)
    assert await delivered(real)
    await fold.fold()
    assert (await client.get("/v1/home", headers=auth)).json()["has_delivered"]


async def test_the_first_steps_are_put_away_by_each_for_themselves(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth, other = await sign_in_as(), await sign_in_as(Role.MANAGER)
    for away in (True, True, False):
        assert (await client.put("/v1/home/first-steps", json={"away": away}, headers=auth)).status_code == 200
        assert (await client.get("/v1/home", headers=auth)).json()["steps_away"] is away
        assert (await client.get("/v1/home", headers=other)).json()["steps_away"] is False
