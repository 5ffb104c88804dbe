"""Moving a number between its phone and the official API: the conversations stay, and nothing leaves until somebody resumes it."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.channels import Channel
from ui import kinds, session
from ui.client import channel_sessions, channels
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.confirm import confirm, dialog
from ui.components.forms import select_field
from ui.components.menus import Choice
from ui.components.toast import toast
from ui.i18n import _

Shown = Callable[[Channel], Awaitable[Any]]


def choice(channel: Channel, show: Shown) -> Choice | None:
    """What a menu offers for this channel; `show` gets it as it is afterwards."""
    if kinds.of(channel.kind).paired:
        return Choice(_("Move to the official API"), lambda: _to_official(channel, show), "verified")
    if kinds.can(channel.kind).templates and not channel.sandbox and any(one.paired for one in kinds.every()):
        return Choice(_("Connect by QR code instead"), lambda: _to_code(channel, show), "qr_code_2")
    return None


async def _to_official(channel: Channel, show: Shown) -> None:
    api = session.current().api
    found = [one for one in await channels.channels(api) if kinds.can(one.kind).templates and one.sandbox == channel.sandbox]
    text = _("The conversations stay here. The phone is disconnected, and messages wait until you resume the channel.")
    with dialog(_("Move to the official API"), text) as box:
        if not found:
            with note("info", _("Connect this number by the official API first, as a channel of its own."), name="info"):
                button(_("Connect by the official API"), kind="quiet", icon="verified", to="/channels/connect")
            chosen = None
        else:
            names: dict[UUID, str] = {one.id: f"{one.name} · {one.number or '–'}" for one in found}
            hint = _(
                "It must be the same number. That channel is archived: this one goes on with its connection and its templates."
            )
            chosen = select_field(_("Channel of the official API"), names, found[0].id, hint=hint)

        async def go() -> None:
            assert chosen is not None
            moved = await channel_sessions.move(api, channel.id, chosen.value)
            box.close()
            toast(_("Moved. Resume it once you have seen that it works."))
            await show(moved)

        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            if chosen is not None:
                button(_("Move"), go, kind="primary")
    box.open()


async def _to_code(channel: Channel, show: Shown) -> None:
    text = _(
        "The conversations stay here. The official connection is given up, a phone scans a code next, and messages wait until you resume the channel."
        " This way is not official, and WhatsApp may block the number."
    )
    if await confirm(_("Connect by QR code instead?"), text, yes=_("Give up the official connection"), danger=True):
        await show(await channel_sessions.move(session.current().api, channel.id, None))
