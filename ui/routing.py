"""How a page comes to be: `@page("/team")` registers it; the person is known before anything is drawn.

A page that needs sign-in first asks the API who the cookie belongs to. Nobody: redirect, the NiceGUI client is thrown
away at once (a lingering one is memory that strangers could fill). `permission` refuses with the 403 page. Pages are
only listed here; `register` hands them to NiceGUI, so importing a page module has no effect of its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any, NamedTuple
from urllib.parse import quote

import nicegui
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import Client, helpers
from nicegui.language import Language

from api.contract.enums import Permission
from ui import first_answers, kinds, live
from ui.client import accounts
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.address import address
from ui.i18n import preferences, set_page_preferences
from ui.session import SignedIn, bind, browser_address, browser_name, session_cookie, sign_in_path
from ui.settings import Settings

PageFunction = Callable[..., Any]
RECONNECT_SECONDS = 30.0
BUILD_SECONDS = 6.0  # until a page whose API gives no answer says so
RESPONSE_SECONDS = 10.0  # NiceGUI's own bound, whose page is not for people: BUILD_SECONDS stays below it
SETUP = "/second-factor"  # the one page for who has to set up a second step first
BACK_SECONDS = 4.0  # between looks whether the API is back, from the page that says it is away


class _Page(NamedTuple):
    function: PageFunction
    public: bool
    permission: Permission | None
    dev: bool


_pages: dict[str, _Page] = {}


def page(
    path: str, *, public: bool = False, permission: Permission | None = None, dev: bool = False
) -> Callable[[PageFunction], PageFunction]:
    """Lists a page function under a path (`/contacts/{contact_id}` passes arguments as FastAPI does).

    `public`: no sign-in. `permission`: without it the 403 page is shown. `dev`: only registered when settings.dev.
    """

    def listed(function: PageFunction) -> PageFunction:
        _pages[path] = _Page(function, public, permission, dev)
        return function

    return listed


class _NiceguiPage(nicegui.ui.page):
    """NiceGUI asks the page object for darkness and language; ours answers for the request that is being served."""

    def resolve_dark(self) -> bool | None:
        return {"light": False, "dark": True}.get(preferences().theme)

    def resolve_language(self) -> Language | None:
        return "pt-BR" if preferences().language == "pt-BR" else "en-US"


def register(settings: Settings, draw_error: Callable[[int], None]) -> None:
    """Hands all listed pages to NiceGUI. `draw_error(status)` draws 403 and 503 in place of a page."""
    for path, listed in _pages.items():
        if listed.dev and not settings.dev:
            continue
        _NiceguiPage(path, reconnect_timeout=RECONNECT_SECONDS, response_timeout=RESPONSE_SECONDS)(
            _guarded(listed, settings, draw_error)
        )


def _guarded(listed: _Page, settings: Settings, draw_error: Callable[[int], None]) -> Callable[..., Awaitable[Any]]:
    @wraps(listed.function)
    async def guarded(*args: Any, **kwargs: Any) -> Response | None:
        client = nicegui.ui.context.client
        try:
            async with asyncio.timeout(BUILD_SECONDS):
                if not listed.public:
                    refused = await _admit(client, listed, settings, draw_error)
                    if refused is not None:
                        return refused if isinstance(refused, Response) else None
                else:
                    set_page_preferences(client)
                address()  # Back and Forward are heard on every page
                first_answers.begin(client)
                result = listed.function(*args, **kwargs)
                if helpers.should_await(result):
                    result = await result
                if isinstance(result, Response):
                    return result
                await first_answers.wait(client)
                return None
        except TimeoutError:
            _away(client, _api_of(client, settings), draw_error)
            return None

    return guarded


def _api_of(client: Client, settings: Settings) -> ApiClient:
    token = client.request.cookies.get(session_cookie(settings))
    return ApiClient(token, language=preferences().language, address=browser_address(client), browser=browser_name(client))


def _away(client: Client, api: ApiClient, draw_error: Callable[[int], None]) -> None:
    """Says that the API is not there, and looks whether it is back."""
    set_page_preferences(client)
    client.status_code = 503
    with client.content:
        client.content.clear()
        draw_error(503)
        nicegui.ui.timer(BACK_SECONDS, partial(_reload_when_back, api), immediate=False)


async def _admit(client: Client, listed: _Page, settings: Settings, draw_error: Callable[[int], None]) -> Response | bool | None:
    """None lets the page through; a Response replaces it; True means that an error page was drawn."""
    request: Request = client.request
    token = request.cookies.get(session_cookie(settings))
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if not token:
        client.delete()
        return RedirectResponse(sign_in_path(here), 303)
    api = _api_of(client, settings)
    try:
        me = await accounts.me(api)
    except (ApiProblem, Offline) as error:
        if isinstance(error, ApiProblem) and error.status == 401:
            client.delete()
            return RedirectResponse(sign_in_path(here, "expired"), 303)
        _away(client, api, draw_error)
        return True
    if me.second_factor_missing != (request.url.path == SETUP):
        client.delete()
        return RedirectResponse(f"{SETUP}?next={quote(here, safe='')}" if me.second_factor_missing else "/", 303)
    bind(client, SignedIn(token, me, api))
    if not me.second_factor_missing:
        await live.ready(token)
        await kinds.load(api)
    set_page_preferences(client, me.company.time_zone)
    if listed.permission is not None and listed.permission not in me.permissions:
        client.status_code = 403
        draw_error(403)
        return True
    return None


async def _reload_when_back(api: ApiClient) -> None:
    """Loads the page again once the API answers; until then it stays as it is."""
    try:
        await accounts.me(api)
    except Offline:
        return
    except ApiProblem as problem:
        if problem.status == 429 or problem.status >= 500:
            return
    nicegui.ui.navigate.reload()


def framed_page() -> nicegui.ui.page:
    """A page object for answers outside any route (404), in the request's language and darkness."""
    return _NiceguiPage("", reconnect_timeout=RECONNECT_SECONDS)
