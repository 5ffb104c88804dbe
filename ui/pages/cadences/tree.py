"""Changes of a plan's tree: pure, each returns new lists. A place is in the list of the cadence or in one side of a branch."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from api.contract.cadences import Branch, Step, fresh


class Place(NamedTuple):
    """`branch` None: the list of the cadence itself."""

    branch: UUID | None
    side: Literal["yes", "no"]
    at: int


def _each(
    steps: Sequence[Step], change: Callable[[list[Step], UUID | None, str], list[Step]], branch: UUID | None, side: str
) -> list[Step]:
    inside = [
        msgspec.structs.replace(one, yes=_each(one.yes, change, one.id, "yes"), no=_each(one.no, change, one.id, "no"))
        if isinstance(one, Branch)
        else one
        for one in steps
    ]
    return change(inside, branch, side)


def insert(steps: Sequence[Step], place: Place, step: Step) -> list[Step]:
    def change(some: list[Step], branch: UUID | None, side: str) -> list[Step]:
        if branch != place.branch or (branch is not None and side != place.side):
            return some
        return [*some[: place.at], step, *some[place.at :]]

    return _each(steps, change, None, "yes")


def replace(steps: Sequence[Step], step: Step) -> list[Step]:
    """The one with its id."""
    return _each(steps, lambda some, branch, side: [step if one.id == step.id else one for one in some], None, "yes")


def remove(steps: Sequence[Step], step_id: UUID) -> list[Step]:
    """With what stands inside it."""
    return _each(steps, lambda some, branch, side: [one for one in some if one.id != step_id], None, "yes")


def move(steps: Sequence[Step], step_id: UUID, by: int) -> list[Step]:
    """Up or down among its neighbours; at the edge it stays."""

    def change(some: list[Step], branch: UUID | None, side: str) -> list[Step]:
        at = next((number for number, one in enumerate(some) if one.id == step_id), None)
        if at is None or not 0 <= at + by < len(some):
            return some
        some[at], some[at + by] = some[at + by], some[at]
        return some

    return _each(steps, change, None, "yes")


def paths(steps: Sequence[Step], root: str = "steps") -> dict[str, UUID]:
    """As the API names each step in what it refuses."""
    found: dict[str, UUID] = {}
    for number, one in enumerate(steps):
        path = f"{root}[{number}]"
        found[path] = one.id
        if isinstance(one, Branch):
            found |= paths(one.yes, f"{path}.yes") | paths(one.no, f"{path}.no")
    return found


def count(steps: Sequence[Step]) -> int:
    """With those inside questions."""
    return sum(1 + (count(one.yes) + count(one.no) if isinstance(one, Branch) else 0) for one in steps)


def find(steps: Sequence[Step], step_id: UUID) -> Step | None:
    for one in steps:
        if one.id == step_id:
            return one
        if isinstance(one, Branch) and (found := find([*one.yes, *one.no], step_id)) is not None:
            return found
    return None


def copy(steps: Sequence[Step], step_id: UUID) -> tuple[list[Step], UUID | None]:
    """With a copy behind it, and the copy's id."""
    made: list[Step] = []

    def change(some: list[Step], branch: UUID | None, side: str) -> list[Step]:
        at = next((number for number, one in enumerate(some) if one.id == step_id), None)
        if at is None:
            return some
        made.append(fresh(some[at]))
        return [*some[: at + 1], made[0], *some[at + 1 :]]

    found = _each(steps, change, None, "yes")
    return found, made[0].id if made else None


def neighbour(steps: Sequence[Step], step_id: UUID) -> UUID | None:
    """Where the focus goes when it is removed: behind it, or before."""
    order = list(paths(steps).values())
    gone = find(steps, step_id)
    leaving = {step_id, *paths([gone]).values()} if gone is not None else {step_id}
    at = order.index(step_id) if step_id in order else 0
    return next((one for one in [*order[at:], *reversed(order[:at])] if one not in leaving), None)
