"""Is it alive (`/health`), can it work (`/ready`), and how is it doing (`/metrics`).

`/ready` fails when Postgres or Valkey does not answer. Late queues are told but do not fail it: taking the API away because the
workers are behind would only turn providers' webhooks away.
"""

import asyncio
import hmac
import ipaddress
import time
from typing import Any

import structlog
from litestar import MediaType, Request, Response, get
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.values import MutexValue, ValueClass

from db import backlog, valkey
from db.channels.enums import ChannelState
from db.errors import AppError, RequestError
from db.settings import Settings

log = structlog.get_logger("api.health")

QUIET = frozenset({"/health", "/ready", "/metrics", "/hooks"})
LATE = 900.0  # seconds after which a waiting job or webhook counts as late
_PATIENCE = 3.0

_SHARED = ValueClass is not MutexValue  # several processes answer for one address
_registry = CollectorRegistry()
_requests = Counter("masteria_requests", "Requests by route and status.", ["method", "route", "status"], registry=_registry)
_seconds = Histogram(
    "masteria_request_seconds",
    "Time to the end of the answer.",
    ["route"],
    registry=_registry,
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_age = Gauge(
    "masteria_oldest_waiting_seconds",
    "Age of the oldest due job and webhook.",
    ["queue"],
    registry=_registry,
    multiprocess_mode="mostrecent",
)
_counts = Gauge(
    "masteria_count",
    "Jobs that are due (waiting) or were given up (dead), webhooks (waiting, given_up), real channels by state, open holds.",
    ["kind", "state"],
    registry=_registry,
    multiprocess_mode="mostrecent",
)
COUNTED = {
    "jobs": ("waiting", "dead"),
    "webhooks": ("waiting", "given_up"),
    "channels": tuple(ChannelState),
    "holds": ("open",),
}
_up = Gauge("masteria_up", "Whether a part answers.", ["part"], registry=_registry, multiprocess_mode="mostrecent")


def observe(method: str, route: str, status: int, seconds: float) -> None:
    """Counts one request."""
    _requests.labels(method, route, str(status)).inc()
    if not route.startswith("/v1/events"):
        _seconds.labels(route).observe(seconds)


async def look() -> dict[str, Any]:
    """What `/ready` answers: parts with `ok`, ages in seconds."""
    parts: dict[str, Any] = {}
    started = time.perf_counter()
    try:
        ages = await asyncio.wait_for(backlog.oldest(), _PATIENCE)
        parts["postgres"] = {"ok": True, "ms": round((time.perf_counter() - started) * 1000, 1)}
        for name, age in ages.items():
            parts[f"oldest_{name}"] = {"ok": age < LATE, "age_seconds": round(age, 1)}
            _age.labels(name).set(age)
    except (AppError, OSError, TimeoutError) as error:
        parts["postgres"] = {"ok": False, "error": type(error).__name__}
    started = time.perf_counter()
    try:
        await asyncio.wait_for(valkey.client().ping(), _PATIENCE)
        parts["valkey"] = {"ok": True, "ms": round((time.perf_counter() - started) * 1000, 1)}
    except valkey.Down as error:
        parts["valkey"] = {"ok": False, "error": type(error).__name__}
    for name in ("postgres", "valkey"):
        _up.labels(name).set(parts[name]["ok"])
    return parts


@get("/health", opt={"public": True, "rate": None}, include_in_schema=False)
async def health() -> dict[str, bool]:
    """The process answers."""
    return {"ok": True}


@get("/ready", opt={"public": True, "rate": None}, include_in_schema=False)
async def ready() -> Response[dict[str, Any]]:
    """200 when Postgres and Valkey answer, else 503; `parts` says which does not."""
    parts = await look()
    able = parts["postgres"]["ok"] and parts["valkey"]["ok"]
    return Response({"ok": able, "parts": parts}, status_code=200 if able else 503)


@get("/metrics", opt={"public": True, "rate": None}, include_in_schema=False, media_type=MediaType.TEXT)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus text, for who holds METRICS_TOKEN, or without one for this machine only."""
    settings: Settings = request.app.state.settings
    if not _allowed(settings, request):
        raise RequestError.NOT_FOUND(what="address")
    if (await look())["postgres"]["ok"]:
        await _count()
    registry = _registry
    if _SHARED:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")


async def _count() -> None:
    """Sets the counts; what nothing was found of is 0, so that an alert ends."""
    try:
        found = {(count.kind, count.state): count.n for count in await asyncio.wait_for(backlog.counts(), _PATIENCE)}
    except (AppError, OSError, TimeoutError):
        return
    for kind, states in COUNTED.items():
        for state in states:
            _counts.labels(kind, state).set(found.get((kind, state), 0))


def _allowed(settings: Settings, request: Request[Any, Any, Any]) -> bool:
    if settings.metrics_token:
        return hmac.compare_digest(f"Bearer {settings.metrics_token}".encode(), request.headers.get("authorization", "").encode())
    if "x-forwarded-for" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
