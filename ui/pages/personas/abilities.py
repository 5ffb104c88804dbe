"""What a persona may know and do: knowledge bases, and a policy for each tool."""

from functools import partial

from nicegui import ui

from api.contract.enums import ToolPolicy
from api.contract.personas import TOOLS
from ui.components.cards import card, item
from ui.components.forms import number_field, select_field
from ui.components.text import Text
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas.context import Context


def draw_tools(it: Context) -> None:
    doc, named, policies = it.doc, labels.tools(), labels.policies()
    hint = _("The model only proposes. Whether something is done is decided here, and checked by the program each time.")
    with card(_("What it may do"), hint=hint, flush=True):
        for tool in TOOLS:
            with item() as line:
                line.classes("m-item-wrap")
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(named[tool].name).classes("m-strong")
                    if named[tool].text:
                        ui.label(named[tool].text).classes("m-hint")
                with ui.element("div").classes("m-choice m-persona-policy"):
                    field = select_field("", policies, doc.config.tools.policy(tool), on_change=lambda: None)
                    field.control.props["aria-label"] = named[tool].name
                    field.control.on_value_change(partial(_chosen, it, tool))
    bounds = doc.config.bounds
    if any(doc.config.tools.policy(tool) is ToolPolicy.AUTOMATIC for tool in TOOLS if tool != "hand_over"):
        with card(_("What it does by itself")):
            Text("p", _("Beyond this it suggests, and a colleague decides."), "m-hint")
            with ui.element("div").classes("m-lp-pair"):
                sure = number_field(
                    _("When it is this sure"), bounds.min_confidence_percent, low=50, high=100, suffix="%",
                    on_change=lambda: _whole(it, "min_confidence_percent", sure.value, 50, 100),
                )  # fmt: skip
                each = number_field(
                    _("At most in one conversation"), bounds.per_conversation, low=1, high=50,
                    on_change=lambda: _whole(it, "per_conversation", each.value, 1, 50),
                )  # fmt: skip
                day = number_field(
                    _("At most in a day"), bounds.per_day, low=1, high=10_000,
                    on_change=lambda: _whole(it, "per_day", day.value, 1, 10_000),
                )  # fmt: skip


def _chosen(it: Context, tool: str, event: object) -> None:
    before = _acts(it)
    it.doc.change("tools", **{tool: getattr(event, "value", ToolPolicy.NEVER)})
    if _acts(it) != before:
        it.redraw()


def _acts(it: Context) -> bool:
    return any(it.doc.config.tools.policy(tool) is ToolPolicy.AUTOMATIC for tool in TOOLS if tool != "hand_over")


def _whole(it: Context, name: str, value: float | None, low: int, high: int) -> None:
    if value is not None and low <= value <= high:
        it.doc.change("bounds", **{name: int(value)})
