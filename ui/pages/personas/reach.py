"""Where and when a persona serves. Where holds at once; its hours belong to the draft."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from api.contract.conversations import OpenHours
from api.contract.enums import BindingHours, OutsideHours
from api.contract.personas import BindingInput, Persona, PersonaBinding, PersonaBindings
from ui.client import personas as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import area_field, select_field, text_field
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels import personas as labels
from ui.pages.personas.context import Context
from ui.pages.personas.rows import Read, Rows


def draw_where(it: Context, api: ApiClient, persona: Persona, saved: Callable[[Persona], Awaitable[None]]) -> None:
    channels: dict[UUID | None, str] = {None: _("Any channel"), **{one.id: one.name for one in it.names.channels}}
    marks: dict[UUID | None, str] = {None: _("Any label"), **{one.id: one.name for one in it.names.labels}}
    stages: dict[UUID | None, str] = {None: _("Any stage")}
    stages.update(it.names.stages())

    def line(found: PersonaBinding | BindingInput | None, changed: Callable[[], None]) -> Read[PersonaBinding | BindingInput]:
        fields = []
        for options, name, label in ((channels, "channel_id", _("Channel")), (marks, "label_id", _("Label")), (stages, "stage_id", _("Stage"))):  # fmt: skip
            value = getattr(found, name) if found else None
            known = options if value in options else {**options, value: _("(gone)")}
            field = select_field("", known, value, search=len(known) > 10, on_change=changed)
            field.control.props["aria-label"] = label
            fields.append(field)
        when = select_field("", labels.binding_hours(), found.hours if found else BindingHours.ALWAYS, on_change=changed)
        when.control.props["aria-label"] = _("When")
        priority = found.priority if found else 50

        def read() -> BindingInput:
            channel, label, stage = (field.value for field in fields)
            return BindingInput(channel_id=channel, label_id=label, stage_id=stage, hours=when.value, priority=priority)

        return read

    async def save() -> None:
        chosen = [
            BindingInput(
                channel_id=one.channel_id, label_id=one.label_id, stage_id=one.stage_id, hours=one.hours, priority=one.priority
            )
            for one in rows.values()
        ]
        try:
            now = await client.set_bindings(api, persona, PersonaBindings(bindings=chosen))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        toast(_("Saved. It holds from now on."))
        await saved(now)

    hint = _("All that a line names must be true. Without a line it serves nobody. This holds at once, without publishing.")
    with card(_("Where it serves"), hint=hint):
        rows = Rows[PersonaBinding | BindingInput](
            persona.bindings,
            line,
            lambda _rows: None,
            add=_("Add a place"),
            remove=_("Take this place away"),
            most=50,
            look="places",
        )
        with ui.element("div").classes("m-row"):
            button(_("Save places"), save, kind="primary")


def draw_hours(it: Context) -> None:
    doc, hours = it.doc, it.doc.config.hours
    names = {day: conversation_labels.weekday(day) for day in range(7)}
    spans: dict[tuple[int, int], list[int]] = {}
    for one in hours.open:
        spans.setdefault((one.opens, one.closes), []).append(one.weekday)

    def line(
        span: tuple[tuple[int, int], list[int]] | None, changed: Callable[[], None]
    ) -> Read[tuple[tuple[int, int], list[int]]]:
        (opens, closes), days = span or ((540, 1080), [0, 1, 2, 3, 4])
        which = select_field("", names, days, multiple=True, on_change=changed)
        which.control.props["aria-label"] = _("Days")
        since = text_field("", clock(opens), kind="time", on_change=changed)
        since.control.props["aria-label"] = _("From")
        until = text_field("", clock(closes), kind="time", on_change=changed)
        until.control.props["aria-label"] = _("Until")

        def read() -> tuple[tuple[int, int], list[int]] | None:
            start, end = minutes(since.value), minutes(until.value)
            return ((start, end), sorted(which.value or [])) if start is not None and end is not None and end > start else None

        return read

    def changed(found: list[tuple[tuple[int, int], list[int]]]) -> None:
        doc.change("hours", open=[OpenHours(day, *span) for span, days in found for day in days])

    with card(_("Hours of its own"), hint=_("Without a line it answers at any time. In the time zone of the company.")):
        Rows(list(spans.items()), line, changed, add=_("Add hours"), remove=_("Take these hours away"), most=14)
        outside = select_field(_("At other times"), labels.outside(), hours.outside, on_change=lambda: outside_changed())
        notice = area_field(
            _("What it says then"), hours.notice, limit=1000, rows=2, placeholder=_("We are back at nine. Leave your message!"),
            on_change=lambda: doc.change("hours", notice=(notice.value or "").strip()),
        )  # fmt: skip
        notice.hide(hours.outside is not OutsideHours.NOTICE)
        Text("p", _("To let one persona serve by day and another by night, choose the time in the places above."), "m-hint")

    def outside_changed() -> None:
        doc.change("hours", outside=outside.value)
        notice.hide(outside.value is not OutsideHours.NOTICE)


def clock(minutes: int) -> str:
    return "23:59" if minutes >= 1440 else f"{minutes // 60:02}:{minutes % 60:02}"


def minutes(text: str | None) -> int | None:
    """09:30 → 570; the last minute of a day is its end."""
    try:
        hours, minutes = (text or "").split(":")[:2]
        found = int(hours) * 60 + int(minutes)
    except ValueError:
        return None
    return 1440 if found == 1439 else found
