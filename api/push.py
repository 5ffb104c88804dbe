"""Web Push over HTTP: thin, every rule is in db/notifications."""

import base64
from typing import Any
from uuid import UUID

from litestar import Controller, Request, delete, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller, person
from api.contract.base import Page
from api.contract.push import PushKey, PushSubscription, PushSubscriptionCreate
from api.pagination import struct
from db import crypto
from db.notifications import subscriptions, vapid
from db.notifications.subscriptions import Target


class PushController(Controller):
    path = "/v1/me"
    tags = ("Me",)

    @get("/push-key", summary="The key that browsers subscribe with")
    async def get_push_key(self, actor: Caller) -> PushKey:
        """As `applicationServerKey` for the browser's `pushManager.subscribe`."""
        person(actor)
        key = vapid.public_key(crypto.ring().current)
        return PushKey(public_key=base64.urlsafe_b64encode(key).rstrip(b"=").decode())

    @get("/push-subscriptions", summary="Browsers that show me notifications")
    async def list_push_subscriptions(self, actor: Caller) -> Page[PushSubscription]:
        """Of the person who asks, in this company; newest first."""
        rows = await subscriptions.subscriptions(person(actor))
        return Page(items=[struct(row._asdict(), PushSubscription) for row in rows], total=len(rows))

    @post("/push-subscriptions", summary="Show me notifications in this browser")
    async def create_push_subscription(
        self, actor: Caller, data: JSONBody[PushSubscriptionCreate], request: Request[Any, Any, Any]
    ) -> PushSubscription:
        """Harmless when repeated. Who subscribes in a browser takes it over from who did before."""
        target = Target(data.endpoint, data.p256dh.rstrip("="), data.auth.rstrip("="))
        row = await subscriptions.subscribe(person(actor), target, request.headers.get("user-agent"))
        return struct(row._asdict(), PushSubscription)

    @delete("/push-subscriptions/{subscription_id:uuid}", summary="No more notifications in a browser")
    async def delete_push_subscription(self, actor: Caller, subscription_id: FromPath[UUID]) -> None:
        """One of the person's own browsers, also one that is not at hand."""
        await subscriptions.unsubscribe(person(actor), subscription_id)
