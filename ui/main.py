"""Puts the UI process together: settings in, a NiceGUI app with pages, guard, theme and connections out.

Every module below `ui/pages` is imported, so a new capability only adds its folder there. The process knows nothing but the
API's address; it keeps page state in memory, so several of them need sticky sessions in front.
"""

import gc
import logging
import pkgutil
import time
from importlib import import_module

import httpx
from fastapi import Request, Response
from nicegui import Client, app
from nicegui import ui as nicegui_ui
from nicegui.translations import translations

from ui import elsewhere, faces, files, guard, lighter, live, memory, routing, session, shortcuts
from ui import pages as page_modules
from ui.client.base import ApiProblem, Offline, Pool
from ui.components import error_page
from ui.i18n import _
from ui.settings import Settings
from ui.theme import apply

TITLE = "Master IA"


class _KnownProblems(logging.Filter):
    """What the API refused is said on the screen; it is no fault of this process and has no place in its error log."""

    def filter(self, record: logging.LogRecord) -> bool:
        raised = record.exc_info[1] if record.exc_info else record.msg
        return not isinstance(raised, ApiProblem | Offline)


class _Few(logging.Filter):
    """What a browser sends may make any handler fail, as often as it likes: lines past the allowance are counted, not written."""

    ALLOWED, SECONDS = 30, 60.0

    def __init__(self) -> None:
        super().__init__()
        self._since, self._lines, self._left_out = time.monotonic(), 0, 0

    def filter(self, record: logging.LogRecord) -> bool:
        if time.monotonic() - self._since > self.SECONDS:
            if self._left_out:
                record.msg = f"{record.getMessage()} ({self._left_out} lines before this one were left out)"
                record.args = ()
            self._since, self._lines, self._left_out = time.monotonic(), 0, 0
        self._lines += 1
        self._left_out += self._lines > self.ALLOWED
        return self._lines <= self.ALLOWED


def _keep_what_stays() -> None:
    """Takes what was loaded at start out of the garbage collector's sight, and lets it look about once for each page that is made, not
    several times. Full collections are `memory.Collector`'s; only where that never finds a moment they come by themselves."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 5, 50)


def build(settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
    """Registers everything with NiceGUI's app. `transport` replaces the network to the API (tests)."""
    for module in pkgutil.walk_packages(page_modules.__path__, f"{page_modules.__name__}."):
        import_module(module.name)
    routing.register(settings, error_page.draw)
    session.register(settings)
    elsewhere.register(settings)
    files.register(settings)
    faces.register(settings)
    apply.register()
    lighter.register()
    memory.register()
    shortcuts.register()
    # NiceGUI's own notices, which it has in English; out of a page `_` speaks Portuguese.
    translations["pt-BR"] = {
        "connection_lost": _("Connection lost."),
        "trying_to_reconnect": _("We try to connect again…"),
        "message_too_long": _("This is too much at once."),
        "message_too_long_body": _("Shorten the text and try again."),
    }
    guard.add(settings)
    app.config.quasar_config["loadingBar"] = {"skipHijack": True}  # it would show for the polls of the socket, without a name
    logging.getLogger("nicegui").addFilter(_KnownProblems())
    logging.getLogger("nicegui").addFilter(_Few())
    live.Hubs.open(settings.api_url)

    @app.get("/health", include_in_schema=False)
    def health() -> Response:
        return Response("ok", media_type="text/plain")

    @app.exception_handler(404)
    async def missing(request: Request, _error: Exception) -> Response:
        if request.url.path.startswith(("/_nicegui", "/assets")):
            return Response("not found", 404, media_type="text/plain")
        with Client(routing.framed_page(), request=request) as client:
            error_page.draw(404)
        return client.build_response(request, 404)

    def page_failed() -> None:
        error_page.draw(500)

    app.on_page_exception(page_failed)
    app.on_startup(lambda: Pool.open(settings.api_url, transport))
    app.on_shutdown(live.Hubs.close)
    app.on_shutdown(Pool.close)


def run(settings: Settings) -> None:
    """Serves until stopped (SIGTERM or Ctrl-C)."""
    build(settings)
    app.on_startup(_keep_what_stays)
    nicegui_ui.run(
        host=settings.host,
        port=settings.port,
        title=TITLE,
        favicon=apply.STATIC / "icon.svg",
        dark=None,
        language="pt-BR",
        show=False,
        reload=False,
        tailwind=False,
        reconnect_timeout=routing.RECONNECT_SECONDS,
        show_welcome_message=False,
        uvicorn_logging_level="warning",
        timeout_graceful_shutdown=3,
        proxy_headers=True,
    )
