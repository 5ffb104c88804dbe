"""What a rule writes to a lead's contact: through the ledger, with the protections of a campaign and of an answer by hand. The channel
sends, the person has an address there and did not say stop, a free text finds its window open; the pace of channel and pair is the
sender's."""

from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from db.boards.enums import RunReason
from db.boards.rule import SendTemplate, SendText, SlotBinding
from db.campaigns.audience import Audience, judge
from db.channels.enums import TemplateStatus
from db.contacts.enums import Category
from db.contacts.filter import ContactFilter
from db.conversations import record
from db.messages import answers, queueing, segments
from db.messages.enums import SkipReason
from db.messages.errors import MessageError
from db.messages.events import ConversationChanged
from db.messages.render import Content, LiteralContent, Slot, TemplateContent, TextContent, draw, encode
from db.providers import registry
from db.providers.placeholders import placeholders
from db.work import Read, Work


class Written(NamedTuple):
    message_id: UUID
    text: str  # as the person reads it


class _Letter(NamedTuple):
    channel_id: UUID
    kind: str
    sandbox: bool
    content: Content


_TEMPLATE = f"""
select t.name, t.language, t.category, t.status, t.components::text as components, t.parameter_format, c.id as channel_id, c.kind, c.sandbox
from template t join channel c on c.company_id = $1 and c.id = t.channel_id and c.archived_at is null
where t.company_id = $1 and t.id = $2 and t.status in ('{TemplateStatus.APPROVED}', '{TemplateStatus.PAUSED}')
"""
_CHANNEL = "select id as channel_id, kind, sandbox from channel where company_id = $1 and id = $2 and archived_at is null"
_OVER = "select channel_id from template where company_id = $1 and id = $2"
_HOLD = """
select from channel where company_id = $1 and archived_at is null
    and id in (select (action->>'channel_id')::uuid from stage_rule where company_id = $1 and board_id = $2
        union select t.channel_id from stage_rule r join template t on t.company_id = $1 and t.id = (r.action->>'template_id')::uuid
        where r.company_id = $1 and r.board_id = $2)
order by id for share
"""
_WROTE = """
select exists (select from message m join rule_run u on u.company_id = $1 and u.message_id = m.id
    where m.company_id = $1 and m.contact_id = $2 and u.rule_id = $3 and u.done_at > now() - interval '1 day')
"""
_OBSTACLES = {
    MessageError.CHANNEL_NOT_CONNECTED: RunReason.CHANNEL_GONE,
    MessageError.NO_ADDRESS: RunReason.NO_ADDRESS,
    MessageError.OPTED_OUT: RunReason.OPTED_OUT,
    MessageError.WINDOW_CLOSED: RunReason.WINDOW_CLOSED,
}
_SKIPS = {
    SkipReason.OPTED_OUT: RunReason.OPTED_OUT,
    SkipReason.CATEGORY_REFUSED: RunReason.OPTED_OUT,
    SkipReason.NO_ADDRESS: RunReason.NO_ADDRESS,
    SkipReason.SAMPLE_CONTACT: RunReason.SAMPLE_CONTACT,
    SkipReason.LANDLINE: RunReason.LANDLINE,
    SkipReason.STRANGER: RunReason.STRANGER,
    SkipReason.COUNTRY_UNREACHED: RunReason.NO_ADDRESS,
}


def slots(bindings: list[SlotBinding]) -> list[Slot]:
    """In the order given, which is that of the template's placeholders."""
    return [
        Slot(one.placeholder, constant=one.fallback)
        if one.source == "constant"
        else Slot(one.placeholder, field=one.source, fallback=one.fallback)
        for one in bindings
    ]


def fills(bindings: list[SlotBinding], components: list[dict[str, Any]], parameter_format: str, category: str) -> bool:
    """Whether these are the placeholders of the template as it is now, in its order."""
    return [one.placeholder for one in bindings] == placeholders(components, parameter_format, category)


async def _letter(r: Read, company_id: UUID, action: SendTemplate | SendText) -> _Letter | RunReason:
    if isinstance(action, SendText):
        row = await r.fetchrow(_CHANNEL, company_id, action.channel_id)
        content: Content = TextContent(action.text)
    else:
        row = await r.fetchrow(_TEMPLATE, company_id, action.template_id)
        if row is not None and row["status"] == TemplateStatus.PAUSED:
            return RunReason.TEMPLATE_PAUSED
        if row is not None:
            components = msgspec.json.decode(row["components"])
            if not fills(action.bindings, components, row["parameter_format"], row["category"]):
                return RunReason.TEMPLATE_CHANGED
            content = TemplateContent(row["name"], row["language"], row["category"], components, slots(action.bindings))
    if row is None:
        return RunReason.CHANNEL_GONE if isinstance(action, SendText) else RunReason.TEMPLATE_GONE
    return _Letter(row["channel_id"], row["kind"], row["sandbox"], content)


async def hold_channel(w: Work, action: SendTemplate | SendText) -> None:
    """Until this transaction ends nobody archives the channel that it goes over; before the contact is held, as what comes in does."""
    channel_id = action.channel_id if isinstance(action, SendText) else await w.fetchval(_OVER, w.company_id, action.template_id)
    if channel_id is not None:
        await queueing.hold_open(w, channel_id)


async def hold_channels(w: Work, stage_id: UUID) -> None:
    """The same for whatever rules of the stage's board may write, in one transaction."""
    board_id = await w.fetchval("select board_id from stage where company_id = $1 and id = $2", w.company_id, stage_id)
    await w.fetch(_HOLD, w.company_id, board_id)


async def write(w: Work, rule_id: UUID, contact_id: UUID, action: SendTemplate | SendText) -> Written | RunReason:
    """Queues the message, or says why not: to one person a rule writes once in a day, however many of their leads come into its stage.
    The contact is held by `answers.hold_still`."""
    if await w.fetchval(_WROTE, w.company_id, contact_id, rule_id):
        return RunReason.ALREADY_WRITTEN
    return await send(w, contact_id, action, purpose="rule")


async def send(w: Work, contact_id: UUID, action: SendTemplate | SendText, *, purpose: str) -> Written | RunReason:
    """The same for another automatic message, however often. `purpose` begins its dedupe key."""
    letter = await _letter(w, w.company_id, action)
    if isinstance(letter, RunReason):
        return letter
    way = await answers.way(w, w.company_id, contact_id, letter.channel_id)
    obstacle = way.obstacle if way is not None else MessageError.CHANNEL_NOT_CONNECTED
    if obstacle is not None and not (isinstance(action, SendTemplate) and obstacle is MessageError.WINDOW_CLOSED):
        return _OBSTACLES[obstacle]
    fields = letter.content.fields
    category = letter.content.category if isinstance(letter.content, TemplateContent) else Category.UTILITY
    chosen = ContactFilter(ids=[contact_id])
    person = await judge(
        w, Audience(w.company_id, letter.kind, chosen, rehearsal=letter.sandbox, category=category, fields=fields)
    )
    if person is None:
        return RunReason.NO_CONTACT
    if person.reason is not None:
        return _SKIPS[SkipReason(person.reason)]
    assert way is not None
    content, params = letter.content, person.params
    text = draw(content, params).body
    if isinstance(content, TextContent):  # an answer inside the person's window: nothing of the portfolio's day
        content, params = LiteralContent(body=text), []
    by_segment = registry.provider(letter.kind).capabilities.unit == "segment"
    address = way.address if isinstance(action, SendText) and way.address is not None else person.address
    message_id = await queueing.queue(
        w,
        letter.channel_id,
        purpose=purpose,
        contact_id=contact_id,
        address=address,
        content=encode(content),
        params=params,
        units=segments.count(text).segments if by_segment else 1,
    )
    w.audit("message.sent", message_id, channel_id=letter.channel_id, contact_id=contact_id)
    w.emit(ConversationChanged(contact_id=contact_id))
    await record.grew(w, letter.channel_id, contact_id, message_id)
    return Written(message_id, text)
