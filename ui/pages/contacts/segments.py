"""Segments: the list of those that are kept, each with how many are in it now, and the page on which one is made or changed."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar
from uuid import UUID

from nicegui import background_tasks, ui

from api.contract.contacts import ContactCount, ContactFilter
from api.contract.enums import Permission
from api.contract.events import ContactsChanged, SegmentsChanged
from api.contract.segments import Group, OfImport, Received, Segment, SegmentCreate, SegmentPatch, Wrote
from ui import formats, live, session
from ui.client import boards, campaigns, contacts
from ui.client import segments as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item, note
from ui.components.confirm import confirm
from ui.components.forms import filled, lead_to, mark, text_field
from ui.components.frame import frame
from ui.components.states import Loader, empty, load, skeleton, skeleton_card, skeleton_list
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import segments as labels
from ui.pages.contacts.segment_rows import GroupBox
from ui.routing import page

_T = TypeVar("_T")
_LIMIT = 60  # characters of a name
_COUNTED = 40
"""So many of the list are counted while somebody looks at it."""


@page("/contacts/segments", permission=Permission.CONTACTS_READ)
def segments() -> None:
    text = _("Groups of people by what is known of them; who is in one is always up to date")
    with frame(_("Segments"), text, breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts") as head:
        _List()
        if session.current().may(Permission.CONTACTS_WRITE):
            with head.actions:
                button(_("New segment"), kind="primary", icon="add", to="/contacts/segments/new")


@page("/contacts/segments/new", permission=Permission.CONTACTS_WRITE)
def new() -> None:
    _editor(None)


@page("/contacts/segments/{segment_id:uuid}", permission=Permission.CONTACTS_READ)
def edit(segment_id: UUID) -> None:
    _editor(segment_id)


def _editor(segment_id: UUID | None) -> None:
    crumbs = [(_("Contacts"), "/contacts"), (_("Segments"), "/contacts/segments")]
    heading = _("New segment") if segment_id is None else _("Segment")
    with frame(heading, breadcrumbs=crumbs, active="/contacts"):
        _Editor(segment_id)


async def names(api: ApiClient, rules: Sequence[Group] = ()) -> labels.Names:
    """What conditions may speak of, as far as the person may see it; what `rules` name besides the latest campaigns and lists too."""
    me = session.current()
    asked = [one for rule in rules for one in rule.walk()]
    tags, fields, imports = await asyncio.gather(contacts.tags(api), contacts.fields(api), contacts.imports(api))
    lists = {one.id: one for one in imports.items}
    older = {one.import_id for one in asked if isinstance(one, OfImport)} - lists.keys()
    lists |= await _each(older, partial(contacts.one_import, api))
    sent: dict[str, str] = {}
    if me.may(Permission.CAMPAIGNS_READ):
        latest = (await campaigns.campaigns(api, limit=100)).items
        named = {one.campaign_id for one in asked if isinstance(one, Received)} - {one.id for one in latest}
        older_ones = await _each(named, partial(campaigns.campaign, api))
        sent = {str(one.id): one.name for one in latest if one.started_at is not None}
        sent |= {str(campaign_id): one.name for campaign_id, one in older_ones.items()}
    known = await boards.boards(api) if me.may(Permission.BOARDS_READ) else []
    stages = {
        str(stage.id): f"{stage.name} · {board.name}" if len(known) > 1 else stage.name
        for board in known
        for stage in board.stages
    }
    return labels.Names(
        {str(one.id): one.name for one in tags},
        {one.key: one for one in fields},
        {str(one.id): f"{one.filename} · {formats.day(one.created_at)}" for one in lists.values()},
        sent,
        stages,
    )


async def _each(ids: Iterable[UUID], fetch: Callable[[UUID], Awaitable[_T]]) -> dict[UUID, _T]:
    """Those that are still there, one after the other: there are few."""
    found: dict[UUID, _T] = {}
    for one in ids:
        try:
            found[one] = await fetch(one)
        except ApiProblem as error:
            if error.status != 404:
                raise
    return found


class _Kept(NamedTuple):
    segments: list[Segment]
    names: labels.Names


class _List:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._counts: dict[UUID, ui.label] = {}
        self._place: Loader[_Kept] = load(self._fetch, self._draw, lambda: skeleton_list(5))
        live.on(SegmentsChanged, lambda event: self._place.refresh())
        live.on_reset(self._place.refresh)

    async def _fetch(self) -> _Kept:
        kept = await client.segments(self._api)
        return _Kept(kept, await names(self._api, [one.rule for one in kept]))

    def _draw(self, found: _Kept) -> None:
        if not found.segments:
            text = _(
                "For example: customers who have not written for 30 days, or everyone with a birthday this week. A campaign can go to one."
            )
            if self._write:
                empty("diversity_3", _("No segments yet"), text, action=_("New segment"), to="/contacts/segments/new")
            else:
                empty("diversity_3", _("No segments yet"), text)
            return
        self._counts = {}
        with card(flush=True):
            for one in found.segments:
                self._draw_one(one, found.names)
        background_tasks.create(self._count(list(self._counts)), name="count segments")

    def _draw_one(self, one: Segment, known: labels.Names) -> None:
        with item():
            with ui.link(target=f"/contacts/segments/{one.id}").classes("m-col m-tight m-grow m-plain"):
                ui.label(one.name).classes("m-strong m-text").props["dir"] = "auto"
                ui.label(formats.sentence(labels.sentence(one.rule, known))).classes("m-hint m-text")
                if one.gone:
                    badge(_("Something it asks for is gone: nobody is in it"), "warn")
            if not one.gone:
                self._counts[one.id] = ui.label("…").classes("m-num")
            if self._write:
                icon_button("delete", _("Delete {name}").format(name=one.name), partial(self._delete, one))

    async def _count(self, wanted: list[UUID]) -> None:
        """One after the other: each may take a second where there are many contacts."""
        for segment_id in wanted[:_COUNTED]:
            label = self._counts.get(segment_id)
            if label is None or label.is_deleted or label.client.is_deleted:
                return
            try:
                found = _amount(await client.count(self._api, ContactFilter(segment_id=segment_id)))
            except (ApiProblem, Offline):
                found = "–"
            if not label.is_deleted:
                label.text = found

    async def _delete(self, one: Segment) -> None:
        lines = []
        if session.current().may(Permission.CAMPAIGNS_READ):
            for use in await client.uses(self._api, one.id):
                if use.cadence_id is not None:
                    said = _("The sequence “{name}” takes people in from it.")
                else:
                    said = (
                        _("The scheduled campaign “{name}” goes to it.") if use.scheduled else _("The draft “{name}” goes to it.")
                    )
                lines.append(said.format(name=use.name))
        text = _(
            "The contacts stay. Campaigns that were to go to it reach nobody, and sequences take nobody in, until you choose who else."
        )
        if await confirm(_("Delete the segment “{name}”?").format(name=one.name), text, more=lines, yes=_("Delete"), danger=True):
            await client.delete(self._api, one.id)
            await self._place.refresh()


class _Open(NamedTuple):
    segment: Segment | None
    names: labels.Names


class _Editor:
    """The name, the conditions, and how many meet them now."""

    def __init__(self, segment_id: UUID | None) -> None:
        self._id, self._api = segment_id, session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._seen: Segment | None = None
        self._asked = 0
        with ui.element("div").classes("m-aside m-aside-first"):
            with ui.element("div"):
                self._place: Loader[_Open] = load(self._fetch, self._draw, lambda: skeleton_card(6))
            with ui.element("div").classes("m-aside-side"):
                with ui.element("section").classes("m-card") as side:
                    side.props["aria-live"] = "polite"
                    ui.label(_("In this segment now")).classes("m-hint")
                    self._count = ui.element("div").classes("m-col m-near")
                    with self._count:
                        skeleton("title m-w-60", "line m-w-80")
        self._throttle = Throttle(self._recount, 0.7)
        live.on(ContactsChanged, lambda event: self._throttle.poke())

    async def _fetch(self) -> _Open:
        kept = await client.segment(self._api, self._id) if self._id else None
        return _Open(kept, await names(self._api, [kept.rule] if kept else []))

    def _draw(self, found: _Open) -> None:
        self._seen = found.segment
        rule = found.segment.rule if found.segment else Group(conditions=[Wrote(op="before", days=30)])
        with ui.element("div").classes("m-col m-gap"):
            self._warn = ui.element("div").classes("w-full")
            if found.segment is not None and found.segment.gone:
                text = _(
                    "Something that it asks for is gone, so nobody is in it now. Choose something else where it says “Gone”."
                )
                with self._warn, note("warn", text):
                    pass
            with card():
                self._name = text_field(
                    _("Name"), found.segment.name if found.segment else "", limit=_LIMIT, placeholder=_("Customers to win back")
                )
            with card(_("Who is meant"), hint=_("Conditions are looked at again each time the segment is used.")):
                self._box = GroupBox(rule, found.names, self._throttle.poke)
            if self._write:
                with ui.element("div").classes("m-row m-near"):
                    button(_("Save"), self._save, kind="primary")
                    button(_("Cancel"), kind="plain", to="/contacts/segments")
        self._throttle.poke()

    async def _recount(self) -> None:
        if not hasattr(self, "_box"):
            return
        rule = self._box.group()
        self._asked += 1
        asked = self._asked
        if rule is None:
            self._say(None, _("Fill in every condition to see how many people meet them."))
            return
        self._count.classes("m-busy")
        try:
            found = await client.count(self._api, ContactFilter(rule=rule))
        except (ApiProblem, Offline) as error:
            if asked == self._asked:
                said = error.errors[0] if isinstance(error, ApiProblem) and error.errors else None
                self._say(None, problems.field_sentence(said) if said else problems.sentence(error), again=said is None)
            return
        if asked == self._asked:
            self._say(found, "")

    def _say(self, found: ContactCount | None, text: str, *, again: bool = False) -> None:
        self._count.classes(remove="m-busy")
        self._count.clear()
        with self._count:
            if found is not None:
                with ui.element("div").classes("m-figure"):
                    ui.label(formats.number(found.count))
                    ui.label(ngettext("person", "people", found.count)).classes("m-unit")
                if found.is_estimate:
                    ui.label(_("About so many; when it is used everyone is looked at.")).classes("m-hint")
                if not found.count:
                    ui.label(_("Nobody meets these conditions now. Take one out, or make it wider.")).classes("m-hint")
                elif self._id is not None:
                    ui.link(_("See them in the list"), f"/contacts?segment={self._id}").classes("m-link")
            else:
                ui.label(text).classes("m-sub")
                if again:
                    button(_("Try again"), self._recount, icon="refresh")

    async def _save(self) -> None:
        rule = self._box.group()
        if not filled([self._name]):
            return
        if rule is None:
            self._box.mark()
            lead_to(self._box.element, _("Something is missing in the conditions."))
            return
        name = self._name.value.strip()
        try:
            if self._seen is None:
                await client.create(self._api, SegmentCreate(name=name, rule=rule))
            else:
                await client.change(self._api, self._seen, SegmentPatch(name=name, rule=rule))
        except ApiProblem as error:
            self._refused(error)
            return
        toast(_("Saved."))
        ui.navigate.to("/contacts/segments")

    def _refused(self, error: ApiProblem) -> None:
        if error.code == "segment_exists":
            mark({self._name: problems.sentence(error)})
            return
        said = problems.field_sentence(error.errors[0]) if error.errors else problems.sentence(error)
        self._warn.clear()
        with self._warn, note("bad", said):
            pass
        lead_to(self._warn, said)


def _amount(found: ContactCount) -> str:
    text = ngettext("{n} person", "{n} people", found.count).format(n=formats.number(found.count))
    return _("about {amount}").format(amount=text) if found.is_estimate else text
