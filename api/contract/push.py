"""Notifications in the browsers of a person (Web Push)."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import Input, Output, example
from db.contacts.filter import Moment
from db.texts import END

_KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"


ENDPOINT, PUBLIC_KEY, SECRET = r"^https://\S+" + END, "^[A-Za-z0-9_-]{87}=?" + END, "^[A-Za-z0-9_-]{22}={0,2}" + END


class PushKey(Output):
    """GET /v1/me/push-key: what a browser subscribes with (`applicationServerKey`). When it changes, browsers subscribe anew."""

    public_key: Annotated[str, example(_KEY)]


class PushSubscription(Output):
    """GET /v1/me/push-subscriptions → Page[PushSubscription], newest first. `id` is the UUID 5 of the company's id and the endpoint, so
    that a browser finds itself."""

    id: UUID
    user_agent: Annotated[str, example("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0")] | None
    created_at: Moment


class PushSubscriptionCreate(Input):
    """What the browser's `PushSubscription.toJSON()` holds: its address at its push service, its public key and its secret."""

    endpoint: Annotated[
        str, Meta(min_length=10, max_length=2048, pattern=ENDPOINT, examples=["https://push.example.com/send/eJx2-8Jq"])
    ]
    p256dh: Annotated[str, Meta(pattern=PUBLIC_KEY, examples=[_KEY])]
    auth: Annotated[str, Meta(pattern=SECRET, examples=["tBHItJI5svbpez7KI4CCXg"])]
