"""The Graph API as one channel sees it: sending on the fast path, and the control calls staff and set-up need.

`send` never raises for trouble on the network and never repeats itself; control calls raise `ProviderError`. The token
is held here and nowhere logged. Base URL and version come from the channel, so that the sandbox only differs by them.
Source: docs/contracts/meta-whatsapp.md.
"""

import math
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from db import storable
from workers.outcomes import Accepted, Outcome, Unknown
from workers.providers.meta.errors import classify
from workers.providers.meta.types import (
    EventsReceived,
    Handle,
    MediaInfo,
    Page,
    PhoneNumber,
    SendAnswer,
    Success,
    Template,
    TemplateCreated,
    Uploaded,
    listed_template,
)
from workers.providers.wire import Answer, ProviderError, Wire

HELD = ("held_for_quality_assessment", "paused")
TEMPLATE_FIELDS = (
    "id,name,status,category,language,quality_score,parameter_format,rejected_reason,components,message_send_ttl_seconds"
)
NUMBER_FIELDS = (
    "id,display_phone_number,verified_name,quality_rating,status,code_verification_status,name_status,platform_type,"
    "throughput,whatsapp_business_manager_messaging_limit"
)
MAX_PAGES = 100  # 6000 templates at 100 a page are 60
T = TypeVar("T")

_send_answer = msgspec.json.Decoder(SendAnswer)


class MetaClient:
    """One token's view of the Graph API. Cheap to make: connections belong to the `Wire`."""

    def __init__(self, base_url: str, api_version: str, token: str, *, wire: Wire) -> None:
        self._root = f"{base_url.rstrip('/')}/{api_version}"
        self._wire = wire
        self._secret = token.encode("utf-8", "replace")
        self._auth = {"authorization": f"Bearer {token}"}
        self._send_headers = {**self._auth, "content-type": "application/json"}

    async def send(self, phone_number_id: str, body: bytes, *, latest: float = math.inf) -> Outcome:
        """Send one message once; raises TooLate after `latest` (monotonic). `body` comes from `payloads` or `templates`."""
        url = f"{self._root}/{phone_number_id}/messages"
        answer = await self._wire.post(url, self._send_headers, body, latest=latest)
        if not isinstance(answer, Answer):
            return answer
        return accepted(answer.body) if 200 <= answer.status < 300 else classify(answer.without(self._secret))

    async def templates(self, waba_id: str) -> list[Template]:
        """All templates of an account, every page. One with something unreadable in it comes as far as it can be read."""
        url: str | None = f"{self._root}/{waba_id}/message_templates"
        params: dict[str, str] | None = {"fields": TEMPLATE_FIELDS, "limit": "100"}
        found: list[Template] = []
        for _ in range(MAX_PAGES):
            if url is None:
                break
            page = await self._call("GET", url, Page[dict[str, Any]], params=params)
            try:
                found += [listed_template(item) for item in page.data]
            except ValueError as error:
                raise ProviderError(Unknown("unexpected answer"), 200, str(error)) from error
            url, params = self._next(page.paging.next if page.paging else None), None
        return found

    async def create_template(self, waba_id: str, template: dict[str, Any]) -> TemplateCreated:
        """Submit a template for review: `{name, category, language, parameter_format, components}`."""
        return await self._call("POST", f"{self._root}/{waba_id}/message_templates", TemplateCreated, json=template)

    async def edit_template(self, template_id: str, changes: dict[str, Any]) -> None:
        """Replace `{category, components}` and submit it for review."""
        await self._succeed("POST", f"{self._root}/{template_id}", json=changes)

    async def unpause_template(self, template_id: str) -> None:
        """Let a template go again that was paused."""
        await self._succeed("POST", f"{self._root}/{template_id}/unpause")

    async def begin_upload(self, app_id: str, mime_type: str, size: int, filename: str) -> str:
        """First step of the resumable upload: the session that takes the bytes."""
        params = {"file_name": filename, "file_length": str(size), "file_type": mime_type}
        return (await self._call("POST", f"{self._root}/{app_id}/uploads", Uploaded, params=params)).id

    async def upload(self, session: str, data: bytes) -> str:
        """Second step: the handle of the file, which a template's example names. This call alone wants the scheme OAuth."""
        headers = {"authorization": f"OAuth {self._secret.decode()}", "file_offset": "0"}
        answer = await self._call("POST", f"{self._root}/{quote(session, safe=':')}", Handle, headers=headers, content=data)
        return answer.h

    async def delete_template(self, waba_id: str, name: str, template_id: str | None = None) -> None:
        """Delete one language (`template_id`) or all of a name; an approved name stays blocked for 30 days."""
        params = {"name": name} if template_id is None else {"hsm_id": template_id, "name": name}
        await self._succeed("DELETE", f"{self._root}/{waba_id}/message_templates", params=params)

    async def phone_number(self, phone_number_id: str) -> PhoneNumber:
        """One number with its quality, status, throughput and messaging limit."""
        return await self._call("GET", f"{self._root}/{phone_number_id}", PhoneNumber, params={"fields": NUMBER_FIELDS})

    async def phone_numbers(self, waba_id: str) -> list[PhoneNumber]:
        """The numbers of an account (never more than a page)."""
        params = {"fields": NUMBER_FIELDS, "limit": "100"}
        return (await self._call("GET", f"{self._root}/{waba_id}/phone_numbers", Page[PhoneNumber], params=params)).data

    async def subscribe(self, waba_id: str, callback_url: str | None = None, verify_token: str | None = None) -> None:
        """Have the account's webhooks sent to our app, with a callback of their own if given (`subscribed_apps`)."""
        body = {"override_callback_uri": callback_url, "verify_token": verify_token} if callback_url else {}
        await self._succeed("POST", f"{self._root}/{waba_id}/subscribed_apps", json=body)

    async def register(self, phone_number_id: str, pin: str) -> None:
        """Makes the number one of the Cloud API. `pin`: its PIN for two-step verification, set now if it has none."""
        body = {"messaging_product": "whatsapp", "pin": pin}
        await self._succeed("POST", f"{self._root}/{phone_number_id}/register", json=body)

    async def unsubscribe(self, waba_id: str) -> None:
        """Stop the account's webhooks to our app."""
        await self._succeed("DELETE", f"{self._root}/{waba_id}/subscribed_apps")

    async def mark_read(self, phone_number_id: str, body: bytes) -> None:
        """Send a read receipt made by `payloads.read_receipt`."""
        headers = {"content-type": "application/json"}
        await self._succeed("POST", f"{self._root}/{phone_number_id}/messages", content=body, headers=headers)

    async def tell_events(self, dataset_id: str, events: list[dict[str, Any]]) -> None:
        """Conversions of people who came by an ad. An event of the same name and id counts once within 48 hours."""
        answer = await self._call(
            "POST", f"{self._root}/{quote(dataset_id, safe='')}/events", EventsReceived, json={"data": events}
        )
        if answer.events_received != len(events):
            raise ProviderError(Unknown("unexpected answer"), 200, f"events_received: {answer.events_received}")

    async def upload_media(self, phone_number_id: str, data: BinaryIO, mime_type: str, filename: str) -> str:
        """Store a file at Meta for 30 days; its media id. It is read piece by piece."""
        answer = await self._call(
            "POST",
            f"{self._root}/{phone_number_id}/media",
            Uploaded,
            data={"messaging_product": "whatsapp", "type": mime_type},
            files={"file": (filename, data, mime_type)},
        )
        return answer.id

    async def media_info(self, media_id: str) -> MediaInfo:
        """Where to fetch a file: `url` lives five minutes and needs `media_headers`; only follow hosts you trust."""
        return await self._call("GET", f"{self._root}/{media_id}", MediaInfo)

    @property
    def media_headers(self) -> dict[str, str]:
        """The headers a media download needs, for `workers/http.py`."""
        return dict(self._auth)

    def _next(self, url: str | None) -> str | None:
        """The next page's address if it is on our own base: the token goes nowhere else."""
        if url is None:
            return None
        return url if urlsplit(url)[:2] == urlsplit(self._root)[:2] else None

    async def _succeed(self, method: str, url: str, **parts: Any) -> None:
        await self._call(method, url, Success, **parts)

    async def _call(self, method: str, url: str, kind: type[T], headers: dict[str, str] | None = None, **parts: Any) -> T:
        """One control call. Raises `ProviderError` unless it is a 2xx of the expected shape."""
        own = {**self._auth, **(headers or {})}
        return await self._wire.ask(method, url, kind, classify, headers=own, secret=self._secret, **parts)


def accepted(body: bytes) -> Accepted | Unknown:
    """The outcome of a 2xx: accepted when it names the message, in whatever way; else unknown."""
    try:
        answer = _send_answer.decode(body)
    except (ValueError, RecursionError):
        return Unknown("2xx without a readable body")
    if not answer.messages or not (provider_id := storable.key(answer.messages[0].id)):
        return Unknown("2xx without a message id")
    message = answer.messages[0]
    contact = answer.contacts[0] if answer.contacts else None
    return Accepted(
        provider_id,
        storable.identifier(contact.wa_id) if contact else None,
        message.message_status in HELD,
        storable.text(message.message_status, 40),
        storable.identifier(contact.user_id) if contact else None,
    )
