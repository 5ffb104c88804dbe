"""The part of the settings page about notifications in browsers."""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID, uuid5

from nicegui import ui

from api.contract.base import Page
from api.contract.push import PushSubscription, PushSubscriptionCreate
from ui import formats, session
from ui.client import push
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.states import load, skeleton_list
from ui.components.text import badge, icon
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.settings.notification_choices import draw_choices
from ui.pages.settings.sessions import device
from ui.pages.settings.sounds import draw_sounds

ANSWER = 120.0  # seconds that somebody may think about the browser's question


def draw_notifications() -> None:
    me = session.current()
    here = "none"  # what this browser says: none, denied, off, or the address that it has

    async def fetch() -> Page[PushSubscription]:
        nonlocal here
        here = await ui.run_javascript("masteria.push.state()", timeout=10)
        return await push.subscriptions(me.api)

    async def switch_on() -> None:
        key = await push.key(me.api)
        answer = await ui.run_javascript(f"masteria.push.on({json.dumps(key.public_key)})", timeout=ANSWER)
        if "refused" in answer:
            denied = answer["refused"] == "denied"
            toast(_("The browser may not notify you.") if denied else _("The browser could not be reached. Try again."), "bad")
        else:
            body = PushSubscriptionCreate(endpoint=answer["endpoint"], p256dh=answer["p256dh"], auth=answer["auth"])
            await push.subscribe(me.api, body)
            toast(_("Notifications are on in this browser."))
        await place.refresh()

    async def switch_off(subscription_id: UUID) -> None:
        await push.unsubscribe(me.api, subscription_id)
        if own() == subscription_id:
            await ui.run_javascript("masteria.push.off()", timeout=10)
        toast(_("Notifications are off in that browser."))
        await place.refresh()

    def own() -> UUID | None:
        return uuid5(me.me.company.id, here) if here.startswith("https:") else None

    def draw(page: Page[PushSubscription]) -> None:
        mine = own()
        actions = None
        if here not in ("none", "denied") and mine not in {one.id for one in page.items}:
            actions = partial(button, _("Switch on in this browser"), switch_on, icon="notifications", kind="primary")
        hint = _("What you chose for the browser, also while Master IA is closed.")
        with card(_("Browsers that notify me"), hint=hint, actions=actions, flush=True):
            _draw_obstacle(here)
            for one in page.items:
                _draw_browser(one, one.id == mine, partial(switch_off, one.id))
            if not page.items:
                with item():
                    icon("notifications_off")
                    ui.label(_("In no browser yet.")).classes("m-hint")

    draw_choices()
    draw_sounds()
    load(_app, _draw_app, lambda: skeleton_list(1))
    place = load(fetch, draw, lambda: skeleton_list(2))


async def _app() -> str:
    """installed, offered, phone or none: what this browser makes of Master IA."""
    return str(await ui.run_javascript("masteria.app.state()", timeout=10))


def _draw_app(state: str) -> None:
    said = {
        "installed": _("This is the app: it has an icon of its own, with the number of what waits for you."),
        "offered": _("With an icon of its own, without the bars of the browser, and with the number of what waits for you."),
        "phone": _("In the browser's share menu choose Add to Home Screen. Then it can notify you, too."),
    }
    if state not in said:
        return  # this browser cannot, or it is installed already and this is not it
    with card(_("Master IA as an app"), hint=said[state], actions=_install if state == "offered" else None):
        pass


def _install() -> None:
    """The browser asks the person itself, and only while it is pressed."""
    pressed = button(_("Install the app"), icon="install_desktop", kind="plain")
    pressed.on(
        "click",
        js_handler=f"async () => {{ await masteria.app.install(); getHtmlElement({pressed.id}).style.display = 'none'; }}",
    )


def _draw_obstacle(here: str) -> None:
    said = {
        "none": _("This browser cannot show notifications. On an iPhone, first add Master IA to the home screen."),
        "denied": _("This browser may not notify you. Allow it behind the lock beside the address, then load the page again."),
    }
    if here in said:
        with note("info" if here == "none" else "warn", said[here]):
            pass


def _draw_browser(one: PushSubscription, here: bool, switch_off: Callable[[], Awaitable[None]]) -> None:
    symbol, name = device(one.user_agent)
    with item():
        icon(symbol)
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(name).classes("m-strong m-clip")
            ui.label(_("since {when}").format(when=formats.ago(one.created_at))).classes("m-hint")
        if here:
            badge(_("This one"), "ok")
        button(_("Switch off"), switch_off, kind="danger")
