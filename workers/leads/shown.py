"""What one look at a conversation shows a model, under names that are good for this look alone: m1… messages, s1… stages, t1… tags, p1…
people, x1… templates, f1… files, q1… sequences, h1… free times; fields by their keys. Ids of the database never appear, so that nothing foreign can be named."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

from db.assistant.context import Said
from db.boards.enums import StageKind
from db.bookings.slots import Span
from db.cadences.enrolling import Entrance
from db.proposals.allowed import BoardFile
from db.proposals.context import Context, LeadField, Named, Stage, Template

T = TypeVar("T")


class Shown(NamedTuple):
    """`new`: messages of the customer that no look saw before. `stages`: those that the board leaves to the model."""

    messages: Mapping[str, Said]
    new: list[str]
    stages: Mapping[str, Stage]
    tags: Mapping[str, str]
    fields: Mapping[str, LeadField]
    people: Mapping[str, Named]
    templates: Mapping[str, Template]
    files: Mapping[str, BoardFile]
    cadences: Mapping[str, Entrance]
    times: Mapping[str, Span]


def shown(context: Context) -> Shown:
    judged = context.judging.judged_id
    messages = _named("m", context.said)
    return Shown(
        messages,
        [name for name, one in messages.items() if one.who == "customer" and (judged is None or one.id > judged)],
        _named("s", [one for one in context.stages if context.settings.closing or one.kind is StageKind.OPEN]),
        _named("t", _once([*context.tags, *(context.lead.tags if context.lead is not None else [])])),
        {one.key: one for one in context.fields},
        _named("p", context.people),
        _named("x", context.templates),
        _named("f", context.allowed.files),
        _named("q", context.allowed.cadences),
        _named("h", context.allowed.times),
    )


def name_of(names: Mapping[str, T], wanted: T) -> str | None:
    """Under which name a thing is shown."""
    return next((name for name, one in names.items() if one == wanted), None)


def _named(letter: str, things: Sequence[T]) -> dict[str, T]:
    return {f"{letter}{number}": one for number, one in enumerate(things, 1)}


def _once(tags: Sequence[str]) -> list[str]:
    return list({one.casefold(): one for one in reversed(tags)}.values())[::-1]
