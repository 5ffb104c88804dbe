"""A board watches, a customer writes, and a worker looks at it, step by step and by hand."""

from typing import Any
from uuid import UUID, uuid4

import asyncpg

from db.assistant import gather
from db.boards import boards, leads
from db.boards.enums import StageKind
from db.clock import now
from db.contacts.actions import create_contact
from db.messages import inbound
from db.messages.content import Text
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.proposals import context, settings, store, watch
from db.proposals.checks import Evidence
from db.proposals.context import Context
from db.proposals.enums import LeadPolicy, LeadTool
from db.proposals.settings import Watched
from db.proposals.store import Outcome, Proposed
from db.proposals.watch import Judging
from db.tenancy import Actor, worker
from db.work import work
from tests import factories

ALL = dict.fromkeys(LeadTool, LeadPolicy.AUTOMATIC) | {LeadTool.SEND_TEMPLATE: LeadPolicy.SUGGEST}


class Scene:
    def __init__(self, owner: Actor, db: asyncpg.Connection, board: UUID, channel: UUID, contact: UUID, phone: str) -> None:
        self.owner, self.db, self.board, self.channel, self.contact, self.phone = owner, db, board, channel, contact, phone
        self.conversation: UUID | None = None
        self.messages: dict[str, UUID] = {}
        self.stages: dict[str, UUID] = {}

    @classmethod
    async def make(cls, owner: Actor, db: asyncpg.Connection, *, policy: LeadPolicy | None = None, **chosen: Any) -> "Scene":
        """A board with stages Novo, Conversa, Proposta, Ganho, Perdido; all tools automatic, or each as `policy`."""
        made = await boards.create_board(owner, name=f"Vendas {uuid4().hex[:6]}", currency="BRL")
        channel = await factories.channel(db, owner)
        phone = f"+55119{uuid4().int % 10**8:08}"
        contact = (await create_contact(owner, name="Ana Lima", phone=phone, tag_names=[], custom={}))["id"]
        scene = cls(owner, db, made["id"], channel, contact, phone)
        for name, rank in (("Conversa", "H"), ("Proposta", "K")):
            async with work(owner, Permission.BOARDS_WRITE) as w:
                await boards.insert_stage(w, scene.board, name, "blue", StageKind.OPEN, rank, None, 50)
        await scene._arrange()
        tools = ALL if policy is None else dict.fromkeys(LeadTool, policy) | {LeadTool.SEND_TEMPLATE: LeadPolicy.SUGGEST}
        await scene.chosen(tools=tools, **chosen)
        return scene

    async def another(self) -> "Scene":
        """Another customer on the same board."""
        phone = f"+55119{uuid4().int % 10**8:08}"
        contact = (await create_contact(self.owner, name="Bia Reis", phone=phone, tag_names=[], custom={}))["id"]
        other = type(self)(self.owner, self.db, self.board, self.channel, contact, phone)
        other.stages = self.stages
        return other

    async def _arrange(self) -> None:
        """Ranks by their names, so that the order is sure."""
        for name, rank in zip(("Novo", "Conversa", "Proposta", "Ganho", "Perdido"), "ABCDE", strict=True):
            await self.db.execute("update stage set rank = $3 where board_id = $1 and name = $2", self.board, name, rank)
        rows = await self.db.fetch("select name, id from stage where board_id = $1 order by rank", self.board)
        self.stages = {row["name"]: row["id"] for row in rows}

    async def chosen(self, **values: Any) -> Watched:
        usual = {
            "watching": True,
            "guidance": "",
            "tools": ALL,
            "closing": False,
            "min_confidence": 0.85,
            "quiet_seconds": 60,
            "template_ids": [],
            "cadence_ids": [],
            "files": [],
        }
        return await settings.put(self.owner, self.board, **{**usual, **values})

    async def lead(self, stage: str = "Novo", **columns: Any) -> UUID:
        row = await leads.create_lead(
            self.owner, board_id=self.board, stage_id=self.stages[stage], title="Reforma", contact_id=self.contact, **columns
        )
        lead_id: UUID = row["id"]
        return lead_id

    async def wrote(self, text: str) -> UUID:
        """The customer wrote, as what comes in is kept."""
        message = Inbound(self.channel, self.contact, uuid4().hex, self.phone, Text(text=text), now())
        async with work(worker(self.owner.company_id), Permission.CONTACTS_WRITE) as w:
            stored = await inbound.store(w, message)
            assert stored is not None
            assert stored.conversation_id is not None
            self.conversation = stored.conversation_id
            if stored.watched:
                await watch.heard(w, stored.conversation_id, message, stored.id)
            await gather.gather(w, stored.conversation_id, message, stored.id)
        self.messages[text] = stored.id
        return stored.id

    async def paused(self) -> None:
        """The customer has paused for long enough."""
        await self.db.execute(
            "update lead_watch set due_at = now() - interval '1 second' where conversation_id = $1 and due_at is not null",
            self.conversation,
        )

    async def died(self) -> None:
        """The run is gone, and its lease is over."""
        await self.db.execute(
            "update lead_watch set lease_until = now() - interval '1 second' where conversation_id = $1 and lease_until is not null",
            self.conversation,
        )

    async def begun(self) -> Judging | None:
        assert self.conversation is not None
        await self.paused()
        return await watch.begin(self.owner.company_id, self.conversation, self.board)

    async def asked(self, judging: Judging) -> None:
        """The look asked a model."""
        await self.db.execute(
            "insert into ai_usage(company_id, id, purpose, conversation_id, turn_id, provider, model, lease_until, reserved)"
            " values ($1, uuidv7(), 'lead', $2, $3, 'sandbox', 'm', now(), 0)",
            self.owner.company_id,
            judging.conversation_id,
            judging.id,
        )

    async def looks(self) -> list[tuple[str, str | None]]:
        """Of this conversation: how each ended, and what was asked in it."""
        rows = await self.db.fetch(
            "select state, steps::text from lead_judging where conversation_id = $1 order by at", self.conversation
        )
        return [(row["state"], row["steps"]) for row in rows]

    async def looked(self) -> Context:
        judging = await self.begun()
        assert judging is not None
        found = await context.of(judging)
        assert found is not None
        return found

    def proposed(self, tool: LeadTool, quote: str = "", confidence: float = 0.95, **args: Any) -> Proposed:
        """With a quote of the message that has it; without one of the last message."""
        text = next((one for one in self.messages if quote and quote in one), list(self.messages)[-1])
        evidence = [Evidence(self.messages[text], quote or text)]
        return Proposed(tool, args, evidence, "O cliente disse.", confidence)

    async def propose(self, tool: LeadTool, quote: str = "", confidence: float = 0.95, **args: Any) -> Outcome:
        """One proposal, by a look of its own."""
        found = await store.propose(await self.looked(), [self.proposed(tool, quote, confidence, **args)])
        assert found is not None
        return found[0]

    async def row(self, lead_id: UUID) -> asyncpg.Record:
        return await leads.lead(self.owner, lead_id)
