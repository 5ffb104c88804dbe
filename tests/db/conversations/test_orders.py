"""The same events in whatever order and however often: the same conversation and the same thread.

A few orders in the suite; `just orders` tries a thousand."""

import os
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.contacts.actions import create_contact
from db.conversations import queries, thread
from db.messages import echoes, inbound, ledger
from db.messages.content import Edit, MessageContent, Reaction, Referral, Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin, MessageState
from db.messages.inbound import Inbound
from db.messages.ledger import StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from tests.db.conversations.test_conversations import PHONE, T0

ORDERS = int(os.environ.get("ORDERS", 25))


class Told(NamedTuple):
    """One event of a provider; its time follows from both."""

    what: str
    minute: int


_WHATS = ("wrote", "ad", "reaction", "edit", "old", "phoned", "old_phoned", "read")
_EVENTS = st.lists(st.builds(Told, st.sampled_from(_WHATS), st.integers(0, 3)), min_size=2, max_size=8, unique=True)


class _Side:
    """One person on one channel, who is told one order. Ids of the provider begin with `mark`."""

    def __init__(self, owner: Actor, channel: UUID, contact: UUID) -> None:
        self.owner, self.channel, self.contact, self.mark = owner, channel, contact, uuid4().hex

    async def tell(self, told: Told) -> bool:
        """False: a status whose message is not known yet, to be told again."""
        at = T0 + timedelta(minutes=told.minute, seconds=_WHATS.index(told.what))  # no two at the same moment
        key = f"{self.mark}{told.what}-{told.minute}"
        where = (self.channel, self.contact, key, PHONE)
        async with work(self.owner, Permission.CONTACTS_WRITE) as w:
            match told.what:
                case "phoned" | "old_phoned":
                    origin = MessageOrigin.HISTORY if told.what == "old_phoned" else MessageOrigin.PHONE_APP
                    await echoes.store(w, Echo(*where, Text(text=told.what), at, origin))
                case "read":
                    status = StatusUpdate(None, f"{self.mark}phoned-{told.minute}", MessageState.READ, at)
                    return not (await ledger.apply_statuses(w, [status])).unmatched
                case _:
                    referral = Referral(source_id=str(told.minute)) if told.what == "ad" else None
                    await inbound.store(w, Inbound(*where, self._content(told), at, None, referral, told.what == "old"))
        return True

    def _content(self, told: Told) -> MessageContent:
        target = f"{self.mark}wrote-{told.minute}"
        if told.what == "reaction":
            return Reaction(target_id=target, emoji="❤")
        return Edit(target_id=target, content=Text(text="novo")) if told.what == "edit" else Text(text=told.what)

    async def end(self) -> tuple[Any, ...]:
        """The row and the thread, without the ids that are made here."""
        found = await queries.of_contact(self.owner, self.contact)
        if not found:
            return ()
        [row] = found
        entries = [entry.message for entry in await thread.entries(self.owner, row.id)]
        assert row.last is not None
        async with read(self.owner, Permission.CONVERSATIONS_READ) as r:
            talks = await r.fetch(
                "select opened_at, asked_at, human_at, on_phone, closed_at from talk where company_id = $1 and conversation_id = $2",
                self.owner.company_id, row.id,
            )  # fmt: skip
        return (
            [tuple(talk) for talk in talks],
            row.state, row.unread, row.waiting_since, row.last_at, self._named(row.last.provider_id), row.last_inbound_at, row.opened_at,
            row.first_reply_at, row.address, row.first_touch, row.last_touch, row.closed_at,
            [(entry.at, entry.state, self._named(entry.provider_id)) for entry in entries if entry is not None], len(entries),
        )  # fmt: skip

    def _named(self, provider_id: str | None) -> str:
        assert provider_id is not None
        return provider_id.removeprefix(self.mark)


@settings(max_examples=ORDERS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=_EVENTS, data=st.data())
async def test_any_order_ends_the_same(
    owner: Actor, owner_db: asyncpg.Connection, events: list[Told], data: st.DataObject
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4))
    shuffled = data.draw(st.permutations([*events, *repeated]))
    ends = []
    for order in (sorted(events, key=lambda told: (told.minute, _WHATS.index(told.what))), shuffled):
        phone = f"+55119{uuid4().int % 10**8:08}"
        contact = (await create_contact(owner, name="Ana", phone=phone, tag_names=[], custom={}))["id"]
        side = _Side(owner, await factories.channel(owner_db, owner), contact)
        early = [told for told in order if not await side.tell(told)]
        for told in early:
            await side.tell(told)
        ends.append(await side.end())
    assert ends[0] == ends[1]
