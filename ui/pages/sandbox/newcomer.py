"""Somebody invented writes to a number first: to one that is connected by a code people write before they are written to."""

import random
from uuid import UUID

from nicegui import ui

from ui.client import sandbox as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, switch_field, text_field
from ui.components.toast import toast
from ui.i18n import _


def ask(api: ApiClient, channel_id: UUID) -> None:
    """What they write, and whether they show their number."""

    async def go() -> None:
        if not filled([said]):
            return
        address = f"+55119{random.randrange(10**8):08}"
        await client.reply(api, channel_id, address, said.value.strip(), "hidden" if hides.value else "text")
        box.close()
        toast(_("On its way."), "info")

    text = _("People write to such a number first; then they can be answered and get campaigns.")
    with dialog(_("Somebody new writes"), text) as box:
        said = text_field(_("Message"), _("Hi! Do you still have it?"), limit=500)
        hides = switch_field(
            _("Hides the number"), hint=_("WhatsApp then shows a hidden id alone. They can be answered all the same.")
        )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Send"), go, kind="primary")
    box.open()
