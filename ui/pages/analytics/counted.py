"""What figures of consent, of calls and of origins count: the rows behind them, as many as the figure says."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from api.contract.analytics_calls import CallCounted
from api.contract.analytics_consent import ConsentCounted
from api.contract.analytics_origins import OriginLead
from api.contract.base import Page
from api.contract.calls import CallOutcome
from api.contract.enums import CallFact, OriginKind, Permission, WhichTouch
from ui import formats, session
from ui.client import analytics as client
from ui.components.address import address
from ui.components.cells import Cell
from ui.components.frame import frame
from ui.components.query import Query
from ui.components.states import empty
from ui.components.table import Column, data_table
from ui.i18n import _, pgettext
from ui.labels import calls as labels
from ui.labels import contacts
from ui.pages.analytics import words
from ui.pages.analytics.asked import Asked
from ui.routing import page

_SOURCES = ("keyword", "provider", "person", "import", "api", "list")


class _Rows:
    """`asked`: filters of the page, `fixed`: what the figure is, as the API takes it."""

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[Mapping[str, Any]], Awaitable[Page[Any]]],
        row: Callable[[Any], Mapping[str, Cell]],
        link: Callable[[Any], str | None],
        fixed: Mapping[str, Any],
        *filters: str,
    ) -> None:
        self._asking, self._fixed = fetch, {name: value for name, value in fixed.items() if value is not None}
        self._asked = Asked(self._again, *filters, rows=True)
        self._table = data_table(columns, self._fetch, row, link=link, draw_empty=self._draw_empty)

    async def _again(self) -> None:
        address().write({"after": None, "page": None})
        await self._table.reload()

    async def _fetch(self, query: Query) -> Page[Any]:
        more = {"limit": query.limit, **({"cursor": query.cursor} if query.cursor else {})}
        return await self._asking({**self._asked.params, **self._fixed, **more})

    @staticmethod
    def _draw_empty() -> None:
        with ui.element("div"):
            empty("search_off", _("Nothing is counted here"), _("Choose more days, or fewer filters."))


def _flag(text: str) -> str | None:
    return text if text in ("true", "false") else None


@page("/analytics/consent/entries", permission=Permission.ANALYTICS_READ)
def consent_rows(allowed: str = "", partly: str = "", source: str = "") -> None:
    which = words.consent()[(1 if allowed == "true" else 0) + (2 if partly == "true" else 0)]
    name, meaning = which if allowed and partly else (_("Consent"), _("What people asked for, the newest first."))
    with frame(
        name, meaning, breadcrumbs=[(_("Analytics"), "/analytics"), (_("Consent"), "/analytics/consent")], active="/analytics"
    ):
        _Rows(
            [
                Column("who", _("Contact"), phone="title"), Column("at", _("When"), phone="sub"), Column("what", _("Asked for"), phone="sub"),
                Column("source", _("How it is known")),
            ],
            lambda params: client.consent_entries(session.current().api, params),
            _consent_row,
            lambda one: f"/contacts/{one.contact_id}" if one.contact_id else None,
            {"allowed": _flag(allowed), "partly": _flag(partly), "source": source if source in _SOURCES else None},
            "tag",
        )  # fmt: skip


def _consent_row(one: ConsentCounted) -> Mapping[str, Cell]:
    said = _("Yes") if one.allowed else _("No")
    return {
        "id": str(one.id),
        "who": one.contact_name or (formats.DASH if one.contact_id else _("Not a contact")),
        "at": formats.moment(one.at),
        "what": f"{said} · {one.category}" if one.category else said,
        "source": contacts.out_source(one.source) or _("Otherwise"),
    }


@page("/analytics/calls/rows", permission=Permission.ANALYTICS_READ)
def call_rows(fact: str = CallFact.CALLED.value, outcome: str = "") -> None:
    known = CallFact(fact) if fact in set(CallFact) else CallFact.CALLED
    name, meaning = words.calls()[0 if known is CallFact.CALLED else 1]
    ended = CallOutcome(outcome) if outcome in set(CallOutcome) else None
    with frame(
        labels.outcome(ended)[0] if ended else name,
        meaning,
        breadcrumbs=[(_("Analytics"), "/analytics"), (_("Calls"), "/analytics/calls")],
        active="/analytics",
    ):
        _Rows(
            [
                Column("who", _("Conversation"), phone="title"), Column("at", _("When"), phone="sub"), Column("end", _("How it ended"), phone="sub"),
                Column("took", _("Took"), align="right", look="m-num", phone="end"), Column("channel", _("Channel")),
            ],
            lambda params: client.call_rows(session.current().api, params),
            _call_row,
            lambda one: f"/inbox/{one.conversation_id}" if one.conversation_id else None,
            {"fact": known.value, "outcome": ended.value if ended else None},
            "channel_id",
            "team_id",
            "tag",
        )  # fmt: skip


def _call_row(one: CallCounted) -> Mapping[str, Cell]:
    return {
        "id": str(one.id),
        "who": one.contact_name or _("Deleted"),
        "at": formats.moment(one.at),
        "end": labels.outcome(one.outcome)[0] if one.outcome else _("Not over"),
        "took": formats.duration(one.seconds) if one.seconds is not None else None,
        "channel": one.channel_name,
    }


@page("/analytics/origins/leads", permission=Permission.ANALYTICS_READ)
def brought_rows(
    kind: str = OriginKind.CAMPAIGN.value, key: str = "", touch: str = WhichTouch.FIRST.value, won: str = ""
) -> None:
    with frame(
        _("Leads that it brought"),
        _("The leads behind the figure, the newest first"),
        breadcrumbs=[(_("Analytics"), "/analytics"), (_("What it brought"), "/analytics/origins")],
        active="/analytics",
    ):
        _Rows(
            [
                Column("who", _("Lead"), phone="title"), Column("at", _("When"), phone="sub"), Column("won", pgettext("figures", "Won"), phone="sub"),
                Column("worth", _("Worth"), align="right", look="m-num", phone="end"), Column("owner", _("Owner")),
            ],
            lambda params: client.origin_leads(session.current().api, params),
            _brought_row,
            lambda one: f"/boards/{one.board_id}?lead={one.lead_id}",
            {
                "kind": kind if kind in set(OriginKind) else OriginKind.CAMPAIGN.value, "key": key[:2000],
                "touch": touch if touch in set(WhichTouch) else WhichTouch.FIRST.value, "won": _flag(won),
            },
            "team_id",
            "tag",
        )  # fmt: skip


def _brought_row(one: OriginLead) -> Mapping[str, Cell]:
    return {
        "id": str(one.id),
        "who": one.title,
        "at": formats.moment(one.at),
        "won": _("Yes") if one.won else _("No"),
        "worth": formats.money(one.value_cents, one.currency) if one.value_cents is not None else None,
        "owner": one.owner_name,
    }
