"""Which addresses a person has and had: since when, until when, and who took one away."""

from uuid import UUID

from nicegui import ui

from api.contract.contacts import ContactMerge, PastIdentity
from ui import formats, session
from ui.client import contacts as client
from ui.components.buttons import button
from ui.components.cards import log_list
from ui.components.confirm import dialog
from ui.components.states import load, skeleton_list
from ui.components.text import Tone
from ui.i18n import _
from ui.labels import contacts as labels


def show(contact_id: UUID) -> None:
    """A dialog with those that it has first, and what was joined and parted among them."""
    api = session.current().api

    async def fetch() -> tuple[list[PastIdentity], list[ContactMerge]]:
        return await client.identities(api, contact_id), await client.merges(api, contact_id)

    with dialog(_("Addresses now and before"), _("Those that were taken out stay here, with who did it."), wide=True) as box:
        load(fetch, _draw, lambda: skeleton_list(3))
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Close"), box.close, kind="plain")
    box.open()


def _draw(found: tuple[list[PastIdentity], list[ContactMerge]]) -> None:
    identities, merges = found
    if not identities and not merges:
        ui.label(_("No address is known of this person.")).classes("m-sub")
        return
    now = [_line(one) for one in identities if one.until is None]
    then = [(one.until, _line(one)) for one in identities if one.until is not None]
    for one in merges:
        names = ", ".join([one.name or _("No name"), *one.addresses])
        then.append((one.created_at, ("info", _("Became one with another contact"), names, formats.moment(one.created_at))))
        if one.undone_at is not None:
            then.append((one.undone_at, ("warn", _("Parted again"), names, formats.moment(one.undone_at))))
    log_list([*now, *(line for _at, line in sorted(then, key=lambda each: each[0], reverse=True))])


def _line(one: PastIdentity) -> tuple[Tone, str, str, str]:
    since = _("since {day}").format(day=formats.day(one.since))
    said = [labels.identity(one.kind, None)]
    if one.until is None:
        return "ok", one.display, said[0], since
    said.append(since)
    if one.by_name:
        said.append(_("taken out by {name}").format(name=one.by_name))
    return "warn", one.display, " · ".join(said), formats.moment(one.until)
