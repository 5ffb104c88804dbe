"""Media that clients uploaded and people sent: files in the data folder, kept as long as Meta keeps them (30 days).

Also the resumable upload that yields a template's `header_handle`; its bytes are counted, not kept.
"""

import base64
import hashlib
import re
import secrets
import time
from pathlib import Path
from typing import Final

import msgspec

from workers.sandbox import samples
from workers.sandbox.config import Settings
from workers.sandbox.meta.errors import fail, no_object
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.store import Store

KEEP: Final = 30 * 86_400
LINK_SECONDS: Final = 300
MB: Final = 1024 * 1024
# mime type: largest size in bytes (docs/contracts/meta-whatsapp.md, "Limits")
SIZES: Final = {
    "image/jpeg": 5 * MB,
    "image/png": 5 * MB,
    "image/webp": 500 * 1024,
    "audio/aac": 16 * MB,
    "audio/amr": 16 * MB,
    "audio/mpeg": 16 * MB,
    "audio/mp4": 16 * MB,
    "audio/ogg": 16 * MB,
    "video/mp4": 16 * MB,
    "video/3gp": 16 * MB,
    "application/pdf": 100 * MB,
    "text/plain": 100 * MB,
}
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')
_NAME: Final = re.compile(rb'name="([^"]*)"')
_TYPE: Final = re.compile(rb"content-type:\s*([^\r\n;]+)", re.IGNORECASE)


class Medium(msgspec.Struct):
    id: str
    account: str
    mime_type: str
    sha256: str
    file_size: int
    at: float


class Media:
    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._folder = settings.data / "media"
        self._known: dict[str, Medium] = {}
        self._links: dict[str, tuple[str, float]] = {}
        self._uploads: dict[str, tuple[str, int]] = {}

    async def load(self) -> None:
        for key, value in await self._store.recall("media"):
            self._known[key] = msgspec.json.decode(value, type=Medium)

    def find(self, account_id: str, identifier: str) -> Medium | None:
        """The medium, unless it is unknown, another account's or older than 30 days."""
        medium = self._known.get(identifier)
        if medium is None or medium.account != account_id or medium.at < time.time() - KEEP:
            return None
        return medium

    def upload(self, account_id: str, request: Request) -> Reply:
        """POST /{phone_number_id}/media, multipart."""
        match = _BOUNDARY.search(request.header(b"content-type"))
        parts = multipart(request.body, match[1].encode()) if match else {}
        if "file" not in parts or parts.get("messaging_product", (b"", ""))[0] != b"whatsapp":
            return fail(100, "The parameters messaging_product and file are required.")
        content, kind = parts["file"]
        given = parts.get("type", (b"", ""))[0].decode("utf-8", "replace")
        mime = (given or kind).partition(";")[0].strip().lower()
        limit = SIZES.get(mime, 100 * MB if mime.startswith("application/") else 0)
        if not limit:
            return fail(100, f"Param file must be a file with one of the supported types. Received file of type {mime!r}.")
        if not content or len(content) > limit:
            return fail(131053, f"File size {len(content)} is not between 1 and {limit} bytes")
        return json_reply({"id": self._add(account_id, mime, content).id})

    def _add(self, account_id: str, mime: str, content: bytes) -> Medium:
        identifier = str(10**15 + secrets.randbelow(9 * 10**15))
        medium = Medium(identifier, account_id, mime, hashlib.sha256(content).hexdigest(), len(content), time.time())
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path(identifier).write_bytes(content)
        self._known[identifier] = medium
        self._store.remember("media", identifier, medium)
        return medium

    def keep(self, account_id: str, mime: str, said: str = "") -> dict[str, str]:
        """A file that a person sends, as the message names it: webhooks write the hash in base64. `said`: in a voice note."""
        medium = self._add(account_id, mime, samples.voice(said, mime) if said else samples.of(mime))
        return {"id": medium.id, "sha256": base64.b64encode(bytes.fromhex(medium.sha256)).decode()}

    def _path(self, identifier: str) -> Path:
        # identifiers are digits made here, never a client's text
        return self._folder / identifier

    def describe(self, medium: Medium) -> Reply:
        """GET /{media_id}: a link that lives five minutes and wants the Bearer token again."""
        now = time.time()
        self._links = {key: link for key, link in self._links.items() if link[1] > now}
        key = secrets.token_urlsafe(24)
        self._links[key] = (medium.id, now + LINK_SECONDS)
        return json_reply(
            {
                "messaging_product": "whatsapp",
                "id": medium.id,
                "url": f"{self._settings.base_url}/whatsapp_business/attachments/{key}",
                "mime_type": medium.mime_type,
                "sha256": medium.sha256,
                "file_size": medium.file_size,
            }
        )

    def download(self, account_id: str, key: str) -> Reply:
        """GET of such a link; 404 once it has expired."""
        identifier, until = self._links.get(key, ("", 0.0))
        medium = self.find(account_id, identifier)
        if medium is None or until < time.time():
            return Reply(404, b"", b"text/plain")
        return Reply(200, self._path(identifier).read_bytes(), medium.mime_type.encode())

    def delete(self, medium: Medium) -> Reply:
        self._known.pop(medium.id, None)
        self._path(medium.id).unlink(missing_ok=True)
        self._store.remember("media", medium.id, None)
        return json_reply({"success": True})

    def start_upload(self, account_id: str, params: dict[str, str]) -> Reply:
        """POST /{app_id}/uploads: the first step of the resumable upload."""
        length = params.get("file_length", "")
        if not length.isdecimal() or not params.get("file_type"):
            return fail(100, "The parameters file_length and file_type are required.")
        key = secrets.token_urlsafe(24)
        self._uploads[key] = (account_id, int(length))
        return json_reply({"id": f"upload:{key}"})

    def finish_upload(self, account_id: str, key: str, request: Request) -> Reply:
        """POST /upload:…: the bytes; the handle goes into a template's example."""
        if self._uploads.get(key, ("", 0)) != (account_id, len(request.body)):
            return no_object("POST", f"upload:{key}") if key not in self._uploads else fail(100, "wrong length")
        del self._uploads[key]
        return json_reply({"h": f"4::{secrets.token_urlsafe(24)}:ARZ"})


def multipart(body: bytes, boundary: bytes) -> dict[str, tuple[bytes, str]]:
    """Parts of a form by name: (content, content type). Enough for one upload; what is malformed is left out."""
    parts: dict[str, tuple[bytes, str]] = {}
    for part in body.split(b"--" + boundary)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        if blank and (name := _NAME.search(head)):
            kind = _TYPE.search(head)
            parts[name[1].decode("utf-8", "replace")] = (
                content.removesuffix(b"\r\n"),
                kind[1].decode("latin-1").strip() if kind else "",
            )
    return parts
