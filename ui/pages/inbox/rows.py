"""The rows of the list in their order: those that stand on the page, and what is known to follow them.

A row that goes out at the bottom is the one that comes in at the top: while messages come in, nothing is made and nothing deleted.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec
from nicegui import ui

from api.contract.conversations import Conversation
from ui.pages.inbox.row import Row


class Rows:
    """`depth`: rows at most; `choose(conversation)` is called when one is pressed."""

    def __init__(self, choose: Callable[[Conversation], Any], depth: int) -> None:
        self._choose, self.depth = choose, depth
        self._chosen: UUID | None = None
        self.drawn: OrderedDict[UUID, Row] = OrderedDict()
        self.below: OrderedDict[UUID, Conversation] = OrderedDict()  # known, not drawn
        self.element = ui.element("div").classes("m-col gap-0")

    def known(self) -> dict[UUID, Conversation]:
        """All in their order, drawn or not."""
        return {one: row.seen for one, row in self.drawn.items()} | self.below

    def seen(self, conversation_id: UUID) -> Conversation | None:
        """What is known of one."""
        row = self.drawn.get(conversation_id)
        return row.seen if row is not None else self.below.get(conversation_id)

    def add(self, fresh: Iterable[Conversation]) -> None:
        """At the end."""
        with self.element:
            for one in fresh:
                row = self.drawn[one.id] = Row(one, self._choose)
                row.mark(one.id == self._chosen)

    def more(self, count: int) -> None:
        """So many of those that are known, as rows."""
        self.depth = len(self.drawn) + count
        self.add([self.below.pop(one) for one in list(islice(self.below, count))])

    def show(self, one: Conversation) -> None:
        """What is known of it now, where it stands."""
        if (row := self.drawn.get(one.id)) is not None:
            if one.version >= row.seen.version:
                row.show(msgspec.structs.replace(one, found=row.seen.found) if row.seen.found and not one.found else one)
        elif one.id in self.below and one.version >= self.below[one.id].version:
            self.below[one.id] = one

    def place(self, one: Conversation) -> int | None:
        """Before which of the other rows it comes, by what was said last; None: not among those that stand here, or too many do."""
        if len(self.drawn) > self.depth:
            return None
        others = (row.seen for row in self.drawn.values() if row.seen.id != one.id)
        return next((at for at, other in enumerate(others) if (other.last_at, other.id) < (one.last_at, one.id)), None)

    def insert(self, one: Conversation, at: int, most: int) -> None:
        """Before that many-th of the other rows; one that is new here takes the last row. `most` are known."""
        row = self.drawn.get(one.id)
        if row is not None:
            self.show(one)
        else:
            self.below.pop(one.id, None)
            if len(self.drawn) < self.depth:
                self.add([one])
                row = self.drawn[one.id]
            else:
                last, row = self.drawn.popitem()
                self.below[last] = row.seen
                self.below.move_to_end(last, last=False)
                self._reuse(row, one)
            while len(self.drawn) + len(self.below) > most and self.below:
                self.below.popitem()
        above = list(islice((other for other in self.drawn if other != one.id), at))
        for other in (one.id, *reversed(above)):
            self.drawn.move_to_end(other, last=False)
        children = self.element.default_slot.children
        if children[at] is not row.element:
            children.remove(row.element)
            children.insert(at, row.element)
            self.element.update()

    def _reuse(self, row: Row, one: Conversation) -> None:
        row.become(one)
        row.mark(one.id == self._chosen)
        self.drawn[one.id] = row

    def put(self, wanted: Sequence[UUID], known: dict[UUID, Conversation]) -> None:
        """These, in this order, the first as rows."""
        drawn, rest = wanted[: self.depth], wanted[self.depth :]
        spare = [self.drawn.pop(one) for one in set(self.drawn).difference(drawn)]
        for at in drawn:
            if at in self.drawn:
                continue
            if spare:
                self._reuse(spare.pop(), known[at])
            else:
                self.add([known[at]])
        for row in spare:
            row.element.delete()
        self.drawn = OrderedDict((one, self.drawn[one]) for one in drawn)
        self.below = OrderedDict((one, known[one]) for one in rest)
        self.element.default_slot.children[:] = [row.element for row in self.drawn.values()]
        self.element.update()

    def mark(self, chosen: UUID | None) -> None:
        """Marks the one that is open."""
        for one in filter(None, {self._chosen, chosen}):
            if one in self.drawn:
                self.drawn[one].mark(one == chosen)
        self._chosen = chosen
