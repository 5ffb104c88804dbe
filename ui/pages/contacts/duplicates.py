"""Contacts that look like one person, pair by pair: joined, which can be undone, or said to be two people."""

from functools import partial

from nicegui import ui

from api.contract.duplicates import Duplicate, DuplicatePerson
from api.contract.enums import DuplicateReason, IdentityKind, Permission
from ui import formats, session
from ui.client import contacts as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.frame import frame
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import badge
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.routing import page


@page("/contacts/duplicates", permission=Permission.CONTACTS_READ)
def duplicates() -> None:
    text = _("Contacts that look like one person. Nothing is joined by itself here")
    with frame(_("Duplicates"), text, breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts"):
        _Pairs()


class _Pairs:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._left: list[Duplicate] = []
        self._place: Loader[list[Duplicate]] = load(lambda: client.duplicates(self._api), self._draw, lambda: skeleton_list(4))

    def _draw(self, found: list[Duplicate]) -> None:
        self._left = found
        if not found:
            text = _(
                "Numbers with and without the ninth digit, mail boxes under two spellings and namesakes without a phone are looked for."
            )
            empty("join_inner", _("No duplicates found"), text)
            return
        for pair in found:
            self._draw_pair(pair)

    def _draw_pair(self, pair: Duplicate) -> None:
        with card(_reason(pair.reason)):
            with ui.element("div").classes("m-grid m-grid-wide"):
                for one in (pair.keep, pair.other):
                    _draw_person(one)
            if self._write:
                with ui.element("div").classes("m-row m-near m-wrap"):
                    button(_("Join them"), partial(self._join, pair), icon="merge")
                    button(_("These are two people"), partial(self._apart, pair), kind="plain")

    async def _join(self, pair: Duplicate) -> None:
        try:
            await client.join(self._api, pair.keep.id, pair.other.id)
        except ApiProblem as error:
            problems.show(error)
            await self._place.refresh()
            return
        toast(_("Joined. On the contact's page they can be parted again."))
        await self._without(pair)

    async def _apart(self, pair: Duplicate) -> None:
        try:
            await client.keep_apart(self._api, pair.keep.id, pair.other.id)
        except ApiProblem as error:
            problems.show(error)
            await self._place.refresh()
            return
        await self._without(pair)

    async def _without(self, pair: Duplicate) -> None:
        """What is decided goes; with the last one it is asked for more."""
        gone = {pair.keep.id, pair.other.id}
        left = [one for one in self._left if one is not pair and not gone & {one.keep.id, one.other.id}]
        await (self._place.show(left) if left else self._place.refresh())


def _draw_person(one: DuplicatePerson) -> None:
    with ui.link(target=f"/contacts/{one.id}").classes("m-col m-tight m-plain"):
        with ui.element("div").classes("m-row m-near"):
            ui.label(one.name or _("No name")).classes("m-strong m-text").props["dir"] = "auto"
            if one.opted_out:
                badge(_("Opted out"), "warn")
        for address in one.addresses:
            number = address.kind in (IdentityKind.PHONE, IdentityKind.WA_ID)
            ui.label(formats.phone(address.value) if number else address.value).classes("m-num m-clip")
        said = ngettext("{n} message", "{n} messages", one.messages).format(n=formats.number(one.messages))
        since = _("Since {day}").format(day=formats.day(one.created_at))
        ui.label(f"{since} · {said}").classes("m-hint")


def _reason(reason: DuplicateReason) -> str:
    return {
        DuplicateReason.SAME_NUMBER: _("The same number, with and without the ninth digit"),
        DuplicateReason.SAME_MAIL: _("The same mail box under two spellings"),
        DuplicateReason.SAME_NAME: _("The same name, and no phone is known of one of them"),
    }[reason]
