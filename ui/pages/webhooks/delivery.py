"""One delivery: the bytes that were sent, every try, and once more."""

from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.enums import DeliveryState, Permission
from api.contract.webhooks import WebhookDeliveryDetail, WebhookTry
from ui import formats, session
from ui.client import webhooks as client
from ui.client.base import ApiProblem
from ui.components.buttons import button
from ui.components.cards import card, key_values
from ui.components.frame import Frame, frame
from ui.components.states import empty, gone, load, skeleton_card
from ui.components.text import Text, badge, dot
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import webhooks as labels
from ui.routing import page


@page("/webhooks/{webhook_id:uuid}/deliveries/{delivery_id:uuid}", permission=Permission.WEBHOOKS_READ)
def delivery(webhook_id: UUID, delivery_id: UUID) -> None:
    crumbs = [(_("Settings"), "/settings"), (_("Webhooks"), "/webhooks"), (_("Webhook"), f"/webhooks/{webhook_id}")]
    with frame(_("Event"), breadcrumbs=crumbs, active="/settings") as head:
        _Delivery(webhook_id, delivery_id, head)


class _Delivery:
    def __init__(self, webhook_id: UUID, delivery_id: UUID, head: Frame) -> None:
        me = session.current()
        self._of, self._id, self._api, self._head = webhook_id, delivery_id, me.api, head
        self._write = me.may(Permission.WEBHOOKS_WRITE)
        self._place = load(self._fetch, self._draw, lambda: skeleton_card(6), "m-col m-loose w-full")

    async def _fetch(self) -> WebhookDeliveryDetail:
        try:
            return await client.delivery(self._api, self._of, self._id)
        except ApiProblem as error:
            if error.status == 404:
                gone(self._head.body, _("This event is no longer here"), f"/webhooks/{self._of}")
            raise

    def _draw(self, found: WebhookDeliveryDetail) -> None:
        self._head.actions.clear()
        with self._head.actions:
            if self._write and found.state in (DeliveryState.DELIVERED, DeliveryState.FAILED):
                button(_("Send again"), self._again, icon="replay")
            button(_("Refresh"), self._place.refresh, icon="refresh")
        text, tone = labels.delivery(found.state)
        facts: list[tuple[str, Any]] = [
            (_("State"), lambda: badge(text, tone)),
            (_("When"), formats.moment(found.created_at)),
            ("webhook-id", found.event_id),
        ]
        if found.next_at is not None and found.tries:
            facts.append((_("Next try"), formats.moment(found.next_at)))
        with card(labels.type_name(found.type)):
            key_values(facts)
        with card(_("Tries")):
            if not found.tries:
                empty("schedule_send", _("None yet."), _("What comes of a try stands here a moment later."))
            for number, one in enumerate(reversed(found.tries)):
                _draw_try(one, unfolded=number == 0)
        with card(_("What is sent")):
            Text("pre", found.body, "m-mono m-text")

    async def _again(self) -> None:
        await client.again(self._api, self._of, self._id)
        toast(_("It goes out again, with the same id and the same bytes."))
        await self._place.refresh()


def _draw_try(one: WebhookTry, *, unfolded: bool) -> None:
    """What was answered and when; unfolded, what went wrong and the headers of both sides."""
    answered = f"HTTP {one.status}" if one.status is not None else _("No answer")
    with ui.element("details").classes("m-unfold m-unfold-flat") as place:
        if unfolded:
            place.props["open"] = True
        with ui.element("summary").classes("m-row m-near"):
            dot("bad" if one.failure else "ok")
            ui.label(f"{answered} · {formats.number(one.milliseconds)} ms").classes("m-strong m-grow m-clip")
            ui.label(formats.moment(one.at)).classes("m-hint shrink-0")
        with ui.element("div").classes("m-col m-near"):
            if one.failure:
                ui.label(labels.failure(one.failure)).classes("m-sub")
            if one.answer:
                ui.label(_("What came back")).classes("m-label")
                Text("pre", one.answer, "m-mono m-text")
            for title, headers in (
                (_("Headers that came back"), one.answer_headers),
                (_("Headers that were sent"), one.headers),
            ):
                if headers:
                    ui.label(title).classes("m-label")
                    Text("pre", "\n".join(f"{name}: {value}" for name, value in headers.items()), "m-mono m-text")
