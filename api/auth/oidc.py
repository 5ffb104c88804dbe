"""Asking identity providers who somebody is: OpenID Connect, and Facebook's OAuth. The one place of the API that speaks to third parties.

Everything that a provider sends is checked here, and nothing is decided. State, nonce and PKCE verifier come of the browser's token by
one-way functions, so none of them is stored. Addresses are the operator's settings and what those providers' discovery documents name;
no redirects are followed. Rules: wire contract "oauth".
"""

import base64
import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
import structlog
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.auth.providers import Provider
from db.accounts.errors import AccountError
from db.accounts.identities import Proven
from db.errors import AppError
from db.texts import EMAIL, NAME

log = structlog.get_logger("api.auth.oidc")

ALGORITHMS = ["RS256", "ES256"]  # never what a token names itself
LEEWAY = 120  # seconds
_TIMEOUT = 10.0
AGAIN = 60.0  # seconds between two looks for a key that is not there
_FRESH = 3600.0  # seconds a discovery document and its keys are believed at most; less where the provider says so
_GOOGLE = ["https://accounts.google.com", "accounts.google.com"]
_TURNED_BACK = frozenset(
    {"access_denied", "account_selection_required", "consent_required", "interaction_required", "login_required", "user_denied"}
)
_OUT_OF_ORDER = frozenset({"server_error", "temporarily_unavailable"})
_EMAIL, _NAME, _MAX_AGE = re.compile(EMAIL), re.compile(NAME), re.compile(r"\bmax-age=(\d{1,9})\b")
_known: dict[str, tuple[float, float, dict[str, Any]]] = {}  # by address: when, for how many seconds, what


class Away(Exception):
    """The provider does not answer, or not as it should."""


class Refused(Exception):
    """What came back proves nothing."""


_NO_ANSWER = (Away, httpx2.HTTPError, httpx2.InvalidURL, ValueError)


def derived(flow: str, purpose: str) -> str:
    """43 characters that follow from the browser's token and lead nowhere back."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{purpose}|{flow}".encode()).digest()).decode().rstrip("=")


def is_state_of(flow: str, state: str) -> bool:
    return hmac.compare_digest(derived(flow, "state").encode(), state.encode("utf-8", "replace"))


def _client(provider: Provider, redirect_uri: str) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        provider.client_id,
        provider.client_secret,
        scope=provider.scope,
        redirect_uri=redirect_uri,
        token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
        code_challenge_method="S256",
        timeout=_TIMEOUT,
        trust_env=False,
        follow_redirects=False,
    )


async def address(provider: Provider, flow: str, redirect_uri: str) -> str:
    """Where the browser goes. Raises Unavailable `provider_away`."""
    try:
        async with _client(provider, redirect_uri) as client:
            meta = await _metadata(provider, client)
            more = {} if provider.facebook else {"nonce": derived(flow, "nonce")}
            if provider.id == "google":
                more["prompt"] = "select_account"  # who has two chooses, also after the wrong one
            url, _ = client.create_authorization_url(
                meta["authorization_endpoint"], state=derived(flow, "state"), code_verifier=derived(flow, "verifier"), **more
            )
            return str(url)
    except _NO_ANSWER as error:
        raise _away(provider, error) from error


async def exchange(provider: Provider, flow: str, redirect_uri: str, code: str, iss: str | None) -> Proven:
    """Who it is. Raises Unauthenticated `sign_in_refused`, Unavailable `provider_away`."""
    try:
        async with _client(provider, redirect_uri) as client:
            meta = await _metadata(provider, client)
            _check_issuer(provider, meta, iss)
            token = await _token(client, meta["token_endpoint"], code, derived(flow, "verifier"))
            if provider.facebook:
                return await _facebook(provider, client, token["access_token"])
            claims = await _claims(provider, client, meta, token, derived(flow, "nonce"))
            if not claims.get("email") and meta.get("userinfo_endpoint"):
                told = await _json(client, meta["userinfo_endpoint"], token=True)
                if told.get("sub") != claims["sub"]:
                    raise Refused("userinfo of somebody else")
                claims = {**told, **claims}
            return _proven(provider, claims)
    except (Refused, AuthlibBaseError, JoseError) as error:
        raise _refused(provider, error) from error
    except _NO_ANSWER as error:
        raise _away(provider, error) from error


def failed(provider: Provider, error: str) -> AppError | None:
    """What an error that the browser brought back says; None when the person turned back."""
    if error in _TURNED_BACK:
        return None
    return (_away if error in _OUT_OF_ORDER else _refused)(provider, error)


def _refused(provider: Provider, why: object) -> AppError:
    """The operator reads why: a wrong secret looks to people like any other refusal."""
    log.warning("sign_in.refused", provider=provider.id, why=str(why)[:200])
    return AccountError.SIGN_IN_REFUSED()


def _away(provider: Provider, why: object) -> AppError:
    log.warning("sign_in.provider_away", provider=provider.id, why=(str(why) or type(why).__name__)[:200])
    return AccountError.PROVIDER_AWAY(retry_after=10)


def _issuers(provider: Provider) -> list[str]:
    return _GOOGLE if provider.issuer == _GOOGLE[0] else [provider.issuer]


def _check_issuer(provider: Provider, meta: dict[str, Any], iss: str | None) -> None:
    """RFC 9207: who answers is who was asked. Google announces the parameter and may leave it out."""
    if iss is None and meta.get("authorization_response_iss_parameter_supported") is True and provider.id != "google":
        raise Refused("the answer does not say whose it is")
    if iss is not None and iss not in _issuers(provider):
        raise Refused("another issuer answered")


async def _token(client: AsyncOAuth2Client, url: str, code: str, verifier: str) -> dict[str, Any]:
    try:
        token = await client.fetch_token(url, code=code, code_verifier=verifier, grant_type="authorization_code")
    except TypeError as error:  # numbers that are none
        raise Away("no token") from error
    if not isinstance(token.get("access_token"), str):
        raise Refused("no access token")
    return dict(token)


async def _json(
    client: AsyncOAuth2Client, url: str, *, token: bool = False, params: dict[str, str] | None = None
) -> dict[str, Any]:
    return _document(await client.request("GET", url, withhold_token=not token, params=params))


def _document(answer: httpx2.Response) -> dict[str, Any]:
    host = answer.request.url.host
    if answer.status_code >= 500 or answer.is_redirect:
        raise Away(f"{host} answered {answer.status_code}")
    if answer.status_code != 200:
        raise Refused(f"{host} answered {answer.status_code}")
    try:
        return msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise Away(f"{host} answered no JSON object") from error


async def _kept(client: AsyncOAuth2Client, url: str, *, anew: bool = False) -> dict[str, Any]:
    """A public document of a provider, for an hour or as long as it says; `anew` no sooner than a minute after the last time."""
    found = _known.get(url)
    if found is not None and time.monotonic() - found[0] < (AGAIN if anew else found[1]):
        return found[2]
    answer = await client.request("GET", url, withhold_token=True)
    try:
        document = _document(answer)
    except Refused as error:
        raise Away(str(error)) from error
    said = _MAX_AGE.search(answer.headers.get("cache-control", ""))
    _known[url] = time.monotonic(), min(_FRESH, max(AGAIN, float(said[1]))) if said else _FRESH, document
    return document


async def _metadata(provider: Provider, client: AsyncOAuth2Client) -> dict[str, Any]:
    if provider.facebook:
        return {
            "authorization_endpoint": provider.dialog,
            "token_endpoint": f"{provider.graph}/oauth/access_token",
        }
    meta = await _kept(client, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if meta.get("issuer") != provider.issuer:
        raise Away("the document is another issuer's")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        scheme = urlsplit(str(meta.get(name, ""))).scheme
        needed = name != "userinfo_endpoint" or name in meta
        if needed and scheme != "https" and not (scheme == "http" and provider.issuer.startswith("http:")):
            raise Away(f"{name} is no https address")
    return meta


async def _keys(client: AsyncOAuth2Client, url: str, *, anew: bool = False) -> KeySet:
    try:
        return KeySet.import_key_set(await _kept(client, url, anew=anew))  # type: ignore[arg-type]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Away("the keys cannot be read") from error


async def _claims(
    provider: Provider, client: AsyncOAuth2Client, meta: dict[str, Any], token: dict[str, Any], nonce: str
) -> dict[str, Any]:
    raw = token.get("id_token")
    if not isinstance(raw, str):
        raise Refused("no id_token")
    try:
        decoded = jwt.decode(raw, await _keys(client, meta["jwks_uri"]), algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        keys = await _keys(client, meta["jwks_uri"], anew=True)
        try:
            decoded = jwt.decode(raw, keys, algorithms=ALGORITHMS)
        except ValueError as error:  # a key that is not there
            raise Refused("an unknown key") from error
    if not isinstance(decoded.claims, dict):
        raise Refused("no claims")
    claims: dict[str, Any] = dict(decoded.claims)
    jwt.JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "values": _issuers(provider)},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else provider.client_id) != provider.client_id:
        raise Refused("made for another party")
    if _text(claims["sub"], 255) is None or claims["sub"] != claims["sub"].strip():
        raise Refused("no subject")
    half = hashlib.sha256(str(token.get("access_token", "")).encode()).digest()[:16]
    if "at_hash" in claims and claims["at_hash"] != base64.urlsafe_b64encode(half).decode().rstrip("="):
        raise Refused("the access token is another one")
    return claims


def _proven(provider: Provider, claims: dict[str, Any]) -> Proven:
    email = _email(claims.get("email"))
    # Letters outside of ASCII can look alike, and be folded into one another.
    verified = claims.get("email_verified") in (True, "true") and email is not None and email.isascii()
    if provider.id == "google":
        # Of other addresses Google only knows that they were the person's when the account was made.
        verified = verified and (bool(claims.get("hd")) or str(email).lower().endswith(("@gmail.com", "@googlemail.com")))
    return Proven(issuer=provider.issuer, subject=claims["sub"], email=email, verified=verified, name=_name(claims.get("name")))


def _text(value: Any, most: int) -> str | None:
    """A text that can be kept, or none."""
    if not isinstance(value, str) or "\0" in value or not value.strip() or len(value) > most:
        return None
    return value.strip() if value.isascii() or value.encode("utf-8", "ignore").decode() == value else None


def _email(value: Any) -> str | None:
    """An address as the contract takes them, or none: mails go out to it."""
    text = _text(value, 254)
    return text if text is not None and _EMAIL.search(text) else None


def _name(value: Any) -> str | None:
    """A name as the contract takes them, or none."""
    text = _text(value, 120)
    return text if text is not None and _NAME.search(text) else None


async def _facebook(provider: Provider, client: AsyncOAuth2Client, token: str) -> Proven:
    """Facebook's profile. The token must be one of our app, and of the person whose profile it shows."""
    proof = hmac.digest(provider.client_secret.encode(), token.encode(), "sha256").hex()
    own = {"input_token": token, "access_token": f"{provider.client_id}|{provider.client_secret}"}
    inspected = (await _json(client, f"{provider.graph}/debug_token", params=own)).get("data")
    if not isinstance(inspected, dict) or inspected.get("is_valid") is not True:
        raise Refused("a token that is not valid")
    if str(inspected.get("app_id")) != provider.client_id:
        raise Refused("a token of another app")
    asked = {"fields": "id,name,email", "access_token": token, "appsecret_proof": proof}
    profile = await _json(client, f"{provider.graph}/me", params=asked)
    subject = _text(profile.get("id"), 255)
    if subject is None or subject != str(inspected.get("user_id")):
        raise Refused("the profile of somebody else")
    # Facebook does not say whether the address was confirmed.
    return Proven(
        issuer=provider.issuer,
        subject=subject,
        email=_email(profile.get("email")),
        verified=False,
        name=_name(profile.get("name")),
    )
