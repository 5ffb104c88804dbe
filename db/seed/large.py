"""A large company beside the demo one: as many contacts, messages and leads as a wholesaler has after years, so that speed and screens can
be judged at full volume. Made once, in one transaction, whole or not at all; its channels are on the sandbox.
"""

from collections.abc import Callable

import asyncpg

from db import queue
from db.accounts.passwords import hash_password
from db.clock import now
from db.jobs import CheckChannel
from db.seed.accounts import PASSWORD, write_accounts
from db.seed.channels import write_channels
from db.seed.company import LARGE
from db.seed.conversations import write_conversations
from db.seed.crowd import TABLES, act_for, indexed_later, write_crowd
from db.seed.leads import write_leads
from db.seed.templates import write_templates
from db.seed.traffic import write_traffic
from db.settings import Settings

CONTACTS = 1_000_000
_WRITTEN = (*TABLES, "message", "attempt", "inbound_message", "message_tally", "stat_delta", "lead", "lead_change", "lead_stay", "stage_total",
            "stage_tag_total", "conversation", "conversation_entry", "conversation_label", "talk")  # fmt: skip


async def _counted(c: asyncpg.Connection) -> None:
    """What was written so far is known to the planner: else it joins everybody with everybody."""
    await c.execute("set local role none")
    await c.execute("analyze contact, message, inbound_message, conversation")
    await act_for(c, LARGE.id)


async def seed_large(settings: Settings, size: int = CONTACTS, say: Callable[[str], object] = lambda _: None) -> bool:
    """`size` contacts, as many messages, a tenth as many conversations and leads; True when they were made now, False when the company
    was there. Needs the key ring, as the owner of the database. Other programs that want the same tables wait until it is done. `say` is told each step."""
    c = await asyncpg.connect(settings.database_owner_url or settings.database_url)
    try:
        async with c.transaction():
            await c.execute("set local synchronous_commit = off")
            await c.execute("set local role masteria_system")
            if await c.fetchval("select true from company where id = $1", LARGE.id):
                return False
            await write_accounts(c, await hash_password(PASSWORD), LARGE)
            await c.execute("set local role none")
            async with indexed_later(c, TABLES):
                await act_for(c, LARGE.id)
                say(f"{size:,} contacts …")
                await write_crowd(c, LARGE.id, size)
                at = now()
                await write_channels(c, at, LARGE)
                await write_templates(c, at, LARGE)
                say("Campaigns and conversations …")
                await write_traffic(c, LARGE, size, at)
                await write_conversations(c, LARGE)
                say("Leads …")
                await _counted(c)
                await write_leads(c, LARGE, size)
                await queue.insert(c, LARGE.id, [(CheckChannel(channel_id=each), None) for each in (LARGE.whatsapp, LARGE.sms)])
                await c.execute(
                    "insert into audit_log(company_id, action, subject_id) values ($1, 'company.demo_made', $1)", LARGE.id
                )
                say("Indexes …")
        say("Statistics …")
        for table in _WRITTEN:
            await c.execute(f"vacuum (analyze) {table}")
    finally:
        await c.close()
    return True
