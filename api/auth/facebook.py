"""What Facebook tells a server of ours: somebody took our access away, or asks to have deleted what came from there. Both take the account
at Facebook off at once; its address in the answer to the second says so to whoever holds it. Nothing is kept of the person for that."""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import MediaType
from litestar.params import PathParameter

from api.auth.providers import Provider, by_id
from db.accounts import identities
from db.clock import now
from db.crypto import ring
from db.errors import RequestError

PATH = "/v1/auth/facebook"
_MAX_BODY = 16_000
_SKEW = timedelta(minutes=5)  # between Facebook's clock and ours
_PURPOSE = "facebook-deletion"
_PUBLIC = {"public": True, "parameter_families": ("",)}


class Asked(msgspec.Struct):
    """What a `signed_request` says."""

    algorithm: str
    user_id: str
    issued_at: int


def read(signed: str, secret: str) -> Asked:
    """Raises ValueError for what Facebook did not sign for us."""
    mark, _, payload = signed.partition(".")
    made = hmac.digest(secret.encode(), payload.encode(), hashlib.sha256)
    if not secret or not hmac.compare_digest(_bytes(mark), made):
        raise ValueError("not signed by Facebook for us")
    asked = msgspec.json.decode(_bytes(payload), type=Asked)
    if asked.algorithm.upper() != "HMAC-SHA256" or not asked.user_id:
        raise ValueError("signed in another way")
    return asked


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def _provider(request: Request[Any, Any, Any]) -> Provider:
    provider = by_id(request.app.state.settings, "facebook")
    if provider is None:
        raise RequestError.NOT_FOUND(what="provider")
    return provider


async def _withdraw(request: Request[Any, Any, Any]) -> bool:
    """False for what is not signed. Done again it changes nothing."""
    provider = _provider(request)
    form = await request.form()
    try:
        asked = read(str(form.get("signed_request", "")), provider.client_secret)
        before = datetime.fromtimestamp(asked.issued_at, UTC) + _SKEW
    except (ValueError, OverflowError, OSError, msgspec.MsgspecError):
        return False
    await identities.withdraw(provider.issuer, asked.user_id, before)
    return True


@post(f"{PATH}/deauthorize", status_code=200, opt=_PUBLIC, include_in_schema=False, request_max_body_size=_MAX_BODY)
async def deauthorize(request: Request[Any, Any, Any]) -> Response[Any]:
    """The app's *Deauthorize callback URL*."""
    taken = await _withdraw(request)
    return Response({"ok": taken}, status_code=200 if taken else 403)


@post(f"{PATH}/deletion", status_code=200, opt=_PUBLIC, include_in_schema=False, request_max_body_size=_MAX_BODY)
async def deletion(request: Request[Any, Any, Any]) -> Response[Any]:
    """The app's *Data deletion request URL*."""
    if not await _withdraw(request):
        return Response({"ok": False}, status_code=403)
    code = _code(now())
    return Response({"url": f"{request.app.state.settings.webhook_url}{PATH}/deletions/{code}", "confirmation_code": code})


@get(f"{PATH}/deletions/{{code:str}}", opt=_PUBLIC, include_in_schema=False)
async def deleted(code: Annotated[str, PathParameter(max_length=60)]) -> Response[str]:
    """For the person: what became of their request."""
    at = _said(code)
    if at is None:
        raise RequestError.NOT_FOUND(what="deletion")
    text = (
        f"Em {at:%d/%m/%Y} às {at:%H:%M} (UTC) apagamos o vínculo com a sua conta do Facebook e o que veio de lá. "
        "Sua conta na Master IA continua; para apagá-la também, fale com quem cuida da sua empresa.\n\n"
        f"On {at:%Y-%m-%d} at {at:%H:%M} (UTC) we deleted the link to your Facebook account and what came from there. "
        "Your account at Master IA stays; to have it deleted too, ask whoever runs your company.\n"
    )
    return Response(text, media_type=MediaType.TEXT, headers={"Cache-Control": "no-store"})


def _code(at: datetime) -> str:
    """When, and a mark that it was we who said so."""
    message = f"{int(at.timestamp()):x}"
    return f"{message}-{ring().sign(message.encode(), purpose=_PURPOSE).hex()}"


def _said(code: str) -> datetime | None:
    message, _, mark = code.partition("-")
    try:
        if ring().signed(message.encode(), bytes.fromhex(mark), purpose=_PURPOSE):
            return datetime.fromtimestamp(int(message, 16), UTC)
    except ValueError:
        pass
    return None
