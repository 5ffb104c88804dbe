"""A whole installation to break: own servers, the real API, workers and sandbox as processes, and the sandbox's ledger as the
independent witness of what was accepted.

`World.prove` holds the product to its promise after each disaster: every recipient in exactly one end state, the counts add up,
nobody accepted twice, nobody forgotten.
"""

import asyncio
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg
import httpx

from db.campaigns import actions
from db.channels import actions as channels
from db.messages.enums import MessageState
from tests import factories
from tests.bench.harness import Harness, company
from tests.silence import Way

HORIZON = 12  # seconds until policy decides; the sandbox tells a status well before
CALM = {
    "latency_ms": 150,
    "latency_jitter_ms": 100,
    "delivered_share": 1.0,
    "read_share": 0.3,
    "reply_share": 0.0,
    "opt_out_share": 0.0,
    "failed_share": 0.0,
    "sent_seconds": [0.1, 0.5],
    "delivered_seconds": [0.2, 1.0],
    "read_seconds": [0.3, 1.5],
    "retry_cap_seconds": 2.0,
    "batch_ms": 50,
}
ENDS = {"sent", "delivered", "read", "failed", "failed_unknown", "skipped", "cancelled"}
_COUNTS = "select state, count(*) as n from message where campaign_id = $1 group by 1"
_TALLY = "select state, sum(delta)::bigint as n from message_tally where campaign_id = $1 and state < 100 group by 1 having sum(delta) <> 0"


@dataclass
class Report:
    """What one scenario came to."""

    name: str
    seconds: float
    states: dict[str, int]
    accepted: int
    doubled: int  # recipients accepted more than once
    lost: int  # never accepted, and not known to be refused
    unknown: dict[str, int] = field(default_factory=dict)  # how unknown outcomes were settled
    notes: str = ""


@dataclass
class Programs:
    """What runs of ours."""

    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    api: "subprocess.Popen[bytes] | None" = None
    sandbox: "subprocess.Popen[bytes] | None" = None


LARGE = 2000
"""From so many people on a scenario runs at full size, by itself on a machine."""


class World:
    """One installation under attack, with one company to watch."""

    def __init__(self, base: Harness, http: httpx.AsyncClient, db: asyncpg.Connection, way: Way) -> None:
        self.way = way
        self.base = base
        self.http = http
        self.db = db
        self.programs = Programs()
        self.channel_id: UUID
        self.template_id: UUID | None = None
        self.campaign_id: UUID
        self.audience = 0  # how many it comes to, where they are not all written at its beginning
        self.away = 0.0

    @contextmanager
    def nothing_goes(self) -> Iterator[None]:
        """What happens inside keeps everything from going out; how long that lasted is added to `away`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.away += time.monotonic() - began

    async def beside(self) -> "World":
        """The same installation, for another company."""
        other = copy(self)
        other.db = await asyncpg.connect(self.base.settings.database_owner_url)
        return other

    # programs

    def start_worker(self) -> "subprocess.Popen[bytes]":
        process = self.base.start("-m", "workers")
        self.programs.workers.append(process)
        return process

    def start_api(self) -> None:
        self.programs.api = self.base.start("-m", "api")

    def start_sandbox(self) -> None:
        settings = self.base.settings
        self.programs.sandbox = self.base.start(
            "-m", "workers.sandbox", "--host", "127.0.0.1", "--port", str(settings.sandbox_port), "--smtp-port", "-1",
            "--data", str(self.base.folder / "sandbox"), "--speed", "1",
        )  # fmt: skip

    def stop_sandbox(self) -> None:
        """Nobody listens any more; what it knows is kept."""
        assert self.programs.sandbox is not None
        self.base.stop(self.programs.sandbox)

    def kill(self, process: "subprocess.Popen[bytes]") -> None:
        """kill -9."""
        self.base.stop(process, hard=True)

    async def up(self, workers: int) -> None:
        """Starts what does not run, and ends the workers there are too many."""
        settings = self.base.settings
        if not self.programs.sandbox or self.programs.sandbox.poll() is not None:
            self.start_sandbox()
        if not self.programs.api or self.programs.api.poll() is not None:
            self.start_api()
        self.programs.workers = [worker for worker in self.programs.workers if worker.poll() is None]
        for worker in self.programs.workers[workers:]:
            self.kill(worker)
        self.programs.workers = self.programs.workers[:workers]
        while len(self.programs.workers) < workers:
            self.start_worker()
        await self.until(self._answers(f"{settings.sandbox_url}/health"), 120, "the sandbox")
        await self.until(self._answers(f"{settings.webhook_url}/health"), 120, "the API")

    def _answers(self, url: str) -> Callable[[], Awaitable[bool]]:
        async def answers() -> bool:
            with suppress(httpx.HTTPError):
                return (await self.http.get(url, timeout=10)).status_code == 200
            return False

        return answers

    async def until(self, true: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
        """Waits for something, at most so long."""
        limit = time.monotonic() + seconds
        while not await true():
            if time.monotonic() > limit:
                log = (self.base.folder / "log").read_text(errors="replace")[-4000:]
                raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.\n{log}")
            await asyncio.sleep(min(1.0, max(0.1, self.audience / 100_000)))

    def log_lines(self) -> int:
        """Warnings and errors of all programs so far."""
        return len((self.base.folder / "log").read_bytes().splitlines())

    def few_lines(self, before: int, began: float) -> int:
        """How many lines there are since; at most two a second, however long a busy machine made it last."""
        lines, lasted = self.log_lines() - before, time.monotonic() - began
        assert lines <= 2 * (lasted + 5), f"{lines} log lines in {lasted:.0f} s"
        return lines

    async def ready(self) -> bool:
        return await self._answers(f"{self.base.settings.webhook_url}/ready")()

    async def asked(self) -> tuple[int, float]:
        """Status and seconds of an ordinary request."""
        began = time.monotonic()
        headers = {"Authorization": f"Bearer mia_s_{'x' * 43}"}
        answer = await self.http.get(f"{self.base.settings.webhook_url}/v1/me", headers=headers)
        return answer.status_code, time.monotonic() - began

    async def sends_again(self, seconds: float) -> float:
        """Waits until more is handed over than now; returns how long it took."""
        began = time.monotonic()
        before = await self.handed_over(self.campaign_id)

        async def sending() -> bool:
            return await self.handed_over(self.campaign_id) > before

        await self.until(sending, seconds, "sending")
        return time.monotonic() - began

    # the company and its channel

    async def settle_in(self, recipients: int, kind: str, horizon: float) -> None:
        """A new company with contacts, a channel that the product connected by itself, and an approved template."""
        self.actor = await company(self.db)
        await factories.contacts(self.db, self.actor, recipients)
        view = await channels.connect_sandbox(self.actor, kind=kind, name="Ensaio")
        self.channel_id, self.template_id = view.id, None

        async def connected() -> bool:
            return await self.db.fetchval("select state = 'connected' from channel where id = $1", view.id) is True

        await self.until(connected, 120, "the channel")
        await self.db.execute("update channel set messaging_limit = null, unknown_horizon = $2 where id = $1", view.id, horizon)
        url = f"{self.base.settings.sandbox_url}/sandbox/accounts/{view.id.hex}"
        account = (await self.http.get(url)).raise_for_status().json()
        if kind == "sms":
            wide = {"segments_per_second": 10_000}
        else:
            wide = {"tier": "UNLIMITED", "numbers": [{**account["numbers"][0], "throughput": 10_000}]}
        (await self.http.put(url, json=wide)).raise_for_status()
        if kind == "whatsapp":
            self.template_id = (await self.approved_template())[0]
        await self.behave()

    async def approved_template(self) -> tuple[UUID, str]:
        """A template that the provider knows, too, and its name there."""
        url = f"{self.base.settings.sandbox_url}/sandbox/accounts/{self.channel_id.hex}"
        account = (await self.http.get(url)).raise_for_status().json()
        template_id = await factories.template(self.db, self.actor, self.channel_id)
        name: str = await self.db.fetchval("select name from template where id = $1", template_id)
        graph = f"{self.base.settings.sandbox_url}/v25.0/{account['waba_id']}/message_templates"
        body = [{**factories.BODY[0], "example": {"body_text": [["Ana", "Rio"]]}}, factories.BODY[1]]
        made = await self.http.post(
            graph,
            headers={"Authorization": f"Bearer {account['token']}"},
            json={"name": name, "language": "pt_BR", "category": "MARKETING", "components": body},
        )
        assert made.status_code == 200, made.text
        review = {"name": name, "language": "pt_BR", "event": "APPROVED"}
        (await self.http.post(f"{url}/template-review", json=review)).raise_for_status()
        return template_id, name

    async def behave(self, **behaviour: object) -> None:
        """How the outside behaves from now on; what is not named is calm."""
        url = f"{self.base.settings.sandbox_url}/sandbox/accounts/{self.channel_id.hex}/behaviour"
        (
            await self.http.put(url, json={**CALM, "outage": "none", "error_429_share": 0, "error_5xx_share": 0, **behaviour})
        ).raise_for_status()

    def channel_is(self, state: str) -> Callable[[], Awaitable[bool]]:
        async def so() -> bool:
            return await self.db.fetchval("select state = $2 from channel where id = $1", self.channel_id, state) is True

        return so

    async def rate(self, per_second: float) -> None:
        await self.db.execute("update channel set throughput = $2 where id = $1", self.channel_id, per_second)

    # the campaign

    async def launch(self, policy: str = "at_most_once") -> UUID:
        body = None if self.template_id else "Oi {{first_name|cliente}}, tem novidade!"
        campaign_id = await factories.campaign(self.db, self.actor, self.channel_id, self.template_id, body=body, policy=policy)
        await actions.launch(self.actor, campaign_id, None)
        return campaign_id

    async def counts(self, campaign_id: UUID) -> dict[str, int]:
        return {MessageState(row["state"]).label: row["n"] for row in await self.db.fetch(_COUNTS, campaign_id)}

    async def handed_over(self, campaign_id: UUID) -> int:
        counts = await self.counts(campaign_id)
        return sum(counts.values()) - counts.get("queued", 0)

    async def reached(self, campaign_id: UUID, share: float) -> None:
        """Waits until this share of the audience was handed over."""

        async def there() -> bool:
            counts = await self.counts(campaign_id)
            written = sum(counts.values())
            total = max(self.audience, written)
            return total > 0 and written - counts.get("queued", 0) >= share * total

        await self.until(there, 300 + self.audience / 100, f"{share:.0%} of the campaign")

    async def finished(self, campaign_id: UUID, seconds: float) -> None:
        """Waits until the campaign ended and the sandbox has said all it had to say."""

        async def done() -> bool:
            return await self.db.fetchval("select finished_at is not null from campaign where id = $1", campaign_id) is True

        await self.until(done, seconds, f"the end of the campaign: {await self.counts(campaign_id)}")
        await self.silence()

    async def silence(self) -> None:
        """Waits until the sandbox has said all it had to say, and it was heard."""

        async def quiet() -> bool:
            with suppress(httpx.HTTPError):
                summary = (await self.http.get(f"{self.base.settings.sandbox_url}/sandbox/ledger/summary")).json()
                waiting = await self.db.fetchval("select count(*) from webhook_inbox where tries < 5")
                return summary["in_flight"] == 0 and summary["pending_webhooks"] == 0 and waiting == 0
            return False

        await self.until(quiet, 240, "the sandbox to fall silent")

    async def ledger(self) -> Counter[str]:
        """How often the sandbox accepted a message of the channel to each recipient."""
        return Counter(["+" + entry["recipient"].lstrip("+") async for entry in self.entries()])

    async def entries(self) -> AsyncIterator[dict[str, Any]]:
        """What the sandbox accepted over the channel, in its order."""
        since, url = 0, f"{self.base.settings.sandbox_url}/sandbox/ledger"
        while True:
            params = {"since": since, "limit": 1000, "account": self.channel_id.hex}
            page = (await self.http.get(url, params=params)).json()
            for entry in page["data"]:
                yield entry
            if not page["next"]:
                return
            since = page["next"]

    async def prove(
        self, name: str, campaign_id: UUID, began: float, *, recipients: int, notes: str = "", forgot: bool = False
    ) -> Report:
        """Compares database and ledger, message by message. Raises AssertionError at the first broken promise. `forgot`: the
        database lost statuses that had arrived, so an outcome may stay unknown."""
        counts = await self.counts(campaign_id)
        tally = {MessageState(row["state"]).label: row["n"] for row in await self.db.fetch(_TALLY, campaign_id)}
        assert tally == counts, f"the tallies say {tally}, the rows {counts}"
        assert sum(counts.values()) == recipients
        assert set(counts) <= ENDS, f"not everybody has an end: {counts}"
        accepted = await self.ledger()
        rows = await self.db.fetch(
            "select address, state, maybe_duplicate, at_least_once from message where campaign_id = $1", campaign_id
        )
        doubled = lost = 0
        for row in rows:
            times, state = accepted[row["address"]], MessageState(row["state"])
            if times > 1:
                doubled += 1
                flagged = row["at_least_once"] and row["maybe_duplicate"]
                assert flagged, f"{row['address']} was sent {times} times"
            if state in (MessageState.SENT, MessageState.DELIVERED, MessageState.READ):
                assert times, f"{row['address']} counts as {state.label} and was never accepted"
            elif state is MessageState.FAILED_UNKNOWN and not row["at_least_once"] and not forgot:
                assert not times, f"{row['address']} counts as unknown and was accepted"
            lost += state is MessageState.FAILED_UNKNOWN and not times
        if rows[0]["at_least_once"]:
            assert not lost, f"{lost} lost under at-least-once"
        return Report(
            name, time.monotonic() - began, counts, sum(accepted.values()), doubled, lost, await self._settled(campaign_id), notes
        )

    async def _settled(self, campaign_id: UUID) -> dict[str, int]:
        """How attempts were settled whose answer never reached the ledger."""
        rows = await self.db.fetch(
            "select a.state, m.state as message, a.detail is not null as noticed, count(*) as n"
            " from attempt a join message m on m.id = a.message_id"
            " where m.campaign_id = $1 and (a.state = 1 and a.http_status is null or a.state = 3) group by 1, 2, 3",
            campaign_id,
        )
        found: Counter[str] = Counter()
        for row in rows:
            if row["state"] == 3:
                how = f"by policy → {MessageState(row['message']).label}"
            else:
                how = "by a status" if row["noticed"] else "by a status that came before our write-back"
            found[how] += row["n"]
        return dict(found)
