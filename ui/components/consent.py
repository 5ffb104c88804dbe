"""A dialog that keeps what a person asked for outside of Master IA, with its proof."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.consent import ConsentGiven
from api.contract.enums import Category
from ui import session
from ui.client import consent as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, select_field, text_field
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import contacts as contact_labels


def write_down(contact_id: UUID, done: Callable[[], Awaitable[Any]], *, everything: bool = False) -> None:
    """A dialog that keeps what the person said elsewhere, with its proof. `everything`: they want messages again."""
    api = session.current().api

    async def save() -> None:
        if not filled([proof]):
            return
        category = Category(what.value) if what.value else None
        try:
            await client.write(
                api, contact_id, ConsentGiven(allowed=wish.value == "yes", category=category, note=proof.value.strip())
            )
        except ApiProblem as error:
            problems.show_in({"note": proof}, error)
            return
        box.close()
        toast(_("Written down."))
        await done()

    heading = _("They can be written to again") if everything else _("Write down what they asked for")
    with dialog(heading, _("It holds at once, and is kept as the proof.")) as box, ui.element("div").classes("m-col"):
        names = {"": _("All messages"), **{one.value: contact_labels.category(one)[0] for one in Category}}
        what = select_field(_("What it is about"), names, "")
        wish = select_field(_("What they asked for"), {"yes": _("They want it"), "no": _("They do not want it")}, "yes")
        for field in (what, wish):
            field.hide(everything)
        proof = text_field(_("How it is shown"), limit=200, placeholder=_("Form signed in the shop, May 12"), on_enter=save)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Save"), save, kind="primary")
    box.open()
