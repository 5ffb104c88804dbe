"""Each member of the audience with what became of the message: search, filters, pages, the contact, the file."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.campaign_progress import MessageHistory, Progress, Recipient
from api.contract.campaigns import Campaign
from api.contract.enums import Permission
from ui import formats, kinds, session
from ui.client import campaigns
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import log_list
from ui.components.cells import Cell, choice, person, state, two_lines
from ui.components.confirm import dialog
from ui.components.query import Filter, Query
from ui.components.table import Column, DataTable, data_table
from ui.components.text import Tone, chip, title
from ui.i18n import _
from ui.labels import messages as message_labels
from ui.labels import reasons, waits

REPLIED = "replied"


def why(reason: str | None, state: str) -> str:
    if not reason:
        return ""
    return (reasons.skip(reason) if state == "skipped" else reasons.failure(reason)).name


class Recipients:
    """The table. `only(reason)` shows the people of one reason; `refresh` asks for the page again."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign, self._api = campaign, session.current().api
        self._reason = address().get("reason") or None
        self._states: dict[str, str] = {}
        self._search = ""
        self._table: DataTable[Recipient]
        states = {key: name for key, (name, _tone) in message_labels.message_states().items()} | {REPLIED: _("Answered")}
        with ui.element("section").classes("m-col m-near") as self._element:
            self._element.props["id"] = "recipients"
            with ui.element("div").classes("m-row m-between"):
                with ui.element("div").classes("m-row m-near items-baseline"):
                    title(_("People"))
                    self._chip = ui.element("div").classes("m-row")
                self._export = ui.element("div").classes("m-row")
            self._table = data_table(
                self._columns(),
                self._fetch,
                self._row,
                search=_("Name or number"),
                filters=[Filter("state", _("State"), states)],
                on_choice=self._history,
                link=lambda one: f"/contacts/{one.contact_id}#conversation" if one.contact_id else None,
                limit=25,
            )
        self._draw_tools()

    def _columns(self) -> list[Column]:
        found = [
            Column("name", _("Person"), phone="title"),
            Column("state", _("State"), phone="end"),
            Column("reason", _("Reason"), look="m-sub"),
            Column("sent", _("Sent at"), look="m-sub"),
            Column("delivered", _("Delivered at"), look="m-sub"),
        ]
        if kinds.can(self._campaign.channel_kind).reports_read:
            found.append(Column("read", _("Read at"), look="m-sub"))
        if self._campaign.fallback is not None:
            found.append(Column("instead", _("Another way"), phone="sub"))
        return [*found, Column("replied", _("Answer"), phone="sub"), Column("history", _("History"))]

    async def _fetch(self, query: Query) -> Page[Recipient]:
        params = {"search": query.search or None, "cursor": query.cursor, "limit": query.limit, **_asked(query.filters)}
        if (query.filters, query.search) != (self._states, self._search):
            self._states, self._search = dict(query.filters), query.search
            self._draw_export()
        return await campaigns.recipients(self._api, self._campaign.id, {**params, "reason": self._reason})

    def _row(self, one: Recipient) -> dict[str, Any]:
        name, tone = message_labels.message_states().get(one.state, (one.state, "quiet"))
        if one.maybe_duplicate:
            name = _("{state} · perhaps twice").format(state=name)
        address = formats.phone(one.address)
        return {
            "id": str(one.message_id),
            "name": person(one.name or address, address if one.name else ""),
            "state": state(name, tone),
            "reason": why(one.reason, one.state),
            "sent": _short(one.sent_at),
            "delivered": _short(one.delivered_at),
            "read": _short(one.read_at),
            "instead": _instead(one),
            "replied": _answer(one),
            "history": choice(str(one.contact_id), "history", _("See"), _("What happened, step by step"))
            if one.contact_id
            else "",
        }

    async def _history(self, contact_id: str, _key: str) -> None:
        found = await campaigns.history(self._api, UUID(contact_id), self._campaign.id)
        with dialog(_("What happened"), formats.phone(found.address)) as opened:
            log_list(steps(found))
            if found.fallback is not None:
                title(_("In its place, over {channel}").format(channel=found.fallback.channel_name))
                log_list(steps(found.fallback))
            with ui.element("div").classes("m-row m-near m-end"):
                button(_("Close"), opened.close)
        opened.open()

    def _draw_tools(self) -> None:
        self._chip.clear()
        with self._chip:
            if self._reason:
                chip(why(self._reason, ""), on=True, on_remove=lambda: self.only(None))
        self._draw_export()

    def _draw_export(self) -> None:
        """The file holds the people whom the table shows."""
        self._export.clear()
        if session.current().may(Permission.CONTACTS_EXPORT):
            with self._export:
                more = {"reason": self._reason, "search": self._search}
                query = urlencode(_asked(self._states) | {key: value for key, value in more.items() if value})
                path = f"/campaigns/{self._campaign.id}/recipients.csv" + (f"?{query}" if query else "")
                link = button(_("Export"), icon="download", to=path)
                link.props["download"] = ""
                link.tooltip(_("As a spreadsheet (CSV), of the people shown here"))

    def _set_reason(self, reason: str | None) -> None:
        self._reason = reason
        address().write({"reason": reason})
        self._draw_tools()

    async def only(self, reason: str | None) -> None:
        self._set_reason(reason)
        if reason:
            ui.run_javascript("document.getElementById('recipients')?.scrollIntoView({behavior: 'smooth', block: 'start'})")
        await self._table.reload()

    async def refresh(self, progress: Progress | None = None) -> None:
        await self._table.refresh()


def steps(found: MessageHistory) -> list[tuple[Tone, str, str, str]]:
    """The way of one message as lines, the newest first."""
    lines: list[tuple[datetime, Tone, str, str]] = []
    called = {key: name for key, (name, _tone) in message_labels.message_states().items()}
    for at, text in (
        (found.replied_at, _("Answered")),
        (found.read_at, called["read"]),
        (found.delivered_at, called["delivered"]),
    ):
        if at is not None:
            lines.append((at, "ok", text, ""))
    outcomes: dict[str, tuple[Tone, str]] = {
        "accepted": ("info", _("Taken by the provider")),
        "rejected": ("bad", _("Refused by the provider")),
        "unknown": ("warn", _("Sent without a clear answer")),
        "started": ("info", _("Handed to the provider")),
    }
    for one in found.tries:
        if one.held_by is not None:
            lines.append((one.at, "info", _("Held back before it went"), waits.held(one.held_by, one.held_name)))
            continue
        tone, text = outcomes[one.outcome]
        lines.append((one.at, tone, text, _("code {code}").format(code=one.code) if one.code else ""))
    if found.ended_at is not None:
        name = message_labels.message_states().get(found.state, (found.state, "quiet"))[0]
        lines.append(
            (found.ended_at, "bad" if found.state.startswith("failed") else "quiet", name, why(found.reason, found.state))
        )
    shown = [
        (tone, text, detail, formats.moment(at))
        for at, tone, text, detail in sorted(lines, key=lambda line: line[0], reverse=True)
    ]
    if found.next_at is not None:
        held = waits.held(found.waits.rule, found.waits.name, found.waits.until) if found.waits is not None else ""
        shown.insert(0, ("info", _("In the queue"), held, _("goes out {when}").format(when=formats.moment(found.next_at))))
    return shown


def _asked(filters: Mapping[str, str]) -> dict[str, str]:
    """As the API takes it: who answered stands beside the states, in all of which an answer may come."""
    return {"replied": "true"} if filters.get("state") == REPLIED else dict(filters)


def _instead(one: Recipient) -> Cell:
    """What became of what went another way, and when or why."""
    if one.fallback_state is None:
        return ""
    name, tone = message_labels.message_state(one.fallback_state)
    name = _("In its place: {state}").format(state=name)  # on a phone no heading stands above it
    at = one.fallback_delivered_at or one.fallback_sent_at
    under = formats.moment(at) if at is not None else why(one.fallback_reason, one.fallback_state)
    return state(name, tone) if not under else two_lines(name, under)


def _answer(one: Recipient) -> Cell:
    """The first line of the first answer, and when it came."""
    if one.replied_at is None:
        return ""
    line = next(iter((one.reply_text or "").strip().splitlines()), "")
    kind = message_labels.message_kind(one.reply_kind or "text")[0]
    return two_lines(line[:120] or kind or _("Answered"), formats.moment(one.replied_at))


def _short(moment: Any) -> str:
    return formats.moment(moment) if moment else ""
