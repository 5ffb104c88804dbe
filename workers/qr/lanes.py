"""The sending lanes of a gateway: the ledger's own protocol (workers/sending.py), one message at a time, at the pace of a person."""

import hashlib
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from db import limits
from db.campaigns import windows
from db.channels.secrets import ChannelRow
from db.clock import now
from db.messages import ledger, naming
from db.messages.enums import WaitRule
from db.messages.ledger import Claimed
from db.messages.reasons import FailureReason
from db.providers import registry as definitions
from db.providers.definition import Pace
from db.qr import choices, pacing
from db.settings import Settings
from db.work import Work
from workers import outgoing
from workers.batch import queued_again
from workers.outage import Breaker, Breakers, Tally
from workers.outcomes import Outcome
from workers.outgoing import Sender
from workers.providers import registry
from workers.providers.wire import Wire
from workers.qr.client import AWAY, FIND_SECONDS, SEND_SECONDS, SessionClient
from workers.quantum import Quantum, Slice
from workers.sending import Lanes

HURRY = 10
LOOK = 30.0
"""Seconds after which closed hours are looked at again: somebody may have changed them."""
TURN = 0.5
"""Seconds at most that a lane waits for its next message before it looks again whether it should end."""


LEASE = 60.0
"""Seconds at least that a claim lasts: a number is asked about, typing is shown, and an answer is waited for."""


class SessionSender(Sender):
    """Sends over the connections of this gateway."""

    def __init__(self, settings: Settings, wire: Wire, sessions: dict[UUID, SessionClient]) -> None:
        super().__init__(settings, wire)
        self.timeout = FIND_SECONDS + SEND_SECONDS
        self._sessions = sessions

    def client(self, channel: ChannelRow) -> Any:
        return self._sessions[channel.id]

    async def send(self, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        """As any; over a session that went since the claim nothing left, so its messages go again."""
        return await super().send(channel, body, latest) if channel.id in self._sessions else AWAY


class _Calm(Breaker):
    """A connection says itself when it is gone: no outage is guessed from its messages."""

    def record(self, outcome: Outcome, slice_: Tally) -> None:
        slice_.add(False)

    async def exchange(self) -> None:
        """Nothing to tell the others."""


class _AllCalm(Breakers):
    def of(self, channel: ChannelRow) -> Breaker:
        return self._known.setdefault(channel.id, _Calm(channel.id, None))


class SessionLanes(Lanes):
    """Those of the sessions that this gateway has open."""

    def __init__(self, settings: Settings, sender: SessionSender, sessions: dict[UUID, SessionClient]) -> None:
        super().__init__(msgspec.structs.replace(settings, send_lease=max(settings.send_lease, LEASE)), sender)
        self._sessions = sessions
        self._breakers = _AllCalm()

    def speaks_for(self, channel: ChannelRow) -> bool:
        session = self._sessions.get(channel.id)
        return session is not None and session.speaks

    async def _room(self, run: Quantum) -> int:
        """One, once nothing is on the wire and the shortest gap has passed."""
        if not self.speaks_for(run.channel):
            await run.turn.sleep(TURN)
            return 0
        wait = await _pace_of(run.channel.id, pace_of(run.channel), pace_of(run.channel).reply_gap[0])
        if wait > 0:
            await run.turn.sleep(min(wait, TURN))
            return 0
        return min(1, await super()._room(run))

    async def _claim(
        self, w: Work, channel: ChannelRow, queue: tuple[UUID, UUID | None], limit: int, units: int, *, known: bool
    ) -> Slice:
        """Whoever is not admitted waits in the queue, in the same transaction; what goes has its name at the platform."""
        pace, bulk = pace_of(channel), queue[1] is not None
        if bulk and (wait := await _pace_of(channel.id, pace, pace.gap[0])) > 0:
            await self._stay_away(channel.id, wait)  # answers go on meanwhile
            return Slice(channel, [], None, full=False)
        if bulk and (opens := await _opens(w, channel, pace)) is not None:
            await outgoing.note_limit(channel, "quiet_hours", None, until=opens)
            await self._stay_away(channel.id, LOOK)
            return Slice(channel, [], None, full=False)
        slice_ = await super()._claim(w, channel, queue, limit, units, known=known)
        admitted = await pacing.admit(w, channel.id, pace, slice_.messages)
        waits = dict(admitted.waits)
        for message in admitted.go:
            span = pace.first_gap if message.message_id in admitted.firsts else pace.gap if bulk else pace.reply_gap
            gap = drawn(message.message_id, span) * (admitted.slower if bulk else 1.0)
            wait = await limits.pace(channel.id, gap, each=pace.rest_each, rest=pace.rest, take=True)
            if wait > 0:
                waits[message.message_id] = wait
                if bulk:
                    await self._stay_away(channel.id, wait)
        if waits:
            held = [_waits(message, waits[message.message_id]) for message in slice_.messages if message.message_id in waits]
            await ledger.finish(w, held, horizon=channel.unknown_horizon)
        going = [message for message in admitted.go if message.message_id not in waits]
        adapter = registry.adapter(channel.kind)
        await naming.name(w, [(message, adapter.name_for(channel, message.message_id)) for message in going])
        return slice_._replace(messages=going)


def pace_of(channel: ChannelRow) -> Pace:
    """How a channel of this kind writes."""
    pace = definitions.provider(channel.kind).capabilities.session
    assert pace is not None
    return hurried(pace) if channel.sandbox else pace


def hurried(pace: Pace) -> Pace:
    """As a rehearsal has it: the same, in a tenth of the time."""
    spans = {
        name: (getattr(pace, name)[0] / HURRY, getattr(pace, name)[1] / HURRY)
        for name in ("first_gap", "gap", "reply_gap", "typing")
    }
    return msgspec.structs.replace(pace, **spans, rest=pace.rest / HURRY)


async def _opens(w: Work, channel: ChannelRow, pace: Pace) -> datetime | None:
    """When campaigns may write over this number again; None: now. Numbers of the simulator write at any hour unless somebody chose some."""
    chosen, zone = await choices.hours_of(w, channel.company_id, channel.id)
    if chosen is not None:
        hours = windows.Hours(*chosen)
    elif pace.hours is not None and not channel.sandbox:
        hours = windows.Hours(*pace.hours)
    else:
        return None
    at = now()
    opens = windows.opening([hours], [zone], at)
    return None if opens is not None and opens <= at else opens or at + windows.FAR * timedelta(days=1)


async def _pace_of(channel_id: UUID, pace: Pace, gap: float) -> float:
    return await limits.pace(channel_id, gap, each=pace.rest_each, rest=pace.rest, take=False)


def drawn(message_id: UUID, span: tuple[float, float]) -> float:
    """The message's own gap: the same each time it is asked for, or asking often would shorten it."""
    return random.Random(hashlib.sha256(message_id.bytes).digest()).uniform(*span)


def _waits(message: Claimed, wait: float) -> ledger.Result:
    long = wait > 300
    reason = FailureReason.NEW_PEOPLE_LIMIT if long else FailureReason.PAIR_RATE
    return queued_again(message, reason, wait, "held back by the number's own pace", WaitRule.PACE)
