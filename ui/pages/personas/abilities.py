"""What a persona may know and do: knowledge bases, and a policy for each tool."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.enums import ToolPolicy
from api.contract.knowledge import KnowledgeBase
from api.contract.personas import TOOLS
from ui import formats
from ui.components.cards import card, item
from ui.components.forms import select_field
from ui.components.states import empty
from ui.i18n import _, ngettext
from ui.labels import personas as labels
from ui.pages.personas.context import Context


def draw_knowledge(it: Context) -> None:
    doc = it.doc
    hint = _("It says nothing about your company that does not stand in one of these. Nothing is chosen by itself.")
    with card(_("What it knows"), hint=hint, flush=True):
        for base in it.names.bases:
            with item():
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(base.name).classes("m-strong m-clip")
                    ui.label(_sources(base)).classes("m-hint")
                switch = ui.switch(value=base.id in doc.config.knowledge_base_ids)
                switch.props["aria-label"] = base.name
                switch.on_value_change(partial(_knows, it, base.id))
        if not it.names.bases:
            empty(
                "menu_book",
                _("No knowledge yet"),
                _("Without knowledge it can greet, ask and hand over, but answers no question."),
                action=_("Add knowledge"),
                to="/knowledge",
            )


def _sources(base: KnowledgeBase) -> str:
    said = ngettext("{n} source", "{n} sources", base.sources).format(n=formats.number(base.sources))
    return f"{said} · " + ngettext("{n} passage", "{n} passages", base.passages).format(n=formats.number(base.passages))


def _knows(it: Context, base_id: UUID, event: object) -> None:
    known = [one for one in it.doc.config.knowledge_base_ids if one != base_id]
    it.doc.change(knowledge_base_ids=[*known, base_id] if getattr(event, "value", False) else known)


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


def _chosen(it: Context, tool: str, event: object) -> None:
    it.doc.change("tools", **{tool: getattr(event, "value", ToolPolicy.NEVER)})
