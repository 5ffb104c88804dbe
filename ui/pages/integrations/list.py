"""Other systems that can be connected: Kommo by itself, Zapier and its like by a key."""

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import KommoChanged
from api.contract.kommo import Kommo
from ui import live, session
from ui.client import kommo as client
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.frame import frame
from ui.components.states import load, skeleton_list
from ui.components.text import badge, icon
from ui.i18n import _
from ui.labels import kommo as labels
from ui.routing import page


@page("/integrations", permission=Permission.INTEGRATIONS_READ)
def integrations() -> None:
    me = session.current()
    crumbs = [(_("Settings"), "/settings")]
    with frame(_("Integrations"), _("Other systems that work along"), breadcrumbs=crumbs, active="/settings"):

        def draw(found: Kommo) -> None:
            with card(flush=True), item(to="/integrations/kommo"):
                icon("handshake")
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label("Kommo").classes("m-strong")
                    ui.label(found.account_name or _("Contacts, leads and notes go there and come back")).classes("m-hint m-clip")
                badge(*labels.state(found))

        place = load(lambda: client.connection(me.api), draw, lambda: skeleton_list(1))
        text = _("A Zap starts when somebody writes or a lead moves, and makes contacts and leads or sends messages.")
        with card(_("Zapier, Make and n8n"), hint=text):
            how = _("Make an API key for it in the settings, with the permissions that it needs, and paste it there.")
            ui.label(how).classes("m-sub")
            if me.may(Permission.KEYS_WRITE):
                with ui.element("div").classes("m-row"):
                    button(_("API keys"), to="/settings?tab=keys", icon="key")
    live.on(KommoChanged, lambda event: place.refresh())
    live.on_reset(place.refresh)
