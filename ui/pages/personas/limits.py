"""When people take over, what it starts by itself, which model it uses and what it may cost."""

from uuid import UUID

from nicegui import ui

from api.contract.enums import Effort, ModelPreset
from ui import formats
from ui.components.cards import card
from ui.components.forms import Field, area_field, number_field, select_field, switch_field, text_field
from ui.components.text import icon, pressable
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas.context import Context

MICRO = 1_000_000
LEAST, MOST = 0.001, 1_000_000  # US$ of a budget


def _number(
    it: Context, part: str, name: str, label: str, low: int, high: int, *, hint: str = "", suffix: str = ""
) -> Field[float | None]:
    """A whole number of the document; what lies outside of its bounds is marked and not kept."""

    def changed() -> None:
        if field.value is not None and low <= field.value <= high:
            it.doc.change(part, **{name: int(field.value)})
        else:
            field.error(_("From {low} to {high}.").format(low=low, high=high))

    field = number_field(
        label, getattr(getattr(it.doc.config, part), name), low=low, high=high, hint=hint, suffix=suffix, on_change=changed
    )
    return field


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
            _number(it, "handover", "unanswered", _("After so many questions without an answer"), 1, 5)
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


def draw_limits(it: Context) -> None:
    doc, model = it.doc, it.doc.config.model
    with card(_("Model")):
        with ui.element("div").classes("m-picks"):
            for preset, (name, text) in labels.presets().items():
                on = preset is model.preset
                with ui.element("div").classes("m-pick" + (" m-pick-on" if on else "")) as pick:
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(name).classes("m-strong")
                        ui.label(text).classes("m-hint")
                    with ui.element("span").classes("m-pick-tick"):
                        if on:
                            icon("check")

                def choose(preset: ModelPreset = preset) -> None:
                    doc.change("model", preset=preset)
                    it.redraw()

                pressable(pick, choose)
                pick.props["aria-pressed"] = "true" if on else "false"
        with ui.expansion(_("More settings"), value=model.preset is ModelPreset.CUSTOM).classes("w-full m-persona-more"):
            with ui.element("div").classes("m-lp-pair"):
                if model.preset is ModelPreset.CUSTOM:
                    own = text_field(
                        _("Name of the model"), model.name, limit=100, placeholder="gpt-4o",
                        on_change=lambda: doc.change("model", name=(own.value or "").strip()),
                    )  # fmt: skip
                efforts = {
                    None: _("As the model does"), Effort.NONE: _("Not at all"), Effort.LOW: _("Little"), Effort.MEDIUM: _("Some"),
                    Effort.HIGH: _("Much"),
                }  # fmt: skip
                effort = select_field(
                    _("How long it thinks"), efforts, model.effort, on_change=lambda: doc.change("model", effort=effort.value)
                )
                _number(it, "model", "max_output_tokens", _("Tokens of one answer at most"), 100, 4000)
                _number(it, "budget", "per_turn_tokens", _("Tokens that one answer may use"), 1000, 200_000)
                _number(it, "budget", "max_tool_rounds", _("Times that it may search and act for one answer"), 0, 8)
    with card(_("How it takes its turn"), hint=_("It waits until the customer pauses, and answers all of it at once.")):
        with ui.element("div").classes("m-lp-pair"):
            _seconds(it, "debounce_min_ms", _("Waits at least"), 1, 15)
            _seconds(it, "debounce_max_ms", _("Waits at most"), 1, 60)
            _number(it, "turn", "max_bubbles", _("Messages of one answer at most"), 1, 5)
            _number(it, "turn", "max_chars", _("Characters of one message at most"), 80, 2000)
    with card(_("What it may cost"), hint=_("It really stops there, says so once, and people take over.")):
        with ui.element("div").classes("m-lp-pair"):
            _dollars(it, "per_day_micro", _("In a day"))
            _dollars(it, "per_conversation_micro", _("In one conversation"))
            _number(it, "budget", "max_turns", _("Answers in one conversation"), 1, 500)
            _number(it, "budget", "max_turns_per_hour", _("Answers in an hour to one person"), 1, 60)


def _seconds(it: Context, name: str, label: str, low: int, high: int) -> None:
    def changed() -> None:
        if field.value is not None and low <= field.value <= high:
            it.doc.change("turn", **{name: round(field.value * 1000)})
        else:
            field.error(_("From {low} to {high}.").format(low=low, high=high))

    field = number_field(label, getattr(it.doc.config.turn, name) / 1000, low=low, high=high, suffix=_("s"))
    field.control.on_value_change(changed)  # after what clears the mark


def _dollars(it: Context, name: str, label: str) -> None:
    given: int | None = getattr(it.doc.config.budget, name)

    def changed() -> None:
        if field.value is None or LEAST <= field.value <= MOST:
            it.doc.change("budget", **{name: None if field.value is None else round(field.value * MICRO)})
        else:
            field.error(
                _("From {low} to {high}.").format(low=formats.dollars(round(LEAST * MICRO)), high=formats.dollars(MOST * MICRO))
            )

    field = number_field(
        label, None if given is None else given / MICRO, low=0, step=0.01, suffix="US$",
        hint=_("Empty: only the company's own limits."),
    )  # fmt: skip
    field.control.on_value_change(changed)


def _lines(text: str | None, most: int, length: int) -> list[str]:
    return list(dict.fromkeys(part.strip()[:length] for part in (text or "").splitlines() if part.strip()))[:most]
