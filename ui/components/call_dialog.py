"""Asking over which channel a person is called, and calling them."""

import asyncio
from functools import partial
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.calls import CallChannel
from api.contract.channels import ChannelAgent
from api.contract.enums import Permission
from ui import formats, session
from ui.client import calls as client
from ui.client import channels as channels_client
from ui.client.base import ApiClient
from ui.components.agent_field import agent_field
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field
from ui.components.states import empty, load, skeleton_list
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import calls as labels


def ask(contact_id: UUID) -> None:
    """Shows every channel that calls, with what stands in its way. A press calls at once."""
    me = session.current()
    text = _("A virtual agent speaks with the person. What was said stands in the conversation afterwards.")
    with dialog(_("Call this person"), text) as box:
        key = str(uuid4())  # of this dialog: pressed twice it calls once
        load(
            lambda: _ways(me.api, contact_id),
            lambda found: _draw(found, box, me.api, contact_id, key, may_connect=me.may(Permission.CHANNELS_WRITE)),
            lambda: skeleton_list(1),
        )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
    box.open()


async def _ways(api: ApiClient, contact_id: UUID) -> list[tuple[CallChannel, list[ChannelAgent]]]:
    """Each channel that calls, with who can speak over it."""
    found = await client.channels(api, contact_id)
    free = [one.channel_id for one in found if one.obstacle is None]
    agents = dict(zip(free, await asyncio.gather(*(channels_client.agents(api, one) for one in free)), strict=True))
    return [(one, agents.get(one.channel_id, [])) for one in found]


def _draw(
    found: list[tuple[CallChannel, list[ChannelAgent]]],
    box: ui.dialog,
    api: ApiClient,
    contact_id: UUID,
    key: str,
    *,
    may_connect: bool,
) -> None:
    if not found:
        text = _("Connect a Retell number, or the simulator, which calls nobody.")
        empty("call", _("No channel calls people yet"), text, action=_("Connect channel") if may_connect else "", to="/channels")
        return
    chosen: dict[UUID, Field[str]] = {}
    for one, agents in found:
        with ui.element("div").classes("m-row m-wrap m-between m-near items-center w-full m-call-way"):
            with ui.element("div").classes("m-col m-min gap-0"):
                with ui.element("div").classes("m-row m-near items-center"):
                    Text("span", one.channel_name, "m-strong m-clip")
                    if one.sandbox:
                        badge(_("Simulator"), "info")
                if one.address:
                    ui.label(formats.phone(one.address)).classes("m-hint")
                if one.obstacle is not None:
                    ui.label(labels.obstacle(one)).classes("m-hint")
            if one.obstacle is not None:
                continue
            button(
                pgettext("call", "Call now"),
                partial(_call, one, chosen, box, api, contact_id, key),
                kind="primary",
                icon="call",
            )
            with ui.element("div").classes("w-full"):
                chosen[one.channel_id] = agent_field(agents)


async def _call(
    one: CallChannel, chosen: dict[UUID, Field[str]], box: ui.dialog, api: ApiClient, contact_id: UUID, key: str
) -> None:
    await client.call(api, contact_id, one.channel_id, chosen[one.channel_id].value.strip(), key)
    box.close()
    toast(_("The call is being placed."))
