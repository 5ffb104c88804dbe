"""A worker dies while it looks at a conversation for a board: while the model thinks, and while what it proposed is written. The lead moves once."""

import asyncio
from contextlib import suppress
from uuid import UUID

from db.ai import connection
from db.ai.connection import Settled, sandbox_key
from db.ai.enums import EmbedderKind, Provider
from db.boards import leads
from db.proposals import settings
from db.proposals.enums import LeadPolicy, LeadTool
from tests.faults.harness import World
from tests.faults.installation import world

_KEY = 82_002
_GATE = f"""
create function fault_stand_proposal() returns trigger language plpgsql security definer set search_path = public as $$
begin perform pg_advisory_xact_lock_shared({_KEY}); return new; end $$;
create trigger fault_proposal before insert on lead_proposal for each row execute function fault_stand_proposal();
"""
_NO_GATE = "drop function if exists fault_stand_proposal cascade"
_STANDS = f"""
select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {_KEY} and not granted
    and database = (select oid from pg_database where datname = current_database())
"""
_ASKED = "select count(*) > 0 from ai_usage where company_id = $1 and purpose = 'lead' and result is null"
_LEASE_OVER = "update lead_watch set lease_until = now() - interval '1 second' where company_id = $1 and lease_until is not null"
_MOVED = "select count(*) from lead_change where company_id = $1 and lead_id = $2 and kind = 'moved'"
_OVER = "select count(*) > 0 from lead_watch where company_id = $1 and due_at is null and lease_until is null and through_id = newest_id"


async def judging_killed() -> None:
    """Two deaths, and a third worker that brings it to its end."""
    async with world(1) as w:
        lead_id = await _watched(w)
        await _model(w, slow=60)
        await _writes(w, "quero fechar o pedido")
        await w.until(lambda: w.db.fetchval(_ASKED, w.actor.company_id), 60, "the model's question")
        await _dies(w)
        await _model(w, slow=0)
        await w.db.execute(_NO_GATE)
        await w.db.execute(_GATE)
        await w.db.execute(f"select pg_advisory_lock({_KEY})")
        try:
            w.start_worker()
            await w.until(lambda: w.db.fetchval(_STANDS), 60, "what it proposes to be written")
            await _dies(w)
        finally:
            await w.db.execute(f"select pg_advisory_unlock({_KEY})")
        await w.until(lambda: _gone(w), 60, "the end of the dead worker's transaction")
        await w.db.execute(_NO_GATE)
        await w.db.execute(_LEASE_OVER, w.actor.company_id)
        assert await w.db.fetchval("select count(*) from lead_proposal where company_id = $1", w.actor.company_id) == 0
        w.start_worker()
        await w.until(lambda: w.db.fetchval(_OVER, w.actor.company_id), 60, "the look that comes to its end")
        await asyncio.sleep(2)  # whoever would do it again has had the time
        rows = await w.db.fetch("select state, automatic, lead_id from lead_proposal where company_id = $1", w.actor.company_id)
        assert [tuple(row) for row in rows] == [("applied", True, lead_id)]
        assert await w.db.fetchval(_MOVED, w.actor.company_id, lead_id) == 1
        states = await w.db.fetch("select state from lead_judging where company_id = $1 order by at", w.actor.company_id)
        assert [row["state"] for row in states] == ["lost", "lost", "done"]


async def _watched(w: World) -> UUID:
    """The company's first board moves leads by itself; the lead of the only contact stands in its first stage."""
    company_id = w.actor.company_id
    await connection.save(w.actor, Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE))
    board_id = await w.db.fetchval("select id from board where company_id = $1 order by id limit 1", company_id)
    contact_id = await w.db.fetchval("select id from contact where company_id = $1 limit 1", company_id)
    tools = dict.fromkeys(LeadTool, LeadPolicy.NEVER) | {LeadTool.MOVE_LEAD: LeadPolicy.AUTOMATIC}
    given = {"guidance": "", "closing": False, "min_confidence": 0.85, "quiet_seconds": 5, "template_ids": []}
    await settings.put(w.actor, board_id, watching=True, tools=tools, **given)
    row = await leads.create_lead(
        w.actor, board_id=board_id, stage_id=None, title="Sofá", contact_id=contact_id, conversation_id=None
    )
    lead_id: UUID = row["id"]
    return lead_id


async def _model(w: World, *, slow: float) -> None:
    url = f"{w.base.settings.sandbox_url}/sandbox/accounts"
    name = "openai" + sandbox_key(w.actor.company_id).removeprefix("sandbox")
    (await w.http.post(url, json={"kind": "openai", "id": name, "model": {"slow_seconds": slow}})).raise_for_status()
    (await w.http.put(f"{url}/{name}/model", json={"slow_seconds": slow})).raise_for_status()


async def _writes(w: World, text: str) -> None:
    phone = await w.db.fetchval("select value from contact_identity where company_id = $1 and kind = 'phone'", w.actor.company_id)
    url = f"{w.base.settings.sandbox_url}/sandbox/accounts/{w.channel_id.hex}/reply"
    (await w.http.post(url, json={"to_contact": phone, "text": text})).raise_for_status()


async def _dies(w: World) -> None:
    """Every worker; what they held is free."""
    for one in w.programs.workers:
        with suppress(ProcessLookupError):
            w.kill(one)
    w.programs.workers.clear()
    await w.db.execute(_LEASE_OVER, w.actor.company_id)


async def _gone(w: World) -> bool:
    return not await w.db.fetchval(f"select count(*) > 0 from pg_locks where locktype = 'advisory' and objid = {_KEY}")
