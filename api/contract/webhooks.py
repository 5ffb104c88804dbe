"""Webhooks out: whom the company tells what, and what came of it.

Each event is a POST with `webhook-id`, `webhook-timestamp` and `webhook-signature` (Standard Webhooks): HMAC-SHA256 over
`id.timestamp.body`, keyed with what follows `whsec_`, decoded from base64."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from db.contacts.filter import Moment
from db.permissions import Permission
from db.webhooks.enums import DeliveryState, OffBecause, TryFailure, WebhookType

_SHOWN = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

Url = Annotated[str, Meta(min_length=1, max_length=2048, extra=TRIM, examples=["https://example.com/hooks/master-ia"])]
Description = Annotated[str, Meta(max_length=200, extra=TRIM, examples=["Loja virtual"])]
Types = Annotated[list[WebhookType], Meta(min_length=1, max_length=50, examples=[["message.received", "lead.moved"]])]


class WebhookKind(Output):
    """GET /v1/webhooks/types → Page[WebhookKind]. `data`: what the body's `data` may look like. `permissions`: what whoever asks for it
    must hold."""

    type: WebhookType
    about: Annotated[str, example("A lead went from one stage to another.")]
    permissions: list[Permission]
    data: dict[str, Any]


class Webhook(Output):
    """GET /v1/webhooks → Page[Webhook], oldest first; GET, PATCH WebhookPatch /v1/webhooks/{webhook_id}. `off_because` null: it is on; `person`: `off_by_name` switched it off.
    `failing_since` null: the last try succeeded. Until `old_until` the secret before signs too. `made_with`: the API key that chose `types`; the
    webhook goes on when the key has ended (`key_ended`)."""

    id: UUID
    url: Url
    description: Description
    types: list[WebhookType]
    legacy_signature: bool
    created_by: UUID | None
    created_at: Moment
    version: Annotated[int, example(1)]
    off_because: OffBecause | None
    off_at: Moment | None
    off_by_name: Annotated[str, example("Ana Lima")] | None
    failures: Annotated[int, example(0)]
    failing_since: Moment | None
    delivered_at: Moment | None
    old_until: Moment | None
    made_with: Annotated[str, example("ERP")] | None
    key_ended: bool


class WebhookCreate(Input):
    """POST /v1/webhooks. `legacy_signature`: sends `x-webhook-signature` too, the hex HMAC-SHA256 of the body, for older receivers."""

    url: Url
    types: Types
    description: Description = ""
    legacy_signature: bool = False


class WebhookPatch(Input):
    """Fields that are left out stay as they are."""

    url: Url | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    types: Types | UnsetType = UNSET


class WebhookSecret(Output):
    """POST /v1/webhooks and POST /v1/webhooks/{webhook_id}/rotate: the secret is shown here once. `id`: of the webhook. `legacy_secret`: the key of
    `x-webhook-signature`, as text."""

    id: UUID
    webhook: Webhook
    secret: Annotated[str, example(_SHOWN)]
    legacy_secret: Annotated[str, example(_SHOWN)] | None


class WebhookDelivery(Output):
    """GET /v1/webhooks/{webhook_id}/deliveries → Page[WebhookDelivery], newest first. `status`, `failure` and `milliseconds` are of its
    last try. `type` is one of the types, or `ping`."""

    id: UUID
    event_id: Annotated[str, example("msg_0d6e7c1f4b2a5c3e9f108a7b6c5d4e3f")]
    type: Annotated[str, example("lead.moved")]
    state: DeliveryState
    tries: Annotated[int, example(1)]
    created_at: Moment
    done_at: Moment | None
    next_at: Moment | None
    status: Annotated[int, example(204)] | None
    failure: TryFailure | None
    milliseconds: Annotated[int, example(84)] | None


class WebhookTry(Output):
    """One request. `status` null: there was no answer. `answer`: the beginning of what was answered, or what went wrong. `headers`: of the request;
    of those of the answer the first 20, without cookies."""

    at: Moment
    milliseconds: Annotated[int, example(84)]
    status: Annotated[int, example(500)] | None
    failure: TryFailure | None
    answer: Annotated[str, example("Internal Server Error")]
    headers: Annotated[dict[str, str], example({"webhook-id": "msg_0d6e7c1f4b2a5c3e9f108a7b6c5d4e3f"})]
    answer_headers: Annotated[dict[str, str], example({"content-type": "text/plain", "retry-after": "120"})]


class WebhookDeliveryDetail(Output):
    """GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}: with the bytes that every try sends."""

    id: UUID
    event_id: Annotated[str, example("msg_0d6e7c1f4b2a5c3e9f108a7b6c5d4e3f")]
    type: Annotated[str, example("lead.moved")]
    state: DeliveryState
    created_at: Moment
    done_at: Moment | None
    next_at: Moment | None
    body: Annotated[str, example('{"type":"lead.moved","timestamp":"2026-01-10T12:00:00.000000Z","sequence":7,"data":{}}')]
    tries: list[WebhookTry]


class WebhookHour(msgspec.Struct, kw_only=True):
    """Tries that began in this hour; how many milliseconds successes took: half of them at most `median`, 95 % at most `p95`."""

    hour: Moment
    delivered: Annotated[int, example(120)]
    failed: Annotated[int, example(2)]
    median: Annotated[int, example(84)]
    p95: Annotated[int, example(310)]


class WebhookTest(Output):
    """POST /v1/webhooks/{webhook_id}/test: the delivery whose log tells what came of it."""

    delivery_id: UUID


class WebhookReplay(Input):
    """POST /v1/webhooks/{webhook_id}/replay. `delivered_too`: also what arrived already."""

    since: Annotated[Moment, example("2026-01-10T12:00:00Z")]
    until: Annotated[Moment, example("2026-01-10T13:00:00Z")]
    delivered_too: bool = False


class WebhookReplayed(Output):
    """How many are sent again."""

    count: Annotated[int, example(12)]


class ToldEvent(Output):
    """GET /v1/events/history?type=&since= → Page[ToldEvent], oldest first: the `webhook-id` and the body of a webhook."""

    id: Annotated[str, example("msg_6f0c2b1e4d0a5c7e9b3d2f1a8c6e4b20")]
    type: WebhookType
    timestamp: Moment
    sequence: Annotated[int, example(4711)]  # rises with each event of the company
    data: dict[str, Any]


class EventHistoryKeep(Input):
    """PUT /v1/events/history → EventHistory."""

    kept: bool


class EventHistory(Output):
    kept: bool
    days: Annotated[int, example(14)]  # so long each event can be looked up
