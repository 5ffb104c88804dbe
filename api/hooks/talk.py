"""A call in which our persona speaks itself: the provider's socket on one side, a worker that composes sentences on the other.

What is said under an older number ends as soon as a newer one comes, and so does what a model writes for it. Nobody on the line is left in
silence: whatever fails ends in a sentence and in a person of the team, or in a call back that is owed. Asks no model and no provider.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import structlog

from api.hooks.collector import Broken
from db import valkey
from db.assistant import speaking
from db.assistant.enums import Decision
from db.assistant.speaking import Asked, Line, Persona, Piece
from db.errors import AppError
from db.providers.live import Reached
from db.providers.talk import Details, Ping, Spoken, Talk, Turn, Update, Wanted
from db.tenancy import worker

log = structlog.get_logger("api.hooks")

FIRST = 1.5
"""Seconds in which the call's details may come before somebody is greeted without a name."""
PATIENCE = 8.0
"""Seconds without a sentence after which an answer counts as lost."""
REMINDERS = 2
"""So often somebody who says nothing is asked for; then the agent says goodbye."""
LOST = (*Broken, *valkey.Down, AppError)
TROUBLE = "trouble"
_SAYINGS = {
    "pt-BR": {
        "hello": "Olá! Como posso ajudar?",
        "trouble": "Desculpe, estou com um problema técnico. Vou chamar alguém da equipe.",
        "there": "Você ainda está aí?",
        "bye": "Não ouvi mais nada, então vou desligar. Até logo!",
        "moment": "Só um momento, por favor.",
        "putting": "Estou passando a ligação agora.",
        "nobody": "Ninguém da equipe pode atender agora. Já anotei, e retornamos o contato. Até logo!",
        "unnoted": "Ninguém da equipe pode atender agora. Por favor, ligue de novo mais tarde.",
    },
    "en": {
        "hello": "Hello! How can I help?",
        "trouble": "Sorry, I have a technical problem. I will call somebody of the team.",
        "there": "Are you still there?",
        "bye": "I hear nothing any more, so I will hang up. Goodbye!",
        "moment": "One moment, please.",
        "putting": "I am putting you through now.",
        "nobody": "Nobody of the team can take the call now. I noted it, and we will get back to you. Goodbye!",
        "unnoted": "Nobody of the team can take the call now. Please call again later.",
    },
}


class Session:
    """One call. `send` writes a frame; `person` asks for somebody of the team and waits for what comes of it."""

    def __init__(
        self,
        company_id: UUID,
        channel_id: UUID,
        call_id: str,
        talk: Talk,
        send: Callable[[str], Awaitable[None]],
        person: Callable[[bytes], Awaitable[Reached]],
    ) -> None:
        self._actor, self._channel, self._call = worker(company_id), channel_id, call_id
        self._talk, self._send, self._person = talk, send, person
        self._details: Details | None = None
        self._known = asyncio.Event()
        self._said: list[Line] = []
        self._who: Persona | None = None
        self._language = "pt-BR"  # the company's
        self._number = 0  # of what is to be said now
        self._speaks: asyncio.Task[None] | None = None
        self._speech: UUID | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._silent = 0
        self._unanswered = 0

    async def run(self, frames: AsyncIterator[str | bytes]) -> None:
        """Until the provider hangs up."""
        for begin in self._talk.begins:
            await self._send(begin)
        self._begin(self._greet())
        try:
            async for frame in frames:
                await self._hear(frame)
        finally:
            for task in (self._speaks, self._fetching):
                if task is not None:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError, *LOST):
                        await task
            await self._stop()

    async def _hear(self, frame: str | bytes) -> None:
        match self._talk.heard(frame):
            case Ping() as ping:
                await self._send(self._talk.pong(ping))
            case Details() as details:
                self._details = details
                self._known.set()
            case Update(said):
                self._keep(said)
            case Wanted(number, said, reminder) if number >= self._number:
                self._keep(said)
                self._number = number
                await self._interrupted()
                self._silent = self._silent + 1 if reminder else 0
                if self._fetching is not None and not self._fetching.done():
                    await self._say(self._saying("moment"))  # who was called goes on being called, under this number
                else:
                    self._begin(self._remind() if reminder else self._answer())

    def _keep(self, said: object) -> None:
        if isinstance(said, list) and said:
            self._said = [Line(one.who, one.text) for one in said if isinstance(one, Turn) and one.text]

    def _begin(self, saying: Awaitable[None]) -> None:
        self._speaks = asyncio.ensure_future(saying)
        self._speaks.add_done_callback(_noted)

    async def _interrupted(self) -> None:
        """What was being said is over, and nobody composes it any more."""
        if self._speaks is not None and not self._speaks.done():
            self._speaks.cancel()
            with contextlib.suppress(asyncio.CancelledError, *LOST):
                await self._speaks
        await self._stop()

    async def _stop(self) -> None:
        if self._speech is not None:
            speech, self._speech = self._speech, None
            with contextlib.suppress(*valkey.Down):
                await speaking.stop(speech)

    # saying

    def _saying(self, what: str) -> str:
        return _SAYINGS.get(self._language, _SAYINGS["pt-BR"])[what]

    async def _say(self, text: str, *, last: bool = False, hangs_up: bool = False, transfer_to: str | None = None) -> None:
        await self._send(self._talk.said(Spoken(self._number, text, last, hangs_up, transfer_to)))

    async def _greet(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._known.wait(), FIRST)
        number = self._details.number if self._details is not None else None
        try:
            async with asyncio.timeout(FIRST):
                self._language = await speaking.language(self._actor)
                self._who = await speaking.persona(self._actor, self._channel, number)
        except (*LOST, TimeoutError) as error:
            log.warning("talk.not_known_in_time", channel_id=str(self._channel), error=repr(error)[:200])
        await self._say(self._saying("hello") if self._who is None else speaking.greeting(self._who), last=True)

    async def _remind(self) -> None:
        if self._silent > REMINDERS:
            await self._say(self._saying("bye"), last=True, hangs_up=True)
        else:
            await self._say(self._saying("there"), last=True)

    async def _answer(self) -> None:
        """What a worker composes, as it comes, and what follows from how it ends."""
        details = self._details or Details(None, None, None, "")
        asked = Asked(
            channel_id=self._channel,
            number=details.number,
            script=details.script,
            said=self._said,
            unanswered=self._unanswered,
        )
        end, spoke = Piece(end=TROUBLE), False
        try:
            self._speech = await speaking.ask(self._actor, asked)
            async for piece in speaking.pieces(self._speech, PATIENCE):
                if piece.end is not None:
                    end = piece
                elif piece.text:
                    await self._say(f" {piece.text}" if spoke else piece.text)
                    spoke = True
        except LOST as error:
            log.warning("talk.lost", channel_id=str(self._channel), error=repr(error)[:200])
        await self._stop()
        self._unanswered = self._unanswered + 1 if end.unknown else 0
        if end.end == TROUBLE:
            await self._say(self._saying("trouble"))
        if end.end in (TROUBLE, Decision.HANDOVER.value):
            self._fetching = asyncio.ensure_future(self._fetch(end))
            self._fetching.add_done_callback(_noted)
        else:
            await self._say("", last=True, hangs_up=end.end == Decision.CLOSE.value)

    async def _fetch(self, end: Piece) -> None:
        """Somebody of the team, or a call back: said under the number that counts by then."""
        attempt = self._details.attempt if self._details is not None else None
        reason = end.reason or next((line.text for line in reversed(self._said) if line.who == "person"), "")
        summary = end.summary or " / ".join(line.text for line in self._said[-6:])
        try:
            reached = await self._person(self._talk.person(self._call, attempt, reason, summary))
        except LOST as error:
            log.warning("talk.nobody_asked", channel_id=str(self._channel), error=repr(error)[:200])
            reached = Reached("unnoted", None, "", "")
        if reached.number is not None:
            await self._say(self._saying("putting"), last=True, transfer_to=reached.number)
        else:
            noted = reached.outcome not in ("nobody", "unnoted") or bool(reached.summary)
            await self._say(self._saying("nobody" if noted else "unnoted"), last=True, hangs_up=True)


def _noted(task: "asyncio.Future[None]") -> None:
    """A failure that nobody awaits stands in the log."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("talk.failed", error=repr(error)[:300])
