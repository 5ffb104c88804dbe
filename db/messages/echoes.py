"""Messages that our own people wrote elsewhere: in the app on the phone that shares a number, or long ago.

They stand in the ledger as sent, so that a conversation and its statuses have one place, and are never in a queue: nothing here
sends, counts for a campaign or opens a window.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.assistant import human
from db.assistant.enums import TurnReason
from db.conversations import record
from db.messages import files
from db.messages.content import Context, MessageContent, encode, target_of
from db.messages.enums import AttemptState as A
from db.messages.enums import MessageOrigin
from db.messages.enums import MessageState as M
from db.work import Work


class Echo(NamedTuple):
    """`address`: to whom, as messages have it. `at`: when it was written."""

    channel_id: UUID
    contact_id: UUID
    provider_id: str
    address: str
    content: MessageContent
    at: datetime
    origin: MessageOrigin
    context: Context | None = None


# A failure reported later ends it: it is not queued. What went out through here comes back as an echo too where the provider tells of everything: it is known by its id.
_INSERT = f"""
insert into message as known (company_id, id, channel_id, queue_id, contact_id, address, dedupe_key, state, requeue_allowed,
                              sent_at,
                              provider_id, content, context, origin, reacts_to)
select $1, uuidv7(), $2, $2, $3, $4, 'echo:' || $2::uuid || ':' || $5, {M.SENT}, false, $6, $5, $7::jsonb, $8::jsonb, $9, $10
where not exists (select from message where company_id = $1 and provider_id = $5 and channel_id = $2 and origin is null)
on conflict (company_id, dedupe_key) do update set content = excluded.content
    where known.content->>'kind' = 'unsupported' and excluded.content->>'kind' <> 'unsupported'
       or known.content->>'kind' = 'call' and known.content->>'status' is null and excluded.content->>'status' is not null
returning new.id, old.id is null as fresh
"""


# The statuses of a message find it by its attempt.
_ATTEMPT = f"""
insert into attempt(company_id, message_id, channel_id, epoch, state, provider_id, done_at)
select $1, id, channel_id, 0, {A.ACCEPTED}, provider_id, now() from message where company_id = $1 and id = $2 on conflict do nothing
"""


async def store(w: Work, echo: Echo) -> bool:
    """Keep one message that was written elsewhere; False when it is known already."""
    row = await w.fetchrow(
        _INSERT,
        w.company_id,
        echo.channel_id,
        echo.contact_id,
        echo.address,
        echo.provider_id,
        echo.at,
        encode(echo.content),
        encode(echo.context) if echo.context else None,
        echo.origin.value,
        target_of(echo.content),
    )
    if row is None:
        return False
    place = record.Place(echo.channel_id, echo.contact_id, echo.address, row["id"], echo.at)
    await files.expect(w, row["id"], echo.channel_id, echo.content)
    if echo.origin is MessageOrigin.PHONE_APP:
        await w.execute(_ATTEMPT, w.company_id, row["id"])
        if row["fresh"]:
            conversation_id = await record.echoed(w, place)
            await human.supersede_for_human(w, conversation_id, TurnReason.PHONE)
        else:
            await record.grew(w, echo.channel_id, echo.contact_id, row["id"])
    elif row["fresh"]:
        await record.past(w, place, came_in=False)
    return True
