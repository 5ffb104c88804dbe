"""A call in which our persona speaks itself: what the provider tells over a socket, and how an answer is written. Pure data.

Who reads the provider's frames is the provider's folder; what is answered is known to `api/hooks/talk.py`. A frame that is not understood is
passed over: an older program must not end a call.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from db.providers.live import Text


class Turn(NamedTuple):
    """What one of the two said."""

    who: Literal["person", "agent"]
    text: str


class Ping(NamedTuple):
    """The provider wants to know whether we are there. `token`: to be given back."""

    token: int


class Details(NamedTuple):
    """Of the call. `number`: the person's, E.164; None: hidden. `ours`: our number. `attempt`: of a call that we placed; `script`: what it is
    about."""

    number: str | None
    ours: str | None
    attempt: str | None
    script: str


class Update(NamedTuple):
    """What was said so far; nothing is wanted."""

    said: Sequence[Turn]


class Wanted(NamedTuple):
    """Something is to be said now. A higher `number` ends what is said under a lower one. `reminder`: the person says nothing."""

    number: int
    said: Sequence[Turn]
    reminder: bool


class Spoken(NamedTuple):
    """A piece of an answer. `last`: of this number; `hangs_up` and `transfer_to` (E.164) then say what follows."""

    number: int
    text: str
    last: bool
    hangs_up: bool = False
    transfer_to: str | None = None


Heard = Ping | Details | Update | Wanted


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """`path`: of the address, before the secret and the call. `begins`: frames that are sent first. `heard` reads one and never raises; None: it
    says nothing that is known. `asks_person`: the source of the webhook by which an agent asks for a person, and the body of such a question:
    call, attempt, reason, summary."""

    label: Text
    path: str
    begins: Sequence[str]
    heard: Callable[[str | bytes], Heard | None]
    said: Callable[[Spoken], str]
    pong: Callable[[Ping], str]
    asks_person: str
    person: Callable[[str, str | None, str, str], bytes]
