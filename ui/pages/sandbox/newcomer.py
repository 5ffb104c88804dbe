"""Somebody invented writes to a number first: to one that is connected by a code people write before they are written to, and in groups."""

import random
from uuid import UUID

from nicegui import ui

from api.contract.channel_sessions import Groups
from ui.client import channel_sessions as sessions
from ui.client import sandbox as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, switch_field, text_field
from ui.components.toast import toast
from ui.i18n import _

MEMBERS = 5
"""So many invented people write in groups."""


def invented(number: int | None = None) -> str:
    """A phone; by the same `number` the same."""
    return f"+55119{random.randrange(10**8) if number is None else 74309000 + number:08}"


def member() -> str:
    """Somebody who writes in groups."""
    return invented(random.randrange(MEMBERS))


async def ask_in_group(api: ApiClient, channel_id: UUID) -> None:
    """What somebody writes in which group; where the number leaves groups out, where that is changed."""
    shows = (await sessions.session(api, channel_id)).groups == Groups.SHOW

    async def go() -> None:
        if not filled([name, said]):
            return
        await client.reply(api, channel_id, member(), said.value.strip(), group=name.value.strip())
        box.close()
        toast(_("On its way."), "info")

    text = _("A group with a few invented people, which your number administers.")
    left_out = _(
        "This number leaves groups out: nothing of them would be seen. Choose that they are shown, under How this number behaves."
    )
    with dialog(_("Somebody writes in a group"), text if shows else left_out) as box:
        if shows:
            name = text_field(_("Name of the group"), _("Neighbours"), limit=60)
            said = text_field(_("Message"), _("Who goes to the market today?"), limit=500)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            if shows:
                button(_("Send"), go, kind="primary")
            else:
                button(_("Open the number"), kind="primary", to=f"/channels/{channel_id}")
    box.open()


def ask(api: ApiClient, channel_id: UUID) -> None:
    """What they write, and whether they show their number."""

    async def go() -> None:
        if not filled([said]):
            return
        await client.reply(api, channel_id, invented(), said.value.strip(), "hidden" if hides.value else "text")
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
