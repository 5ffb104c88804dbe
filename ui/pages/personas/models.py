"""Which model a persona uses: a level, with the model that it stands for now, or one by name out of those that there are."""

from nicegui import ui

from api.contract.ai import AiModel
from api.contract.enums import Effort, ModelKind, ModelPreset, ModelState
from ui.components.cards import card
from ui.components.forms import select_field, text_field
from ui.components.text import Text, badge, icon, pressable
from ui.i18n import _
from ui.labels import ai as ai_labels
from ui.labels import personas as labels
from ui.pages.personas.context import Context
from ui.pages.personas.numbers import number

_OTHER = "\0"  # no model is called so


def draw(it: Context) -> None:
    doc, model = it.doc, it.doc.config.model
    with card(_("Model")):
        with ui.element("div").classes("m-picks"):
            for preset, (name, text) in labels.presets().items():
                on = preset is model.preset
                with ui.element("div").classes("m-pick" + (" m-pick-on" if on else "")) as pick:
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(name).classes("m-strong")
                        ui.label(text).classes("m-hint")
                        _stands_for(next((one for one in it.names.models if preset.value in one.levels), None))
                    with ui.element("span").classes("m-pick-tick"):
                        if on:
                            icon("check")

                def choose(preset: ModelPreset = preset) -> None:
                    doc.change("model", preset=preset)
                    it.redraw()

                pressable(pick, choose)
                pick.props["aria-pressed"] = "true" if on else "false"
        if model.preset is ModelPreset.CUSTOM:
            _draw_names(it)
        with ui.expansion(_("More settings")).classes("w-full m-persona-more"):
            with ui.element("div").classes("m-lp-pair"):
                efforts = {
                    None: _("As the model does"), Effort.NONE: _("Not at all"), Effort.LOW: _("Little"), Effort.MEDIUM: _("Some"),
                    Effort.HIGH: _("Much"),
                }  # fmt: skip
                effort = select_field(
                    _("How long it thinks"), efforts, model.effort, on_change=lambda: doc.change("model", effort=effort.value)
                )
                number(it, "model", "max_output_tokens", _("Tokens of one answer at most"), 100, 4000)
                number(it, "budget", "per_turn_tokens", _("Tokens that one answer may use"), 1000, 200_000)
                number(it, "budget", "max_tool_rounds", _("Times that it may search and act for one answer"), 0, 8)


def _stands_for(found: AiModel | None) -> None:
    """What a level asks for now, and what that costs."""
    if found is None:
        return
    with ui.element("div").classes("m-row m-near m-wrap items-baseline"):
        Text("span", found.name, "m-sub m-break")
        if told := ai_labels.model_state(found):
            badge(*told)
    ui.label(ai_labels.price(found)).classes("m-hint")


def chosen_from(models: list[AiModel]) -> list[AiModel]:
    """Those that answer: usable ones first, those that are switched off last."""
    talking = [one for one in models if one.kind is ModelKind.CHAT]
    return sorted(talking, key=lambda one: (one.state is ModelState.RETIRED, one.usable is False))


def _draw_names(it: Context) -> None:
    doc, model = it.doc, it.doc.config.model
    found = {one.name: one for one in chosen_from(it.names.models)}

    def write(name: str) -> None:
        doc.change("model", name=name.strip())
        explain(name.strip())

    def pick() -> None:
        typed.hide(listed.value != _OTHER)
        write(typed.value or "" if listed.value == _OTHER else listed.value or "")

    def explain(name: str) -> None:
        below.clear()
        one = found.get(name)
        with below:
            if one is None:
                if name and found:
                    Text("p", _("The connected service does not list this name. Try it before you publish."), "m-hint")
                return
            with ui.element("div").classes("m-row m-near m-wrap items-baseline"):
                if told := ai_labels.model_state(one):
                    badge(*told)
                Text("span", ai_labels.price(one), "m-hint")
            if one.replacement:
                Text("p", _("We suggest {model}.").format(model=one.replacement), "m-hint")

    known = model.name in found
    if found:
        options = {name: _option(one) for name, one in found.items()} | {_OTHER: _("Another name…")}
        given = model.name if known else _OTHER if model.name else None
        listed = select_field(
            _("Which model"), options, given, search=True, placeholder=_("Choose a model"), on_change=pick
        )  # fmt: skip
    typed = text_field(
        _("Name of the model"), "" if known else model.name, limit=100, placeholder="gpt-4o",
        on_change=lambda: write(typed.value or ""),
    )  # fmt: skip
    if found and (known or not model.name):
        typed.hide()
    below = ui.element("div").classes("m-col m-tight w-full")
    explain(model.name)


def _option(one: AiModel) -> str:
    told = ai_labels.model_state(one)
    return f"{one.name} · {told[0]}" if told else one.name
