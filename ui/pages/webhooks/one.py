"""One webhook: how it fares, what it was told, and what can be done about it."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.enums import DeliveryState, Permission
from api.contract.events import WebhookChanged
from api.contract.webhooks import Webhook, WebhookDelivery, WebhookHour
from ui import formats, live, session
from ui.client import webhooks as client
from ui.client.base import ApiProblem
from ui.components.buttons import button
from ui.components.cards import card, figure, figures, note
from ui.components.cells import Cell, state, two_lines
from ui.components.charts import bar_chart, line_chart
from ui.components.confirm import confirm, dialog
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.query import Filter, Query
from ui.components.states import empty, gone, load, skeleton_chart, skeleton_figures
from ui.components.table import Column, data_table
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import webhooks as labels
from ui.pages.webhooks.again import ask
from ui.pages.webhooks.form import edit, show_secret
from ui.pages.webhooks.list import failing
from ui.routing import page

_HOURS = 48


class _Found(NamedTuple):
    webhook: Webhook
    hours: list[WebhookHour]


@page("/webhooks/{webhook_id:uuid}", permission=Permission.WEBHOOKS_READ)
def one(webhook_id: UUID) -> None:
    crumbs = [(_("Settings"), "/settings"), (_("Webhooks"), "/webhooks")]
    with frame(_("Webhook"), breadcrumbs=crumbs, active="/settings") as head:
        _One(webhook_id, head)


class _One:
    def __init__(self, webhook_id: UUID, head: Frame) -> None:
        me = session.current()
        self._id, self._api, self._head, self._write = webhook_id, me.api, head, me.may(Permission.WEBHOOKS_WRITE)
        self._place = load(self._fetch, self._draw, self._skeleton, "m-col m-loose w-full")
        states = {one.value: labels.delivery(one)[0] for one in DeliveryState}
        self._table = data_table(
            [
                Column("what", _("Event"), phone="title"),
                Column("state", _("State"), phone="end"),
                Column("answer", _("Answer"), look="m-hint", phone="sub"),
                Column("took", _("Took"), "right", "m-num"),
            ],
            self._deliveries,
            self._row,
            filters=[Filter("type", _("Event"), labels.names()), Filter("state", _("State"), states)],
            link=lambda one: f"/webhooks/{webhook_id}/deliveries/{one.id}",
            draw_empty=lambda: empty("outbox", _("Nothing sent yet"), _("What happens from now on stands here for 14 days.")),
        )
        live.on(WebhookChanged, self._heard)
        live.on_reset(self._refresh)

    def _skeleton(self) -> None:
        skeleton_figures(4)
        skeleton_chart()

    async def _fetch(self) -> _Found:
        try:
            return _Found(await client.webhook(self._api, self._id), await client.hours(self._api, self._id, _HOURS))
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This webhook is no longer here"), "/webhooks")
            raise

    async def _heard(self, event: WebhookChanged) -> None:
        if event.endpoint_id == self._id:
            await self._refresh()

    async def _refresh(self) -> None:
        await self._place.refresh()
        await self._table.refresh()

    # -- how it fares -----------------------------------------------------------------------------------------------

    def _draw(self, found: _Found) -> None:
        webhook = found.webhook
        name = webhook.description or urlsplit(webhook.url).hostname or _("Webhook")
        self._head.title.text = name
        ui.page_title(f"{name} · Master IA")
        self._head.actions.clear()
        if self._write:
            with self._head.actions:
                self._draw_actions(webhook)
        self._draw_notes(webhook)
        with card(_("Where it leads"), hint=webhook.url):
            ui.label(" · ".join(labels.type_name(kind) for kind in webhook.types)).classes("m-sub m-text")
            if webhook.made_with is not None and (not webhook.key_ended or webhook.off_because is not None):
                ui.label(_("Made with the API key “{name}”.").format(name=webhook.made_with)).classes("m-hint")
        delivered, failed = sum(hour.delivered for hour in found.hours), sum(hour.failed for hour in found.hours)
        with figures():
            last = ngettext("Last {n} hour", "Last {n} hours", _HOURS).format(n=_HOURS)
            figure(_("Delivered"), formats.number(delivered), hint=last)
            figure(_("Failed tries"), formats.number(failed), hint=last)
            share = formats.percent(delivered, delivered + failed) if delivered + failed else "–"
            figure(_("Tries that succeed"), share)
            slowest = max((hour.p95 for hour in found.hours), default=0)
            figure(
                _("Slowest hour"),
                formats.number(slowest) if slowest else "–",
                unit="ms" if slowest else "",
                hint=_("95% answer within"),
            )
        if delivered + failed:
            self._draw_charts(found.hours)

    def _draw_charts(self, hours: list[WebhookHour]) -> None:
        first = hours[0].hour
        count = int((datetime.now(UTC) - first) / timedelta(hours=1)) + 1
        known = {hour.hour: hour for hour in hours}
        spots = [first + timedelta(hours=number) for number in range(count)]
        names = [formats.clock(spot) for spot in spots]
        every = [known.get(spot) for spot in spots]
        with ui.element("div").classes("m-grid m-grid-wide"):
            with card(_("Tries by hour")):
                bar_chart(
                    names,
                    [
                        (_("Delivered"), [hour.delivered if hour else 0 for hour in every]),
                        (_("Failed"), [hour.failed if hour else 0 for hour in every]),
                    ],
                    stacked=True,
                    label=_("Tries that succeeded and that failed, by hour"),
                )
            if not any(hour.delivered for hour in hours):  # nothing to draw
                return
            with card(_("How fast it answers"), hint=_("In milliseconds")):
                line_chart(
                    names,
                    [
                        (_("Half of them within"), [hour.median if hour and hour.delivered else None for hour in every]),
                        (_("95% within"), [hour.p95 if hour and hour.delivered else None for hour in every]),
                    ],
                    label=_("How many milliseconds the receiver took to answer, by hour"),
                )

    def _draw_notes(self, webhook: Webhook) -> None:
        if webhook.off_because is not None:
            with note("warn", labels.off(webhook.off_because), name="warning"):
                if webhook.off_at is not None:
                    Text("p", labels.off_since(webhook.off_at, webhook.off_by_name), "m-sub")
                if self._write:
                    button(_("Switch on"), partial(self._switch, True))
        elif failing(webhook) and webhook.failing_since is not None:
            text = _("Since {when} every try has failed. We go on trying; after five days it is switched off.")
            with note("bad", text.format(when=formats.moment(webhook.failing_since)), name="error"):
                Text(
                    "p", _("Is the address right, and does your server run? The list below says what came of each try."), "m-sub"
                )
        if webhook.made_with is not None and webhook.key_ended and webhook.off_because is None:
            text = _(
                "It was made with the API key “{name}”, which works no more. The webhook goes on: delete it if nobody needs it."
            )
            with note("warn", text.format(name=webhook.made_with), name="warning"):
                pass
        if webhook.old_until is not None:
            with note("info", _("Two secrets hold until {when}.").format(when=formats.moment(webhook.old_until))):
                pass

    # -- what can be done -------------------------------------------------------------------------------------------

    def _draw_actions(self, webhook: Webhook) -> None:
        if webhook.off_because is None:
            button(_("Send test"), self._test, icon="send", kind="primary")
        button(_("Change"), partial(edit, self._api, self._refresh, webhook), icon="edit")
        entries = [Choice(_("New secret"), self._rotate, "key")]
        if webhook.off_because is None:
            entries.insert(0, Choice(_("Send a span of time again"), partial(ask, self._api, webhook, self._refresh), "replay"))
            entries.append(Choice(_("Switch off"), partial(self._switch, False), "pause"))
        more([*entries, Choice(_("Delete"), self._delete, "delete", danger=True, line=True)])

    async def _test(self) -> None:
        await client.test(self._api, self._id)
        toast(_("The test is on its way. What came of it stands in the list below."))
        await self._table.refresh()
        ui.timer(2.0, self._refresh, once=True)

    async def _switch(self, on: bool) -> None:
        await client.switch(self._api, self._id, on=on)
        toast(_("It is on. What waited goes out now.") if on else _("It is off. What happens meanwhile waits for 14 days."))

    async def _rotate(self) -> None:
        text = _("For 24 hours the former secret holds too. The key of the older signature changes at once.")
        if await confirm(_("Make a new secret?"), text, yes=_("New secret")):
            made = await client.rotate(self._api, self._id)
            with dialog(_("New secret"), wide=True) as box, ui.element("div").classes("m-col") as inside:
                pass
            show_secret(made, inside, box)
            box.open()

    async def _delete(self) -> None:
        text = _("With it go its list and what still waits. This cannot be undone.")
        if await confirm(_("Delete this webhook?"), text, yes=_("Delete"), danger=True):
            await client.delete(self._api, self._id)
            ui.navigate.to("/webhooks")

    # -- what it was told -------------------------------------------------------------------------------------------

    async def _deliveries(self, query: Query) -> Page[WebhookDelivery]:
        return await client.deliveries(self._api, self._id, {**query.filters, "limit": query.limit, "cursor": query.cursor})

    def _row(self, one: WebhookDelivery) -> dict[str, Cell]:
        text, tone = labels.delivery(one.state)
        said = f"HTTP {one.status}" if one.status is not None else labels.failure(one.failure) if one.failure else ""
        tries = [ngettext("{n} try", "{n} tries", one.tries).format(n=one.tries)] if one.tries > 1 else []
        again = []
        if one.next_at is not None and one.tries:
            again = [_("again {when}").format(when=formats.moment(one.next_at))]
        long = one.status is None  # a sentence: what it would push out of sight goes first
        answer = " · ".join([*again, *tries, said] if long else [said, *again, *tries])
        return {
            "id": str(one.id),
            "what": two_lines(labels.type_name(one.type), formats.moment(one.created_at)),
            "state": state(text, tone),
            "answer": answer,
            "took": f"{formats.number(one.milliseconds)} ms" if one.milliseconds is not None else "",
        }
