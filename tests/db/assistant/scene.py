"""A person writes on a channel that a persona serves, and a worker runs its turns, step by step and by hand."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from db.assistant import gather, outlet, turns
from db.assistant.enums import Decision
from db.assistant.outlet import Held, Spoken
from db.assistant.turns import Answer, Begun, Turn
from db.clock import now
from db.contacts.actions import create_contact
from db.messages import echoes, inbound
from db.messages.content import MessageContent, Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests import factories


class Scene:
    """`speaks`: what `gather` said of the last message."""

    def __init__(self, owner: Actor, db: asyncpg.Connection, channel: UUID, contact: UUID, phone: str) -> None:
        self.owner, self.db, self.channel, self.contact, self.phone = owner, db, channel, contact, phone
        self.conversation: UUID | None = None
        self.speaks = False

    @classmethod
    async def make(cls, owner: Actor, db: asyncpg.Connection, mode: str = "auto", **config: Any) -> "Scene":
        channel = await factories.channel(db, owner)
        await factories.persona(db, owner, channel, mode, name=f"Lia {uuid4().hex[:6]}", **config)
        return await cls.another(owner, db, channel)

    @classmethod
    async def another(cls, owner: Actor, db: asyncpg.Connection, channel: UUID) -> "Scene":
        phone = f"+55119{uuid4().int % 10**8:08}"
        contact = (await create_contact(owner, name="Ana Lima", phone=phone, tag_names=[], custom={}))["id"]
        return cls(owner, db, channel, contact, phone)

    # what people do

    async def wrote(
        self,
        text: str = "Vocês entregam?",
        *,
        content: MessageContent | None = None,
        at: datetime | None = None,
        key: str | None = None,
        history: bool = False,
    ) -> UUID | None:
        """The customer wrote; None: it was known already."""
        what = content or Text(text=text)
        message = Inbound(self.channel, self.contact, key or uuid4().hex, self.phone, what, at or now(), history=history)
        async with work(worker(self.owner.company_id), Permission.CONTACTS_WRITE) as w:
            stored = await inbound.store(w, message)
            self.speaks = False
            if stored is not None and stored.conversation_id is not None:
                self.conversation = stored.conversation_id
                self.speaks = await gather.gather(w, stored.conversation_id, message, stored.id)
        return stored.id if stored is not None else None

    async def phoned(self) -> None:
        """One of our people answered on the phone."""
        echo = Echo(self.channel, self.contact, uuid4().hex, self.phone, Text(text="Oi!"), now(), MessageOrigin.PHONE_APP)
        async with work(worker(self.owner.company_id), Permission.CONTACTS_WRITE) as w:
            await echoes.store(w, echo)

    # what a worker does

    async def paused(self) -> None:
        """The customer has paused for long enough."""
        await self.db.execute(
            "update ai_turn set due_at = now() - interval '1 second' where conversation_id = $1 and state = 'collecting'",
            self.conversation,
        )

    async def aged(self) -> None:
        """A close is two minutes old: who writes now begins another talk."""
        for table, column, key in (("conversation", "closed_at", "id"), ("ai_conversation", "human_at", "conversation_id")):
            await self.db.execute(
                f"update {table} set {column} = {column} - interval '2 minutes' where {key} = $1", self.conversation
            )

    async def died(self) -> None:
        """The run that had the turn is gone, and its lease is long over: among the turns of all tests it is due first."""
        await self.db.execute(
            "update ai_turn set lease_until = now() - interval '1 hour' where conversation_id = $1 and lease_until is not null",
            self.conversation,
        )

    async def begun(self) -> Turn:
        await self.paused()
        found = await turns.begin(self.owner.company_id, await self.turn_id())
        assert isinstance(found, Begun)
        return found.turn

    async def composed(self, *texts: str, **answer: Any) -> Turn:
        """A turn that is ready to be said."""
        kept = await self.keep(await self.begun(), *texts, **answer)
        assert kept is not None
        return kept

    async def keep(self, turn: Turn, *texts: str, **answer: Any) -> Turn | None:
        made = Answer(**{"decision": Decision.REPLY.value, "texts": list(texts or ("Entregamos em todo o Brasil.",)), **answer})
        return await turns.keep(self.owner.company_id, turn, made)

    async def speak(self, turn: Turn) -> Spoken | Held | None:
        return await outlet.speak(self.owner.company_id, turn)

    async def answered(self, *texts: str, **answer: Any) -> Spoken | Held | None:
        return await self.speak(await self.composed(*texts, **answer))

    # what there is

    async def turn_id(self) -> UUID:
        found: UUID = await self.db.fetchval(
            "select id from ai_turn where conversation_id = $1 order by seq desc limit 1", self.conversation
        )
        return found

    async def states(self) -> list[tuple[str, str | None]]:
        """Of its turns, in order: state and reason."""
        rows = await self.db.fetch("select state, reason from ai_turn where conversation_id = $1 order by seq", self.conversation)
        return [(row["state"], row["reason"]) for row in rows]

    async def said(self) -> list[str]:
        """What the assistant said and nobody took back."""
        rows = await self.db.fetch(
            "select content->>'body' as text from message where contact_id = $1 and dedupe_key like 'ai:%' and state <> 9 order by id",
            self.contact,
        )
        return [row["text"] for row in rows]

    async def one(self, column: str) -> Any:
        return await self.db.fetchval(f"select {column} from ai_conversation where conversation_id = $1", self.conversation)

    async def lines(self) -> list[tuple[str, str | None]]:
        rows = await self.db.fetch(
            "select kind, what from conversation_entry where conversation_id = $1 order by at, id", self.conversation
        )
        return [(row["kind"], row["what"]) for row in rows]

    def ago(self, **parts: float) -> datetime:
        return now() - timedelta(**parts)
