"""What happens by itself when nobody says anything: it answers again after people, asks again, and a conversation ends."""

from collections.abc import Callable

from nicegui import ui

from api.contract.enums import InactivityMode
from api.contract.personas import FollowUpStep
from ui.components.cards import card
from ui.components.forms import Field, number_field, select_field, switch_field, text_field
from ui.components.text import Text
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels import personas as labels
from ui.pages.personas.context import Context
from ui.pages.personas.reach import clock, minutes
from ui.pages.personas.rows import Read, Rows

MOST_HOURS = 720
RETURNS = 240
"""Minutes, until somebody chooses others."""


def draw_silence(it: Context) -> None:
    _draw_return(it)
    _draw_followup(it)
    _draw_inactivity(it)


def _hours(label: str, value: int, low: float, changed: Callable[[int], None], *, hint: str = "") -> Field[float | None]:
    """Hours on the screen, minutes in the document; what lies outside of the bounds is marked and not kept."""

    def typed() -> None:
        if field.value is not None and low <= field.value <= MOST_HOURS:
            changed(round(field.value * 60))
        else:
            field.error(_("From {low} to {high}.").format(low=f"{low:g}", high=MOST_HOURS))

    field = number_field(label, value / 60, low=low, high=MOST_HOURS, suffix="h", hint=hint)
    field.control.on_value_change(typed)  # after what clears the mark
    return field


def _draw_return(it: Context) -> None:
    doc, after = it.doc, it.doc.config.handover.returns_after_minutes
    hint = _("A customer who writes after so long without a word of your people is answered by it again.")
    with card(_("When people stop answering"), hint=hint):

        def switched(on: bool) -> None:
            doc.change("handover", returns_after_minutes=RETURNS if on else None)
            it.redraw()

        switch_field(_("It takes the conversation back"), after is not None, on_change=switched)
        if after is not None:
            _hours(
                _("After so many hours"), after, 0.25, lambda value: doc.change("handover", returns_after_minutes=value),
                hint=_("Whom it handed over waits for a person, however long it takes."),
            )  # fmt: skip


def _draw_followup(it: Context) -> None:
    doc, followup = it.doc, it.doc.config.followup

    def line(step: FollowUpStep | None, changed: Callable[[], None]) -> Read[FollowUpStep]:
        after = number_field(
            "", (step.after_minutes if step else 240) / 60, low=0.25, high=MOST_HOURS, suffix="h", on_change=changed
        )
        after.control.props["aria-label"] = _("After so many hours")
        goal = text_field(
            "", step.goal if step else "", limit=300, placeholder=_("Ask whether a question is left."), on_change=changed
        )
        goal.control.props["aria-label"] = _("What for")

        def read() -> FollowUpStep | None:
            text, found = (goal.value or "").strip(), round((after.value or 0) * 60)
            return FollowUpStep(after_minutes=found, goal=text) if text and 15 <= found <= MOST_HOURS * 60 else None

        return read

    def switched(on: bool) -> None:
        doc.change("followup", enabled=on)
        it.redraw()

    hint = _("When the customer does not answer, it writes again by itself, twice at most. The time counts from its own message.")
    with card(_("Asking again"), hint=hint):
        switch_field(_("Ask again"), followup.enabled, on_change=switched)
        if not followup.enabled:
            return
        Rows(
            followup.steps, line, lambda steps: doc.change("followup", steps=steps),
            add=_("Add a time"), remove=_("Take this time away"), most=2, look="steps",
        )  # fmt: skip
        days = {day: conversation_labels.weekday(day) for day in range(7)}
        with ui.element("div").classes("m-lp-pair"):
            since = text_field(_("Not before"), clock(followup.from_minute), kind="time")
            until = text_field(_("Not after"), clock(followup.until_minute), kind="time")
        for field in (since, until):
            field.control.on_value_change(lambda: window())  # after what clears the mark
        which = select_field(
            _("On which days"), days, followup.weekdays, multiple=True,
            on_change=lambda: doc.change("followup", weekdays=sorted(which.value or [])),
        )  # fmt: skip
        Text(
            "p",
            _(
                "What falls outside waits for the next such hour. It stops when the customer answers, when people take over and when"
                " WhatsApp takes no free text any more, 24 hours after the customer's last message."
            ),
            "m-hint",
        )

    def window() -> None:
        start, end = minutes(since.value), minutes(until.value)
        if start is None or end is None or end <= start:
            until.error(_("It ends before it begins."))
            return
        doc.change("followup", from_minute=start, until_minute=end)


def _draw_inactivity(it: Context) -> None:
    doc, inactivity = it.doc, it.doc.config.inactivity

    def chosen() -> None:
        doc.change("inactivity", mode=mode.value)
        it.redraw()

    with card(_("When the customer says nothing more"), hint=_("Only where nothing waits for an answer.")):
        mode = select_field(_("Then"), labels.inactivity(), inactivity.mode, on_change=chosen)
        if inactivity.mode is not InactivityMode.WAIT:
            _hours(
                _("After so many hours"), inactivity.after_minutes, 1, lambda value: doc.change("inactivity", after_minutes=value)
            )
