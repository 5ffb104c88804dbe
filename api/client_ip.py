"""Where a request comes from. `X-Forwarded-For` is believed only for as many hops as the deployment says stand in front."""

import ipaddress
from typing import Any

from litestar.connection import ASGIConnection


def client_ip(connection: ASGIConnection[Any, Any, Any, Any], trusted_proxies: int) -> str:
    """The caller's address. With n trusted proxies it is the n-th entry from the right; what stands further left is the
    caller's own invention."""
    peer = connection.client.host if connection.client else ""
    if trusted_proxies > 0:
        chain = [part.strip() for part in ",".join(connection.headers.getall("x-forwarded-for", [])).split(",") if part.strip()]
        if chain:
            found = chain[-min(trusted_proxies, len(chain))]
            try:
                return str(ipaddress.ip_address(found.strip("[]")))
            except ValueError:
                return peer or "unknown"
    return peer or "unknown"
