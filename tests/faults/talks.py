"""Customers who write in bursts to a persona, and a worker that can be made to stand still at any step of a turn, to be killed there.

The way is the real one: the customer's phone of the simulator, its webhooks, our API, a worker, the simulator's model, the simulator's
ledger. A worker stands still because Postgres makes it: a trigger of the test waits for a lock that the test holds.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg

from db.ai import connection
from db.ai.connection import Settled, sandbox_key
from db.ai.enums import EmbedderKind, Provider
from db.assistant import actions as assistant
from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.messages.enums import MessageState as M
from tests import factories
from tests.db.knowledge.conftest import TEXT
from tests.faults.harness import World
from tests.faults.installation import world

Step = Literal["reserved", "kept", "said", "claimed", "written"]
"""Before the model is asked, between its answer and the row that keeps it, between that and the message, between the message and its lane,
between the provider's yes and our note of it."""
BURST = ("Oi", "comprei uma blusa aí", "qual o prazo de entrega em São Paulo?")
ANSWER = "dois dias úteis"

_KEY = 82_001
_GATES = f"""
create table fault_gate(contact_id uuid, step text);
create function fault_stand() returns trigger language plpgsql security definer set search_path = public as $$
declare who uuid := to_jsonb(new)->>'contact_id';
begin
    if who is null then select contact_id into who from conversation where id = (to_jsonb(new)->>'conversation_id')::uuid; end if;
    if exists (select from fault_gate where contact_id = who and step = tg_argv[0]) then perform pg_advisory_xact_lock_shared({_KEY}); end if;
    return new;
end $$;
create trigger fault_reserved before insert on ai_usage for each row when (new.turn_id is not null) execute function fault_stand('reserved');
create trigger fault_kept before update on ai_turn for each row when (new.state = 'ready' and old.state <> 'ready')
    execute function fault_stand('kept');
create trigger fault_said before insert on message for each row when (new.dedupe_key like 'ai:%') execute function fault_stand('said');
create trigger fault_claimed before update on message for each row when (new.state = {M.SENDING} and old.state = {M.QUEUED} and new.dedupe_key like 'ai:%')
    execute function fault_stand('claimed');
create trigger fault_written before update on message for each row when (new.state = {M.SENT} and old.state = {M.SENDING} and new.dedupe_key like 'ai:%')
    execute function fault_stand('written');
"""
_NO_GATES = "drop function if exists fault_stand cascade; drop table if exists fault_gate"
_STANDING = f"""
select count(*) from pg_locks where locktype = 'advisory' and objid = {_KEY} and not granted
    and database = (select oid from pg_database where datname = current_database())
"""
_OPEN_TURNS = """
select count(*) from ai_turn where company_id = $1 and (state in ('collecting', 'generating') or state = 'ready' and mode = 'auto')
"""
_ON_THE_WAY = f"select count(*) from message where company_id = $1 and state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}) and dedupe_key like 'ai:%'"
_ANSWERED = {"sent", "no_answer"}
"""A turn ended well: the model may find that a greeting wants no answer."""
_TURNS = "select t.state, t.reason, t.bubbles, v.contact_id from ai_turn t join conversation v on v.id = t.conversation_id where t.company_id = $1"
_HISTORY = """
select m.state, m.epoch, m.dedupe_key, uuid_extract_timestamp(m.id) as at, m.sent_at, m.requeue_allowed, a.owner_since, a.owner,
    t.state as turn, t.reason, t.epoch as runs, t.done_at
from message m join conversation v on v.contact_id = m.contact_id join ai_conversation a on a.conversation_id = v.id
join ai_turn t on t.conversation_id = v.id where m.contact_id = $1
"""
_AFTER = """
select count(*) from message m join conversation v on v.contact_id = m.contact_id and v.channel_id = m.channel_id
join ai_conversation a on a.conversation_id = v.id
where m.company_id = $1 and m.contact_id = any($2::uuid[]) and m.dedupe_key like 'ai:%' and uuid_extract_timestamp(m.id) > a.human_at
"""
# A run that died gives its turn up when its lease is over; nobody waits for that here.
_LATER = """
update ai_turn set lease_until = now() - interval '6 seconds' where company_id = $1 and lease_until is not null;
"""


class Customer(NamedTuple):
    contact_id: UUID
    phone: str


class Talks:
    """The customers of one company, in a world with a persona that knows how long a delivery takes."""

    def __init__(self, w: World, customers: list[Customer]) -> None:
        self.w = w
        self._account = "openai" + sandbox_key(w.actor.company_id).removeprefix("sandbox")
        self._free = customers

    @classmethod
    async def begin(cls, w: World, customers: int) -> "Talks":
        await connection.save(w.actor, Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE))
        base = await bases.create_base(w.actor, name="Loja", language=BaseLanguage.PORTUGUESE)
        await sources.add_text(w.actor, base.id, "Como vendemos", TEXT)
        turn = {"debounce_min_ms": 2000, "debounce_max_ms": 3000}
        who = {"discloses_ai": False}
        await factories.persona(w.db, w.actor, w.channel_id, knowledge_base_ids=[str(base.id)], turn=turn, identity=who)
        await w.rate(1000)  # several lanes
        rows = await w.db.fetch(
            "select contact_id, value from contact_identity where company_id = $1 and kind = 'phone' order by id limit $2",
            w.actor.company_id,
            customers,
        )
        await w.behave(latency_ms=20, latency_jitter_ms=0)
        talks = cls(w, [Customer(*row) for row in rows])
        await talks.model()
        return talks

    def some(self, count: int) -> list[Customer]:
        """Customers who have not written yet."""
        taken, self._free = self._free[:count], self._free[count:]
        assert len(taken) == count
        return taken

    async def model(self, trick: str = "none", *, times: int = 0, slow: float = 0.0) -> None:
        """How the model behaves from now on."""
        url = f"{self.w.base.settings.sandbox_url}/sandbox/accounts"
        (await self.w.http.post(url, json={"kind": "openai", "id": self._account})).raise_for_status()
        body = {"trick": trick, "times": times, "slow_seconds": slow}
        (await self.w.http.put(f"{url}/{self._account}/model", json=body)).raise_for_status()

    async def write(self, customers: Iterable[Customer], texts: Iterable[str] = BURST) -> None:
        """All of them write, one bubble after the other."""
        url = f"{self.w.base.settings.sandbox_url}/sandbox/accounts/{self.w.channel_id.hex}/reply"
        for text in texts:
            for customer in customers:
                (await self.w.http.post(url, json={"to_contact": customer.phone, "text": text})).raise_for_status()

    # at a step

    @asynccontextmanager
    async def gates(self) -> AsyncIterator[None]:
        """Steps at which somebody's turn stands still, while inside."""
        await self.w.db.execute(_NO_GATES)
        await self.w.db.execute(_GATES)
        await self.w.db.execute(f"select pg_advisory_lock({_KEY})")
        try:
            yield
        finally:
            await self.w.db.execute(f"select pg_advisory_unlock({_KEY})")
            await self.w.db.execute(_NO_GATES)

    async def stand_at(self, step: Step, customers: Iterable[Customer]) -> None:
        """The turns of these customers stand still there."""
        await self.w.db.executemany("insert into fault_gate values ($1, $2)", [(one.contact_id, step) for one in customers])

    async def standing(self, count: int) -> None:
        """Until so many stand."""

        async def there() -> bool:
            return bool(await self.w.db.fetchval(_STANDING) >= count)

        await self.w.until(there, 90, f"{count} turns that stand still; {await self.w.db.fetchval(_STANDING)} do")

    async def questions(self) -> int:
        """How many requests the model has had."""
        url = f"{self.w.base.settings.sandbox_url}/sandbox/accounts/{self._account}/requests"
        return len((await self.w.http.get(url, params={"limit": 10_000})).json()["data"])

    async def asked(self, customers: list[Customer], before: int) -> None:
        """Until the model has the whole burst of these customers, and thinks. `before`: `questions` before they wrote."""

        async def there() -> bool:
            count = await self.w.db.fetchval(
                "select count(*) from ai_usage u join ai_turn t on t.id = u.turn_id join conversation v on v.id = u.conversation_id"
                " where u.result is null and t.state = 'generating' and t.bubbles = $2 and v.contact_id = any($1::uuid[])",
                [one.contact_id for one in customers],
                len(BURST),
            )
            return bool(count == len(customers)) and await self.questions() >= before + len(customers)

        await self.w.until(there, 90, "the model's questions")

    async def let_go(self) -> None:
        """What stood goes on: transactions of a dead worker end without a commit."""
        await self.w.db.execute("delete from fault_gate")
        await self.w.db.execute(f"select pg_advisory_unlock({_KEY})")
        try:
            sql = f"select count(*) from pg_locks where locktype = 'advisory' and objid = {_KEY}"

            async def gone() -> bool:
                return bool(await self.w.db.fetchval(sql) == 0)

            await self.w.until(gone, 60, "the dead worker's transactions")
        finally:
            await self.w.db.execute(f"select pg_advisory_lock({_KEY})")

    async def take_over(self, customers: Iterable[Customer]) -> None:
        """A person takes these talks over."""
        for one in customers:

            async def there(one: Customer = one) -> bool:
                return bool(await self.w.db.fetchval("select true from conversation where contact_id = $1", one.contact_id))

            await self.w.until(there, 60, "the conversation of who wrote")
            conversation = await self.w.db.fetchval("select id from conversation where contact_id = $1", one.contact_id)
            await assistant.take_over(self.w.actor, conversation)

    async def later(self) -> None:
        """The leases of dead runs are over."""
        await self.w.db.execute(_LATER.replace("$1", f"'{self.w.actor.company_id}'"))

    # the end

    async def ended(self, seconds: float = 90) -> None:
        """Until no turn is open, nothing is on its way, and the simulator has said all it had to say."""

        company = self.w.actor.company_id

        async def arrived() -> bool:
            summary = (await self.w.http.get(f"{self.w.base.settings.sandbox_url}/sandbox/ledger/summary")).json()
            waiting = await self.w.db.fetchval("select count(*) from webhook_inbox where company_id = $1 and tries < 5", company)
            return bool(summary["in_flight"] == 0 and summary["pending_webhooks"] == 0 and waiting == 0)

        async def done() -> bool:
            # What is under way becomes a turn, a turn a message, and that a status which is under way: so it is looked at in this order.
            if not await arrived() or any([await self.w.db.fetchval(sql, company) for sql in (_OPEN_TURNS, _ON_THE_WAY)]):
                return False
            return await arrived()

        await self.w.until(done, seconds, "the end of all turns")

    async def accepted(self) -> dict[str, list[str]]:
        """What the provider took for each phone, in words."""
        found: dict[str, list[str]] = {}
        for entry in await self._ledger():
            found.setdefault("+" + entry["recipient"].lstrip("+"), []).append(entry["preview"])
        return found

    async def _ledger(self) -> list[dict[str, Any]]:
        params = {"account": self.w.channel_id.hex, "limit": 10_000}
        page = await self.w.http.get(f"{self.w.base.settings.sandbox_url}/sandbox/ledger", params=params)
        found: list[dict[str, Any]] = page.json()["data"]
        return found

    async def prove(self, answered: list[Customer], silent: list[Customer]) -> Counter[str]:
        """`answered`: each bubble of theirs was answered by one turn, and each message of these was taken once; `silent`: nothing of the
        assistant was taken. Every turn has an end that says why. Returns how many turns ended how."""
        w, accepted = self.w, await self.accepted()
        rows = await w.db.fetch(_TURNS, w.actor.company_id)
        for row in rows:
            assert row["state"] in _ANSWERED or row["reason"], f"a turn ended without a reason: {dict(row)}"
        for one in answered:
            took = accepted.get(one.phone, [])
            _answered_once(rows, one)
            assert len(took) == len(set(took)), f"{one.phone} got something twice: {took}"
            queued = await w.db.fetchval(
                "select count(*) from message where contact_id = $1 and dedupe_key like 'ai:%'", one.contact_id
            )
            assert len(took) == queued, f"{one.phone} got {len(took)} of {queued}"
            assert any(ANSWER in text for text in took), f"{one.phone} got {took}"
        for number, one in enumerate(silent):
            if accepted.get(one.phone):
                found = [dict(row) for row in await w.db.fetch(_HISTORY, one.contact_id)]
                raise AssertionError(f"number {number} was written to over a person: {accepted[one.phone]}: {found}")
        return Counter(f"{row['state']}{' ' + row['reason'] if row['reason'] else ''}" for row in rows)

    async def prove_storm(self, answered: list[Customer], taken: list[Customer]) -> Counter[str]:
        """Everybody wrote `BURST`, in one burst or in several. Each bubble of `answered` was answered by one turn; nothing was begun to be said
        to `taken` after a person came; no message was taken twice."""
        w = self.w
        attempts = [UUID(entry["correlation"]) for entry in await self._ledger()]
        times = await w.db.fetch("select message_id, count(*) as n from attempt where id = any($1::uuid[]) group by 1", attempts)
        assert sum(row["n"] for row in times) == len(attempts), "something was taken that nobody sent"
        assert [dict(row) for row in times if row["n"] > 1] == []
        late = await w.db.fetchval(_AFTER, w.actor.company_id, [one.contact_id for one in taken])
        assert late == 0, f"{late} messages after a person came"
        rows = await w.db.fetch(_TURNS, w.actor.company_id)
        for one in answered:
            _answered_once(rows, one)
        return Counter(f"{row['state']}{' ' + row['reason'] if row['reason'] else ''}" for row in rows)


def _answered_once(rows: list[asyncpg.Record], one: Customer) -> None:
    """A slow machine makes two bursts of one: no bubble belongs to two turns that ended well, and none to no such turn."""
    bubbles = sum(row["bubbles"] for row in rows if row["contact_id"] == one.contact_id and row["state"] in _ANSWERED)
    assert bubbles == len(BURST), f"{bubbles} bubbles of {one.phone} were answered"


@asynccontextmanager
async def talks(customers: int, *, alone: bool = False) -> AsyncIterator[Talks]:
    """A company whose persona answers. `alone`: with servers of its own."""
    async with world(customers, alone=alone) as w:
        yield await Talks.begin(w, customers)
