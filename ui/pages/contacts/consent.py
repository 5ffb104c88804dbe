"""What a person asked for: whether they may be written to, of what they want no campaigns, and how each of it came about."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.consent import ConsentEntry
from api.contract.contacts import Contact, ContactPatch
from api.contract.enums import Category
from ui import formats, session
from ui.client import consent as client
from ui.components.buttons import button
from ui.components.cards import card, log_list
from ui.components.confirm import dialog
from ui.components.consent import write_down
from ui.components.forms import switch_field
from ui.components.states import load, skeleton_list
from ui.components.text import Tone
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import contacts as contact_labels

Save = Callable[[ContactPatch], Awaitable[bool]]
"""Keeps a change and draws the contact anew; whether it was taken."""


def draw(
    found: Contact,
    *,
    write: bool,
    save: Save,
    allow: Callable[[Category | None], Awaitable[Any]],
    again: Callable[[], Awaitable[Any]],
) -> None:
    """A card. `save`, `allow` and `again` draw it anew in any case; `allow` asks how the person said that they want messages again: all, or those of
    a category."""

    async def turn(allowed: bool) -> None:
        if allowed:  # nobody is let be written to again without a word on how they asked for it
            await allow(None)
        elif await save(ContactPatch(opted_out=True)):
            toast(_("They get no more messages."))

    async def want(category: Category, wanted: bool) -> None:
        if wanted:
            await allow(category)
        elif await save(ContactPatch(refuses=[*found.refuses, category])):
            toast(_("Saved."))

    with card(_("Permission")):
        hint = _("Campaigns may write to this person.")
        if found.opted_out_at:
            since = _("Opted out {when}.").format(when=formats.moment(found.opted_out_at))
            hint = f"{since} {contact_labels.out_source(found.opt_out_source)}"
        switches = [switch_field(_("May get messages"), found.opted_out_at is None, hint=hint, on_change=turn)]
        if found.opted_out_at is None:
            for category in Category:
                name, about = contact_labels.category(category)
                switches.append(switch_field(name, category not in found.refuses, hint=about, on_change=partial(want, category)))
        for switch in () if write else switches:
            switch.disable()
        with ui.element("div").classes("m-row m-near m-wrap"):
            if write:
                button(_("Write down what they asked for"), partial(write_down, found.id, again), kind="plain", icon="edit_note")
            button(_("What was asked for, and when"), partial(_history, found.id), kind="plain", icon="history")


def _history(contact_id: UUID) -> None:
    api = session.current().api
    with dialog(_("What was asked for, and when"), _("Nobody can change these entries: they are the proof."), wide=True) as box:
        load(lambda: client.entries(api, contact_id), _entries, lambda: skeleton_list(3))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()


def _entries(found: list[ConsentEntry]) -> None:
    if not found:
        ui.label(_("Nothing was asked for yet.")).classes("m-sub")
        return
    log_list(_line(one) for one in found)


def _line(one: ConsentEntry) -> tuple[Tone, str, str, str]:
    name = contact_labels.category(one.category)[0] if one.category else _("All messages")
    what = (_("{what}: yes") if one.allowed else _("{what}: no")).format(what=name)
    said = [] if one.by_name and one.note else [contact_labels.out_source(one.source)]
    if one.words:
        said.append(f"“{one.words}”")
    if one.list:
        said.append(_("List: {name}").format(name=one.list))
    if one.note:
        said.append(one.note)
    if one.by_name:
        said.append(_("by {name}").format(name=one.by_name))
    return ("ok" if one.allowed else "warn"), what, " · ".join(part for part in said if part), formats.moment(one.at)
