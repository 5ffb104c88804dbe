"""Who is signed in: an HttpOnly cookie with the API's session token, and nothing else. A second one says that an account was
opened in this browser before; it opens nothing.

NiceGUI handlers run in the web socket and cannot set cookies. So a handler leaves the token under a ticket (in memory,
once, 30 s, bound to the browser's nonce cookie) and sends the browser to `/session/start`, which sets the cookie. The
framework's own storage is never used for this. Rights are not decided here: every call goes to the API, which re-reads
the session.
"""

import asyncio
import secrets
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from weakref import WeakKeyDictionary, WeakSet

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import Client, app, background_tasks, core, ui

from api.contract.accounts import Me
from api.contract.accounts import SignedIn as Handed
from api.contract.enums import Permission
from ui.client import accounts
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.i18n import LANGUAGE_COOKIE, LANGUAGES, current_client, preferences
from ui.settings import Settings

TICKET_SECONDS = 30
DEVICE_COOKIES = "__Host-mia_device", "mia_device"  # over https, over http
FLOW_COOKIES = "__Host-mia_flow", "mia_flow"
DEVICE_SECONDS = 365 * 24 * 3600
COOKIE_SECONDS = 30 * 24 * 3600  # the API ends the session earlier; the cookie only must not outlive it for ever
LAST_WORDS = 1.0  # seconds in which a page whose session has ended is told where to go
BROWSER_SCOPE = "mia.browser"


class SignedIn(NamedTuple):
    """The person behind a page: token, what `/v1/me` said when the page was opened, and a client to ask with."""

    token: str
    me: Me
    api: ApiClient

    def may(self, permission: Permission) -> bool:
        """For hiding what would be refused anyway; the API decides."""
        return permission in self.me.permissions


class _Ticket(NamedTuple):
    token: str | None  # None ends the session
    device: str | None  # None keeps the one there is
    language: str | None
    browser: str
    next: str
    expires: float


class Tickets:
    """One-time tickets of this process. `take` removes; what is older than 30 s is gone."""

    def __init__(self) -> None:
        self._held: dict[str, _Ticket] = {}

    def leave(self, token: str | None, language: str | None, browser: str, next: str, device: str | None = None) -> str:
        now = time.monotonic()
        self._held = {name: held for name, held in self._held.items() if held.expires > now}
        name = secrets.token_urlsafe(32)
        self._held[name] = _Ticket(token, device, language, browser, safe_next(next), now + TICKET_SECONDS)
        return name

    def take(self, name: str, browser: str) -> _Ticket | None:
        held = self._held.pop(name, None)
        if held is None or held.expires <= time.monotonic() or not secrets.compare_digest(held.browser, browser):
            return None
        return held


tickets = Tickets()
_pages: WeakKeyDictionary[Client, SignedIn] = WeakKeyDictionary()
_over: WeakSet[Client] = WeakSet()


def session_cookie(settings: Settings) -> str:
    return "__Host-mia_session" if settings.secure else "mia_session"


def browser_cookie(settings: Settings) -> str:
    return "__Host-mia_browser" if settings.secure else "mia_browser"


def device_cookie(settings: Settings) -> str:
    return DEVICE_COOKIES[0] if settings.secure else DEVICE_COOKIES[1]


def flow_cookie(settings: Settings) -> str:
    return FLOW_COOKIES[0] if settings.secure else FLOW_COOKIES[1]


def safe_next(target: str | None) -> str:
    """The target when it is a path of ours, else the first page. Refuses schemes, hosts and backslash tricks."""
    if not target or not target.startswith("/") or "\\" in target or any(ord(sign) < 32 for sign in target):
        return "/"
    parts = urlsplit(target)
    inside = not (parts.scheme or parts.netloc or target.startswith("//") or parts.path.startswith("/session/"))
    return target if inside else "/"


def sign_in_path(next: str = "/", why: str = "") -> str:
    """Address of the sign-in page that leads back to `next`; `why` is a code that the page has a sentence for."""
    query = [f"next={quote(safe_next(next), safe='')}"] if safe_next(next) != "/" else []
    query += [f"why={why}"] if why else []
    return "/sign-in" + ("?" + "&".join(query) if query else "")


def bind(client: Client, signed_in: SignedIn) -> None:
    """Ties the person to the page. Called by the page decorator before anything is drawn."""
    _pages[client] = signed_in


def token_of(client: Client) -> str | None:
    """The session token a page was opened with; None for a public page."""
    held = _pages.get(client)
    return held.token if held else None


def cookies_of(header: str) -> Mapping[str, str]:
    """The cookies of a request; none when the header cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(header)
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def belongs_to(client: Client, cookie_header: str, settings: Settings) -> bool:
    """Whether a request with these cookies comes from the browser that the page was made for: by the session, and on a page of
    nobody by the browser's nonce."""
    cookies, token = cookies_of(cookie_header), token_of(client)
    if token is not None:
        wanted, given = token, cookies.get(session_cookie(settings), "")
    else:
        wanted, given = client.request.scope.get(BROWSER_SCOPE, ""), cookies.get(browser_cookie(settings), "")
    return bool(wanted) and not is_over(client) and secrets.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))


def is_over(client: Client) -> bool:
    """Whether the page's session has ended: nothing of the page may be used any more."""
    return client in _over


def end(token: str, leaving: Client | None = None) -> None:
    """The session is over: its pages take no more events, go to sign-in, and are deleted, whatever their browsers do. `leaving`
    is a page that is on its way already."""
    pages = [client for client, held in _pages.items() if held.token == token and client not in _over and not client.is_deleted]
    _over.update(pages)
    for client in pages:
        if client is not leaving:
            with client:
                _to_sign_in(client)
        background_tasks.create(_forget(client), name=f"end {client.id}")


async def _forget(client: Client) -> None:
    await asyncio.sleep(LAST_WORDS)
    if client.is_deleted:
        return
    sockets = [sid for sid, _ in core.sio.manager.get_participants("/", client.id)]
    close_page(client)
    for sid in sockets:
        await core.sio.disconnect(sid)


def close_page(client: Client) -> None:
    """Deletes a page now. One whose browser just left is deleted by NiceGUI too, later, and that must not come any more."""
    if client.is_deleted:
        return
    for document in list(client._delete_tasks):
        client._cancel_delete_task(document)
    client.delete()


def current() -> SignedIn:
    """The person behind the running page or handler. LookupError on a public page."""
    client = current_client()
    held = _pages.get(client) if client is not None else None
    if held is None:
        raise LookupError("no one is signed in on this page")
    return held


def signed_in() -> bool:
    client = current_client()
    return client is not None and client in _pages


def anonymous() -> ApiClient:
    """A client for the public routes: sign-in, sign-up, links from e-mails."""
    client = current_client()
    if client is None:
        return ApiClient(language=preferences().language)
    return ApiClient(language=preferences().language, address=browser_address(client), browser=browser_name(client))


def browser_address(client: Client) -> str | None:
    """Where the page was opened from, as the server resolved it (FORWARDED_ALLOW_IPS); never what the browser claims."""
    peer = client.request.client
    return peer.host if peer is not None else None


def browser_name(client: Client) -> str | None:
    """What the browser calls itself; people find their own device by it in the list of sessions."""
    return client.request.headers.get("user-agent")


def known_device() -> str | None:
    """What an earlier sign-in left in this browser: with it strangers' tries do not count against the person."""
    client = current_client()
    cookies = client.request.cookies if client is not None else {}
    return (cookies.get(DEVICE_COOKIES[0]) or cookies.get(DEVICE_COOKIES[1]) or "")[:100] or None


def hand_over(handed: Handed, next: str = "/") -> None:
    """In a handler: makes the browser keep the new session and go on to `next`."""
    _navigate(handed.token, handed.me.language.value, next, handed.device)


async def sign_out() -> None:
    """In a handler: ends the session at the API, forgets the cookie and ends the other pages of the session; works when the API
    is away, too."""
    held = current()
    try:
        await accounts.sign_out(held.api)
    except (ApiProblem, Offline):
        pass
    _navigate(None, None, "/sign-in")
    end(held.token, leaving=current_client())


def expired() -> None:
    """In a handler, after a 401: the session is over. The way back is the page the person was on."""
    client = current_client()
    if client is None:
        return
    token = token_of(client)
    if token is not None:
        end(token)
    else:
        _to_sign_in(client)


def _to_sign_in(client: Client) -> None:
    url = client.request.url
    ui.navigate.to(sign_in_path(url.path + (f"?{url.query}" if url.query else ""), "expired"))


def change_language(language: str) -> None:
    """In a handler: sets the cookie and draws the page anew in the language (a key of LANGUAGES)."""
    client = current_client()
    url = client.request.url if client is not None else None
    here = url.path + (f"?{url.query}" if url.query else "") if url is not None else "/"
    ui.navigate.to(f"/session/language?lang={quote(language)}&next={quote(here, safe='')}")


def _navigate(token: str | None, language: str | None, next: str, device: str | None = None) -> None:
    client = current_client()
    browser = client.request.scope.get(BROWSER_SCOPE, "") if client is not None else ""
    ui.navigate.to(f"/session/start?ticket={tickets.leave(token, language, browser, next, device)}")


def keep(response: RedirectResponse, settings: Settings, token: str, device: str | None, language: str | None) -> None:
    """Sets the cookies of a new session; without a `device` the one that is there stays."""
    private: dict[str, Any] = {"path": "/", "secure": settings.secure, "httponly": True, "samesite": "lax"}
    response.set_cookie(session_cookie(settings), token, max_age=COOKIE_SECONDS, **private)
    if device is not None:
        response.set_cookie(device_cookie(settings), device, max_age=DEVICE_SECONDS, **private)
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=365 * 24 * 3600, path="/", samesite="lax")


def register(settings: Settings) -> None:
    """Adds the two plain HTTP routes that may set cookies."""

    @app.get("/session/start", include_in_schema=False)
    def start(request: Request, ticket: str = "") -> RedirectResponse:
        held = tickets.take(ticket, request.cookies.get(browser_cookie(settings), ""))
        if held is None:
            return RedirectResponse(sign_in_path(why="ticket"), 303)
        response = RedirectResponse(held.next, 303)
        name = session_cookie(settings)
        if held.token is None:
            response.delete_cookie(name, path="/", secure=settings.secure, httponly=True, samesite="lax")
            return response
        keep(response, settings, held.token, held.device, held.language)
        if flow_cookie(settings) in request.cookies:
            response.delete_cookie(flow_cookie(settings), path="/", secure=settings.secure, httponly=True, samesite="lax")
        return response

    @app.get("/session/language", include_in_schema=False)
    def language(lang: str = "", next: str = "/") -> RedirectResponse:
        response = RedirectResponse(safe_next(next), 303)
        if lang in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, lang, max_age=365 * 24 * 3600, path="/", samesite="lax")
        return response
