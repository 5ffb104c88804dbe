"""Puts the theme on every page: one cached stylesheet, one small script, and the dark class before the first paint.

The script in the head runs before anything is drawn, so a dark page never flashes light. Switching happens in the browser
(class on <html>, a cookie for the next page); the server only learns of it with the next request.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import Response
from nicegui import app, ui
from nicegui.language import Language
from nicegui.translations import translations

from ui.i18n import THEMES, translated
from ui.theme import tokens

HERE = Path(__file__).parent
STATIC = HERE.parent / "static"
YEAR = "public, max-age=31536000, immutable"
STYLES = (
    "base.css",
    "controls.css",
    "pieces.css",
    "data.css",
    "cadences.css",
    "campaigns.css",
    "reports.css",
    "channels.css",
    "contacts.css",
    "boards.css",
    "inbox.css",
    "personas.css",
    "assistant.css",
    "palette.css",
    "ai.css",
    "knowledge.css",
    "incoming.css",
)
SCRIPTS = ("app.js", "palette.js", "visit.js", "calls.js", "listen.js")

EARLY = """<script>(function(){var m=document.cookie.match(/(?:^|; )theme=(\\w+)/),t=m?m[1]:'system',
d=t==='dark'||(t!=='light'&&matchMedia('(prefers-color-scheme: dark)').matches);
document.documentElement.classList.toggle('m-dark',d)})()</script>"""

_QUASAR: dict[Language, str] = {"pt-BR": "pt-BR", "en-US": "en"}  # Quasar's name of a language → ours


@cache
def _style() -> tuple[str, str]:
    text = tokens.css() + "".join((HERE / name).read_text("utf-8") for name in STYLES)
    return sha256(text.encode()).hexdigest()[:12], text


@cache
def _emoji() -> tuple[str, str]:
    """The window for choosing one, and the table that it shows: fetched by who opens it."""
    text = f"const TABLE = {(HERE / 'emoji.json').read_text('utf-8')};\n" + (HERE / "emoji.js").read_text("utf-8")
    return sha256(text.encode()).hexdigest()[:12], text


@cache
def _script() -> tuple[str, str]:
    text = "".join((HERE / name).read_text("utf-8") for name in SCRIPTS).replace('"EMOJI"', f'"/assets/emoji-{_emoji()[0]}.js"')
    return sha256(text.encode()).hexdigest()[:12], text


@cache
def _offline() -> str:
    """Changes with the page for no connection, so that browsers fetch it anew."""
    kept = b"".join((STATIC / name).read_bytes() for name in ("sw.js", "offline.html", "offline.js", "icon-192.png"))
    return sha256(kept).hexdigest()[:12]


def register(version: str = "1") -> None:
    """Adds the routes of stylesheet, script, icons, manifest and service worker, and links them on every page."""
    app.add_static_files("/assets/static", STATIC, max_cache_age=86400)

    @app.get("/assets/theme-{digest}.css", include_in_schema=False)
    def style(digest: str) -> Response:
        return Response(_style()[1], media_type="text/css", headers={"Cache-Control": YEAR})

    @app.get("/assets/app-{digest}.js", include_in_schema=False)
    def script(digest: str) -> Response:
        return Response(_script()[1], media_type="text/javascript", headers={"Cache-Control": YEAR})

    @app.get("/assets/emoji-{digest}.js", include_in_schema=False)
    def emoji(digest: str) -> Response:
        return Response(_emoji()[1], media_type="text/javascript", headers={"Cache-Control": YEAR})

    @app.get("/manifest.webmanifest", include_in_schema=False)
    def manifest() -> Response:
        return Response(
            (STATIC / "manifest.webmanifest").read_text("utf-8"),
            media_type="application/manifest+json",
            headers={"Cache-Control": "public, max-age=3600"},
        )

    @app.get("/sw.js", include_in_schema=False)
    def service_worker() -> Response:
        text = (STATIC / "sw.js").read_text("utf-8").replace("VERSION", _offline())
        return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    ui.add_head_html(
        EARLY
        + f'<link rel="stylesheet" href="/assets/theme-{_style()[0]}.css">'
        + f'<script src="/assets/app-{_script()[0]}.js" defer></script>'
        + '<link rel="manifest" href="/manifest.webmanifest">'
        + '<link rel="apple-touch-icon" href="/assets/static/icon-192.png">'
        + f'<meta name="theme-color" media="(prefers-color-scheme: light)" content="{tokens.LIGHT["card"]}">'
        + f'<meta name="theme-color" media="(prefers-color-scheme: dark)" content="{tokens.DARK["card"]}">',
        shared=True,
    )
    for name, language in _QUASAR.items():
        translations[name] = {
            "connection_lost": translated(language, "Connection lost."),
            "trying_to_reconnect": translated(language, "Connecting again…"),
            "message_too_long": translated(language, "That is too much at once."),
            "message_too_long_body": translated(language, "Try it in smaller pieces."),
        }
    app.colors(
        primary=tokens.LIGHT["accent"],
        positive=tokens.LIGHT["ok"],
        negative=tokens.LIGHT["bad-solid"],
        info=tokens.LIGHT["info"],
        warning=tokens.LIGHT["warn"],
        dark=tokens.DARK["card"],
        dark_page=tokens.DARK["bg"],
    )


def switch(theme: str) -> None:
    """In a handler: changes the theme at once and remembers it. Refuses names outside THEMES."""
    if theme not in THEMES:
        raise ValueError(theme)
    ui.run_javascript(f"masteria.theme({theme!r})")
