"""Asking identity providers who somebody is: OpenID Connect, and Facebook's OAuth. The one place of the API that speaks to third parties.

Everything that a provider sends is checked here, and nothing is decided. State, nonce and PKCE verifier come of the browser's token by
one-way functions, so none of them is stored. Addresses are the operator's settings and what those providers' discovery documents name;
no redirects are followed. Rules: wire contract "oauth".
"""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import msgspec
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from api.auth.providers import Provider
from db.accounts.errors import AccountError
from db.accounts.identities import Proven
from db.errors import AppError

ALGORITHMS = ["RS256", "ES256"]  # never what a token names itself
LEEWAY = 120  # seconds
_TIMEOUT = 10.0
AGAIN = 60.0  # seconds between two looks for a key that is not there
_FRESH = 3600.0  # seconds a discovery document and its keys are believed
_GOOGLE = ["https://accounts.google.com", "accounts.google.com"]
_known: dict[str, tuple[float, Any]] = {}


class Away(Exception):
    """The provider does not answer, or not as it should."""


class Refused(Exception):
    """What came back proves nothing."""


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
            nonce = {} if provider.facebook else {"nonce": derived(flow, "nonce")}
            url, _ = client.create_authorization_url(
                meta["authorization_endpoint"], state=derived(flow, "state"), code_verifier=derived(flow, "verifier"), **nonce
            )
            return str(url)
    except (Away, httpx2.HTTPError) as error:
        raise away() from error


async def exchange(provider: Provider, flow: str, redirect_uri: str, code: str, iss: str | None) -> Proven:
    """Who it is. Raises Unauthenticated `sign_in_refused`, Unavailable `provider_away`."""
    try:
        if iss is not None and iss not in _issuers(provider):
            raise Refused("another issuer answered")
        async with _client(provider, redirect_uri) as client:
            meta = await _metadata(provider, client)
            token = await client.fetch_token(
                meta["token_endpoint"], code=code, code_verifier=derived(flow, "verifier"), grant_type="authorization_code"
            )
            if provider.facebook:
                return await _facebook(provider, client, token)
            claims = await _claims(provider, client, meta, token, derived(flow, "nonce"))
            if not claims.get("email") and meta.get("userinfo_endpoint"):
                told = await _json(client, meta["userinfo_endpoint"], token=True)
                if told.get("sub") != claims["sub"]:
                    raise Refused("userinfo of somebody else")
                claims = {**told, **claims}
            return _proven(provider, claims)
    except (Refused, AuthlibBaseError, JoseError) as error:
        raise AccountError.SIGN_IN_REFUSED() from error
    except (Away, httpx2.HTTPError, ValueError) as error:
        raise away() from error


def away() -> AppError:
    return AccountError.PROVIDER_AWAY(retry_after=10)


def _issuers(provider: Provider) -> list[str]:
    return _GOOGLE if provider.issuer == _GOOGLE[0] else [provider.issuer]


async def _json(
    client: AsyncOAuth2Client, url: str, *, token: bool = False, params: dict[str, str] | None = None
) -> dict[str, Any]:
    answer = await client.request("GET", url, withhold_token=not token, params=params)
    if answer.status_code >= 500 or answer.is_redirect:
        raise Away(f"{urlsplit(url).hostname} answered {answer.status_code}")
    if answer.status_code != 200:
        raise Refused(f"{urlsplit(url).hostname} answered {answer.status_code}")
    try:
        found = msgspec.json.decode(answer.content, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Away("no JSON") from error
    return found


async def _kept(client: AsyncOAuth2Client, url: str, *, anew: bool = False) -> dict[str, Any]:
    """A public document of a provider, for an hour; `anew` no sooner than a minute after the last time."""
    found = _known.get(url)
    if found is not None and time.monotonic() - found[0] < (AGAIN if anew else _FRESH):
        return dict(found[1])
    try:
        document = await _json(client, url)
    except Refused as error:
        raise Away(str(error)) from error
    _known[url] = (time.monotonic(), document)
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
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        scheme = urlsplit(str(meta.get(name, ""))).scheme
        if scheme != "https" and not (scheme == "http" and provider.issuer.startswith("http:")):
            raise Away(f"{name} is no https address")
    return meta


async def _claims(
    provider: Provider, client: AsyncOAuth2Client, meta: dict[str, Any], token: dict[str, Any], nonce: str
) -> dict[str, Any]:
    raw = token.get("id_token")
    if not isinstance(raw, str):
        raise Refused("no id_token")
    keys = KeySet.import_key_set(await _kept(client, meta["jwks_uri"]))  # type: ignore[arg-type]
    try:
        decoded = jwt.decode(raw, keys, algorithms=ALGORITHMS)
    except (JoseError, ValueError):
        keys = KeySet.import_key_set(await _kept(client, meta["jwks_uri"], anew=True))  # type: ignore[arg-type]
        try:
            decoded = jwt.decode(raw, keys, algorithms=ALGORITHMS)
        except ValueError as error:  # a key that is not there
            raise Refused("an unknown key") from error
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
    if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
        raise Refused("no subject")
    half = hashlib.sha256(str(token.get("access_token", "")).encode()).digest()[:16]
    if "at_hash" in claims and claims["at_hash"] != base64.urlsafe_b64encode(half).decode().rstrip("="):
        raise Refused("the access token is another one")
    return claims


def _proven(provider: Provider, claims: dict[str, Any]) -> Proven:
    email = _text(claims.get("email"), 254)
    verified = claims.get("email_verified") in (True, "true") and bool(email)
    if provider.id == "google":
        # Of other addresses Google only knows that they were the person's when the account was made.
        verified = verified and (bool(claims.get("hd")) or str(email).lower().endswith(("@gmail.com", "@googlemail.com")))
    return Proven(
        issuer=provider.issuer, subject=claims["sub"], email=email, verified=verified, name=_text(claims.get("name"), 120)
    )


def _text(value: Any, most: int) -> str | None:
    """A text that can be kept, or none."""
    if not isinstance(value, str) or "\0" in value or not value.strip() or len(value) > most:
        return None
    return value.strip()


async def _facebook(provider: Provider, client: AsyncOAuth2Client, token: dict[str, Any]) -> Proven:
    """Facebook's profile. The token must be one of our app, and of the person whose profile it shows."""
    secret = provider.client_secret
    proof = hmac.digest(secret.encode(), token["access_token"].encode(), "sha256").hex()
    own = {"input_token": token["access_token"], "access_token": f"{provider.client_id}|{secret}"}
    inspected = (await _json(client, f"{provider.graph}/debug_token", params=own)).get("data", {})
    if not inspected.get("is_valid") or str(inspected.get("app_id")) != provider.client_id:
        raise Refused("a token of another app")
    asked = {"fields": "id,name,email", "access_token": token["access_token"], "appsecret_proof": proof}
    profile = await _json(client, f"{provider.graph}/me", params=asked)
    subject = str(profile.get("id") or "")
    if not subject or subject != str(inspected.get("user_id")):
        raise Refused("the profile of somebody else")
    # Facebook does not say whether the address was confirmed.
    return Proven(
        issuer=provider.issuer,
        subject=subject[:255],
        email=_text(profile.get("email"), 254),
        verified=False,
        name=_text(profile.get("name"), 120),
    )
