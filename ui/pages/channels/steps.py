"""What a guide to one provider consists of. Each file in `guides/` is one, found by the kind of channel that it leads to."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ui.pages.channels.pictures import Picture

Look = Callable[[str, Mapping[str, str]], str]
"""What was pasted, and everything that was pasted by name → what is wrong with it in words; "" when it has the provider's form."""


class Step(NamedTuple):
    """`todo`: one thing after the other. `links`: (text, address) of the provider's page. `marks`: what is copied there, by the name
    that the form has for it, with its letter in the picture."""

    key: str
    heading: str
    todo: Sequence[str]
    links: Sequence[tuple[str, str]]
    picture: Picture
    marks: Mapping[str, str] = {}


class Guide(NamedTuple):
    """Texts are functions, because each page has its own language."""

    kind: str
    steps: Callable[[], list[Step]]
    """In the order in which the provider lets one do it."""
    last: Callable[[], str]
    """Said where the channel is named."""
    looks: Mapping[str, Look]
    mends: Mapping[str, str]
    """Code of a finding of the check → the step that mends it."""
    refused: str
    """The step that mends refused access."""
    intro: Callable[[], str] = lambda: ""
    after: Callable[[], list[Step]] = list
    """What is left to do once the channel has its addresses."""
