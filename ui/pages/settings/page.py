"""Settings: profile, security, the company, API keys, AI agents. Each part saves by itself."""

from nicegui import ui

from api.contract.enums import Permission
from ui import session
from ui.components.frame import frame
from ui.components.navigation import Place, mine, setups
from ui.components.progress import tabs
from ui.components.text import icon, title
from ui.i18n import _
from ui.pages.settings.agents import draw_agents
from ui.pages.settings.company import draw_company
from ui.pages.settings.keys import draw_keys
from ui.pages.settings.notifications import draw_notifications
from ui.pages.settings.profile import draw_profile
from ui.pages.settings.security import draw_security
from ui.routing import page


@page("/settings")
def settings(tab: str = "profile", linked: str = "") -> None:
    me = session.current()
    parts = [("profile", _("Profile"), draw_profile), ("notifications", _("Notifications"), draw_notifications)]
    parts.append(("security", _("Security"), lambda: draw_security(linked)))
    if me.may(Permission.COMPANY_READ):
        parts.append(("company", _("Company"), draw_company))
    if me.may(Permission.KEYS_WRITE):
        parts.append(("keys", _("API keys"), draw_keys))
        parts.append(("agents", _("AI agents"), draw_agents))
    with frame(_("Settings")):
        with ui.element("div").classes("w-full"):
            tabs(parts, "security" if tab == "sessions" else tab, name="tab")  # its name before
        _setups(mine(setups()))


def _setups(places: list[Place]) -> None:
    if not places:
        return
    title(_("Other settings"))
    links = ui.element("nav").classes("m-grid m-grid-wide")
    links.props["aria-label"] = _("Other settings")
    with links:
        for place in places:
            with ui.link(target=place.path).classes("m-card m-setup"):
                icon(place.icon)
                with ui.element("div").classes("m-col m-tight"):
                    ui.label(place.label).classes("m-strong")
                    ui.label(place.hint).classes("m-hint")
