"""The AI service: where the models are, what they cost, what they may cost. Each tab saves by itself."""

from nicegui import ui

from api.contract.enums import Permission
from ui.components.frame import frame
from ui.components.progress import tabs
from ui.i18n import _
from ui.pages.ai_service.budgets import draw_budgets
from ui.pages.ai_service.connection import draw_connection
from ui.pages.ai_service.models import draw_models
from ui.pages.ai_service.safety import draw_safety
from ui.pages.ai_service.usage import draw_usage
from ui.routing import page


@page("/settings/ai", permission=Permission.AI_READ)
def ai_service(tab: str = "connection") -> None:
    text = _("Who thinks for your personas, what it costs, and how much it may cost")
    crumbs = [(_("Settings"), "/settings")]
    with frame(_("AI service"), text, breadcrumbs=crumbs, active="/settings"), ui.element("div").classes("w-full"):
        parts = [
            ("connection", _("Connection"), draw_connection),
            ("usage", _("Costs"), draw_usage),
            ("budgets", _("Budgets"), draw_budgets),
            ("models", _("Models and prices"), draw_models),
            ("safety", _("Safety"), draw_safety),
        ]
        tabs(parts, tab, name="tab")
