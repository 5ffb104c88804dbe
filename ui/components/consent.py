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
from ui.components.forms import Field, filled, select_field, text_field
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import contacts as contact_labels


def write_down(
    contact_id: UUID, done: Callable[[], Awaitable[Any]], *, everything: bool = False, category: Category | None = None
) -> None:
    """A dialog that keeps what the person said elsewhere, with its proof. `everything`: they want messages again; `category`: those of it."""
    api = session.current().api
    what: Field[Any]
    wish: Field[Any]

    async def save(note: str) -> None:
        about = Category(what.value) if what.value else None
        await client.write(api, contact_id, ConsentGiven(allowed=wish.value == "yes", category=about, note=note))

    def fields() -> None:
        nonlocal what, wish
        names = {"": _("All messages"), **{one.value: contact_labels.category(one)[0] for one in Category}}
        what = select_field(_("What it is about"), names, category.value if category else "")
        wish = select_field(_("What they asked for"), {"yes": _("They want it"), "no": _("They do not want it")}, "yes")
        for field in (what, wish):
            field.hide(everything or category is not None)

    heading = _("They can be written to again") if everything else _("Write down what they asked for")
    if category is not None:
        heading = _("They want it again: {what}").format(what=contact_labels.category(category)[0])
    ask_proof(heading, _("It holds at once, and is kept as the proof."), save, done, fields)


def ask_proof(
    heading: str,
    text: str,
    save: Callable[[str], Awaitable[Any]],
    done: Callable[[], Awaitable[Any]],
    fields: Callable[[], Any] = lambda: None,
) -> None:
    """A dialog for where and how somebody asked for it, which `save` is given; nothing is saved without."""

    async def press() -> None:
        if not filled([proof]):
            return
        try:
            await save(proof.value.strip())
        except ApiProblem as error:
            problems.show_in({"note": proof}, error)
            return
        box.close()
        toast(_("Written down."))
        await done()

    with dialog(heading, text) as box, ui.element("div").classes("m-col"):
        fields()
        proof = text_field(_("How it is shown"), limit=200, placeholder=_("Form signed in the shop, May 12"), on_enter=press)
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Save"), press, kind="primary")
    box.open()
