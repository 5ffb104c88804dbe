"""ID tokens as a provider signs them, and as attackers would: each fault breaks one rule of the wire contract "oauth"."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

FAULTS: Final = frozenset(
    {"nonce", "audience", "azp", "issuer", "expired", "alg_none", "hs256", "other_key", "at_hash", "no_subject", "no_token"}
)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Signer:
    """An RSA key of this run, made when it is first asked for; `rotate` gives it a successor."""

    def __init__(self) -> None:
        self._number = 0
        self._key: RSAKey | None = None

    def rotate(self) -> None:
        self._number += 1
        self._key = None

    @property
    def _own(self) -> RSAKey:
        if self._key is None:
            self._key = RSAKey.generate_key(2048, {"kid": f"sandbox-{self._number}", "use": "sig", "alg": "RS256"})
        return self._key

    def published(self) -> dict[str, Any]:
        return dict(KeySet([self._own]).as_dict(private=False))

    def id_token(self, claims: dict[str, Any], access_token: str, fault: str | None) -> str | None:
        """The signed claims; broken as `fault` says."""
        now = int(time.time())
        claims = {"iat": now, "exp": now + 3600, "at_hash": _b64(hashlib.sha256(access_token.encode()).digest()[:16]), **claims}
        match fault:
            case "no_token":
                return None
            case "nonce" | "at_hash":
                claims[fault] = "another"
            case "audience":
                claims["aud"] = "another-app"
            case "azp":
                claims |= {"aud": [claims["aud"], "another-app"], "azp": "another-app"}
            case "issuer":
                claims["iss"] = "https://evil.example"
            case "expired":
                claims |= {"iat": now - 7200, "exp": now - 3600}
            case "no_subject":
                del claims["sub"]
        kid = str(self._own.kid)
        if fault == "alg_none":
            return f"{_b64(json.dumps({'alg': 'none', 'kid': kid}).encode())}.{_b64(json.dumps(claims).encode())}."
        if fault == "hs256":  # signed with the public key, which everybody has, as if it were a secret
            public = self._own.raw_value
            numbers = public.public_key() if hasattr(public, "public_key") else public
            pem = numbers.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            head = {"alg": "HS256", "kid": kid}
            signed = f"{_b64(json.dumps(head).encode())}.{_b64(json.dumps(claims).encode())}"
            return f"{signed}.{_b64(hmac.digest(pem, signed.encode(), 'sha256'))}"
        key = RSAKey.generate_key(2048, {"kid": kid}) if fault == "other_key" else self._own
        return jwt.encode({"alg": "RS256", "kid": kid}, claims, key)
