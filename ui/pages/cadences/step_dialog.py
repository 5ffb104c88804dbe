"""Making and changing one step of a sequence: what is written, how long is waited, what is asked."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
from nicegui import ui

from api.contract.boards import Board
from api.contract.cadences import (
    Branch,
    Condition,
    FieldEquals,
    LeadInStage,
    Replied,
    Send,
    Step,
    StepBinding,
    Tagged,
    Wait,
    WaitUntil,
    WasRead,
)
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField, Tag
from api.contract.segments import Segment
from ui import kinds
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, area_field, filled, number_field, select_field, text_field
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.labels import templates as template_labels

_UNITS = {1440: 1440, 60: 60, 1: 1}


class Known(NamedTuple):
    """What steps may name."""

    channels: Sequence[Channel]
    templates: Sequence[Template]
    tags: Sequence[Tag]
    fields: list[CustomField]
    boards: Sequence[Board]
    segments: Sequence[Segment]
    same_text_hours: int  # the same SMS text goes to a number once within so many

    @property
    def names(self) -> labels.Names:
        return labels.Names(
            {one.id: one.name for one in self.channels},
            {one.id: one.name for one in self.templates},
            {one.id: one.name for one in self.tags},
            {one.key: one.label for one in self.fields},
            {stage.id: f"{board.name} · {stage.name}" for board in self.boards for stage in board.stages},
        )


class StepDialog:
    """`kept` gets the step as it was written."""

    def __init__(self, known: Known, kind: type[Step], step: Step | None, kept: Callable[[Step], Awaitable[Any]]) -> None:
        self._known, self._step, self._kept = known, step, kept
        self._id = step.id if step is not None else uuid4()
        self._needed: list[Field[Any]] = []
        self._read: Callable[[], Step]
        draw, heading = {
            Send: (self._draw_send, _("Write")),
            Wait: (self._draw_wait, _("Wait")),
            WaitUntil: (self._draw_until, _("Wait until a time of day")),
            Branch: (self._draw_branch, _("Ask a question")),
        }[kind]
        with dialog(heading, wide=kind is Send) as self._box:
            draw()
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), self._box.close, kind="plain")
                button(_("Keep"), self._keep, kind="primary")
        self._box.open()

    async def _keep(self) -> None:
        if not filled(self._needed):
            return
        step = self._read()
        self._box.close()
        await self._kept(step)

    # -- waits --------------------------------------------------------------------------------------------------

    def _draw_wait(self) -> None:
        minutes = self._step.minutes if isinstance(self._step, Wait) else 1440
        unit = next(one for one in _UNITS if minutes % one == 0)
        with ui.element("div").classes("m-lp-pair"):
            count: Field[float | None] = number_field(_("How long"), minutes // unit, low=1, high=999)
            units = select_field(_("Unit"), {1440: _("days"), 60: _("hours"), 1: _("minutes")}, unit)
        self._needed = [count]
        self._read = lambda: Wait(id=self._id, minutes=min(525_600, int(count.value or 1) * units.value))

    def _draw_until(self) -> None:
        known = self._step if isinstance(self._step, WaitUntil) else None
        times = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)]
        start = known.at if known else "09:00"
        options = {one: one for one in sorted({*times, start})}
        clock = select_field(
            _("Time of day"), options, start, search=True, hint=_("By the clock of each person, told by their number.")
        )
        days = select_field(
            _("Days"),
            labels.weekdays(),
            list(known.days) if known else [],
            multiple=True,
            hint=_("Without a choice: on any day."),
        )
        self._needed = [clock]
        self._read = lambda: WaitUntil(id=self._id, at=clock.value, days=sorted(days.value or []))

    # -- questions ----------------------------------------------------------------------------------------------

    def _draw_branch(self) -> None:
        known = self._step if isinstance(self._step, Branch) else None
        kinds: dict[str, str] = {
            "replied": _("Did they answer since they came in?"),
            "was_read": _("Did they read the last message?"),
        }
        if self._known.tags:
            kinds["tagged"] = _("Do they have a tag?")
        if self._known.fields:
            kinds["field_is"] = _("Does a field have a value?")
        if self._known.boards:
            kinds["in_stage"] = _("Is a card of theirs in a stage?")
        chosen = str(msgspec.to_builtins(known.condition)["kind"]) if known else "replied"
        kind = select_field(_("Question"), kinds, chosen if chosen in kinds else "replied", on_change=lambda: shown())
        place = ui.element("div").classes("m-col w-full")
        reads: list[Callable[[], Condition]] = []

        def shown() -> None:
            place.clear()
            with place:
                reads[:] = [self._draw_condition(kind.value, known.condition if known else None)]

        shown()
        self._read = lambda: Branch(
            id=self._id, condition=reads[0](), yes=known.yes if known else [], no=known.no if known else []
        )

    def _draw_condition(self, kind: str, known: Condition | None) -> Callable[[], Condition]:
        names = self._known.names
        self._needed = []
        if kind == "tagged":
            start = known.tag_id if isinstance(known, Tagged) and known.tag_id in names.tags else None
            tag = select_field(_("Tag"), names.tags, start, search=True)
            self._needed = [tag]
            return lambda: Tagged(tag_id=tag.value)
        if kind == "in_stage":
            start = known.stage_id if isinstance(known, LeadInStage) and known.stage_id in names.stages else None
            stage = select_field(_("Stage"), names.stages, start, search=True)
            self._needed = [stage]
            return lambda: LeadInStage(stage_id=stage.value)
        if kind == "field_is":
            was = known if isinstance(known, FieldEquals) else FieldEquals("", "")
            field = select_field(_("Field"), names.fields, was.key if was.key in names.fields else None)
            value = text_field(_("Value"), was.value, limit=200)
            self._needed = [field, value]
            return lambda: FieldEquals(key=field.value, value=value.value.strip())
        return WasRead if kind == "was_read" else Replied

    # -- what it writes -----------------------------------------------------------------------------------------

    def _draw_send(self) -> None:
        known = self._step if isinstance(self._step, Send) else None
        channels = {one.id: one.name for one in self._known.channels}
        start = known.channel_id if known and known.channel_id in channels else next(iter(channels), None)
        channel = select_field(_("Channel"), channels, start, on_change=lambda: shown())
        place = ui.element("div").classes("m-col w-full")

        def shown() -> None:
            place.clear()
            with place:
                one = next((one for one in self._known.channels if one.id == channel.value), None)
                content = kinds.can(one.kind).campaign_content if one is not None else None
                if content == "call":
                    self._draw_script(channel, known)
                elif content == "text":
                    self._draw_text(channel, known)
                else:
                    self._draw_template(channel, known)

        self._needed, self._read = [channel], lambda: Send(id=self._id, channel_id=channel.value)
        shown()

    def _draw_text(self, channel: Field[Any], known: Send | None) -> None:
        hint = _("{name} becomes the first name.").format(name="{{first_name|cliente}}")
        if hours := self._known.same_text_hours:
            once = ngettext(
                "A number that had the same text within the last hour does not get it again, whatever campaign or sequence sent it.",
                "A number that had the same text within the last {n} hours does not get it again, whatever campaign or sequence sent it.",
                hours,
            )
            hint = f"{hint} {once.format(n=hours)}"
        text = area_field(_("Text"), (known.text if known else None) or "", limit=1600, hint=hint)
        self._needed = [channel, text]
        self._read = lambda: Send(id=self._id, channel_id=channel.value, text=text.value)

    def _draw_script(self, channel: Field[Any], known: Send | None) -> None:
        hint = _("Who is not reached is called up to three times, with growing gaps; the person stands still meanwhile.")
        text = area_field(_("What the agent says and asks"), (known.text if known else None) or "", limit=1600, rows=6, hint=hint)
        self._needed = [channel, text]
        self._read = lambda: Send(id=self._id, channel_id=channel.value, text=text.value)

    def _draw_template(self, channel: Field[Any], known: Send | None) -> None:
        mine = {one.id: one for one in self._known.templates if one.channel_id == channel.value}
        start = known.template_id if known and known.template_id in mine else None
        template = select_field(
            _("Template"), {key: one.name for key, one in mine.items()}, start, search=len(mine) > 10, on_change=lambda: shown()
        )
        ground = ui.element("div").classes("m-col w-full")

        def shown() -> None:
            ground.clear()
            filled_by: list[tuple[str, Field[Any], Field[str]]] = []
            one = mine.get(template.value)
            with ground:
                if one is not None:
                    filled_by = self._draw_places(one, known)
            self._needed = [channel, template, *(text for _p, _s, text in filled_by)]
            self._read = lambda: Send(
                id=self._id,
                channel_id=channel.value,
                template_id=template.value,
                bindings=[StepBinding(place, source.value, text.value.strip()) for place, source, text in filled_by],
            )

        shown()

    def _draw_places(self, one: Template, known: Send | None) -> list[tuple[str, Field[Any], Field[str]]]:
        ui.label(template_labels.body(one)).classes("m-context m-text")
        before = {binding.placeholder: binding for binding in known.bindings} if known else {}
        guessed = {binding.placeholder: binding for binding in template_labels.guess(one, self._known.fields)}
        sources = {**template_labels.names(self._known.fields), template_labels.CONSTANT: _("The same text for all")}
        found: list[tuple[str, Field[Any], Field[str]]] = []
        for place in template_labels.to_fill(one):
            start = before.get(place) or guessed[place]
            mark, _around = template_labels.where(one, place)
            with ui.element("div").classes("m-lp-pair"):
                chosen = start.source if start.source in sources else template_labels.CONSTANT
                source = select_field(_("{place} is").format(place=mark), sources, chosen)
                text = text_field(_("Text, or what stands there without a value"), start.fallback, limit=500)
            found.append((place, source, text))
        return found
