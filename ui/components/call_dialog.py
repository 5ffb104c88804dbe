"""Asking over which channel a person is called, and calling them."""

from functools import partial
from uuid import UUID, uuid4

from nicegui import ui

from api.contract.calls import CallChannel
from api.contract.enums import Permission
from ui import formats, session
from ui.client import calls as client
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import Field, text_field
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
            lambda: client.channels(me.api, contact_id),
            lambda found: _draw(found, box, me.api, contact_id, key, may_connect=me.may(Permission.CHANNELS_WRITE)),
            lambda: skeleton_list(1),
        )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
    box.open()


def _draw(found: list[CallChannel], box: ui.dialog, api: ApiClient, contact_id: UUID, key: str, *, may_connect: bool) -> None:
    if not found:
        text = _("Connect a Retell number, or the simulator, which calls nobody.")
        empty("call", _("No channel calls people yet"), text, action=_("Connect channel") if may_connect else "", to="/channels")
        return
    agent = None
    if any(one.obstacle is None for one in found):
        hint = _("Its id at the provider. Empty: the one that belongs to the number.")
        agent = text_field(_("Another agent"), hint=hint, limit=100)
    for one in found:
        with ui.element("div").classes("m-row m-between m-near items-center w-full m-call-way"):
            with ui.element("div").classes("m-col m-min gap-0"):
                with ui.element("div").classes("m-row m-near items-center"):
                    Text("span", one.channel_name, "m-strong m-clip")
                    if one.sandbox:
                        badge(_("Simulator"), "info")
                if one.address:
                    ui.label(formats.phone(one.address)).classes("m-hint")
                if one.obstacle is not None:
                    ui.label(labels.obstacle(one)).classes("m-hint")
            if one.obstacle is None:
                button(
                    pgettext("call", "Call now"),
                    partial(_call, one, agent, box, api, contact_id, key),
                    kind="primary",
                    icon="call",
                )


async def _call(one: CallChannel, agent: Field[str] | None, box: ui.dialog, api: ApiClient, contact_id: UUID, key: str) -> None:
    await client.call(api, contact_id, one.channel_id, agent.value.strip() if agent is not None else "", key)
    box.close()
    toast(_("The call is being placed."))
