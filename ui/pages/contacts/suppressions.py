"""Who is not written to, whoever has the address: the list, a list of opt-outs taken in, an address let go again."""

import asyncio
from collections.abc import Mapping
from functools import partial

from nicegui import ui

from api.contract.base import Page
from api.contract.consent import Suppression, SuppressionList, SuppressionsAdded
from api.contract.enums import Permission
from api.contract.events import ContactsChanged
from ui import formats, live, session
from ui.client import consent as client
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.cells import Cell, choice
from ui.components.confirm import dialog
from ui.components.consent import ask_proof
from ui.components.files import drop_zone
from ui.components.forms import area_field, filled, text_field
from ui.components.frame import frame
from ui.components.query import Query
from ui.components.states import empty
from ui.components.table import Column, DataTable, data_table
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import contacts as contact_labels
from ui.pages.contacts import workbook
from ui.pages.contacts.address_list import Found, decoded, found_in
from ui.routing import page

_MOST = 5000
"""Addresses of one call."""
_LARGEST = 10_000_000  # bytes


@page("/contacts/blocked", permission=Permission.CONTACTS_READ)
def blocked() -> None:
    text = _("Phones and e-mails that get no messages, whoever has them")
    with frame(_("Do not write"), text, breadcrumbs=[(_("Contacts"), "/contacts")], active="/contacts") as head:
        view = _Blocked()
        if session.current().may(Permission.CONTACTS_WRITE):
            with head.actions:
                button(_("Add a list"), view.add, kind="primary", icon="playlist_add")


class _Blocked:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONTACTS_WRITE)
        self._shown: dict[str, Suppression] = {}
        self._place = ui.element("div").classes("w-full")
        self._table: DataTable[Suppression] = data_table(
            [
                Column("address", _("Address"), look="m-num", phone="title"),
                Column("who", _("Contact"), phone="sub"),
                Column("why", _("Why"), look="m-hint"),
                Column("since", _("Since"), align="right", look="m-hint"),
                *([Column("lift", _("Actions"), phone="end")] if self._write else []),
            ],
            self._fetch,
            self._row,
            search=_("Phone or e-mail"),
            on_choice=self._ask,
            draw_empty=lambda: empty(
                "notifications_off", _("Nobody asked for silence yet"), _("Who answers SAIR or STOP stands here at once.")
            ),
        )
        self._throttle = Throttle(self._table.refresh, 2.0)
        live.on(ContactsChanged, lambda event: self._throttle.poke())

    async def _fetch(self, query: Query) -> Page[Suppression]:
        found = await client.suppressions(
            self._api, {"search": query.search or None, "cursor": query.cursor, "limit": query.limit}
        )
        self._shown = {one.address: one for one in found.items}
        return found

    def _row(self, row: Suppression) -> Mapping[str, Cell]:
        shown = formats.phone(row.address) if row.address.startswith("+") else row.address
        return {
            "id": row.address,
            "address": shown,
            "who": (row.name or _("No name")) if row.contact_id else None,
            "why": contact_labels.out_source(row.source),
            "since": formats.day(row.at),
            "lift": choice(row.address, "lift", _("Let go"), _("Let {address} get messages again").format(address=shown))
            if self._write
            else None,
        }

    def _ask(self, address: str, _key: str) -> None:
        text = _("It may be written to again, and so may the contact that has it. Do this only when the person asked for it.")
        shown = formats.phone(address) if address.startswith("+") else address
        ask_proof(
            _("Let {address} get messages again?").format(address=shown),
            text,
            partial(client.lift, self._api, address),
            self._table.refresh,
        )

    def add(self) -> None:
        brought = Found([], [])

        async def take(file: Uploaded) -> None:
            data = b"".join([piece async for piece in file.iterate()])
            nonlocal brought
            try:
                book = data.startswith(workbook.SIGNATURE)
                text = await asyncio.to_thread(workbook.text_of, data) if book else decoded(data)
            except workbook.Unreadable:
                toast(
                    _("This Excel file cannot be read. Save it as .xlsx without a password, or as CSV, and choose it again."),
                    "bad",
                )
                return
            brought = found_in(text)
            count = len(brought.addresses)
            said = ngettext("{file}: {n} phone or e-mail.", "{file}: {n} phones and e-mails.", count)
            with_file.text = said.format(n=formats.number(count), file=file.name)
            with_file.set_visibility(True)

        async def save() -> None:
            written = found_in(lines.value or "")
            texts, wrong = [*written.addresses, *brought.addresses], [*written.wrong, *brought.wrong]
            if not texts:
                lines.error(_("Write the phones and e-mails, or choose a file."))
            if not filled([why]) or not texts:
                return
            total = SuppressionsAdded(added=0, known=0, wrong=wrong)
            for start in range(0, len(texts), _MOST):
                body = SuppressionList(addresses=texts[start : start + _MOST], note=why.value.strip())
                try:
                    done = await client.add(self._api, body)
                except (ApiProblem, Offline) as error:
                    self._tell(total)
                    if isinstance(error, ApiProblem):
                        problems.show_in({"addresses": lines, "note": why}, error)
                    else:
                        problems.show(error)
                    return
                total = SuppressionsAdded(
                    added=total.added + done.added, known=total.known + done.known, wrong=[*total.wrong, *done.wrong]
                )
            box.close()
            await self._table.refresh()
            self._tell(total)

        with dialog(
            _("Add a list"),
            _("One phone or e-mail on each line. They get nothing more, also not what waits in campaigns."),
            wide=True,
        ) as box:
            with ui.element("div").classes("m-col"):
                lines = area_field(_("Phones and e-mails"), placeholder="(11) 98765-4321\nana@exemplo.com.br", rows=5)
                drop_zone(
                    _("Or a file of another system (Excel, CSV or text)"),
                    take,
                    accept=".xlsx,.csv,.txt,.tsv",
                    max_bytes=_LARGEST,
                    hint=_("Of a table the columns with phones and e-mails count; of Excel the first sheet that is shown."),
                    wrong_kind=_("Save the table as Excel (.xlsx) or CSV first, then choose that file."),
                )
                with_file = ui.label("").classes("m-sub")
                with_file.set_visibility(False)
                why = text_field(
                    _("Where the list is from"),
                    limit=200,
                    placeholder=_("Opt-outs of the old system, May 2026"),
                    hint=_("This is kept as the proof."),
                )
                with ui.element("div").classes("m-dialog-foot"):
                    button(_("Cancel"), box.close, kind="plain")
                    button(_("Add"), save, kind="primary")
        box.open()

    def _tell(self, done: SuppressionsAdded) -> None:
        added, known, wrong = done.added, done.known, done.wrong
        self._place.clear()
        said = ngettext("{n} address was added.", "{n} addresses were added.", added).format(n=formats.number(added))
        if known:
            said += " " + ngettext("{n} stood here already.", "{n} stood here already.", known).format(n=formats.number(known))
        with self._place, note("warn" if wrong else "ok", said, name="warning" if wrong else "check_circle"):
            if wrong:
                text = ngettext("{n} line is no phone and no e-mail:", "{n} lines are no phone and no e-mail:", len(wrong))
                ui.label(f"{text.format(n=formats.number(len(wrong)))} {', '.join(wrong[:10])}").classes("m-text")
