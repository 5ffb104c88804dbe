"""An answer that is spoken while somebody holds the line: the socket asks for it, a worker composes it sentence by sentence.

What is asked and said passes through Valkey for a minute, as questions to the knowledge do: nothing of it is to be kept, the provider tells
what was said. The job is the wake-up, and books what it spends. Whoever is interrupted stops it, and nobody says it again.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Literal
from uuid import UUID, uuid4

import msgspec

from db import valkey
from db.assistant import gather
from db.contacts import told
from db.contacts.field_values import Shape
from db.contacts.identities import number_address, owner_of
from db.jobs import SpeakAnswer
from db.messages.variables import first_name
from db.permissions import Permission
from db.personas import serving
from db.personas.enums import PersonaMode
from db.personas.serving import Serving
from db.tenancy import Actor, worker
from db.work import read, work

_KEPT = 60
"""Seconds for which any of it is there."""
_STEP = 4.0
"""Seconds of one wait; valkey-py gives up on an answer after five."""


class Line(msgspec.Struct, frozen=True):
    who: Literal["person", "agent"]
    text: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be answered. `number`: the person's, E.164; None: hidden. `script`: what a call that we placed is about. `unanswered`: so many
    questions in a row had no answer."""

    channel_id: UUID
    number: str | None
    script: str
    said: Sequence[Line]
    unanswered: int


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence, or with `end` how the answer ends: a Decision, or `trouble`. `reason` and `summary`: for the colleague who takes over."""

    text: str = ""
    end: str | None = None
    unknown: bool = False
    reason: str = ""
    summary: str = ""


class Persona(msgspec.Struct, frozen=True, kw_only=True):
    """Who speaks, and to whom. `closed`: the persona's own hours are over."""

    found: Serving
    company: str
    language: str
    time_zone: str
    country: str
    contact_name: str
    fields: dict[str, str]
    shapes: dict[str, Shape]
    closed: bool


_asked = msgspec.json.Decoder(Asked)
_piece = msgspec.json.Decoder(Piece)


async def persona(actor: Actor, channel_id: UUID, number: str | None) -> Persona | None:
    """Of the live persona that serves this channel and answers by itself; None: none does."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        found = await serving.serving(r, channel_id, ())
        if found is None or found.mode is not PersonaMode.AUTO:  # nobody reads what it suggests before it is said
            return None
        company = await r.fetchrow("select name, language, time_zone, country from company where id = $1", actor.company_id)
        assert company is not None
        contact_id = None if number is None else await owner_of(r, actor.company_id, number_address(number))
        name = await r.fetchval("select name from contact where company_id = $1 and id = $2", actor.company_id, contact_id)
        keys = [goal.key for goal in found.config.goals]
        known = None if contact_id is None else await told.known(r, contact_id, keys)
        return Persona(
            found=found,
            company=company["name"],
            language=company["language"],
            time_zone=company["time_zone"],
            country=company["country"],
            contact_name=name or "",
            fields={} if known is None else known.values,
            shapes={} if known is None else known.shapes,
            closed=await gather.hours_over(r, found) is not None,
        )


async def language(actor: Actor) -> str:
    """In which the company speaks where no persona does."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        found: str = await r.fetchval("select language from company where id = $1", actor.company_id)
        return found


HELLO = {
    "pt-BR": (
        "Olá, {name}! ",
        "Olá! ",
        "Aqui é {persona}, da {company}.",
        "Aqui é {persona}, o atendimento virtual da {company}.",
    ),
    "en": (
        "Hello, {name}! ",
        "Hello! ",
        "This is {persona} of {company}.",
        "This is {persona}, the virtual assistant of {company}.",
    ),
}


def greeting(who: Persona) -> str:
    """What is said first, without a model: nobody waits for it."""
    named, plain, by, virtual = HELLO.get(who.language, HELLO["pt-BR"])
    first = first_name(who.contact_name)
    hello = named.format(name=first) if first else plain
    says = virtual if who.found.config.identity.discloses_ai else by
    return hello + says.format(persona=who.found.name, company=who.company)


# -- who asks --------------------------------------------------------------------------------------------------------


async def ask(actor: Actor, given: Asked) -> UUID:
    """Has an answer composed. Raises what Valkey and the database raise."""
    speech_id = uuid4()
    async with valkey.client().pipeline() as pipe:
        pipe.set(_key(speech_id), msgspec.json.encode(given), ex=_KEPT)
        pipe.set(_live(speech_id), 1, ex=_KEPT)
        await pipe.execute()
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        w.enqueue(SpeakAnswer(speech_id=speech_id))
    return speech_id


async def pieces(speech_id: UUID, patience: float) -> AsyncIterator[Piece]:
    """As they come, the one that ends it last; ends without one where nothing comes for `patience` seconds."""
    left = patience
    while left > 0:
        found = await valkey.client().blpop([_said(speech_id)], timeout=min(left, _STEP))
        if found is None:
            left -= _STEP
            continue
        left = patience
        piece = _piece.decode(found[1])
        yield piece
        if piece.end is not None:
            return


async def stop(speech_id: UUID) -> None:
    """Nobody listens to it any more."""
    await valkey.client().delete(_key(speech_id), _live(speech_id), _said(speech_id))


# -- who answers -----------------------------------------------------------------------------------------------------


async def asked(speech_id: UUID) -> Asked | None:
    """None once nobody waits any more, or where another run took it."""
    found = await valkey.client().getdel(_key(speech_id))
    return None if found is None else _asked.decode(found)


async def wanted(speech_id: UUID) -> bool:
    return bool(await valkey.client().exists(_live(speech_id)))


async def say(speech_id: UUID, piece: Piece) -> None:
    async with valkey.client().pipeline() as pipe:
        pipe.rpush(_said(speech_id), msgspec.json.encode(piece))
        pipe.expire(_said(speech_id), _KEPT)
        await pipe.execute()


async def persona_of(company_id: UUID, given: Asked) -> Persona | None:
    return await persona(worker(company_id), given.channel_id, given.number)


def _key(speech_id: UUID) -> str:
    return f"speech:asked:{speech_id}"


def _live(speech_id: UUID) -> str:
    return f"speech:live:{speech_id}"


def _said(speech_id: UUID) -> str:
    return f"speech:said:{speech_id}"
