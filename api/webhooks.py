"""Webhooks out over HTTP: thin, every rule is in db/webhooks."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.webhooks import (
    Webhook,
    WebhookCreate,
    WebhookDelivery,
    WebhookDeliveryDetail,
    WebhookHour,
    WebhookKind,
    WebhookPatch,
    WebhookReplay,
    WebhookReplayed,
    WebhookSecret,
    WebhookTest,
    WebhookTry,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.permissions import Permission
from db.settings import Settings
from db.webhooks import catalogue, endpoints, replay
from db.webhooks.endpoints import Endpoint, Secrets, host_of
from db.webhooks.enums import DeliveryState, WebhookType

_HEADERS = ("headers", "answer_headers")  # of a try


def _webhook(found: Endpoint) -> Webhook:
    return Webhook(**{name: getattr(found, name) for name in Webhook.__struct_fields__})


def _secret(found: tuple[Endpoint, Secrets]) -> WebhookSecret:
    return WebhookSecret(id=found[0].id, webhook=_webhook(found[0]), secret=found[1].secret, legacy_secret=found[1].legacy)


def _local(request: Request[Any, Any, Any], url: object) -> bool:
    """Whether this may be an address of this network."""
    settings: Settings = request.app.state.settings
    return settings.webhooks_allow_local or host_of(url) in settings.webhook_hosts


class WebhookController(Controller):
    path = "/v1/webhooks"
    tags = ("Webhooks",)

    @get("/types", summary="What a webhook can be told of")
    async def list_webhook_types(self, actor: Caller) -> Page[WebhookKind]:
        """Each type with an example of its `data`. A body is `{"type", "timestamp", "sequence", "data"}`: `timestamp` is when it happened,
        `sequence` rises with each event of the company. Fields may be added; what one means never changes. Needs `webhooks:read`."""
        actor.require(Permission.WEBHOOKS_READ)
        found = [
            WebhookKind(type=kind.type, about=kind.about, permissions=sorted(kind.permissions), data=kind.example)
            for kind in catalogue.KINDS.values()
        ]
        return Page(items=found, total=len(found))

    @get(summary="List webhooks")
    async def list_webhooks(self, actor: Caller) -> Page[Webhook]:
        """Without their secrets, oldest first. Needs `webhooks:read`."""
        found = await endpoints.endpoints(actor)
        return Page(items=[_webhook(one) for one in found], total=len(found))

    @post(summary="Create a webhook")
    async def create_webhook(
        self, data: JSONBody[WebhookCreate], actor: Caller, request: Request[Any, Any, Any]
    ) -> WebhookSecret:
        """It is told what happens from now on, at least once and in order for each conversation, contact, campaign and lead. Tries
        that fail are repeated for three days. The secret is shown once. Needs `webhooks:write`, and the permissions of each type
        (403 `webhook_type_not_yours`). 409 `too_many_webhooks`."""
        found = await endpoints.create(
            actor, data.url, data.description, data.types, legacy_signature=data.legacy_signature, local=_local(request, data.url)
        )
        return _secret(found)

    @get("/{webhook_id:uuid}", summary="Read a webhook")
    async def get_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> Webhook:
        """Needs `webhooks:read`."""
        return _webhook(await endpoints.endpoint(actor, webhook_id))

    @patch("/{webhook_id:uuid}", opt={"versioned": True}, summary="Change a webhook")
    async def update_webhook(
        self,
        webhook_id: FromPath[UUID],
        data: JSONBody[WebhookPatch],
        actor: Caller,
        expected: IfMatch,
        request: Request[Any, Any, Any],
    ) -> Webhook:
        """What waits already goes to the new address: who changes it needs the permissions of all that is told (403
        `webhook_type_not_yours`). Who chooses the types is from then on the one whose permissions count. Needs `webhooks:write`."""
        given = {name: value for name in WebhookPatch.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
        return _webhook(await endpoints.change(actor, webhook_id, **given, expected=expected, local=_local(request, data.url)))

    @delete("/{webhook_id:uuid}", summary="Delete a webhook")
    async def delete_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> None:
        """With its log and what waits for it. Needs `webhooks:write`."""
        await endpoints.delete(actor, webhook_id)

    @post("/{webhook_id:uuid}/enable", status_code=200, summary="Switch a webhook on")
    async def enable_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> Webhook:
        """What waited for it, for 14 days at most, goes out in its order. Needs `webhooks:write`."""
        return _webhook(await endpoints.switch(actor, webhook_id, on=True))

    @post("/{webhook_id:uuid}/disable", status_code=200, summary="Switch a webhook off")
    async def disable_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> Webhook:
        """What happens meanwhile waits for it, for 14 days. Needs `webhooks:write`."""
        return _webhook(await endpoints.switch(actor, webhook_id, on=False))

    @post("/{webhook_id:uuid}/rotate", status_code=200, summary="Give a webhook a new secret")
    async def rotate_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> WebhookSecret:
        """For 24 hours both sign; `legacy_secret` changes at once. Shown once. Needs `webhooks:write`."""
        return _secret(await endpoints.rotate(actor, webhook_id))

    @post("/{webhook_id:uuid}/test", status_code=202, summary="Send a test event")
    async def test_webhook(self, webhook_id: FromPath[UUID], actor: Caller) -> WebhookTest:
        """A `ping`, signed as every other event. Needs `webhooks:write`. 409 `webhook_off`."""
        return WebhookTest(delivery_id=await replay.send_test(actor, webhook_id))

    @post("/{webhook_id:uuid}/replay", status_code=202, summary="Send a span of events again")
    async def replay_webhook(self, webhook_id: FromPath[UUID], data: JSONBody[WebhookReplay], actor: Caller) -> WebhookReplayed:
        """Those that failed, or all, with their ids and bytes. Needs `webhooks:write`. 409 `webhook_off`."""
        count = await replay.again_range(actor, webhook_id, data.since, data.until, delivered_too=data.delivered_too)
        return WebhookReplayed(count=count)

    @get("/{webhook_id:uuid}/hours", summary="Successes and failures by hour")
    async def list_webhook_hours(
        self,
        webhook_id: FromPath[UUID],
        actor: Caller,
        hours: Annotated[int, QueryParameter(ge=1, le=336, description="How many hours back.")] = 24,
    ) -> Page[WebhookHour]:
        """Hours without a try are left out. Needs `webhooks:read`."""
        rows = await replay.hours(actor, webhook_id, hours)
        return Page(items=[struct(row, WebhookHour) for row in rows], total=len(rows))

    @get("/{webhook_id:uuid}/deliveries", summary="List what a webhook was told")
    async def list_webhook_deliveries(
        self,
        webhook_id: FromPath[UUID],
        actor: Caller,
        cursor: Cursor = None,
        limit: Limit = 50,
        only: Annotated[DeliveryState | None, QueryParameter(name="state", description="Only these.")] = None,
        kind: Annotated[WebhookType | None, QueryParameter(name="type", description="Only these.")] = None,
    ) -> Page[WebhookDelivery]:
        """Newest first, for 14 days. Needs `webhooks:read`."""
        before = decode_cursor(cursor, tuple[UUID])
        rows = await replay.deliveries(
            actor, webhook_id, before=before[0] if before else None, limit=one_over(limit), state=only, type=kind
        )
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, WebhookDelivery))

    @get("/{webhook_id:uuid}/deliveries/{delivery_id:uuid}", summary="Read what was sent, and every try")
    async def get_webhook_delivery(
        self, webhook_id: FromPath[UUID], delivery_id: FromPath[UUID], actor: Caller
    ) -> WebhookDeliveryDetail:
        """Needs `webhooks:read`, and the permissions of its type (403 `webhook_type_not_yours`)."""
        row, tries = await replay.delivery(actor, webhook_id, delivery_id)
        return struct(
            row,
            WebhookDeliveryDetail,
            tries=[struct(one, WebhookTry, **{name: msgspec.json.decode(one[name]) for name in _HEADERS}) for one in tries],
        )

    @post("/{webhook_id:uuid}/deliveries/{delivery_id:uuid}/replay", status_code=202, summary="Send one event again")
    async def replay_webhook_delivery(self, webhook_id: FromPath[UUID], delivery_id: FromPath[UUID], actor: Caller) -> Done:
        """With its id and bytes; one that still waits stays as it is. Needs `webhooks:write`. 409 `webhook_off`."""
        await replay.again(actor, webhook_id, delivery_id)
        return Done()
