"""Of what a board lets be sent and entered, what there is for one person now: files, sequences, and whether a file may go by itself."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.assistant import gather
from db.assistant.enums import AssistantMode, Owner
from db.bookings import bookings
from db.bookings.slots import Span
from db.cadences import enrolling
from db.cadences.enrolling import Entrance
from db.messages import answers
from db.personas.serving import Serving
from db.proposals.enums import LeadTool, ProposalState
from db.work import Read


class BoardFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One that a board's AI may send. `name`: what it is, for people and the model; `caption`: what goes with it, as the company wrote it."""

    file_id: UUID
    name: str
    caption: str = ""


decode: msgspec.json.Decoder[list[BoardFile]] = msgspec.json.Decoder(list[BoardFile])


class Allowed(NamedTuple):
    """`sent`: files that went to them within a day; `open`: the channel takes a free message now; `speaks`: a persona answers here by itself,
    and nobody of the team does or types; `out`: they asked for no more messages; `times`: free ones of the
    board, the first; `booked_at`: when the lead has its appointment."""

    files: list[BoardFile]
    sent: frozenset[UUID]
    cadences: list[Entrance]
    open: bool
    speaks: bool
    out: bool
    times: list[Span]
    booked_at: datetime | None


NOTHING = Allowed([], frozenset(), [], False, False, False, [], None)
MOST_TIMES = 60

_THERE = "select id from message_file where company_id = $1 and id = any($2::uuid[]) and state = 'stored'"
_SENT = f"""
select (args->>'file_id')::uuid as file_id from lead_proposal where company_id = $1 and conversation_id = $2
    and tool = '{LeadTool.SEND_FILE.value}' and state = '{ProposalState.APPLIED.value}' and applied_at > now() - interval '1 day'
"""
_ANSWERS = f"""
select a.owner = '{Owner.ASSISTANT.value}' and a.serving = '{AssistantMode.AUTO.value}' and coalesce(a.typing_until <= now(), true)
from ai_conversation a where a.company_id = $1 and a.conversation_id = $2
"""
_OUT = "select opted_out_at is not null from contact where company_id = $1 and id = $2"


async def of(
    r: Read,
    company_id: UUID,
    conversation_id: UUID,
    contact_id: UUID,
    channel_id: UUID,
    files: list[BoardFile],
    cadence_ids: list[UUID],
    serving: Serving | None,
    board_id: UUID,
    lead_id: UUID | None,
) -> Allowed:
    times = (await bookings.free_in(r, company_id, board_id))[:MOST_TIMES]
    booked_at = await bookings.of_lead(r, company_id, lead_id) if lead_id is not None else None
    if not files and not cadence_ids and not times and booked_at is None:
        return NOTHING
    stored = await there(r, company_id, files)
    way = await answers.way(r, company_id, contact_id, channel_id)
    speaks = serving is not None and await r.fetchval(_ANSWERS, company_id, conversation_id)
    return Allowed(
        files=stored,
        sent=frozenset(row["file_id"] for row in await r.fetch(_SENT, company_id, conversation_id)) if stored else frozenset(),
        cadences=await enrolling.entrances(r, company_id, cadence_ids, contact_id),
        open=way is not None and way.obstacle is None,
        speaks=bool(speaks) and serving is not None and await gather.hours_over(r, serving) is None,
        out=bool(await r.fetchval(_OUT, company_id, contact_id)),
        times=times,
        booked_at=booked_at,
    )


async def there(r: Read, company_id: UUID, files: list[BoardFile]) -> list[BoardFile]:
    """Those that are stored."""
    known = {row["id"] for row in await r.fetch(_THERE, company_id, [one.file_id for one in files])} if files else set()
    return [one for one in files if one.file_id in known]
