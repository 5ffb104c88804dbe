"""Google, Facebook and an OpenID provider as the sandbox plays them: a window in which one says who one is, codes that work once, tokens,
keys, profiles. Whoever opens the window is believed: the product takes these providers on one machine alone.

Faults on order: `POST /sandbox/identity {"fault": "nonce"}` breaks the next answer; `rotate` gives the keys a successor; `odd` with `at`
(the end of an address, such as `token`) answers there with what no provider sends.
"""

import base64
import hashlib
import hmac
import html
import secrets
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from workers.sandbox.identity.tokens import FAULTS, Signer
from workers.sandbox.server import Reply, Request, json_reply, problem

CLIENT: Final = "sandbox"  # id and secret of the app that this server knows
CODE_SECONDS: Final = 60.0
LABELS: Final = {"google": "Google", "facebook": "Facebook", "oidc": "OpenID"}
ANSWERS: Final = frozenset({"away", "cut", "garbage", "other_app", "other_person"})
_ODD: Final = {"issuer": 1, "keys": "x", "access_token": 5, "data": [], "id": {}, "sub": 7}
_WINDOW: Final = (Path(__file__).parent / "window.html").read_text("utf-8")
_HEAD: Final = b"content-security-policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\ncache-control: no-store\r\n"


class _Person(msgspec.Struct, frozen=True):
    subject: str
    name: str
    email: str
    verified: bool


class _Code(msgspec.Struct, frozen=True):
    provider: str
    asked: dict[str, str]
    person: _Person
    until: float


class Identity:
    def __init__(self) -> None:
        self._signer = Signer()
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, _Code] = {}
        self._fault: str | None = None
        self._odd_at: str | None = None

    def control(self, request: Request) -> Reply:
        """Orders a fault: for the next token or profile."""
        try:
            said = msgspec.json.decode(request.body, type=dict[str, str])
            fault = said.get("fault", "")
        except msgspec.MsgspecError as error:
            return problem(400, str(error))
        if fault == "rotate":
            self._signer.rotate()
        elif fault == "odd":
            self._odd_at = said.get("at", "")
        elif fault in FAULTS | ANSWERS:
            self._fault = fault
        else:
            return problem(422, f"fault is one of: rotate, odd, {', '.join(sorted(FAULTS | ANSWERS))}")
        return json_reply({"fault": fault})

    def _take(self, *faults: str) -> str | None:
        if self._fault in faults:
            fault, self._fault = self._fault, None
            return fault
        return None

    def handle(self, request: Request, path: list[str]) -> Reply:
        """`path`: the parts after /identity."""
        provider, where = path[0] if path else "", "/".join(path[1:])
        if provider not in LABELS:
            return problem(404, "no such provider")
        if fault := self._take("away", "cut", "garbage"):
            return {"away": problem(503, "out of order"), "cut": Reply(200, cut=True), "garbage": Reply(200, b"<html>")}[fault]
        if self._odd_at is not None and where.endswith(self._odd_at):
            self._odd_at = None
            return json_reply(_ODD)
        base = f"http://{request.header(b'host')}/identity/{provider}"
        match where:
            case ".well-known/openid-configuration" if provider != "facebook":
                return json_reply(self._document(base))
            case "keys":
                return json_reply(self._signer.published())
            case "authorize" | "dialog/oauth":
                return self._window(provider, request)
            case "token" | "graph/oauth/access_token":
                return self._token(provider, base, request)
            case "userinfo" | "graph/me":
                return self._profile(provider, request)
            case "graph/debug_token":
                return self._inspect(request)
        return problem(404, "no such address")

    @staticmethod
    def _document(base: str) -> dict[str, Any]:
        return {
            "issuer": base,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "authorization_response_iss_parameter_supported": base.endswith("/oidc"),
        }

    def _window(self, provider: str, request: Request) -> Reply:
        asked = request.params()
        if asked.get("client_id") != CLIENT or asked.get("response_type") != "code":
            return problem(400, "unknown client, or no code was asked for")
        if urlsplit(asked.get("redirect_uri", "")).scheme not in ("http", "https") or not asked.get("state"):
            return problem(400, "redirect_uri or state is missing")
        if request.method == "GET":
            tick = '<label class="tick"><input type="checkbox" name="verified" checked> Endereço confirmado</label>'
            page = _WINDOW.replace("{label}", html.escape(LABELS[provider]))
            page = page.replace("{verified}", "" if provider == "facebook" else tick)
            return Reply(200, page.encode(), b"text/html; charset=utf-8", _HEAD)
        said = dict(request.form())
        back = {"state": asked["state"]}
        if provider == "oidc":  # RFC 9207
            back |= {"iss": f"http://{request.header(b'host')}/identity/{provider}"}
        if said.get("go") == "no":
            back |= {"error": "access_denied"}
        else:
            email = said.get("email", "").strip()
            subject = said.get("subject") or hashlib.sha256(f"{provider}|{email or said.get('name')}".encode()).hexdigest()[:21]
            person = _Person(subject, said.get("name", "").strip(), email, "verified" in said)
            code = secrets.token_urlsafe(24)
            self._codes[code] = _Code(provider, asked, person, time.monotonic() + CODE_SECONDS)
            back |= {"code": code}
        head = f"location: {asked['redirect_uri']}?{urlencode(back)}\r\n".encode("latin-1", "replace")
        return Reply(302, extra=head)

    def _token(self, provider: str, base: str, request: Request) -> Reply:
        sent = dict(request.form()) or request.params()
        code = self._codes.pop(sent.get("code", ""), None)
        if (sent.get("client_id"), sent.get("client_secret")) != (CLIENT, CLIENT):
            return json_reply({"error": "invalid_client"}, 401)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if (
            code is None
            or code.provider != provider
            or code.until < time.monotonic()
            or code.asked["redirect_uri"] != sent.get("redirect_uri")
            or code.asked.get("code_challenge") != challenge
        ):
            if provider == "facebook":
                return json_reply(
                    {"error": {"message": "This authorization code has been used.", "type": "OAuthException", "code": 100}}, 400
                )
            return json_reply({"error": "invalid_grant", "error_description": "Bad Request"}, 400)
        token = f"sim-{secrets.token_urlsafe(16)}"
        self._tokens[token] = code
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if provider != "facebook":
            claims = {
                "iss": base,
                "aud": CLIENT,
                "azp": CLIENT,
                "nonce": code.asked.get("nonce", ""),
                **self._claims(code.person),
            }
            signed = self._signer.id_token(claims, token, self._take(*FAULTS))
            answer |= {} if signed is None else {"id_token": signed}
        return json_reply(answer)

    @staticmethod
    def _claims(person: _Person) -> dict[str, Any]:
        known = {"sub": person.subject}
        known |= {"name": person.name} if person.name else {}
        return {**known, "email": person.email, "email_verified": person.verified} if person.email else known

    def _profile(self, provider: str, request: Request) -> Reply:
        token = request.params().get("access_token") or request.header(b"authorization").removeprefix("Bearer ")
        held = self._tokens.get(token)
        if held is None or held.provider != provider:
            return json_reply({"error": {"message": "Invalid token", "type": "OAuthException", "code": 190}}, 401)
        claims = self._claims(held.person)
        if self._take("other_person"):
            claims["sub"] = "another"
        if provider != "facebook":
            return json_reply(claims)
        proof = hmac.digest(CLIENT.encode(), token.encode(), "sha256").hex()
        if not hmac.compare_digest(request.params().get("appsecret_proof", "").encode(), proof.encode()):
            return json_reply({"error": {"message": "Invalid appsecret_proof", "type": "GraphMethodException", "code": 100}}, 400)
        claims.pop("email_verified", None)
        return json_reply({"id": claims.pop("sub"), **claims})

    def _inspect(self, request: Request) -> Reply:
        asked = dict(parse_qsl(request.query))
        if asked.get("access_token") != f"{CLIENT}|{CLIENT}":
            return json_reply({"error": {"message": "Invalid app token", "type": "OAuthException", "code": 190}}, 400)
        held = self._tokens.get(asked.get("input_token", ""))
        app = "another" if self._take("other_app") else CLIENT
        return json_reply({"data": {"app_id": app, "is_valid": held is not None, "user_id": held.person.subject if held else ""}})
