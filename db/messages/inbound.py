"""Messages that people sent us: kept once, tied to the contact and to the campaign they answer, and opted out when they say stop.

The end is the same in whatever order messages are read and however often: the provider's id makes a message unique, the
earliest answer counts, and the latest intent about being written to wins by when it was expressed, not by when we read it.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from db.contacts import consent, consent_log, opt_out
from db.conversations import record
from db.conversations.enums import LineKind
from db.messages import files
from db.messages.content import Context, MessageContent, Referral, encode, kind_of, target_of, text_of
from db.messages.enums import MessageOrigin
from db.messages.enums import MessageState as M
from db.work import Read, Work

REPLY_WINDOW = timedelta(days=7)
SILENT = ("preference", "reaction", "edit", "revoke", "system")
"""Kinds that answer no campaign and open no window."""
NAMED = "(context->>'group_id' is null or context->>'writer_address' is not null)"
"""SQL: a message that answers and reactions can name; in a group that takes its writer, whom an erasure may have taken away."""
WORDLESS = ("system", "order", "call", "reaction")
"""Kinds whose text is no intent of the person's."""


class Inbound(NamedTuple):
    """`address`: E.164 with the ninth digit, a BSUID or a username. `received_at`: when the person wrote. `history`: a past one,
    which causes nothing. `group`: it was said in a group, whose id stands as `contact_id`: it answers no campaign and says nothing about consent."""

    channel_id: UUID
    contact_id: UUID
    provider_id: str
    address: str
    content: MessageContent
    received_at: datetime
    context: Context | None = None
    referral: Referral | None = None
    history: bool = False
    group: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.content)

    @property
    def body(self) -> str:
        return text_of(self.content)

    @property
    def context_provider_id(self) -> str | None:
        """The message that this one answers, changes or reacts to."""
        return target_of(self.content) or (self.context.provider_id if self.context else None)


class Stored(NamedTuple):
    """`watched`: a board of the company looks at conversations."""

    id: UUID
    campaign_id: UUID | None
    conversation_id: UUID | None = None
    watched: bool = False


# What could not be read may come again whole (a file behind a placeholder), and a call that rang comes again with its end.
_INSERT = """
insert into inbound_message as known (company_id, channel_id, contact_id, campaign_id, provider_id, address, kind, body,
                                      context_provider_id, received_at, content, context, referral, origin)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb, $12::jsonb, $13::jsonb, $14)
on conflict (company_id, channel_id, provider_id) do update
    set kind = excluded.kind, body = excluded.body, content = excluded.content
    where known.kind = 'unsupported' and excluded.kind <> 'unsupported'
       or known.kind = 'call' and excluded.kind = 'call' and known.content->>'status' is null
          and excluded.content->>'status' is not null
returning new.id, old.id is null as fresh,
    exists (select from board_ai a where a.company_id = new.company_id and a.watching) as watched
"""

_QUOTED = "select id, campaign_id from message where company_id = $1 and provider_id = $2 and channel_id = $3"

# A reply may overtake our own answer: what is on its way counts as just sent.
_NEWEST = f"""
select id, campaign_id from message
where company_id = $1 and contact_id = $2 and channel_id = $3 and campaign_id is not null
  and (sent_at between $4::timestamptz - $5::interval and $4::timestamptz + interval '1 minute'
       or sent_at is null and state in ({M.SENDING}, {M.UNKNOWN}))
order by sent_at desc nulls first, id desc limit 1
"""


async def store(w: Work, message: Inbound) -> Stored | None:
    """Store a message and apply the opt-out intent in it; None when it is known already."""
    answered = None if message.kind in SILENT or message.history or message.group else await _answered(w, message)
    campaign_id = answered[1] if answered else None
    row = await w.fetchrow(
        _INSERT,
        w.company_id,
        message.channel_id,
        message.contact_id,
        campaign_id,
        message.provider_id,
        message.address,
        message.kind,
        message.body,
        message.context_provider_id,
        message.received_at,
        encode(message.content),
        encode(message.context) if message.context else None,
        encode(message.referral) if message.referral else None,
        MessageOrigin.HISTORY.value if message.history else None,
    )
    if row is None:
        return None
    new_id: UUID = row["id"]
    await files.expect(w, new_id, message.channel_id, message.content)
    if message.history:
        if row["fresh"] and message.kind not in SILENT:
            await record.past(w, _place(message, new_id), came_in=True)
        return Stored(new_id, None)
    intent = None if message.group else await wanted(w, w.company_id, message.kind, message.body)
    if intent is not None:
        await consent.stand(w, [message.contact_id])
    if intent is not None or answered is not None:
        await record.hold(w, message.channel_id, message.contact_id)  # before messages, as by everybody who answers
    changed = await _apply_opt_out_intent(w, message, new_id, intent) if intent is not None else None
    if answered is not None:
        await w.execute(
            "update message set replied_at = $3 where company_id = $1 and id = $2 and (replied_at is null or replied_at > $3)",
            w.company_id,
            answered[0],
            message.received_at,
        )
    if not row["fresh"] or message.kind in SILENT:
        await record.grew(w, message.channel_id, message.contact_id, new_id)
        return Stored(new_id, campaign_id)
    referral = encode(message.referral) if message.referral else None
    if message.group:
        return Stored(new_id, None, await record.overheard(w, _place(message, new_id)))
    conversation_id = await record.heard(w, _place(message, new_id), campaign_id=campaign_id, referral=referral, consent=changed)
    return Stored(new_id, campaign_id, conversation_id, row["watched"])


def _place(message: Inbound, message_id: UUID) -> record.Place:
    return record.Place(message.channel_id, message.contact_id, message.address, message_id, message.received_at)


async def wanted(r: Read, company_id: UUID, kind: str, body: str) -> Literal["out", "in"] | None:
    """What a message asks for about being written to."""
    if kind == "preference":
        return "out" if body == "stop" else "in"
    return None if kind in WORDLESS else opt_out.intent(body, await opt_out.words(r, company_id))


async def _answered(w: Work, message: Inbound) -> tuple[UUID, UUID | None] | None:
    """The message that this one answers: the quoted one, else the newest campaign message of the last seven days."""
    if message.context_provider_id:
        row = await w.fetchrow(_QUOTED, w.company_id, message.context_provider_id, message.channel_id)
        if row is not None:
            return row["id"], row["campaign_id"]
    row = await w.fetchrow(_NEWEST, w.company_id, message.contact_id, message.channel_id, message.received_at, REPLY_WINDOW)
    return (row["id"], row["campaign_id"]) if row is not None else None


async def _apply_opt_out_intent(
    w: Work, message: Inbound, message_id: UUID, intent: Literal["out", "in"]
) -> record.Consent | None:
    """Apply an opt-out intent unless the person said otherwise later; of two at the same moment, stop wins. Returns what it changed."""
    later = await w.fetch(
        "select kind, body, received_at from inbound_message where company_id = $1 and contact_id = $2"
        " and received_at >= $3 and provider_id <> $4",
        w.company_id,
        message.contact_id,
        message.received_at,
        message.provider_id,
    )
    for row in later:
        other = await wanted(w, w.company_id, row["kind"], row["body"])
        if other == "out" and intent == "in":
            return None
        if other == "in" and intent == "out" and row["received_at"] > message.received_at:
            return None
    how = "provider" if message.kind == "preference" else "keyword"
    proof = consent_log.Proof(message_id=message_id)
    if intent == "in":
        return record.Consent(LineKind.OPTED_IN, None) if await consent.opt_in(w, message.contact_id, how, proof) else None
    fresh = await consent.opt_out(w, [message.contact_id], how, proof)
    return record.Consent(LineKind.OPTED_OUT, how) if fresh else None
