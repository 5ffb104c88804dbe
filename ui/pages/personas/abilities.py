"""What a persona may know, and what may be proposed while it serves."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.enums import ToolPolicy
from api.contract.knowledge import KnowledgeBase
from ui import formats
from ui.components.cards import card, item
from ui.components.states import empty
from ui.components.text import icon
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


HEEDED = (
    "create_lead",
    "move_lead",
    "set_value",
    "add_tag",
    "remove_tag",
    "assign",
    "schedule_follow_up",
    "send_template",
    "send_file",
    "add_to_cadence",
    "book_slot",
)
"""Of the document's tools those that something carries out."""


def draw_actions(it: Context) -> None:
    """What may be proposed for leads while it serves; who decides is set on each board."""
    named, tools = labels.tools(), it.doc.config.tools
    hint = _("What the AI may propose for leads while this persona answers. The customer's own words must prove it each time.")
    with card(_("What it may do"), hint=hint, flush=True):
        for tool in HEEDED:
            with item():
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(named[tool].name).classes("m-strong")
                    if named[tool].text:
                        ui.label(named[tool].text).classes("m-hint")
                switch = ui.switch(value=getattr(tools, tool) is not ToolPolicy.NEVER)
                switch.props["aria-label"] = named[tool].name
                switch.on_value_change(partial(_may, it, tool))
    with card(_("Who decides"), hint=_("Each board says what is only suggested, and what is done by itself."), flush=True):
        for board in it.names.boards:
            with item(to=f"/boards/{board.id}/settings?tab=ai"):
                ui.label(board.name).classes("m-strong m-clip m-grow")
                icon("chevron_right")
        if not it.names.boards:
            empty("view_kanban", _("No board yet"), _("Leads stand on boards."), action=_("Make a board"), to="/boards")


def _may(it: Context, tool: str, event: object) -> None:
    it.doc.change("tools", **{tool: ToolPolicy.SUGGEST if getattr(event, "value", False) else ToolPolicy.NEVER})
