"""Calls in which the company's persona speaks itself: the address that its agent at the provider asks, shown once."""

from nicegui import ui

from api.contract.channels import Channel
from ui import kinds, session
from ui.client import channels as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import note
from ui.components.confirm import confirm, dialog
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _


async def ask(channel: Channel) -> None:
    """Makes a new address and shows it."""
    vendor = kinds.of(channel.kind).vendor
    text = _(
        "The persona that serves this channel answers in calls, by its knowledge and rules, and calls a colleague when somebody asks for one."
    )
    more = [
        _(
            "You get an address for an agent of the kind custom LLM at {vendor}. An address that was made before stops working."
        ).format(vendor=vendor)
    ]
    if not await confirm(_("Let your persona speak?"), text, yes=_("Make the address"), more=more):
        return
    try:
        url = await client.talk_address(session.current().api, channel.id)
    except ApiProblem as error:
        toast(problems.sentence(error), "bad")
        return
    with dialog(_("Address of your persona"), _("Copy it now: it is not shown again."), wide=True) as box:
        copy_field(url)
        with ui.element("ol").classes("m-guide-todo"):
            for line in (
                _("At {vendor}, make an agent with a custom LLM and paste the address there.").format(vendor=vendor),
                _("Choose its voice and language there, and give it the number of this channel."),
                _(
                    "Under Personas, Where it serves, name this channel or any channel. In calls only a persona that answers by itself speaks."
                ),
            ):
                Text("li", line)
        with note("warn", _("Whoever has this address can talk to your persona at your cost."), name="warning"):
            pass
        button(_("Done"), box.close, kind="primary")
    box.open()
