"""When people take over and what happens when nobody says anything, which model it uses and what it may cost."""

from uuid import UUID

from nicegui import ui

from ui.components.cards import card
from ui.components.forms import area_field, select_field, switch_field
from ui.i18n import _
from ui.pages.personas import models
from ui.pages.personas.context import Context
from ui.pages.personas.numbers import cents, dollars, number, seconds
from ui.pages.personas.silence import draw_silence


def draw_handover(it: Context) -> None:
    doc, handover = it.doc, it.doc.config.handover
    teams: dict[UUID | None, str] = {None: _("Whoever takes it"), **{team.id: team.name for team in it.names.teams}}
    if handover.team_id not in teams:
        teams[handover.team_id] = _("(gone)")
    with card(
        _("When a person takes over"), hint=_("Who asks for a person always gets one. It hands over once, with a summary.")
    ):
        with ui.element("div").classes("m-lp-pair"):
            team = select_field(
                _("To whom"), teams, handover.team_id, on_change=lambda: doc.change("handover", team_id=team.value)
            )
            number(it, "handover", "unanswered", _("After so many questions without an answer"), 1, 5)
        cents(
            it, _("When it is about more than"),
            hint=_("What the customer's lead is worth, or a sum that they name. Empty: it does not matter."),
        )  # fmt: skip
        switch_field(
            _("When somebody is angry or complains"), handover.negative, on_change=lambda on: doc.change("handover", negative=on)
        )
        topics = area_field(
            _("When it is about one of these"), "\n".join(handover.topics), rows=4, placeholder=_("refund"),
            hint=_("One a line."), on_change=lambda: doc.change("handover", topics=_lines(topics.value, 30, 120)),
        )  # fmt: skip
        message = area_field(
            _("What it says then"), handover.message, limit=1000, rows=3,
            placeholder=_("I am calling somebody from the team."),
            on_change=lambda: doc.change("handover", message=(message.value or "").strip()),
        )  # fmt: skip
    draw_silence(it)


def draw_limits(it: Context) -> None:
    models.draw(it)
    with card(_("How it takes its turn"), hint=_("It waits until the customer pauses, and answers all of it at once.")):
        with ui.element("div").classes("m-lp-pair"):
            seconds(it, "debounce_min_ms", _("Waits at least"), 1, 15)
            seconds(it, "debounce_max_ms", _("Waits at most"), 1, 60)
            number(it, "turn", "max_bubbles", _("Messages of one answer at most"), 1, 5)
            number(it, "turn", "max_chars", _("Characters of one message at most"), 80, 2000)
    with card(_("What it may cost"), hint=_("It really stops there, says so once, and people take over.")):
        with ui.element("div").classes("m-lp-pair"):
            dollars(it, "per_day_micro", _("In a day"))
            dollars(it, "per_conversation_micro", _("In one conversation"))
            number(it, "budget", "max_turns", _("Answers in one conversation"), 1, 500)
            number(it, "budget", "max_turns_per_hour", _("Answers in an hour to one person"), 1, 60)


def _lines(text: str | None, most: int, length: int) -> list[str]:
    return list(dict.fromkeys(part.strip()[:length] for part in (text or "").splitlines() if part.strip()))[:most]
