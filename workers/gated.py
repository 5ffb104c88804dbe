"""What a lane does about the hours, the money and the files of messages (db/campaigns/gate.py, db/messages/header_files.py): what may not go goes
back into the queue in the transaction of the claim, and a campaign whose limit is reached pauses."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from db import limits
from db.campaigns import gate, lifecycle, warm_up
from db.campaigns.gate import Asked, Stop
from db.channels.secrets import ChannelRow
from db.clock import now
from db.contacts import holidays
from db.costs.enums import CapScope
from db.messages import call_hours, changes, contacted, conversation, header_files, ledger, render, repeats, strangers, tries
from db.messages.enums import WaitRule
from db.messages.header_files import Known
from db.messages.ledger import Claimed, Result
from db.messages.reasons import FailureReason
from db.messages.render import TextContent, TextSender
from db.providers import registry
from db.work import Work
from workers import outgoing
from workers.batch import contacted_before, not_taken, queued_again, said_before, too_dear, unknown_here, without_price

AGAIN = 5.0  # seconds; the campaign pauses meanwhile
COUNT_WAIT = 60.0  # seconds; until the costs are counted anew
FILE_WAIT = 3.0  # seconds
PAUSED_WAIT = 600.0  # seconds
STALE = frozenset({conversation.ASSISTANT, conversation.AWAY, "reaction", "change", "call", "callback"})
"""What nobody wants to get weeks later: it ends where the month's limit holds it, and whoever waits for an answer waits for a person."""


async def by_hours(w: Work, channel: ChannelRow, queue_id: UUID, asked: Asked | None, batch: Sequence[Claimed]) -> list[Claimed]:
    """Those who may be written to now; the others wait."""
    closed = await gate.closed(w, asked, queue_id, batch) if asked is not None and batch else {}
    if not closed:
        return list(batch)
    waiting = [message for message in batch if message.message_id in closed]
    results = []
    for one in waiting:
        held = closed[one.message_id]
        why = f"held by the rule {held.rule}"
        results.append(queued_again(one, FailureReason.QUIET_HOURS, held.wait, why, held.by, held.rule))
    await ledger.finish(w, results, horizon=channel.unknown_horizon)
    soonest = min(closed.values())
    await outgoing.note_limit(channel, soonest.by.value, None, until=now() + timedelta(seconds=soonest.wait), name=soonest.rule)
    return [message for message in batch if message.message_id not in closed]


async def by_acquaintance(w: Work, channel: ChannelRow, campaign_id: UUID | None, batch: list[Claimed]) -> list[Claimed]:
    """Without strangers, where the number of a campaign would be blocked for them; whatever was true when the audience was written. A rehearsal leaves
    out whom the number of the phone would."""
    if campaign_id is None or not batch or not registry.provider(channel.kind).capabilities.known_people_only:
        return batch
    strange = await strangers.among(w, batch)
    if strange:
        await ledger.finish(w, [unknown_here(m) for m in batch if m.message_id in strange], horizon=channel.unknown_horizon)
    return [m for m in batch if m.message_id not in strange]


async def by_rest(
    w: Work, channel: ChannelRow, campaign_id: UUID | None, asked: Asked | None, batch: list[Claimed]
) -> list[Claimed]:
    """Without those whom another campaign wrote to since the audience was written, where this one leaves them out."""
    if campaign_id is None or asked is None or not asked.recent_days or not batch:
        return batch
    again = await contacted.among(w, campaign_id, asked.recent_days, batch, rehearsal=channel.sandbox)
    if again:
        await ledger.finish(w, [contacted_before(m) for m in batch if m.message_id in again], horizon=channel.unknown_horizon)
    return [m for m in batch if m.message_id not in again]


async def by_deadline(w: Work, channel: ChannelRow, batch: list[Claimed]) -> list[Claimed]:
    """Without changes of messages that the platform takes no more."""
    late = [message for message in batch if changes.late(message.content)]
    if late:
        results = [queued_again(message, None, 0.0, "not sent: it is too late to change the message") for message in late]
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
        await changes.end_late(w, [message.message_id for message in late])
    return [message for message in batch if message not in late]


async def by_call_rules(w: Work, channel: ChannelRow, campaign_id: UUID | None, batch: Sequence[Claimed]) -> list[Claimed]:
    """Of messages that are calls those who may be called now; the others wait."""
    if not registry.provider(channel.kind).capabilities.calls or not batch:
        return list(batch)
    return await _by_tries(w, channel, campaign_id, await _by_call_hours(w, channel, batch))


async def _by_call_hours(w: Work, channel: ChannelRow, batch: Sequence[Claimed]) -> list[Claimed]:
    """By the law of their place. A simulator's number calls nobody, at whatever hour."""
    if channel.sandbox:
        return list(batch)
    calendar = await holidays.calendar(w)
    waits = {message.message_id: call_hours.wait(message.address, now(), calendar).total_seconds() for message in batch}
    held = [message for message in batch if waits[message.message_id] > 0]
    if held:
        why = "held by the hours in which people are called"
        results = [
            queued_again(
                one,
                FailureReason.QUIET_HOURS,
                waits[one.message_id],
                why,
                WaitRule.CALL_HOURS,
                call_hours.rule_of(one.address, calendar, now()).source,
            )
            for one in held
        ]
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
        soonest = min(held, key=lambda one: waits[one.message_id])
        await outgoing.note_limit(
            channel,
            WaitRule.CALL_HOURS.value,
            None,
            until=now() + timedelta(seconds=waits[soonest.message_id]),
            name=call_hours.rule_of(soonest.address, calendar, now()).source,
        )
    return [message for message in batch if not waits[message.message_id] > 0]


async def places(w: Work, channel: ChannelRow, campaign_id: UUID | None, limit: int) -> int:
    """How many of `limit` messages may be claimed: all, but of calls as many as there are places for, at the provider and by the campaign's wish."""
    if not registry.provider(channel.kind).capabilities.calls:
        return limit
    at_once = await gate.at_once(w, campaign_id) if campaign_id is not None else None
    held = await limits.hold_places(w, channel.id, campaign_id)
    free = held.free(at_once)
    if free == 0:
        await outgoing.note_limit(channel, "places", held.most if held.free(None) == 0 else at_once)
    return limit if free is None else min(limit, free)


async def _by_tries(w: Work, channel: ChannelRow, campaign_id: UUID | None, batch: list[Claimed]) -> list[Claimed]:
    """Nobody to whom a call goes on, or who was called as often as the rule of their place allows. What goes is a call from here on."""
    batch = await _by_promise(w, channel, batch)
    if not batch:
        return batch
    await tries.begin(w, channel.id, [message.message_id for message in batch], owed=campaign_id is not None)
    waits = await tries.waits(w, batch, lawful=not channel.sandbox)
    results = [
        queued_again(
            one, FailureReason.CALL_LIMIT, waits[one.message_id], "a call to them goes on, or they were called often enough"
        )
        for one in batch
        if one.message_id in waits
    ]
    if results:
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
    return [message for message in batch if message.message_id not in waits]


async def _by_promise(w: Work, channel: ChannelRow, batch: list[Claimed]) -> list[Claimed]:
    """Without callbacks of a campaign or a sequence that is paused: they wait; and without those that nobody wants any more: they end."""
    waiting, over = await tries.callbacks(w, [message.message_id for message in batch if message.purpose == "callback"])
    held = [message for message in batch if message.message_id in waiting | over]
    if held:
        why = "its campaign is paused or ended, or the person wants no call any more"
        results = [queued_again(one, None, 0.0 if one.message_id in over else PAUSED_WAIT, why) for one in held]
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
        await tries.drop(w, over)
    return [message for message in batch if message not in held]


async def by_text(w: Work, channel: ChannelRow, batch: list[Claimed], content: str | None) -> list[Claimed]:
    """Without those whose number had this text lately; of channels that are paid by the segment. Asked last: what waits for money keeps nobody else from
    saying the same."""
    if content is None or not isinstance(render.decode(content), TextContent) or outgoing.throughput_limit(channel) != "segments":
        return batch
    texts = {one: render.decode(one) for one in {m.content or content for m in batch}}
    senders = {one: TextSender(text) for one, text in texts.items() if isinstance(text, TextContent)}
    said = {m.message_id: (m.address, senders[m.content or content].render(m.params)) for m in batch}
    again = await repeats.repeated(w, said)
    if again:
        await ledger.finish(w, [said_before(m) for m in batch if m.message_id in again], horizon=channel.unknown_horizon)
    return [m for m in batch if m.message_id not in again]


async def by_file(
    w: Work, channel: ChannelRow, content: str | None, batch: Sequence[Claimed]
) -> tuple[list[Claimed], str | None]:
    """Those whose file the provider has, and the campaign's content, with what it is known by there. The others wait for it; what the provider
    refused fails."""
    own = {message.message_id: file for message in batch if (file := header_files.named(message.content))}
    shared = header_files.named(content)
    needed = {*own.values(), *([shared] if shared else [])}
    if not batch or not needed:
        return list(batch), content
    known = await header_files.known(w, channel.id, needed)
    go: list[Claimed] = []
    results: list[Result] = []
    for message in batch:
        file = own.get(message.message_id) or (shared if message.content is None else None)
        at = known.get(file, Known(None, False)) if file else None
        if at is None:
            go.append(message)
        elif at.media is not None:
            go.append(message._replace(content=header_files.filled(message.content, at.media)) if message.content else message)
        elif at.refused and message.campaign_id is None:
            results.append(not_taken(message))
        else:
            results.append(queued_again(message, None, FILE_WAIT, "waits for its file to be at the provider"))
    for file in needed:
        if known.get(file, Known(None, False)) == (None, False):
            await header_files.want(w, channel.id, file)
    if results:
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
    has = known.get(shared) if shared else None
    return go, header_files.filled(content, has.media) if content and has and has.media else content


async def by_warmth(w: Work, channel: ChannelRow, queue_id: UUID, asked: Asked | None, batch: Sequence[Claimed]) -> list[Claimed]:
    """Those whom a young number may write to today; the others wait for the next day."""
    held = await warm_up.hold(w, channel.id, queue_id, batch) if asked is not None and asked.warms and batch else None
    if held is None:
        return list(batch)
    results = [
        queued_again(one, FailureReason.WARM_UP, held.wait, "held by the warm-up of the number", WaitRule.WARM_UP)
        for one in batch
        if one.message_id in held.message_ids
    ]
    await ledger.finish(w, results, horizon=channel.unknown_horizon)
    await outgoing.note_limit(channel, WaitRule.WARM_UP.value, None, until=held.until)
    return [one for one in batch if one.message_id not in held.message_ids]


async def by_money(
    w: Work, channel: ChannelRow, asked: Asked | None, batch: Sequence[Claimed]
) -> tuple[list[Claimed], Stop | None]:
    """Those whose cost fits under every limit, reserved; and what stops the others. Whose price is not known does not get it. What belongs to no campaign is held by the month's alone."""
    if asked is None and batch and batch[0].campaign_id is None:
        return await _single_by_money(w, channel, batch), None
    if asked is None or not asked.has_caps or not batch:
        return list(batch), None
    admitted = await gate.afford(w, asked, batch)
    stop = Stop(admitted.stop, admitted.blind) if admitted.stop is not None else None
    results = [without_price(one) for one in batch if one.message_id in admitted.unpriced]
    if stop is not None:
        why = "no price is known for it" if stop.unpriced else "would pass the limit of costs"
        results += [
            queued_again(one, stop.reason, AGAIN, why, WaitRule.SPEND_CAP, stop.scope.value)
            for one in batch
            if one.message_id not in admitted.go | admitted.unpriced
        ]
        await outgoing.note_limit(channel, WaitRule.SPEND_CAP.value, None, name=stop.scope.value)
    if results:
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
    return [one for one in batch if one.message_id in admitted.go], stop


async def _single_by_money(w: Work, channel: ChannelRow, batch: Sequence[Claimed]) -> list[Claimed]:
    if not channel.capped or channel.sandbox:
        return list(batch)
    admitted = await gate.afford_single(w, channel.kind, batch)
    dear = [one for one in batch if one.message_id not in admitted.go]
    if dear:
        wait = max(AGAIN, (admitted.until - now()).total_seconds()) if admitted.until is not None else COUNT_WAIT
        why = "the month's limit of costs is reached"
        results = [
            too_dear(one)
            if one.purpose in STALE and admitted.until is not None
            else queued_again(one, FailureReason.SPEND_CAP, wait, why, WaitRule.SPEND_CAP, CapScope.MONTH.value)
            for one in dear
        ]
        await ledger.finish(w, results, horizon=channel.unknown_horizon)
    return [one for one in batch if one.message_id in admitted.go]


async def stop(company_id: UUID, campaign_id: UUID, why: Stop) -> None:
    """After the claim is committed. Should this process die before: the next claim comes to the same."""
    await lifecycle.stop(company_id, campaign_id, why.reason.value, gate.stopped_by(why.scope), pause=True)
