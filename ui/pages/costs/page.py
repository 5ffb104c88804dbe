"""What sending costs, what it may cost in a month, and at what hours campaigns may write. Under Settings."""

from nicegui import ui

from api.contract.enums import Permission
from ui.components.frame import frame
from ui.components.progress import tabs
from ui.i18n import _
from ui.pages.costs.hours import draw_hours
from ui.pages.costs.limit import draw_limit
from ui.pages.costs.prices import draw_prices
from ui.pages.costs.rules import draw_rules
from ui.pages.costs.warm_ups import draw_warm_ups
from ui.routing import page

PATH = "/settings/costs"


@page(PATH, permission=Permission.CAMPAIGNS_READ)
def costs(tab: str = "prices") -> None:
    parts = [
        ("prices", _("Prices"), draw_prices),
        ("limit", _("Month's limit"), draw_limit),
        ("hours", _("Hours of sending"), draw_hours),
        ("warm-up", _("Young numbers"), draw_warm_ups),
        ("rules", _("Words and holidays"), draw_rules),
    ]
    with (
        frame(
            _("Costs and hours"),
            _("What campaigns cost, and when they may write"),
            breadcrumbs=[(_("Settings"), "/settings")],
            active="/settings",
        ),
        ui.element("div").classes("w-full"),
    ):
        tabs(parts, tab, name="tab")
