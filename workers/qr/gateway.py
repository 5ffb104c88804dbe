"""Holds sessions: takes their leases, opens their connections, and writes down what they tell. Everything that decides is here or in `db/qr`.

A lease is renewed every third of its time, judged by this process's own clock from before the question: a process that was frozen finds
its sessions over before it sends anything. What is told of a connection that is no longer ours is stored where it is a message (the
platform will not tell it again), and otherwise dropped.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from db.assistant import pausing
from db.channels.secrets import load_channel
from db.clock import now
from db.conversations import groups
from db.errors import Unavailable
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry as definitions
from db.qr import inbound, keys, leases, sessions, uploads
from db.qr.enums import CloseReason, CodeKind, SessionState
from db.qr.keys import Name
from db.qr.leases import LEASE, Fenced, Held
from db.qr.sessions import Identity
from db.qr.uploads import Grant
from db.tenancy import worker
from db.work import read
from workers.outcomes import Refusal, RetryAfter
from workers.providers import registry
from workers.qr import canary, closing, missed, opening, port
from workers.qr.client import SessionClient
from workers.qr.hand import Session, Watched, own_number, wake
from workers.qr.lanes import pace_of
from workers.qr.port import Line, Lost, NotSent, Opening, Port

log = structlog.get_logger("workers.qr")

RENEW = LEASE / 3
SAFE = 4.0
"""Seconds before the end of a lease from which on nothing is sent."""
MOST = 50
"""Sessions of one gateway."""
APART = 0.2
"""Seconds between two openings."""
RESTRICTED_FOR = timedelta(hours=1)
OPENS = 60.0
"""Seconds in which a connection of a number that was paired opens or ends."""
SILENT = 1800.0
"""Seconds without a word after which a connection has to prove that it lives."""
RENEW_UPLOADS, LONGEST_UPLOADS = 300.0, 86_400.0
"""Seconds before its end at which the right to hand files over is renewed, and how long it is believed at most."""
WATCHED = 10.0
"""Seconds for which somebody is watched, each time that their messages are still gathered."""
LEAVES = 10.0
"""Seconds for the platform to take a device away."""


class Gateway:
    """`sandbox`: whether it holds numbers of the simulator or those of phones; None: any. `take` and `renew` are called again and again (workers/qr/process.py)."""

    def __init__(
        self,
        owner: str,
        *,
        most: int = MOST,
        apart: float = APART,
        clock: Callable[[], float] = time.monotonic,
        sandbox: bool | None = None,
        clients: dict[UUID, SessionClient] | None = None,
    ) -> None:
        self.owner, self.most, self.sandbox = owner, most, sandbox
        self.clients: dict[UUID, SessionClient] = {} if clients is None else clients
        self._sessions: dict[UUID, Session] = {}
        self._past: OrderedDict[Line, Session] = OrderedDict()
        self._apart, self._clock = apart, clock
        self.port: Port  # what it speaks through; set before the first round

    @property
    def open(self) -> list[Session]:
        """Those over which messages go and come now."""
        return [session for session in self._sessions.values() if session.client.speaks]

    def holding(self, channel_id: UUID) -> Session | None:
        """The open session of a channel, None where it is not in hand."""
        session = self._sessions.get(channel_id)
        return session if session is not None and session.client.speaks else None

    async def watch_writer(self, session: Session, chat: str, conversation_id: UUID) -> None:
        """From now on it is told when they write; asked of the platform again shortly before it ends. Raises NotSent, Lost."""
        at = self._clock()
        known = session.watched.get(chat)
        if known is None or known.until < at + WATCHED / 2:
            session.watched = {one: seen for one, seen in session.watched.items() if seen.until > at}
            session.watched[chat] = Watched(conversation_id, at + WATCHED)
            await self.port.watch(session.line, chat, WATCHED)

    # leases

    async def renew(self) -> None:
        """Keeps what is ours, and lets go of what is lost."""
        asked = self._clock()
        ours = list(self._sessions.values())
        try:
            kept = await leases.renew([session.held for session in ours])
        except Unavailable:  # the clients stop by themselves at the end of their leases
            for session in ours:
                if self._clock() >= session.client.until:
                    await self._drop(session)
            return
        for session in ours:
            leaving = kept.get((session.line.channel_id, session.line.epoch))
            if leaving:
                await self._leave(session)
            elif leaving is not None:
                session.client.until = asked + LEASE - SAFE
            else:
                log.warning("qr.lease_lost", channel_id=str(session.line.channel_id), epoch=session.line.epoch)
                await self._drop(session)

    async def take(self) -> None:
        """Opens what is free, one after the other."""
        room = self.most - len(self._sessions)
        if room <= 0:
            return
        asked = self._clock()
        for held in await leases.take(self.owner, room, sandbox=self.sandbox):
            await self._open(held, asked + LEASE - SAFE)
            await asyncio.sleep(self._apart)

    async def _open(self, held: Held, until: float) -> None:
        async with read(worker(held.company_id), Permission.CHANNELS_READ) as r:
            channel = await load_channel(r, held.channel_id)
        if channel is None or definitions.provider(channel.kind).capabilities.session is None:
            # Archived, or moved to the official API meanwhile: its keys are gone, and nobody opens it again.
            await sessions.gone(held)
            return
        device = await sessions.device_name(held)
        line = Line(held.channel_id, held.epoch)
        pace = pace_of(channel)
        client = SessionClient(
            self.port, line, registry.adapter(channel.kind).outcome_for, lambda outcome: self._refused(held, outcome), self._clock,
            typing=pace.typing, writer_of=lambda message_id: sessions.writer_of(held, message_id), own=held.wa_jid,
        )  # fmt: skip
        client.until = until
        session = Session(held, client, channel.kind)
        session.started_at = session.heard_at = session.proved_at = self._clock()
        self._sessions[held.channel_id] = session
        self.clients[held.channel_id] = client
        try:
            since = held.first_open_at.timestamp() if held.first_open_at else None
            await self.port.start(line, Opening(device=device, phone=held.phone, history=held.history, since=since))
        except Lost:
            await self._drop(session)
            await leases.release([held])

    async def _drop(self, session: Session) -> None:
        """Lets go of a session: nothing is sent from this moment on."""
        session.client.is_open = False
        session.client.until = 0.0
        channel_id = session.line.channel_id
        self._past[session.line] = session
        if len(self._past) > 4 * MOST:
            self._past.popitem(last=False)
        if self._sessions.get(channel_id) is session:
            del self._sessions[channel_id], self.clients[channel_id]
        with contextlib.suppress(Lost, NotSent):
            await self.port.stop(session.line)

    async def _leave(self, session: Session) -> None:
        """A person disconnects the number: the phone forgets the device, and we its keys."""
        session.client.is_open = False
        with contextlib.suppress(Lost, NotSent, TimeoutError):
            async with asyncio.timeout(LEAVES):
                await self.port.logout(session.line)
        await self._drop(session)
        with contextlib.suppress(Fenced):
            await sessions.gone(session.held, SessionState.LOGGED_OUT)

    async def allow_files(self) -> None:
        """Keeps what files are handed over by, for who does it."""
        for session in list(self._sessions.values()):
            if not session.client.is_open or self._clock() < session.uploads_until - RENEW_UPLOADS:
                continue
            try:
                async with asyncio.timeout(LEAVES):
                    told = await self.port.uploads(session.line)
                lasts = min(max(told.seconds, 0.0), LONGEST_UPLOADS)
                await uploads.keep(session.held, Grant(told.hosts, told.auth), now() + timedelta(seconds=lasts))
                session.uploads_until = self._clock() + lasts
            except (Lost, NotSent, TimeoutError, Fenced) as error:
                log.info("qr.no_uploads", channel_id=str(session.line.channel_id), error=type(error).__name__)

    async def watch(self) -> None:
        """A connection that says it is open and tells nothing for long is asked something; one that does not answer, or that neither opens nor ends,
        is opened anew."""
        await sessions.hurry([session.held for session in self.open])
        for session in list(self._sessions.values()):
            if await self._silent(session):
                continue
            if not session.client.is_open:
                if session.held.wa_jid is not None and self._clock() - session.started_at > OPENS:
                    with contextlib.suppress(Fenced):
                        await self._closed(session, port.Closed(code=408, detail="it did not open"))
                continue
            if self._clock() - session.heard_at < SILENT:
                continue
            try:
                async with asyncio.timeout(LEAVES):
                    await self.port.find(session.line, [own_number(session.held)])
                session.heard_at = self._clock()
            except (Lost, NotSent, TimeoutError):
                log.warning("qr.silent", channel_id=str(session.line.channel_id))
                with contextlib.suppress(Fenced):
                    await self._closed(session, port.Closed(code=408, detail="it said nothing any more"))

    async def _silent(self, session: Session) -> bool:
        """Whether it waits for what a number wrote to itself. Where that came back before and the platform does not even take it now, the connection
        is none. Where the platform took it and the phone did not get it, the phone may be off: the connection is opened anew, and counts."""
        at = self._clock()
        if session.canary is None:
            if session.client.is_open and at - session.proved_at >= canary.QUIET:
                await canary.write(self.port, session, at)
            return False
        if at - session.canary.at <= canary.BACK:
            return True
        gone, session.canary, session.proved_at = session.canary, None, at
        if session.proves:  # where it never came back, it proves nothing
            with contextlib.suppress(Fenced):
                await self._closed(session, port.Closed(detail="nothing came back"), None if gone.taken else CloseReason.SILENT)
        return session.proves

    async def _proved(self, session: Session, events: Sequence[port.AnyTold]) -> list[port.AnyTold]:
        """What these prove, and the rest of them: what a number writes to itself is nobody's message."""
        mine = session.canary.id if session.canary is not None else None
        back = [one for one in events if isinstance(one, port.Message | port.Receipt) and one.id == mine]
        if any(canary.proves(one) for one in back):
            session.canary, session.proves = None, True
            await sessions.came_back(session.held)
        elif mine is not None and any(canary.took(one) for one in back):
            canary.take(session, mine)
            await self._trust(session)
        if any(canary.proves(one) for one in events):
            session.proved_at = self._clock()
            await self._trust(session)
        return [one for one in events if one not in back and not canary.written(one, session.held)]

    async def _doubt(self, session: Session) -> None:
        """It is open once the platform takes something, or somebody writes."""
        await canary.write(self.port, session, self._clock())
        if session.canary is not None and session.canary.taken:
            await self._trust(session)

    async def _trust(self, session: Session) -> None:
        """A connection that was doubted is open."""
        if session.doubted:
            session.canary, session.doubted = None, False
            await self._opened(session)

    async def engine_died(self) -> None:
        """Its process is gone, and every connection with it: the sessions are free at once. Set another `port`."""
        lost = list(self._sessions.values())
        for session in lost:
            session.client.is_open = False
            session.client.until = 0.0
            del self._sessions[session.line.channel_id], self.clients[session.line.channel_id]
        with contextlib.suppress(Unavailable):  # then their leases end by themselves
            await leases.release([session.held for session in lost])

    async def close(self) -> None:
        """Closes every connection and frees its lease."""
        ours = list(self._sessions.values())
        for session in ours:
            await self._drop(session)
        await self.port.close()
        with contextlib.suppress(Unavailable):
            await leases.release([session.held for session in ours])

    # what the engine asks

    def _of(self, line: Line) -> Session:
        session = self._sessions.get(line.channel_id)
        if session is None or session.line != line:
            raise Fenced(f"{line.channel_id} is not in hand")
        return session

    @contextlib.asynccontextmanager
    async def _or_close(self, session: Session) -> AsyncIterator[None]:
        """What cannot be done for an engine ends the connection at both ends: it must not look open when nobody hears it."""
        try:
            yield
        except Fenced:
            await self._drop(session)
            raise
        except Unavailable:  # asked again, once the database is back
            raise
        except Exception:
            with contextlib.suppress(Fenced):
                await self._closed(session, port.Closed(code=500, detail="what it told could not be kept"))
            raise

    async def keys(self, line: Line, names: Sequence[Name]) -> dict[Name, str]:
        session = self._of(line)
        async with self._or_close(session):
            return await keys.load(session.held.company_id, line.channel_id, line.epoch, names)

    async def keep(self, line: Line, batch: Mapping[Name, str | None]) -> None:
        session = self._of(line)
        async with self._or_close(session):
            await keys.save(session.held.company_id, line.channel_id, line.epoch, batch)

    async def sent(self, line: Line, message_id: str) -> str | None:
        held = self._of(line).held
        return await sessions.text_of(held.company_id, line.channel_id, message_id)

    async def told(self, line: Line, events: Sequence[port.AnyTold]) -> None:
        session = self._sessions.get(line.channel_id)
        messages = [event for event in events if isinstance(event, port.Message)]
        if session is None or session.line != line:
            past = self._past.get(line)
            log.info("qr.late", channel_id=str(line.channel_id), messages=len(messages))
            if past is not None and messages:
                await self.heard(past, messages)
            raise Fenced(f"{line.channel_id} is not in hand")
        session.heard_at = self._clock()
        async with self._or_close(session):
            events = await self._proved(session, events)
            messages = [event for event in events if isinstance(event, port.Message)]
            if messages:
                await self.heard(session, messages)
            if receipts := [port.encode(event) for event in events if isinstance(event, port.Receipt)]:
                await inbound.note(session.held.company_id, line.channel_id, session.source, receipts)
                await wake(session.held.company_id)
            for event in events:
                await self._told(session, event)

    async def heard(self, session: Session, messages: Sequence[port.Message]) -> None:
        """Stores messages and wakes whoever applies them."""
        held, rows = session.held, await opening.rows(session, messages)
        if await inbound.hear(held.company_id, held.channel_id, session.source, rows):
            await wake(held.company_id)

    async def _told(self, session: Session, event: port.AnyTold) -> None:
        held = session.held
        match event:
            case port.Message() | port.Receipt():
                pass  # stored already
            case port.Code():
                until = now() + timedelta(seconds=min(max(event.seconds, 0.0), 600.0))
                await sessions.show_code(held, CodeKind(event.kind), event.text, until)
            case port.Paired():
                number = registry.adapter(session.kind).number_of(event.jid)
                await sessions.paired(held, Identity(event.jid, event.lid, number, event.name), self.port.engine)
                await groups.ask_anew(held.company_id, held.channel_id)
            case port.Opened():
                await (self._doubt(session) if session.doubted else self._opened(session))
            case port.Writes():
                found = session.watched.get(event.chat) or session.watched.get(event.alt or "")
                if found is not None and self._clock() < found.until:
                    await pausing.customer_types(held.company_id, found.conversation_id)
            case port.Restricted():
                await sessions.restricted(held, datetime.fromtimestamp(event.until, UTC))
            case port.Quota():
                until_quota = datetime.fromtimestamp(event.until, UTC) if event.until else None
                await sessions.told_quota(held, event.total, event.used, until_quota)
            case port.Called():
                await groups.called(held.company_id, held.channel_id, event.chat, event.subject)
            case port.Members():
                await groups.ask_anew(held.company_id, held.channel_id, event.chat)
            case port.Closed():
                await self._closed(session, event)

    async def _opened(self, session: Session) -> None:
        await sessions.opened(session.held, self.port.engine)
        session.client.is_open = True
        await missed.ask_for(self.port, session)

    async def _closed(self, session: Session, event: port.Closed, reason: CloseReason | None = None) -> None:
        why = closing.meaning(event, reason)
        session.client.is_open = False
        state = await sessions.closed(session.held, why)
        await self._drop(session)
        await leases.release([session.held])
        log.info("qr.closed", channel_id=str(session.line.channel_id), reason=why.reason.value, code=why.code, state=state.value)
        if state is SessionState.OUTDATED:
            await sessions.outdated(self.port.engine)

    async def _refused(self, held: Held, outcome: Refusal) -> None:
        """The platform may say with it that nobody may be written to first."""
        if isinstance(outcome, RetryAfter) and outcome.reason is FailureReason.NEW_PEOPLE_LIMIT:
            until = now() + (timedelta(seconds=outcome.seconds) if outcome.seconds else RESTRICTED_FOR)
            with contextlib.suppress(Fenced):
                await sessions.restricted(held, until)
