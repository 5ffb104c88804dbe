"""Twilio's REST API as one channel sees it: sending, looking for what became of a send, and checking the account.

`send` never raises for trouble on the network and never repeats itself; the other calls raise `ProviderError`.
Source: docs/contracts/twilio.md.
"""

import base64
import math
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from db import storable
from workers.outcomes import Accepted, Outcome, Unknown
from workers.providers.twilio.errors import classify
from workers.providers.wire import Answer, Wire

MAX_PAGES = 20
CLOCK_SKEW = timedelta(seconds=90)  # Twilio's dates have whole seconds and its own clock
T = TypeVar("T")


class Message(msgspec.Struct, frozen=True):
    """A message resource; numbers come as strings, `sender` is null at first with a messaging service."""

    sid: str
    status: str = "queued"
    to: str = ""
    sender: str | None = msgspec.field(name="from", default=None)
    body: str | None = None
    direction: str = ""
    error_code: int | None = None
    messaging_service_sid: str | None = None
    date_created: str | None = None
    date_sent: str | None = None
    num_segments: str | None = None
    price: str | None = None
    price_unit: str | None = None

    @property
    def created_at(self) -> datetime | None:
        """When Twilio took it (RFC 2822 there), aware; None when unreadable."""
        try:
            return storable.moment(parsedate_to_datetime(self.date_created)) if self.date_created else None
        except (ValueError, OverflowError):
            return None

    def as_callback(self) -> bytes:
        """What a status callback about it would have said."""
        fields = {
            "MessageSid": self.sid,
            "MessageStatus": self.status,
            "To": self.to,
            "From": self.sender,
            "ErrorCode": self.error_code,
        }
        return urlencode({name: value for name, value in fields.items() if value is not None}).encode()


class _Messages(msgspec.Struct, frozen=True):
    messages: list[Message]
    next_page_uri: str | None = None


class Account(msgspec.Struct, frozen=True):
    """`status` active | suspended | closed; `type` Trial | Full."""

    sid: str
    status: str
    friendly_name: str | None = None
    type: str | None = None


class Number(msgspec.Struct, frozen=True):
    """A bought number; `capabilities` keys come in either case."""

    sid: str
    phone_number: str
    friendly_name: str | None = None
    capabilities: dict[str, bool] = {}
    sms_url: str | None = None
    status_callback: str | None = None

    @property
    def can_sms(self) -> bool:
        return any(name.lower() == "sms" and able for name, able in self.capabilities.items())


class _Numbers(msgspec.Struct, frozen=True):
    incoming_phone_numbers: list[Number]


_message = msgspec.json.Decoder(Message, strict=False)


class TwilioClient:
    """One account (or API key) of Twilio. Cheap to make: connections belong to the `Wire`."""

    def __init__(self, base_url: str, account_sid: str, secret: str, *, wire: Wire, api_key_sid: str | None = None) -> None:
        """`secret` is the auth token, or the secret of `api_key_sid` (`SK...`)."""
        self._origin = base_url.rstrip("/")
        self._account = f"{self._origin}/2010-04-01/Accounts/{account_sid}"
        self._send_url = f"{self._account}/Messages.json"
        self._secret = secret.encode("utf-8", "replace")
        pair = f"{api_key_sid or account_sid}:{secret}".encode("utf-8", "replace")
        self._auth = {"authorization": "Basic " + base64.b64encode(pair).decode()}
        self._send_headers = {**self._auth, "content-type": "application/x-www-form-urlencoded"}
        self._wire = wire

    async def send(self, form: bytes, *, latest: float = math.inf) -> Outcome:
        """Send one message once; raises TooLate after `latest` (monotonic). `form` comes from `payloads.message_form`."""
        answer = await self._wire.post(self._send_url, self._send_headers, form, latest=latest)
        if not isinstance(answer, Answer):
            return answer
        return accepted(answer.body) if 200 <= answer.status < 300 else classify(answer.without(self._secret))

    async def find_message(
        self, to: str, from_: str | None, body: str, since: datetime, *, taken: frozenset[str] = frozenset()
    ) -> Message | None:
        """What became of a send whose answer was lost: the earliest outbound message with this text since then.

        `since` is when the attempt began. `from_` is the sending number, or None with a messaging service (Twilio picks
        the number). `taken` are the sids of other attempts, which must not count twice. None: not there (yet).
        The list is filtered by creation here: `DateSent` is empty while a message is queued.
        """
        params = {"To": to, "PageSize": "200"}
        if from_:
            params["From"] = from_
        url = self._send_url
        found: list[tuple[datetime, Message]] = []
        for number in range(MAX_PAGES):
            page = await self._call("GET", url, _Messages, params=params if number == 0 else None)
            dates = [message.created_at for message in page.messages]
            for message, created in zip(page.messages, dates, strict=True):
                if (
                    created is not None
                    and created >= since - CLOCK_SKEW
                    and message.sid not in taken
                    and message.direction.startswith("outbound")
                    and message.body == body
                ):
                    found.append((created, message))
            following = self._next(page.next_page_uri)
            oldest = min((date for date in dates if date is not None), default=None)
            if following is None or (oldest is not None and oldest < since - CLOCK_SKEW):  # newest first
                break
            url = following
        return min(found, key=lambda pair: pair[0], default=(None, None))[1]

    async def message(self, sid: str) -> Message:
        """One message by its sid."""
        return await self._call("GET", f"{self._account}/Messages/{sid}.json", Message)

    async def account(self) -> Account:
        """The account's state: whether the credentials work and it may send."""
        return await self._call("GET", f"{self._account}.json", Account)

    async def number(self, phone_number: str) -> Number | None:
        """A bought number by its E.164 form, None when the account does not have it."""
        url, params = f"{self._account}/IncomingPhoneNumbers.json", {"PhoneNumber": phone_number}
        page = await self._call("GET", url, _Numbers, params=params)
        return next((n for n in page.incoming_phone_numbers if n.phone_number == phone_number), None)

    async def numbers(self) -> list[Number]:
        """The account's numbers, at most 1000."""
        url = f"{self._account}/IncomingPhoneNumbers.json"
        return (await self._call("GET", url, _Numbers, params={"PageSize": "1000"})).incoming_phone_numbers

    async def set_webhook(self, number_sid: str, sms_url: str) -> Number:
        """Have inbound messages of a number posted to this URL."""
        form = {"SmsUrl": sms_url, "SmsMethod": "POST"}
        return await self._call("POST", f"{self._account}/IncomingPhoneNumbers/{number_sid}.json", Number, data=form)

    @property
    def address(self) -> str:
        """Of the account in the API of 2010."""
        return self._account

    @property
    def media_headers(self) -> dict[str, str]:
        """The headers a media download needs when the account enforces them, for `workers/http.py`."""
        return dict(self._auth)

    def _next(self, uri: str | None) -> str | None:
        """The next page on our own origin (`next_page_uri` is a path); anything else ends the list."""
        return self._origin + uri if uri and uri.startswith("/") and not urlsplit(uri).netloc else None

    async def _call(
        self,
        method: str,
        url: str,
        kind: type[T],
        *,
        params: dict[str, str] | None = None,
        data: dict[str, str] | None = None,
    ) -> T:
        """One control call. Raises `ProviderError` unless it is a 2xx of the expected shape."""
        return await self._wire.ask(
            method, url, kind, classify, headers=self._auth, secret=self._secret, params=params, data=data
        )


def accepted(body: bytes) -> Accepted | Unknown:
    """The outcome of a 2xx: accepted when it names the message, in whatever way; else unknown."""
    try:
        message = _message.decode(body)
    except (ValueError, RecursionError):
        return Unknown("2xx without a message sid")
    sid = storable.key(message.sid)
    return Accepted(sid, provider_status=storable.text(message.status, 40)) if sid else Unknown("2xx without a message sid")
