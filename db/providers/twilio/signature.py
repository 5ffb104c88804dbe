"""Signatures of Twilio's webhooks: made (tests) and checked (API), over URL and form, in constant time.

Refuses to know where secrets or the public URL come from: the caller passes both (never the Host header's word). The scheme has
no timestamp: replays are stopped by unique event keys, not here.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from db.providers.definition import Call

MAX_FORM_FIELDS = 1000
STANDARD_PORTS = {"https": 443, "http": 80}

Form = Sequence[tuple[str, str]]


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


def verify(auth_token: str, call: Call) -> bool:
    """Whether Twilio signed this call. The URL is the public one with its query untouched; the body is empty for GET.

    With `bodySHA256` in the query the body is proven by that hash, otherwise it is read as a form. The URL counts as
    given, without its port and with the standard port: Twilio is not consistent about it.
    """
    try:
        form = parse_form(call.body)
        hashes = [value for name, value in parse_qsl(urlsplit(call.url).query) if name == "bodySHA256"]
        variants = port_variants(call.url)
    except ValueError:
        return False
    if hashes:
        if len(hashes) != 1 or not _matches(hashes[0].lower(), [hashlib.sha256(call.body).hexdigest()]):
            return False
        form = []
    return _matches(call.header, [sign_twilio(auth_token, variant, form) for variant in variants])


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
