"""Whom is meant: everybody with a tag, in a segment, or with a card in a stage of a board. For who comes in by themselves, and who is put in."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.contacts import ContactFilter
from api.contract.segments import Group, InStage
from ui.client.base import ApiClient
from ui.components.contact_field import ContactField
from ui.components.forms import Field, select_field
from ui.i18n import _
from ui.pages.cadences.step_dialog import Known


class Who:
    """`nobody`: what the choice of nobody is called; without it somebody must be chosen. `on_change` is told every other choice. `people`: one
    person may be chosen by name, found over it."""

    def __init__(
        self,
        label: str,
        known: Known,
        chosen: ContactFilter | None = None,
        *,
        nobody: str = "",
        on_change: Callable[[], Any] | None = None,
        people: ApiClient | None = None,
    ) -> None:
        self._known, self._chosen, self._changed = known, chosen, on_change or (lambda: None)
        names = known.names
        ways = {"nobody": nobody} if nobody else {}
        if known.segments:
            ways["segment"] = _("Everybody in a segment")
        if names.tags:
            ways["tag"] = _("Everybody with one of these tags")
        if names.stages:
            ways["stage"] = _("Everybody with a card in a stage")
        self._people = people
        self.person: ContactField | None = None
        if people is not None:
            ways["person"] = _("One person")
        start = _way(chosen)
        if start == "other":
            ways["other"] = _("As a program set it")
        self.ways = ways
        self._kind = select_field(label, ways, start if start in ways else next(iter(ways), None), on_change=self._draw)
        self._place = ui.element("div").classes("m-col w-full")
        self.needed: list[Field[Any]] = []
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        self.needed, self.person = [], None
        names, chosen = self._known.names, self._chosen
        with self._place:
            if self._kind.value == "tag":
                start = [tag for tag in (chosen.tags if chosen else []) if tag in names.tags]
                self.needed = [select_field(_("Tags"), names.tags, start, multiple=True, search=True, on_change=self._changed)]
            elif self._kind.value == "segment":
                segments = {one.id: one.name for one in self._known.segments}
                known = chosen.segment_id if chosen and chosen.segment_id in segments else None
                self.needed = [select_field(_("Segment"), segments, known, search=len(segments) > 10, on_change=self._changed)]
            elif self._kind.value == "stage":
                held: list[UUID] = [stage for stage in _stages(chosen) if stage in names.stages]
                self.needed = [select_field(_("Stages"), names.stages, held, multiple=True, search=True, on_change=self._changed)]
            elif self._kind.value == "person" and self._people is not None:
                self.person = ContactField(self._people, None, write=True)
        self._changed()

    @property
    def filter(self) -> ContactFilter | None:
        """None: nobody, or nothing is chosen yet."""
        value = self.needed[0].value if self.needed else None
        match self._kind.value:
            case "tag" if value:
                return ContactFilter(tags=list(value))
            case "segment" if value:
                return ContactFilter(segment_id=value)
            case "stage" if value:
                return ContactFilter(rule=Group(conditions=[InStage(stages=list(value))]))
            case "person" if self.person and self.person.value:
                return ContactFilter(ids=[self.person.value])
            case "other":
                return self._chosen
            case _:
                return None


def _stages(chosen: ContactFilter | None) -> list[UUID]:
    rule = chosen.rule if chosen else None
    if (
        rule is not None
        and rule.match == "all"
        and not rule.groups
        and len(rule.conditions) == 1
        and isinstance(rule.conditions[0], InStage)
    ):
        return list(rule.conditions[0].stages)
    return []


def _way(chosen: ContactFilter | None) -> str:
    if chosen is None:
        return "nobody"
    if chosen == ContactFilter(tags=chosen.tags):
        return "tag"
    if chosen == ContactFilter(segment_id=chosen.segment_id):
        return "segment"
    return "stage" if chosen == ContactFilter(rule=chosen.rule) and _stages(chosen) else "other"
