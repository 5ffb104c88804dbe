"""What happens when a customer says nothing more after the assistant spoke: it asks again, twice at most, and what stays silent is looked at by a
colleague or closed.

The clock starts at our own message. Nobody has to stop it: when its time has come everything is asked anew under the lock of the
conversation (did anybody speak, does the assistant still answer here, does its window allow it), and once more where it is said (outlet.py).
"""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.assistant import gather, human
from db.assistant.enums import OPEN_TURN, AssistantMode, Owner, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.assistant.turns import Turn
from db.clock import now
from db.conversations import closing, office_hours, record, routing
from db.conversations.enums import LineKind
from db.conversations.hours import FAR, OfficeHours, OpenHours
from db.messages.inbound import SILENT
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.config import FollowUp, PersonaConfig
from db.personas.enums import InactivityMode
from db.personas.serving import Serving
from db.tenancy import worker
from db.work import Read, Work, system_read, work

_DUE = """
select company_id, conversation_id from ai_conversation where (ask_at is not null or idle_at is not null)
    and least(ask_at, idle_at) <= now() order by least(ask_at, idle_at) limit 200
"""
_BEGINS = """
update ai_conversation set quiet_since = now(), asked = $3, ask_at = $4, idle_at = $5 where company_id = $1 and conversation_id = $2
"""
_ASKS_AT = "update ai_conversation set ask_at = $3 where company_id = $1 and conversation_id = $2"
_OVER = """
update ai_conversation set ask_at = null, idle_at = null, quiet_since = null where company_id = $1 and conversation_id = $2
"""
_ALARM = """
update ai_conversation set ask_at = null, idle_at = null, alarm = $3, alarm_at = now() where company_id = $1 and conversation_id = $2
"""
_LOCK = "select true from conversation where company_id = $1 and id = $2 for no key update"
# Newer by its id: the order in which messages were recorded, whatever the provider's clock says.
_NEWER = """
exists (select from inbound_message i where i.company_id = $1 and i.contact_id = v.contact_id and i.channel_id = v.channel_id
    and i.id > t.last_inbound_id and i.kind <> all($3::text[]) and i.origin is null)
"""
_STATE = f"""
select v.contact_id, v.channel_id, v.team_id, v.state, a.owner, a.serving, a.mode, a.persona_id, a.persona_version_id, a.asked, a.ask_at <= now() as asks,
    a.idle_at <= now() as idles, t.last_inbound_id, c.opted_out_at,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages,
    not {_NEWER} and t.state <> all($4::text[]) and (v.unanswered_at = '{{}}' or t.state = '{TurnState.NO_ANSWER.value}' and v.unanswered_at[1]
        >= (select i.received_at from inbound_message i where i.company_id = $1 and i.id = t.first_inbound_id)) as silent,
    exists (select from message m where m.company_id = $1 and m.sent_at is not null and m.dedupe_key = 'ai:' || (select x.id
        from ai_turn x where x.company_id = $1 and x.conversation_id = v.id and x.state = '{TurnState.SENT.value}' order by x.seq desc limit 1) || ':1') as arrived
from conversation v join contact c on c.company_id = $1 and c.id = v.contact_id
join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
join ai_turn t on t.company_id = $1 and t.conversation_id = v.id and t.seq = a.turn_seq
where v.company_id = $1 and v.id = $2
"""
_SPOKEN = f"""
select v.state <> 'open' or v.unanswered_at <> '{{}}' or {_NEWER} from ai_turn t
join conversation v on v.company_id = $1 and v.id = t.conversation_id where t.company_id = $1 and t.id = $2
"""


async def begins(w: Work, conversation_id: UUID, config: PersonaConfig, *, asked: int, again: bool = True) -> None:
    """The assistant spoke, so often by itself since the customer wrote; or nothing was to be said (`again` False)."""
    at, idle = now(), config.inactivity
    ask_at = None
    if again and config.followup.enabled and asked < len(config.followup.steps):
        ask_at = await opens(w, config.followup, at + timedelta(minutes=config.followup.steps[asked].after_minutes))
    idle_at = None if idle.mode is InactivityMode.WAIT else at + timedelta(minutes=idle.after_minutes)
    await w.execute(_BEGINS, w.company_id, conversation_id, asked, ask_at, idle_at)


async def opens(r: Read, followup: FollowUp, at: datetime) -> datetime | None:
    """The first moment from then on at which it may write by itself; None: never soon."""
    assert r.actor is not None
    office = await office_hours.of(r, r.actor.company_id)
    hours = [OpenHours(day, followup.from_minute, followup.until_minute) for day in followup.weekdays]
    window = OfficeHours(True, hours, office.holidays, "", 1, office.zone)
    return next((start for start, _end in window.open_between(at, at + timedelta(days=FAR))), None)


async def due() -> list[tuple[UUID, UUID]]:
    """Conversations that have been silent for long enough: (company, conversation)."""
    async with system_read() as s:
        return [(row["company_id"], row["conversation_id"]) for row in await s.fetch(_DUE)]


async def act(company_id: UUID, conversation_id: UUID) -> None:
    """Asks again, calls a colleague, closes, or finds that it is silent no more. Repeating it does nothing twice."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        if not await w.fetchval(_LOCK, company_id, conversation_id):
            return
        ended = [state.value for state in OPEN_TURN]
        row = await w.fetchrow(_STATE, company_id, conversation_id, list(SILENT), ended)
        if row is None or not (row["asks"] or row["idles"]):
            return
        found = await _serves(w, row)
        if found is None or not row["silent"]:
            await w.execute(_OVER, company_id, conversation_id)
        elif row["asks"]:
            await _ask(w, conversation_id, found, row)
        else:
            await _idle(w, conversation_id, found, row)


async def _serves(w: Work, row: asyncpg.Record) -> Serving | None:
    """The persona that spoke, in its version, where it still answers by itself; None: people do, or nobody is to."""
    if row["state"] != "open" or row["owner"] != Owner.ASSISTANT or row["opted_out_at"] is not None:
        return None
    now_serving = await personas.serving(w, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"])
    if now_serving is None or now_serving.persona_id != row["persona_id"]:
        return None
    if AssistantMode(row["mode"] or now_serving.mode.value) is not AssistantMode.AUTO or row["serving"] != AssistantMode.AUTO:
        return None
    return now_serving if row["persona_version_id"] is None else await personas.version(w, row["persona_version_id"])


async def _ask(w: Work, conversation_id: UUID, found: Serving, row: asyncpg.Record) -> None:
    followup, at = found.config.followup, now()
    start = await opens(w, followup, at)
    if not followup.enabled or row["asked"] >= len(followup.steps) or not row["arrived"] or start is None:
        await w.execute(_ASKS_AT, w.company_id, conversation_id, None)
    elif start > at:
        await w.execute(_ASKS_AT, w.company_id, conversation_id, start)
    else:
        await w.execute(_ASKS_AT, w.company_id, conversation_id, None)
        times = at, at, at + timedelta(milliseconds=found.config.turn.hard_wait_ms)
        last: UUID = row["last_inbound_id"]
        await gather.open_turn(w, conversation_id, found, AssistantMode.AUTO, times, last, bubbles=0, asks=row["asked"] + 1)


async def _idle(w: Work, conversation_id: UUID, found: Serving, row: asyncpg.Record) -> None:
    mode = found.config.inactivity.mode
    if mode is InactivityMode.CLOSE:
        await w.execute(_OVER, w.company_id, conversation_id)
        await closing.close(w, conversation_id)
        await human.silence(w, conversation_id, TurnReason.CLOSED)
        await record.touched(w, conversation_id)
    elif mode is InactivityMode.REVIEW:
        await w.execute(_ALARM, w.company_id, conversation_id, TurnReason.INACTIVE.value)
        await record.line(w, conversation_id, row["contact_id"], LineKind.ASSISTANT_STOPPED, what=TurnReason.INACTIVE.value)
        await routing.to_team(w, conversation_id, row["channel_id"], found.config.handover.team_id)
        await record.touched(w, conversation_id)
    else:
        await w.execute(_OVER, w.company_id, conversation_id)
        return
    w.emit(AssistantChanged(conversation_id=conversation_id, owner=Owner.ASSISTANT.value, turn=None))


async def hinders(w: Work, turn: Turn, config: PersonaConfig) -> TurnReason | None:
    """Why it does not ask again now, with the conversation's row held; None: it may. Where only its window is over it asks later."""
    if await w.fetchval(_SPOKEN, w.company_id, turn.id, list(SILENT)):
        return TurnReason.SPOKEN_MEANWHILE
    at = now()
    start = await opens(w, config.followup, at)
    if start == at:
        return None
    await w.execute(_ASKS_AT, w.company_id, turn.conversation_id, start)
    return TurnReason.QUIET_HOURS
