"""What a provider asks in the middle of a call, and what it is told: it waits for the answer while a person holds the line.

Pure data. Who reads a provider's question and writes its answer is the provider's folder; what is known here is looked up by
`api/hooks/live.py`. An answer never fails: whoever is not found in time is greeted without a name.
"""

from collections.abc import Callable
from typing import NamedTuple

import msgspec


class Caller(NamedTuple):
    """Somebody calls. `number`: E.164; None: they hide it."""

    number: str | None


class Handover(NamedTuple):
    """Somebody on the line wants a person. `call_id`: the provider's; `attempt`: ours, of a call that we placed. `department`: a team or a
    skill by its name, as the virtual agent heard it."""

    call_id: str
    attempt: str | None
    reason: str
    department: str
    summary: str


class Lookup(NamedTuple):
    """The virtual agent looks for something in our knowledge. `question`: in its words."""

    call_id: str
    question: str


class Passages(NamedTuple):
    """What was found. `outcome`: found, or why there is nothing; `parts`: title and text of each; `words`: what the virtual agent does next."""

    outcome: str
    parts: list[tuple[str, str]]
    words: str


class Known(NamedTuple):
    """What the virtual agent may know of who calls: names of variables → values. `account`: of the channel."""

    variables: dict[str, str]
    account: str = ""


class Reached(NamedTuple):
    """What became of a wish for a person. `outcome`: accepted, still_ringing, or why nobody comes; `number`: where the call goes, only when
    somebody accepted; `words`: what the virtual agent does next."""

    outcome: str
    number: str | None
    summary: str
    words: str


class Text(NamedTuple):
    """One text in every language that there is."""

    en: str
    pt_br: str


Asked = Caller | Handover | Lookup
Found = Known | Reached | Passages
Answer = Callable[[bytes, Asked | None, Found | None, str], bytes]
"""The body, the question in it (None: it asks nothing that is known), what was found (None: nothing in time), the address of the channel's webhooks → the body."""


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """`label`: where the address belongs. `asked` reads a body and never raises. `tells`: the source of the webhook whose address goes into the answer. `seconds`: after so
    many it is answered with what is known."""

    label: Text
    asked: Callable[[bytes], Asked | None]
    answer: Answer
    tells: str
    seconds: float
