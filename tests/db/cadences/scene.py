"""A company with an SMS channel and people, a cadence that runs, and time that passes when a test says so."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from db.cadences import actions, enrolling, steps, unsent
from db.cadences.plan import Branch, Condition, Plan, Send, Step, Wait
from db.contacts.filter import ContactFilter
from db.messages.enums import MessageState
from db.tenancy import Actor
from tests import factories

EVERYBODY = ContactFilter(everyone=True)


class Scene(NamedTuple):
    db: asyncpg.Connection
    actor: Actor
    channel_id: UUID

    def say(self, text: str = "Oi {{first_name|cliente}}", step_id: UUID | None = None) -> Send:
        return Send(id=step_id or uuid4(), channel_id=self.channel_id, text=text)

    async def start(self, *some: Step, **settings: object) -> UUID:
        row = await actions.create(self.actor, "Boas-vindas", Plan(steps=list(some), **settings))  # type: ignore[arg-type]
        await actions.start(self.actor, row["id"])
        cadence_id: UUID = row["id"]
        return cadence_id

    async def enrol(self, cadence_id: UUID, chosen: ContactFilter = EVERYBODY) -> int:
        return (await enrolling.enrol(self.actor, cadence_id, chosen)).enrolled

    async def run(self, cadence_id: UUID) -> None:
        """What is due now, and what becomes due by it."""
        while await steps.step(self.actor.company_id, cadence_id):
            pass

    async def leave(self, state: MessageState = MessageState.SENT) -> None:
        """What people wait for goes out, or ends so; what nobody waits for stays in its queue."""
        await self.db.execute(
            "update message m set state = $2, sent_at = now() from enrolment e where m.company_id = $1 and m.state < 3 and e.company_id = $1"
            " and e.awaits_message and e.state = 'active' and m.dedupe_key like 'cadence:' || e.id || ':%'",
            self.actor.company_id,
            int(state),
        )
        await self.hear()

    async def hear(self) -> None:
        """What there is to hear of messages."""
        for row in await self.db.fetch("select id from cadence where company_id = $1", self.actor.company_id):
            while await unsent.take(self.actor.company_id, row["id"]):
                pass

    async def pass_time(self) -> None:
        """So much that messages have left and everybody is due."""
        await self.leave()
        await self.due()

    async def due(self) -> None:
        """However long people still had to wait."""
        await self.db.execute(
            "update enrolment set due_at = now() - interval '1 second' where company_id = $1 and state = 'active'",
            self.actor.company_id,
        )

    async def to_the_end(self, cadence_id: UUID, rounds: int = 40) -> None:
        for _ in range(rounds):
            await self.run(cadence_id)
            await self.pass_time()

    async def states(self, cadence_id: UUID) -> dict[str, int]:
        rows = await self.db.fetch(
            "select state || coalesce(':' || reason, '') as state, count(*) as n from enrolment where cadence_id = $1 group by 1",
            cadence_id,
        )
        return {row["state"]: row["n"] for row in rows}

    async def texts(self, contact: str) -> list[str]:
        """What the cadence queued for somebody, in order."""
        rows = await self.db.fetch(
            "select k.body from message m join campaign k on k.id = m.campaign_id join contact c on c.id = m.contact_id"
            " where m.company_id = $1 and c.name = $2 and m.state <> $3 order by m.id",
            self.actor.company_id,
            contact,
            int(MessageState.SKIPPED),
        )
        return [row["body"] for row in rows]

    async def messages(self) -> Counter[str]:
        rows = await self.db.fetch("select dedupe_key from message where company_id = $1", self.actor.company_id)
        return Counter(row["dedupe_key"] for row in rows)

    async def contact(self, name: str) -> UUID:
        found: UUID = await self.db.fetchval(
            "select id from contact where company_id = $1 and name = $2", self.actor.company_id, name
        )
        return found

    async def writes(self, name: str) -> None:
        """Somebody wrote to us."""
        await self.db.execute(
            "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
            " values ($1, $2, $3, $4, '+5511900000000', 'text', 'oi', '{\"kind\": \"text\", \"body\": \"oi\"}', clock_timestamp())",
            self.actor.company_id,
            self.channel_id,
            await self.contact(name),
            str(uuid4()),
        )


def wait(minutes: int = 60, step_id: UUID | None = None) -> Wait:
    return Wait(id=step_id or uuid4(), minutes=minutes)


def ask(condition: Condition, yes: list[Step], no: list[Step], step_id: UUID | None = None) -> Branch:
    return Branch(id=step_id or uuid4(), condition=condition, yes=yes, no=no)


async def scene(db: asyncpg.Connection, actor: Actor, people: int = 6) -> Scene:
    channel_id = await factories.channel(db, actor, "sms")
    await factories.contacts(db, actor, people)
    return Scene(db, actor, channel_id)
