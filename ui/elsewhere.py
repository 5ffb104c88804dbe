"""The browser's way to an identity provider and back. The flow's secret lies in an HttpOnly cookie of ten minutes, beside the page that the
person was going to; pages never see it. A handler leaves it under a one-time ticket, since it cannot set cookies (`ui/session.py`).
What comes back is handed to the API as it is: nothing is judged here.
"""

import secrets
import time
from typing import NamedTuple
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui

from api.contract.enums import SignInStep
from api.contract.problems import AccountError
from api.contract.providers import ProviderComplete, ProviderReturn, ProviderStarted
from ui import session
from ui.client import providers
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.i18n import current_client, preferences
from ui.settings import Settings

GO_ON = "/sign-in/with"
LINKING = "/settings?tab=security"  # where who links an account to their own goes on
AWAY = "provider_away"
_SECONDS = 600
_FLOW = 43  # characters


class _Ticket(NamedTuple):
    started: ProviderStarted
    next: str
    browser: str
    expires: float


_tickets: dict[str, _Ticket] = {}


def go(started: ProviderStarted, next: str) -> None:
    """In a handler: sends the browser to the provider; once it is in, it goes on to `next`."""
    client = current_client()
    now = time.monotonic()
    for name in [name for name, held in _tickets.items() if held.expires <= now]:
        del _tickets[name]
    browser = client.request.scope.get(session.BROWSER_SCOPE, "") if client is not None else ""
    ticket = secrets.token_urlsafe(32)
    _tickets[ticket] = _Ticket(started, session.safe_next(next), browser, now + session.TICKET_SECONDS)
    ui.navigate.to(f"/session/with?ticket={ticket}")


def under_way() -> tuple[str, str]:
    """The flow of the page's browser and where it goes on; empty without one."""
    client = current_client()
    cookies = client.request.cookies if client is not None else {}
    return _read(cookies.get(session.FLOW_COOKIES[0]) or cookies.get(session.FLOW_COOKIES[1]) or "")


def _read(cookie: str) -> tuple[str, str]:
    return cookie[:_FLOW], session.safe_next(unquote(cookie[_FLOW + 1 :]))


def register(settings: Settings) -> None:
    """Adds the two plain HTTP routes: there, and back."""

    @app.get("/session/with", include_in_schema=False)
    def there(request: Request, ticket: str = "") -> RedirectResponse:
        held = _tickets.pop(ticket, None)
        own = request.cookies.get(session.browser_cookie(settings), "")
        if held is None or held.expires <= time.monotonic() or not secrets.compare_digest(held.browser.encode(), own.encode()):
            return RedirectResponse(session.sign_in_path(why="ticket"), 303)
        response = RedirectResponse(held.started.address, 303)
        response.set_cookie(
            session.flow_cookie(settings),
            f"{held.started.flow}.{quote(held.next, safe='')}",
            max_age=_SECONDS,
            path="/",
            secure=settings.secure,
            httponly=True,
            samesite="lax",
        )
        return response

    @app.get("/session/back", include_in_schema=False)
    async def back(
        request: Request, state: str = "", code: str | None = None, error: str | None = None, iss: str | None = None
    ) -> RedirectResponse:
        flow, next = _read(request.cookies.get(session.flow_cookie(settings), ""))
        if len(flow) != _FLOW:
            return RedirectResponse(session.sign_in_path(why="elsewhere"), 303)
        peer = request.client.host if request.client is not None else None
        api = ApiClient(language=preferences().language, address=peer, browser=request.headers.get("user-agent"))
        try:
            needed = await providers.come_back(
                api, ProviderReturn(flow=flow, state=state[:200], code=code, error=error and error[:200], iss=iss)
            )
            if needed.step is SignInStep.READY:
                device = request.cookies.get(session.device_cookie(settings))
                signed_in = await providers.complete(api, ProviderComplete(flow=flow, device=device and device[:100]))
                response = RedirectResponse(next, 303)
                session.keep(response, settings, signed_in.token, signed_in.device, signed_in.me.language.value)
                return _over(response, settings)
        except (ApiProblem, Offline) as problem:
            if isinstance(problem, ApiProblem) and problem.code == AccountError.SECOND_FACTOR_NEEDED:
                return RedirectResponse(GO_ON, 303)
            return _over(_ended(next, _why(problem)), settings)
        if needed.step in (SignInStep.LINKED, SignInStep.TAKEN, SignInStep.CANCELLED):
            return _over(_ended(next, needed.step.value), settings)
        return RedirectResponse(GO_ON, 303)


def _why(problem: ApiProblem | Offline) -> str:
    """A code that the page it leads to has a sentence for."""
    if isinstance(problem, Offline) or problem.status >= 500:
        return AWAY
    if problem.status == 429:
        return "too_many"
    return problem.code if problem.code == AccountError.NO_COMPANY else "elsewhere"


def _ended(next: str, why: str) -> RedirectResponse:
    """Back to where it began, with what became of it."""
    return RedirectResponse(f"{LINKING}&linked={why}" if next == LINKING else session.sign_in_path(next, why), 303)


def _over(response: RedirectResponse, settings: Settings) -> RedirectResponse:
    response.delete_cookie(session.flow_cookie(settings), path="/", secure=settings.secure, httponly=True, samesite="lax")
    return response
