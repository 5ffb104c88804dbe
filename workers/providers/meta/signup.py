"""The server's half of Embedded Signup: code → token, then the number's webhooks and its registration.
Source: Meta, "Embedded Signup", "Registering a business phone number"."""

import msgspec

from db.channels.errors import SignupFailure
from db.channels.signups import TakenOver, Waiting
from db.redact import redact
from db.settings import Settings
from workers.outcomes import PauseChannel, RetryAfter, Unknown
from workers.providers.adapter import SignupRefused
from workers.providers.meta.client import MetaClient
from workers.providers.meta.errors import classify
from workers.providers.wire import ProviderError, Wire

_APP = {1, 101, 190}  # application, client secret or its token is not right
_CODE = {100}  # "This authorization code has been used", "has expired", "Error validating verification code"
_PERMISSION = {3, 10, 33, 100, 190, 803, *range(200, 300)}  # 33, 100, 803: what was asked for is not visible to this token
_PIN = {133005}


class _Token(msgspec.Struct, frozen=True):
    access_token: str


def _base(settings: Settings, sandbox: bool) -> str:
    return settings.sandbox_url if sandbox else settings.graph_url


async def redeem(settings: Settings, wire: Wire, signup: Waiting) -> str:
    """The business token for a code, which lives for seconds and works once. Raises SignupRefused."""
    url = f"{_base(settings, signup.sandbox).rstrip('/')}/{settings.graph_version}/oauth/access_token"
    params = {"client_id": settings.meta_app_id, "client_secret": settings.meta_app_secret, "code": signup.code}
    secret = (settings.meta_app_secret or signup.code).encode()
    try:
        answer = await wire.ask("GET", url, _Token, classify, headers={}, secret=secret, params=params)
    except ProviderError as error:
        code = _code(error)
        failure = SignupFailure.CODE_EXPIRED if code in _CODE else SignupFailure.APP_REFUSED if code in _APP else None
        raise _refused(error, failure, signup.code, settings.meta_app_secret) from error
    return answer.access_token


async def take_over(settings: Settings, wire: Wire, signup: Waiting, token: str) -> TakenOver:
    """Raises SignupRefused."""
    client = MetaClient(_base(settings, signup.sandbox), settings.graph_version, token, wire=wire)
    try:
        numbers = await client.phone_numbers(signup.account_id)
        chosen = next((one for one in numbers if one.id == signup.external_id), None)
        if chosen is None:
            raise SignupRefused(SignupFailure.NO_NUMBER)
        await client.subscribe(signup.account_id)
        await client.register(signup.external_id, signup.pin)
    except ProviderError as error:
        code = _code(error)
        failure = SignupFailure.PIN_UNKNOWN if code in _PIN else SignupFailure.NO_PERMISSION if code in _PERMISSION else None
        raise _refused(error, failure, token) from error
    digits = "".join(sign for sign in chosen.display_phone_number if sign.isdecimal())
    return TakenOver(
        name=(chosen.verified_name or "WhatsApp")[:80],
        number=f"+{digits}" if digits else None,
        signing_secret=settings.meta_app_secret,
    )


def _code(error: ProviderError) -> int | None:
    return getattr(error.outcome, "code", None)


def _refused(error: ProviderError, known: SignupFailure | None, *hidden: str) -> SignupRefused:
    detail = redact(str(getattr(error.outcome, "message", "") or ""), list(filter(None, hidden)))[:300]
    passing = isinstance(error.outcome, (RetryAfter, Unknown)) and not isinstance(error.outcome, PauseChannel)
    return SignupRefused(known or (SignupFailure.NO_ANSWER if passing else SignupFailure.REFUSED), detail)
