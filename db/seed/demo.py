"""The demo company "Loja Aurora": made once, in one transaction, whole or not at all.

Everything in it is made up, and its channels are on the sandbox, so that nothing it does reaches a real person. The campaign
that runs after the first start goes the true way: queue, limits, sandbox, webhooks.
"""

import random
from datetime import datetime

import asyncpg

from db import queue
from db.accounts.passwords import hash_password
from db.clock import now
from db.jobs import CheckAi, CheckChannel, Job
from db.personas.enums import StartingPersona
from db.seed.accounts import PASSWORD, write_accounts
from db.seed.ai import write_ai
from db.seed.bookings import write_bookings
from db.seed.campaigns import write_campaigns
from db.seed.channels import SMS, WHATSAPP, write_channels
from db.seed.company import COMPANY, DEMO
from db.seed.contacts import write_contacts
from db.seed.incoming import write_incoming
from db.seed.knowledge import BASE, write_knowledge
from db.seed.leads import write_leads
from db.seed.linked import write_linked
from db.seed.people import people
from db.seed.personas import ANSWERS_ALL, LAST, write_persona
from db.seed.templates import submissions, write_templates
from db.settings import Settings

CONTACTS, LEADS, FITTED = 4000, 60, 3
# Those who wrote first; `g` as `write_leads` wants it.
_CROWD = """
create temp table crowd on commit drop as select c.id, c.name, 10 as g from contact c where c.company_id = $1
order by exists (select from conversation v where v.company_id = $1 and v.contact_id = c.id) desc, c.id limit $2
"""

# Who wrote, is on no board yet, and has heard of no colleague lately: a persona may speak to them.
_FITTED = """
select c.id from contact c where c.company_id = $1 and c.opted_out_at is null
    and exists (select from conversation v where v.company_id = $1 and v.contact_id = c.id and v.channel_id = $2)
    and not exists (select from message m where m.company_id = $1 and m.contact_id = c.id and m.campaign_id is null)
order by exists (select from lead l where l.company_id = $1 and l.contact_id = c.id), c.id desc limit $3
"""


async def seed(settings: Settings) -> bool:
    """True when the company was made now, False when it was there. Needs the key ring. Takes under two seconds."""
    connection = await asyncpg.connect(settings.database_owner_url or settings.database_url)
    try:
        async with connection.transaction():
            await connection.execute("set local role masteria_system")
            if await connection.fetchval("select true from company where id = $1", COMPANY):
                return False
            await write_accounts(connection, await hash_password(PASSWORD))
            await connection.execute("set local role masteria_app")
            await connection.execute(
                "select set_config('app.company', $1, true), set_config('app.actor', 'worker:', true)", str(COMPANY)
            )
            await _company(connection)
    except asyncpg.UniqueViolationError as error:
        if "company_pkey" in str(error):  # another process made it at the same moment
            return False
        raise
    finally:
        await connection.close()
    return True


async def _company(c: asyncpg.Connection) -> None:
    dice, at = random.Random(2026), now()
    customers = people(CONTACTS, at, dice)
    await write_contacts(c, customers)
    await write_channels(c, at)
    await write_templates(c, at)
    await write_campaigns(c, customers, at, dice)
    await write_linked(c, customers, at)
    await c.execute("select make_conversations($1, null)", COMPANY)
    await c.execute(_CROWD, COMPANY, LEADS)
    await write_leads(c, DEMO, 10 * LEADS)
    await write_incoming(c)
    await write_ai(c, COMPANY, at, dice, [])
    jobs: list[tuple[Job, datetime | None]] = [(CheckChannel(channel_id=channel), None) for channel in (WHATSAPP, SMS)]
    jobs.append((CheckAi(), None))
    jobs += [(job, None) for job in await write_knowledge(c)]
    fitted = [row["id"] for row in await c.fetch(_FITTED, COMPANY, WHATSAPP, FITTED)]
    await write_bookings(c, COMPANY, fitted, [BASE])
    await write_persona(c, COMPANY, ANSWERS_ALL, StartingPersona.SUPPORT, [BASE], channel_id=WHATSAPP, priority=LAST)
    await queue.insert(c, COMPANY, [*jobs, *submissions(at)])
    await c.execute(
        "insert into audit_log(company_id, action, subject_id) values ($1, 'company.demo_made', $1)",
        COMPANY,
    )
