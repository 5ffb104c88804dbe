"""Signatures of webhooks that Meta and Twilio send us: made (sandbox, tests) and checked (API).

Pure functions over raw bytes, comparing in constant time. They refuse to parse what they verify beyond what the rule
needs, and to know where secrets or the public URL come from: the caller passes both (never the Host header's word).
Neither scheme has a timestamp: replays are stopped by unique event keys, not here.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

META_PREFIX = "sha256="
MAX_FORM_FIELDS = 1000
STANDARD_PORTS = {"https": 443, "http": 80}

Form = Sequence[tuple[str, str]]


def sign_meta(app_secret: str, body: bytes) -> str:
    """`X-Hub-Signature-256` of a body (raw bytes, never re-serialised). Source: Meta, "Validate payloads"."""
    return META_PREFIX + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def verify_meta(app_secrets: Sequence[str], body: bytes, header: str | None) -> bool:
    """Whether one of the secrets (two while one is being replaced) signed the body."""
    if header is None or not header.startswith(META_PREFIX):
        return False
    return _matches(header, [sign_meta(secret, body) for secret in app_secrets if secret])


def parse_form(body: bytes) -> list[tuple[str, str]]:
    """Names and values of a form body in order, blanks kept. Raises ValueError over 1000 fields.

    Bytes that are not UTF-8 become replacement characters: such a body then fails its signature.
    """
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)


def sign_twilio(auth_token: str, url: str, form: Form = ()) -> str:
    """`X-Twilio-Signature` of a call to exactly this public URL with these form fields (none for GET and JSON).

    Source: Twilio, "Validating requests": names sorted by code point, name and value joined without separators; of a
    repeated name every distinct value once, sorted.
    """
    data = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.new(auth_token.encode(), data.encode("utf-8", "replace"), hashlib.sha1).digest()).decode()


def sign_twilio_json(auth_token: str, url: str, body: bytes) -> tuple[str, str]:
    """URL with `bodySHA256` added, and its signature: how Twilio signs a JSON body."""
    url += ("&" if urlsplit(url).query else "?") + "bodySHA256=" + hashlib.sha256(body).hexdigest()
    return url, sign_twilio(auth_token, url)


def verify_twilio(auth_tokens: Sequence[str], url: str, body: bytes, header: str | None) -> bool:
    """Whether Twilio signed this call. `url` is the public one with its query untouched; `body` is empty for GET.

    With `bodySHA256` in the query the body is proven by that hash, otherwise it is read as a form. The URL counts as
    given, without its port and with the standard port: Twilio is not consistent about it.
    """
    if not header:
        return False
    try:
        form = parse_form(body)
        hashes = [value for name, value in parse_qsl(urlsplit(url).query) if name == "bodySHA256"]
        variants = port_variants(url)
    except ValueError:
        return False
    if hashes:
        if len(hashes) != 1 or not _matches(hashes[0].lower(), [hashlib.sha256(body).hexdigest()]):
            return False
        form = []
    return _matches(header, [sign_twilio(token, variant, form) for token in auth_tokens if token for variant in variants])


def port_variants(url: str) -> list[str]:
    """The URL as given, without a port, and with the scheme's standard port. Raises ValueError for a malformed URL."""
    parts = urlsplit(url)
    host = parts.netloc
    if parts.port is not None:
        host = host.rpartition(":")[0]
    hosts = [parts.netloc, host]
    if parts.scheme in STANDARD_PORTS:
        hosts.append(f"{host}:{STANDARD_PORTS[parts.scheme]}")
    return [url, *(variant for h in hosts[1:] if (variant := urlunsplit(parts._replace(netloc=h))) != url)]


def _matches(given: str, expected: list[str]) -> bool:
    """Compare with every candidate, without stopping at the first, in constant time."""
    found = False
    for candidate in expected:
        found |= hmac.compare_digest(candidate.encode(), given.encode("utf-8", "replace"))
    return found
