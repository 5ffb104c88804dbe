"""Customers, colleagues, webhooks that come twice or late, and workers that die, in whatever order: one answer for a burst, none after a
take-over, none twice, none lost without a trace.

A few orders in the suite; `TURNS=1000` tries a thousand.
"""

import asyncio
import os
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.assistant import actions as assistant
from db.assistant import outlet, turns
from db.assistant.enums import AssistantMode
from db.assistant.outlet import Held
from db.assistant.turns import Answer, Begun, Composed, Stale, Turn
from db.conversations import actions, presence, teams
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy, ConversationState
from db.messages import ledger
from db.messages.content import File, Sticker
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed, StatusUpdate
from db.messages.replies import TextReply
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.assistant.scene import Scene
from tests.db.assistant.test_silence import SEND, Lane

TURNS = int(os.environ.get("TURNS", 12))

_CUSTOMER = ("writes", "writes", "writes", "again", "late", "sticker")
_WORKERS = ("pauses", "begins", "begins", "composes", "composes", "says", "says", "repeats", "dies")
_LANES = ("claims", "claims", "fails", "fails", "reports")
_COLLEAGUES = (
    "types",
    "looks",
    "answers",
    "phones",
    "assigns",
    "teams",
    "reacts",
    "takes",
    "gives",
    "gives",
    "closes",
    "switches",
    "rests",
)
_RUN = ("pauses", "begins", "composes")
_COMPOUND: dict[str, tuple[str, ...]] = {
    "runs": _RUN,
    "answers a burst": ("writes", *_RUN, "says"),
    "is sent": ("writes", *_RUN, "says", "claims"),
    "taken before it is said": ("writes", *_RUN, "takes", "says"),
    "taken before it is sent": ("writes", *_RUN, "says", "takes", "claims"),
    "taken on the wire": ("writes", *_RUN, "says", "claims", "takes", "fails", "claims"),
    "taken before its failure": ("writes", *_RUN, "says", "claims", "answers", "reports", "claims"),
    "dies unsaid": ("writes", *_RUN, "dies", "begins", "says", "repeats"),
    "given back": ("takes", "writes", "gives", *_RUN, "says", "claims"),
}
"""What single steps in a row seldom come to: a run that gets far, and somebody who comes between two of its steps."""
_RACES = ("says | takes", "claims | takes", "says | writes", "begins | takes")
"""Two at the same moment: Postgres decides who comes first."""
STEPS = (*_CUSTOMER, *_WORKERS, *_LANES, *_COLLEAGUES, *_COMPOUND, *_RACES)
"""One step each; a worker does what it can with whatever it holds, also with what it has lost."""
_TYPED = """
update ai_conversation set typing_since = now() - interval '4 seconds' where conversation_id = $1 and typing_until > now()
"""


class _Story:
    """One conversation, and every run that ever had one of its turns."""

    def __init__(self, scene: Scene, team: UUID) -> None:
        self.team = team
        self.scene, self.runs, self.lane, self.claimed = scene, list[Turn](), Lane(scene), list[Claimed]()
        self.newest, self.silent = "", False
        self.message: UUID | None = None

    async def step(self, what: str) -> None:
        if what in _COMPOUND:
            for one in _COMPOUND[what]:
                await self.step(one)
        elif what in _RACES:
            await self._race(what)
        elif what in _CUSTOMER:
            await self._customer(what)
        elif self.scene.conversation is not None:
            does = self._worker if what in _WORKERS else self._lane if what in _LANES else self._colleague
            await does(what, self.scene.conversation)
            await self._hold()

    async def _race(self, what: str) -> None:
        """What either of the two checks about the other holds only once both are through."""
        if self.scene.conversation is None:
            return
        silent = self.silent
        match what:
            case "says | takes" if self.runs and self.runs[-1].answer is not None:
                speaking = outlet.speak(self.scene.owner.company_id, self.runs[-1])
                await asyncio.gather(speaking, self._colleague("takes", self.scene.conversation))
            case "claims | takes":
                taken, _ = await asyncio.gather(self.lane.claim(), self._colleague("takes", self.scene.conversation))
                theirs = [one for one in taken if await self._by_assistant(one)]
                assert not (silent and theirs), "something of the assistant is sent over a person"
                self.claimed += theirs
            case "says | writes" if self.runs and self.runs[-1].answer is not None:
                other = Scene(self.scene.owner, self.scene.db, self.scene.channel, self.scene.contact, self.scene.phone)
                await asyncio.gather(outlet.speak(self.scene.owner.company_id, self.runs[-1]), other.wrote("E a cor?"))
                assert not (self.silent and other.speaks), "a turn opened after a take-over"
            case "begins | takes" if (turn_id := await self._newest()) is not None:
                beginning = turns.begin(self.scene.owner.company_id, turn_id)
                found, _ = await asyncio.gather(beginning, self._colleague("takes", self.scene.conversation))
                self._take(found)
            case _:
                return
        await self._hold()

    async def _customer(self, what: str) -> None:
        scene = self.scene
        match what:
            case "writes":
                self.newest = uuid4().hex
                self.message = await scene.wrote("E o prazo de entrega?", key=self.newest)
                assert not (scene.speaks and self.silent), "a turn opened after a take-over"
            case "again" if self.newest:
                await scene.wrote("E o prazo de entrega?", key=self.newest)
            case "late":
                await scene.wrote("Ontem", at=scene.ago(minutes=20))
            case "sticker":
                await scene.wrote(content=Sticker(file=File(id="1", mime_type="image/webp")))

    async def _worker(self, what: str, conversation_id: UUID) -> None:
        match what:
            case "pauses":
                await self.scene.paused()
            case "begins":
                await self._begin()
            case "composes":
                for number, run in enumerate(self.runs):
                    if run.answer is None and (kept := await self.scene.keep(run, f"Resposta {run.id}")) is not None:
                        self.runs[number] = kept
            case "says" | "repeats":
                for run in self.runs if what == "repeats" else self.runs[-1:]:
                    await self._say(run)
            case "dies":
                await self.scene.died()

    async def _lane(self, what: str, conversation_id: UUID) -> None:
        match what:
            case "claims":
                taken = [one for one in await self.lane.claim() if await self._by_assistant(one)]
                assert not (self.silent and taken), "something of the assistant is sent over a person"
                self.claimed += taken
            case "fails" if self.claimed:
                one = self.claimed.pop(0)
                await self.lane.finish(one, M.QUEUED, AttemptState.REJECTED, reason="rate_limited", retry_in=0.0)
            case "reports" if self.claimed:
                one = self.claimed.pop(0)
                await self.lane.finish(one, M.SENT, AttemptState.ACCEPTED, provider_id=f"wamid.{uuid4().hex}")
                async with work(self.scene.owner, SEND) as w:
                    late = StatusUpdate(one.attempt_id, None, M.FAILED, self.scene.ago(), "temporary", retry_in=0.0)
                    await ledger.apply_statuses(w, [late])

    async def _by_assistant(self, one: Claimed) -> bool:
        key: str = await self.scene.db.fetchval("select dedupe_key from message where id = $1", one.message_id)
        return key.startswith("ai:")

    async def _colleague(self, what: str, conversation_id: UUID) -> None:
        owner = self.scene.owner
        self.silent = self.silent if what in {"types", "looks", "switches", "rests"} else what not in {"gives", "closes"}
        match what:
            case "answers":
                await actions.reply(owner, conversation_id, TextReply("Oi, sou gente"))
            case "phones":
                await self.scene.phoned()
            case "assigns":
                for who in (None, owner.id):
                    await actions.change(owner, conversation_id, Change(assignee_id=who))
            case "takes":
                await assistant.take_over(owner, conversation_id)
            case "gives":
                await assistant.give_back(owner, conversation_id)
            case "closes":  # whoever writes next begins another talk
                await actions.change(owner, conversation_id, Change(state=ConversationState.CLOSED))
                await self._nothing_waits()
                await self.scene.aged()
            case _:
                await self._others(what, conversation_id)

    async def _others(self, what: str, conversation_id: UUID) -> None:
        """What else the team does: nobody answers by it, or they do by a detour."""
        owner = self.scene.owner
        match what:
            case "types":
                await presence.say(owner, conversation_id, here=True, typing=True)
                await self.scene.db.execute(_TYPED, conversation_id)
            case "looks":
                await presence.say(owner, conversation_id, here=True, typing=False)
            case "teams":
                for team in (None, self.team):
                    await actions.change(owner, conversation_id, Change(team_id=team))
            case "reacts":
                assert self.message is not None
                for emoji in (None, "👍"):
                    await actions.react(owner, conversation_id, self.message, emoji)
            case "switches":
                for mode in (AssistantMode.OFF, None):
                    await assistant.set_mode(owner, conversation_id, mode)
                await self._nothing_waits()
            case "rests":
                await self._rests()

    async def _rests(self) -> None:
        """The persona is paused for a moment, in which no run says anything."""
        pauses = "update persona set state = $2 where company_id = $1"
        await self.scene.db.execute(pauses, self.scene.owner.company_id, "paused")
        for run in self.runs:
            await self._say(run, may=False)
        await self.scene.db.execute(pauses, self.scene.owner.company_id, "live")

    async def _begin(self) -> None:
        turn_id = await self._newest()
        self._take(None if turn_id is None else await turns.begin(self.scene.owner.company_id, turn_id))

    def _take(self, found: object) -> None:
        if isinstance(found, Begun | Composed | Stale):
            kept = found.turn
            if isinstance(found, Stale):
                kept = kept._replace(answer=Answer(decision="no_reply", reason="crashed", trouble=True))
            self.runs.append(kept)

    async def _newest(self) -> UUID | None:
        found: UUID | None = await self.scene.db.fetchval(
            "select id from ai_turn where conversation_id = $1 order by seq desc limit 1", self.scene.conversation
        )
        return found

    async def _say(self, run: Turn, *, may: bool = True) -> None:
        if run.answer is None:
            return
        before = len(await self.scene.said())
        spoken = await outlet.speak(self.scene.owner.company_id, run)
        said = len(await self.scene.said()) - before
        assert not (self.silent and said), "something was said over a person"
        assert may or not said, "a persona spoke that was paused"
        if isinstance(spoken, Held):
            assert said == 0

    async def _hold(self) -> None:
        """What holds after every step."""
        open_turns = await self.scene.db.fetchval(
            "select count(*) from ai_turn where conversation_id = $1 and state in ('collecting', 'generating', 'ready')",
            self.scene.conversation,
        )
        assert open_turns <= 1
        if self.silent:
            assert open_turns == 0, "a turn is open while a person answers"
            await self._nothing_waits()

    async def _nothing_waits(self) -> None:
        waiting = await self.scene.db.fetchval(
            "select count(*) from message where contact_id = $1 and dedupe_key like 'ai:%' and"
            " (queued or requeue_allowed and state in (1, 2, 3, 7))",
            self.scene.contact,
        )
        assert waiting == 0, "something of the assistant waits to be sent, or may be tried again, that must not be"

    async def end(self) -> None:
        """What holds at last: each turn said at most once, each burst answered at most once, each has its trace."""
        rows = await self.scene.db.fetch(
            "select dedupe_key, content->>'body' as text from message where contact_id = $1 and dedupe_key like 'ai:%'",
            self.scene.contact,
        )
        keys = [row["dedupe_key"].split(":")[1] for row in rows]
        assert len(keys) == len(set(keys)), "a turn spoke twice"
        ended = {
            str(row["id"]): row
            for row in await self.scene.db.fetch(
                "select id, state, reason, first_inbound_id, last_inbound_id from ai_turn where conversation_id = $1",
                self.scene.conversation,
            )
        }
        assert set(keys) <= {one for one, row in ended.items() if row["state"] in {"sent", "failed", "blocked"}}
        bursts = [row["last_inbound_id"] for row in ended.values() if row["state"] == "sent"]
        assert len(bursts) == len(set(bursts)), "a burst was answered twice"
        for row in ended.values():
            assert row["state"] in {"collecting", "generating", "ready", "sent"} or row["reason"], "it ended without a reason"
        lost = await self.scene.db.fetchval(
            "select count(*) from ai_turn t where conversation_id = $1 and state = 'collecting' and not exists (select from job j"
            " where j.payload->>'turn_id' = t.id::text)",
            self.scene.conversation,
        )
        assert lost == 0, "a turn waits that nobody will run"


@settings(max_examples=TURNS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=8, max_size=30), limit=st.sampled_from([3, 60]))
async def test_any_order_is_one_answer_and_never_over_a_person(
    owner: Actor, owner_db: asyncpg.Connection, steps: list[str], limit: int
) -> None:
    channel = await factories.channel(owner_db, owner)
    await factories.persona(owner_db, owner, channel, name=f"Lia {uuid4().hex}", budget={"max_turns_per_hour": limit})
    assert owner.id is not None
    how = AssignmentStrategy.MANUAL
    team = await teams.create_team(owner, name=uuid4().hex, strategy=how, member_ids=[owner.id], channel_ids=[])
    story = _Story(await Scene.another(owner, owner_db, channel), team.id)
    for what in ["writes", *steps]:
        await story.step(what)
    await story.end()
