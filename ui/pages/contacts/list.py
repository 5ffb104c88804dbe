"""The list of contacts: search, filters, selection, bulk actions, export, and a new one."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from msgspec import structs
from nicegui import ui

from api.contract.base import Page
from api.contract.campaigns import CampaignCreate
from api.contract.contacts import BulkAction, ContactCreate, ContactFilter, ContactRow, Tag
from api.contract.enums import LineType, Permission
from api.contract.events import BulkProgress, ContactsChanged
from api.contract.segments import Segment
from ui import formats, live, session
from ui.client import campaigns, segments
from ui.client import contacts as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cells import Cell, person, state, tags
from ui.components.confirm import confirm, dialog
from ui.components.download import hand_on
from ui.components.forms import filled, mark, select_field, text_field
from ui.components.frame import frame
from ui.components.menus import Choice, more
from ui.components.progress import Progress, progress
from ui.components.query import Filter, Query
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.table import Column, DataTable, Selection, data_table
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels.campaigns import new_name
from ui.routing import page


@page("/contacts", permission=Permission.CONTACTS_READ)
def contacts() -> None:
    me = session.current()
    with frame(_("Contacts"), _("Everybody you can write to")) as head:
        view = _List()
        with head.actions:
            if me.may(Permission.CONTACTS_EXPORT):
                view.draw_export()
            button(_("Segments"), icon="diversity_3", kind="plain", to="/contacts/segments")
            button(_("Fields"), icon="dataset", kind="plain", to="/contacts/fields")
            more(
                [
                    Choice(_("Do not write"), partial(ui.navigate.to, "/contacts/blocked"), "notifications_off"),
                    Choice(_("Duplicates"), partial(ui.navigate.to, "/contacts/duplicates"), "join_inner"),
                ]
            )
            if me.may(Permission.CONTACTS_WRITE):
                button(_("Import"), icon="upload_file", to="/imports")
                button(_("New contact"), view.new, kind="primary", icon="person_add")


@page("/contacts/export.csv", permission=Permission.CONTACTS_EXPORT)
async def export(request: Request) -> Response:
    """The API's file, with the filters that the list has."""
    given: dict[str, Any] = {name: request.query_params.getlist(name) for name in request.query_params}
    return await hand_on("/v1/contacts/export.csv", given)


def _params(query: Query) -> dict[str, Any]:
    """The list's query in the API's words."""
    filters = dict(query.filters)
    asked: dict[str, Any] = {
        "search": query.search or None,
        "tag": filters.get("tag"),
        "segment_id": filters.get("segment"),
        "sort": filters.get("order"),
    }
    match filters.get("reach"):
        case "mobile" | "fixed" as line:
            asked["line"] = line
        case "phone" | "email" as has:
            asked["has"] = has
    if "out" in filters:
        asked["opted_out"] = filters["out"] == "yes"
    return {name: value for name, value in asked.items() if value is not None}


class _Known(NamedTuple):
    """What the list can be narrowed to."""

    tags: list[Tag]
    segments: list[Segment]


class _List:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._campaigns = session.current().may(Permission.CAMPAIGNS_WRITE)
        self._counted: Page[ContactRow] | None = None
        self._table: DataTable[ContactRow] | None = None
        self._bulk_id: UUID | None = None
        self._export: ui.button | None = None
        self._progress_place = ui.element("div").classes("w-full")
        self._progress: Progress | None = None
        self._place: Loader[_Known] = load(self._known, self._draw, lambda: skeleton_list(8))
        self._throttle = Throttle(self._refresh, 1.0)
        live.on(ContactsChanged, lambda event: self._throttle.poke())
        live.on(BulkProgress, self._bulk_moved)
        live.on_reset(self._refresh)

    async def _known(self) -> "_Known":
        return _Known(await client.tags(self._api), await segments.segments(self._api))

    async def _refresh(self) -> None:
        if self._table is not None:
            await self._table.refresh()

    def draw_export(self) -> None:
        self._export = button(_("Export"), icon="download", to="/contacts/export.csv")
        self._export.props["download"] = ""
        self._export.tooltip(_("What the list shows, as a spreadsheet (CSV)"))

    def _draw(self, known: "_Known") -> None:
        self._tags = known.tags
        filters = [
            Filter("tag", _("Tag"), {str(tag.id): tag.name for tag in known.tags}),
            Filter("segment", _("Segment"), {str(one.id): one.name for one in known.segments}),
            Filter(
                "reach",
                _("Reachable by"),
                {"mobile": _("Mobile"), "fixed": _("Landline"), "phone": _("Any phone"), "email": _("E-mail")},
            ),
            Filter("out", _("Messages"), {"no": _("May be written to"), "yes": _("Opted out")}),
            Filter("order", _("Order"), {"name": _("By name"), "recent": _("Changed last")}),
        ]
        self._table = data_table(
            [
                Column("name", _("Name"), phone="title"),
                Column("phone", _("Phone"), look="m-num", phone="sub"),
                Column("tags", _("Tags")),
                Column("state", _("State"), phone="end"),
                Column("changed", _("Changed"), align="right", look="m-hint"),
            ],
            self._fetch,
            self._row,
            search=_("Name, phone or e-mail"),
            filters=[one for one in filters if one.options],
            link=lambda row: f"/contacts/{row.id}",
            bulk=self._draw_bulk if self._write or self._campaigns else None,
            draw_empty=self._draw_empty,
        )

    async def _fetch(self, query: Query) -> Page[ContactRow]:
        params = _params(query)
        if self._export is not None:
            wanted = {name: str(value).lower() for name, value in params.items() if name != "sort"}
            self._export.props["href"] = "/contacts/export.csv" + (f"?{urlencode(wanted)}" if wanted else "")
        found = await client.contacts(self._api, {**params, "cursor": query.cursor, "limit": query.limit})
        if query.cursor is None:
            self._counted = found  # the API counts for the first page only
        elif self._counted is None:
            self._counted = await client.contacts(self._api, {**params, "limit": 1})
        found.total, found.total_is_estimate = self._counted.total, self._counted.total_is_estimate
        return found

    def _row(self, row: ContactRow) -> Mapping[str, Cell]:
        name = row.name or row.phone_display or row.email or _("No name")
        flag: Cell = None
        if row.opted_out:
            flag = state(_("Opted out"), "warn")
        elif row.line is LineType.FIXED:
            flag = state(_("Landline"), "quiet")
        return {
            "id": str(row.id),
            "name": person(name, row.email if row.email and row.email != name else ""),
            "phone": row.phone_display,
            "tags": tags([tag.name for tag in row.tags]) if row.tags else None,
            "state": flag,
            "changed": formats.ago(row.updated_at),
        }

    def _draw_empty(self) -> None:
        if not self._write:
            empty("group", _("No contacts yet"), _("When your team adds some, they stand here."))
            return
        text = _("Bring your list as a spreadsheet, or add people one by one. Who writes to you is added by itself.")
        empty("group", _("No contacts yet"), text, action=_("Import a list"), to="/imports")

    # -- many at once -------------------------------------------------------------------------------------------

    def _draw_bulk(self, chosen: Selection) -> None:
        if self._campaigns:
            button(_("Campaign with these"), partial(self._campaign, chosen), icon="campaign")
        if not self._write:
            return
        button(_("Add tag"), partial(self._ask_tag, chosen, "add_tags"), icon="new_label")
        button(_("Remove tag"), partial(self._ask_tag, chosen, "remove_tags"), icon="label_off")
        button(_("Opt out"), partial(self._ask, chosen, "opt_out"), icon="notifications_off")
        button(_("Delete"), partial(self._ask, chosen, "delete"), kind="danger", icon="delete")

    def _ask_tag(self, chosen: Selection, verb: str) -> None:
        adding = verb == "add_tags"

        async def go() -> None:
            if filled([field]):
                box.close()
                await self._start(chosen, verb, [field.value])

        with dialog(_("Add a tag") if adding else _("Remove a tag"), _count(chosen)) as box:
            if adding:
                field = text_field(_("Tag"), limit=60, hint=_("An existing one, or a new name."), on_enter=go)
                field.control.props["autofocus"] = True
            else:
                field = select_field(_("Tag"), {tag.name: tag.name for tag in self._tags}, search=True)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Add") if adding else _("Remove"), go, kind="primary")
        box.open()

    async def _ask(self, chosen: Selection, verb: str) -> None:
        deleting = verb == "delete"
        text = (
            _("Names, numbers, tags and notes go for good. Who opted out stays opted out.")
            if deleting
            else _("They get no more messages, also not those that wait in campaigns.")
        )
        heading = _("Delete these contacts?") if deleting else _("Opt these contacts out?")
        if await confirm(heading, f"{_count(chosen)} {text}", yes=_("Delete") if deleting else _("Opt out"), danger=deleting):
            await self._start(chosen, verb, [])

    async def _campaign(self, chosen: Selection) -> None:
        """Makes the draft and opens it at its channel: nothing goes out before a person starts it."""
        filter = _meant(chosen)
        if not filter.picks and chosen.all_matching:
            filter = ContactFilter(everyone=True)
        made = await campaigns.create(self._api, CampaignCreate(name=new_name(), audience=filter))
        ui.navigate.to(f"/campaigns/{made.id}/edit?step=channel")

    async def _start(self, chosen: Selection, verb: str, names: list[str]) -> None:
        filter = _meant(chosen)
        if chosen.all_matching:
            filter = structs.replace(filter, everyone=True)  # all that the list shows
        started = await client.start_bulk(self._api, BulkAction(filter=filter, verb=verb, tags=names))  # type: ignore[arg-type]
        self._bulk_id = started.id
        self._progress_place.clear()
        with self._progress_place, ui.element("div").classes("m-card"):
            self._progress = progress(0, started.total)
        if self._table is not None:
            await self._table.reload()

    async def _bulk_moved(self, event: BulkProgress) -> None:
        if event.bulk_id != self._bulk_id or self._progress is None:
            return
        self._progress.set(event.processed, event.total)
        if event.done:
            self._progress_place.clear()
            self._bulk_id, self._progress = None, None
            toast(_("Done: {n} contacts.").format(n=formats.number(event.processed)))
            await self._refresh()

    # -- one more -----------------------------------------------------------------------------------------------

    def new(self) -> None:
        async def save() -> None:
            words = [name.strip() for name in given["tags"].value.split(",") if name.strip()]
            body = ContactCreate(
                name=given["name"].value, phone=given["phone"].value or None, email=given["email"].value or None, tags=words
            )
            try:
                made = await client.create_contact(self._api, body)
            except ApiProblem as error:
                if error.code == "contact_exists":
                    where = given.get(str(error.params.get("field")), given["phone"])
                    mark({where: _("There is a contact with this already.")})
                    with ui.element("div"):
                        button(_("Open that contact"), to=f"/contacts/{error.params['contact_id']}")
                else:
                    problems.show_in(given, error)
                return
            box.close()
            ui.navigate.to(f"/contacts/{made.id}")

        with dialog(_("New contact"), wide=True) as box, ui.element("div").classes("m-col"):
            given = {
                "name": text_field(_("Name"), limit=200),
                "phone": text_field(_("Phone"), kind="tel", placeholder="(11) 98765-4321", on_enter=save),
                "email": text_field(_("E-mail"), kind="email", on_enter=save),
                "tags": text_field(_("Tags"), hint=_("Several with commas between them.")),
            }
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()


def _meant(chosen: Selection) -> ContactFilter:
    """Those that were ticked, or the conditions of the list where all of them are meant."""
    if not chosen.all_matching:
        return ContactFilter(ids=[UUID(one) for one in chosen.ids])
    asked = _params(chosen.query)
    return ContactFilter(
        search=asked.get("search"),
        tags=[UUID(asked["tag"])] if "tag" in asked else [],
        segment_id=UUID(asked["segment_id"]) if "segment_id" in asked else None,
        line=asked.get("line"),
        has=asked.get("has"),
        opted_out=asked.get("opted_out"),
    )


def _count(chosen: Selection) -> str:
    text = _("About {n} contacts are selected.") if chosen.estimated else _("{n} contacts are selected.")
    return text.format(n=formats.number(chosen.amount))
