"""Says on every page that WhatsApp has reviewed a template, and leads to the draft that waits for it."""

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import TemplatesChanged
from ui import live, session
from ui.components.toast import toast, toast_way
from ui.i18n import _


class Reviews:
    """Of this page, for who writes templates."""

    def __init__(self) -> None:
        if session.current().may(Permission.TEMPLATES_WRITE):
            self._here = ui.context.client.request.url.path
            live.on(TemplatesChanged, self._hear)

    def _hear(self, event: TemplatesChanged) -> None:
        if event.reviewed is None:
            return
        approved = event.reviewed == "approved"
        said = _("WhatsApp approved the template “{name}”.") if approved else _("WhatsApp refused the template “{name}”.")
        text = said.format(name=event.name)
        if event.campaign_id is not None and str(event.campaign_id) not in self._here:
            toast_way(text, _("To the campaign"), f"/campaigns/{event.campaign_id}/edit?step=message")
        else:
            toast(text, "ok" if approved else "warn")
