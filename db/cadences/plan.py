"""What a cadence does, as a document: steps in their order, a branch with two lists of its own. What is nested cannot run in a circle.

Pure data without other imports of ours but of its kind, because the wire contract re-exports it.
"""

from collections.abc import Collection, Iterator
from typing import Annotated, Literal, NamedTuple
from uuid import UUID, uuid4

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from db.contacts.filter import ContactFilter
from db.texts import END

MOST_STEPS = 60
MOST_DEPTH = 6

CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]" + END
ClockTime = Annotated[str, Meta(pattern=CLOCK, examples=["09:00"])]
Weekday = Annotated[int, Meta(ge=0, le=6)]
"""0 is Monday."""


class Replied(Struct, frozen=True, forbid_unknown_fields=True, tag="replied", tag_field="kind"):
    """They wrote to us since they came into the cadence."""


class WasRead(Struct, frozen=True, forbid_unknown_fields=True, tag="was_read", tag_field="kind"):
    """They read what the cadence sent them last."""


class Tagged(Struct, frozen=True, forbid_unknown_fields=True, tag="tagged", tag_field="kind"):
    tag_id: UUID


class FieldEquals(Struct, frozen=True, forbid_unknown_fields=True, tag="field_is", tag_field="kind"):
    """A custom field of the company has this value, whatever the case."""

    key: Annotated[str, Meta(max_length=60, examples=["plan"])]
    value: Annotated[str, Meta(max_length=200, examples=["gold"])]


class LeadInStage(Struct, frozen=True, forbid_unknown_fields=True, tag="in_stage", tag_field="kind"):
    """A lead of theirs stands in this stage of a board."""

    stage_id: UUID


Condition = Replied | WasRead | Tagged | FieldEquals | LeadInStage
Goal = Tagged | LeadInStage


class StepBinding(Struct, frozen=True, forbid_unknown_fields=True):
    """What fills one placeholder: `source` is a contact field or `constant`; `fallback` stands there without a value (for a constant it is
    the value)."""

    placeholder: Annotated[str, Meta(max_length=64, examples=["1"])]
    source: Annotated[str, Meta(max_length=64, examples=["first_name"])]
    fallback: Annotated[str, Meta(max_length=500, examples=["cliente"])] = ""


class Send(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="send", tag_field="kind"):
    """Writes: a template with what fills it, or a text where the channel takes texts (SMS), or a script where it
    calls."""

    id: UUID
    channel_id: UUID
    template_id: UUID | None = None
    bindings: Annotated[list[StepBinding], Meta(max_length=60)] = []
    text: Annotated[str, Meta(max_length=1600)] | None = None


class Wait(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="wait", tag_field="kind"):
    id: UUID
    minutes: Annotated[int, Meta(ge=1, le=525_600)]


class WaitUntil(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="wait_until", tag_field="kind"):
    """Until the next time the person's own clock shows this, as their number tells it, on one of these days; on any without days. Where nobody knows
    their time zone it is the company's."""

    id: UUID
    at: ClockTime
    days: Annotated[list[Weekday], Meta(max_length=7)] = []


class Branch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="branch", tag_field="kind"):
    """One list or the other, and then on with what follows the branch."""

    id: UUID
    condition: Condition
    yes: list["Step"] = []
    no: list["Step"] = []


Step = Send | Wait | WaitUntil | Branch


class WritingHours(Struct, frozen=True, forbid_unknown_fields=True):
    """When it may write, in the company's time zone."""

    start: ClockTime = "09:00"
    end: ClockTime = "18:00"
    days: Annotated[list[Weekday], Meta(min_length=1, max_length=7)] = field(default_factory=lambda: [0, 1, 2, 3, 4])


class Plan(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`entry`: who comes in by themselves, now and whenever they begin to match; None: nobody. `goal`: who reaches it leaves. `again`: somebody
    who came to the end may come in once more."""

    steps: list[Step] = []
    entry: ContactFilter | None = None
    stop_on_reply: bool = True
    goal: Goal | None = None
    again: bool = False
    hours: WritingHours | None = None


class Node(NamedTuple):
    """A step and what follows it; None is the end. `yes` and `no` are of a branch."""

    step: Step
    path: str
    next: UUID | None
    yes: UUID | None = None
    no: UUID | None = None


def nodes(plan: Plan) -> dict[UUID, Node]:
    """In the order of the document. Of two steps with one id the later one wins: `repeated` finds them."""
    return {node.step.id: node for node in _nodes(plan.steps, "steps", None)}


def _nodes(steps: list[Step], path: str, after: UUID | None) -> Iterator[Node]:
    for number, step in enumerate(steps):
        following = steps[number + 1].id if number + 1 < len(steps) else after
        place = f"{path}[{number}]"
        if isinstance(step, Branch):
            yes, no = (some[0].id if some else following for some in (step.yes, step.no))
            yield Node(step, place, following, yes, no)
            yield from _nodes(step.yes, f"{place}.yes", following)
            yield from _nodes(step.no, f"{place}.no", following)
        else:
            yield Node(step, place, following)


def never_yes(plan: Plan, tells: Collection[UUID]) -> dict[UUID, Literal["left", "unread", "unwritten"]]:
    """Questions that nobody can come to with a yes, and why: who answers leaves before; what went out last goes over a channel that does not tell
    what is read; nothing went out before. `tells`: the channels that do."""
    found: dict[UUID, Literal["left", "unread", "unwritten"]] = {}
    _unanswerable(plan.steps, {None}, plan, tells, found)
    return found


def _unanswerable(
    steps: list[Step],
    last: set[UUID | None],
    plan: Plan,
    tells: Collection[UUID],
    found: dict[UUID, Literal["left", "unread", "unwritten"]],
) -> set[UUID | None]:
    """`last`: the channels over which people may have been written to last, None for those who were not. Returns them behind the steps."""
    for step in steps:
        match step:
            case Send(channel_id=channel_id):
                last = {channel_id}
            case Branch(id=step_id, condition=condition):
                if isinstance(condition, Replied) and plan.stop_on_reply:
                    found[step_id] = "left"
                elif isinstance(condition, WasRead) and not last & {*tells}:
                    found[step_id] = "unwritten" if last == {None} else "unread"
                last = _unanswerable(step.yes, last, plan, tells, found) | _unanswerable(step.no, last, plan, tells, found)
    return last


def places(plan: Plan) -> list[tuple[UUID, str]]:
    """Every step with its path in the document, also those whose id stands there twice."""
    return [(node.step.id, node.path) for node in _nodes(plan.steps, "steps", None)]


def depth(steps: list[Step]) -> int:
    """How many branches stand inside one another."""
    return max((1 + max(depth(step.yes), depth(step.no)) for step in steps if isinstance(step, Branch)), default=0)


def fresh(step: Step) -> Step:
    """The same, as another step: with what stands inside it."""
    if isinstance(step, Branch):
        return replace(step, id=uuid4(), yes=[fresh(one) for one in step.yes], no=[fresh(one) for one in step.no])
    return replace(step, id=uuid4())


def first(plan: Plan) -> UUID | None:
    return plan.steps[0].id if plan.steps else None
