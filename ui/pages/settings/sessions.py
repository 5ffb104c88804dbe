"""Where the person is signed in, and how to end it."""

from functools import partial

from nicegui import ui

from api.contract.accounts import SessionInfo
from api.contract.base import Page
from ui import formats, session
from ui.client import accounts
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.states import load, skeleton_list
from ui.components.text import badge, icon
from ui.components.toast import toast
from ui.i18n import _


def device(user_agent: str | None) -> tuple[str, str]:
    """Icon and a short name such as Chrome · Windows, from the browser's own words."""
    text = user_agent or ""
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    systems = (
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    )
    browser = next((name for mark, name in browsers if mark in text), "")
    system = next((name for mark, name in systems if mark in text), "")
    name = " · ".join(part for part in (browser, system) if part) or _("Unknown device")
    return ("smartphone" if system in {"Android", "iPhone", "iPad"} else "computer"), name


def draw_sessions() -> None:
    me = session.current()

    async def end(one: SessionInfo) -> None:
        await accounts.end_session(me.api, one.id)
        toast(_("The session has ended."))
        await place.refresh()

    async def end_others() -> None:
        await accounts.end_other_sessions(me.api)
        toast(_("All other sessions have ended."))
        await place.refresh()

    def draw(page: Page[SessionInfo]) -> None:
        others = len(page.items) > 1
        several = len(me.me.companies) > 1
        actions = (lambda: button(_("End all others"), end_others, kind="danger")) if others else None
        with card(
            _("Where you are signed in"),
            hint=_("End what you do not know, and change your password."),
            actions=actions,
            flush=True,
        ):
            for one in page.items:
                symbol, name = device(one.user_agent)
                with item():
                    icon(symbol)
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(name).classes("m-strong m-clip")
                        facts = [
                            one.company if several else "",
                            one.ip or "",
                            _("last used {when}").format(when=formats.ago(one.last_seen_at)),
                        ]
                        ui.label(" · ".join(fact for fact in facts if fact)).classes("m-hint")
                    if one.current:
                        badge(_("This one"), "ok")
                    else:
                        button(_("End"), partial(end, one), kind="danger")

    place = load(lambda: accounts.sessions(me.api), draw, lambda: skeleton_list(3))
