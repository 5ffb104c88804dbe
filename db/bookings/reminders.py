"""Reminds customers of what they booked: a text where their channel takes one then, in words of ours; else the lead falls due with a note
that says why, and whose it is, is called."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from db.boards import history, leads
from db.bookings import words
from db.bookings.bookings import of
from db.bookings.enums import AppointmentState
from db.clock import now
from db.messages import answers
from db.messages.replies import TextReply
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work

_CLOSE = timedelta(minutes=5)
"""So shortly before it begins nobody is reminded any more."""
_ROW = """
select a.board_id, a.lead_id, a.starts_at, a.state, a.reminded_at, l.contact_id, l.owner_id, v.channel_id
from appointment a join lead l on l.company_id = $1 and l.id = a.lead_id
left join lateral (select channel_id from conversation v where v.company_id = $1 and v.contact_id = l.contact_id
    order by v.id is distinct from l.conversation_id, v.id desc limit 1) v on true
where a.company_id = $1 and a.id = $2
"""
_COMPANY = "select language, time_zone from company where id = $1"
_REMINDED = "update appointment set reminded_at = now() where company_id = $1 and id = $2"


async def remind(company_id: UUID, appointment_id: UUID) -> datetime | None:
    """Once. When to come again, where it was moved meanwhile; None: it is done, or there is nothing to remind of any more."""
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        row = await w.fetchrow(_ROW, company_id, appointment_id)
        if row is None:
            return None
        if row["contact_id"] is not None and row["channel_id"] is not None:
            way = await answers.held(w, row["contact_id"], row["channel_id"])  # channels and people come before leads
        else:
            way = None
        lead = await leads.lock(w, row["lead_id"], None)
        await w.execute("select from appointment where company_id = $1 and id = $2 for update", company_id, appointment_id)
        fresh = await w.fetchrow(_ROW, company_id, appointment_id)
        if fresh is None or fresh["contact_id"] != row["contact_id"]:
            return now()
        chosen = await of(w, company_id, fresh["board_id"])
        at: datetime = fresh["starts_at"] - timedelta(hours=chosen.remind_hours)
        over = fresh["state"] != AppointmentState.BOOKED or fresh["starts_at"] < now() + _CLOSE
        if over or not chosen.remind_hours or fresh["reminded_at"] is not None:
            return None
        if at > now() + _CLOSE:
            return at
        await w.execute(_REMINDED, company_id, appointment_id)
        company = await w.fetchrow(_COMPANY, company_id)
        assert company is not None
        local = fresh["starts_at"].astimezone(ZoneInfo(company["time_zone"]))
        if way is not None and way.obstacle is None and not way.opted_out:
            text = TextReply(words.reminder(local, company["language"]))
            await answers.write(w, row["contact_id"], row["channel_id"], text, automatic=True)
            w.audit("appointment.reminded", appointment_id, lead_id=str(row["lead_id"]))
        else:
            await _by_hand(w, lead, local, company)
        return None


async def _by_hand(w: Work, lead: asyncpg.Record, local: datetime, company: asyncpg.Record) -> None:
    today = now().astimezone(ZoneInfo(company["time_zone"])).date()
    await history.note_in(w, lead["id"], words.not_reminded(local, company["language"]))
    if lead["due_on"] is None or lead["due_on"] > today:
        await leads.change_in(w, lead["id"], due_on=today)
    if lead["owner_id"] is not None:
        await calls.call_to_lead(w, lead["owner_id"], NotificationKind.LEAD, lead["id"])
