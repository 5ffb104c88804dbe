"""Twilio's webhooks: one form per event, signed by `X-Twilio-Signature` over the public URL and the fields."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl

from workers.sandbox.twilio.account import TwilioAccount


def twilio_signature(token: str, url: str, fields: Sequence[tuple[str, str]]) -> str:
    """`fields` may repeat a name: its distinct values are then signed in order."""
    data = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()


def headers(account: TwilioAccount, url: str, body: bytes) -> dict[str, str]:
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    return {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "user-agent": "TwilioProxy/1.1",
        "x-twilio-signature": twilio_signature(account.auth_token, url, fields),
        "i-twilio-idempotency-token": hashlib.md5(body, usedforsecurity=False).hexdigest(),
    }
