"""The frame every page stands in: sidebar, head with title and actions, the body; on a phone a top and a bottom bar.

Also the place of what every page has: the skip link, the badge for a lost live connection, the handler for problems. The
frame knows who is signed in; it asks the API for nothing.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.accounts import MePatch
from api.contract.enums import Language, Permission
from api.contract.events import HoldChanged
from ui import live, session
from ui.client import accounts
from ui.components import problems
from ui.components.bell import Bell
from ui.components.buttons import button, icon_button
from ui.components.calls import Calls
from ui.components.cards import note
from ui.components.landmarks import main
from ui.components.menus import Choice, choices
from ui.components.navigation import INBOX, Place, mine, places, setups
from ui.components.palette import Palette, find_button, find_line
from ui.components.reviews import Reviews
from ui.components.rings import Rings
from ui.components.text import Text, avatar, icon, title
from ui.components.unread import Unread
from ui.i18n import LANGUAGES, _, preferences
from ui.labels.accounts import role_name
from ui.theme import apply


class Frame(NamedTuple):
    """The places a page draws into: `with frame.actions:` for the head; the body is open already."""

    body: ui.element
    actions: ui.element
    subtitle: ui.label
    title: Text


@contextmanager
def frame(
    heading: str,
    subtitle: str = "",
    *,
    breadcrumbs: Sequence[tuple[str, str]] = (),
    active: str | None = None,
    fill: bool = False,
) -> Iterator[Frame]:
    """Draws the frame and opens its body. `breadcrumbs` are (label, path) above the title.

    `active` is the path of the sidebar line (by default found from the address); `fill` gives the body the whole height
    and no scrolling of the page.
    """
    ui.page_title(f"{heading} · Master IA")
    problems.catch_all()
    here = active or "/" + ui.context.client.request.url.path.strip("/").split("/")[0]
    shown = mine(places())
    skip = Text("a", _("Skip to the content"), "m-skip")
    skip.props["href"] = "#content"
    with ui.element("div").classes("m-app"):
        unread, bell = Unread(), Bell()
        _sidebar(shown, here, unread, bell)
        _top_bar(bell)
        content = main("m-main" + (" m-main-fill" if fill else ""))
        content.props.update({"id": "content", "tabindex": "-1"})
        with content:
            above = ui.element("div").classes("m-above")
            with ui.element("header").classes("m-head"):
                with ui.element("div").classes("m-head-text"):
                    if breadcrumbs:
                        with _crumbs():
                            for number, (label, path) in enumerate(breadcrumbs):
                                if number:
                                    icon("chevron_right")
                                ui.link(label, path)
                    head = title(heading, 1)
                    below = ui.label(subtitle).classes("m-hint")
                    below.set_visibility(bool(subtitle))
                actions = ui.element("div").classes("m-actions")
            body = ui.element("div").classes("m-body")
        _bottom_bar(shown, here, unread)
        Palette([*shown, *mine(setups())])
        Calls()
        Rings()
        Reviews()
    unread.follow()
    bell.follow()
    _connection()
    with above:
        _changes(here)
    with body:
        yield Frame(body, actions, below, head)


def _crumbs() -> ui.element:
    element = ui.element("nav").classes("m-crumbs")
    element.props["aria-label"] = _("You are here")
    return element


def _logo() -> None:
    ui.element("img").classes("m-logo").props.update({"src": "/assets/static/icon.svg", "alt": ""})


def _line(place: Place, here: str, unread: Unread) -> None:
    link = ui.link(target=place.path).classes("m-nav" + (" m-nav-on" if place.path == here else ""))
    if place.path == here:
        link.props["aria-current"] = "page"
    with link:
        icon(place.icon)
        ui.label(place.label)
        if place.path == INBOX:
            unread.badge()


def _sidebar(shown: Sequence[Place], here: str, unread: Unread, bell: Bell) -> None:
    me = session.current().me
    with ui.element("aside").classes("m-side"):
        with ui.element("div").classes("m-brand"):
            _logo()
            with ui.element("div"):
                ui.label(me.company.name).classes("m-strong m-brand-name").props["title"] = me.company.name
                ui.label(_("Demo company") if me.company.demo else "Master IA").classes("m-hint")
            bell.open_list()
        find_line()
        nav = ui.element("nav").classes("m-col m-tight")
        nav.props["aria-label"] = _("Main menu")
        with nav:
            for before, place in zip((None, *shown), shown, strict=False):
                if place.gap:
                    ui.element("div").classes("m-nav-gap")
                if place.group and (before is None or before.group != place.group):
                    ui.label(place.group).classes("m-nav-head")
                _line(place, here, unread)
        ui.space()
        with ui.element("button").classes("m-user").props("type=button") as user:
            avatar(me.name)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(me.name).classes("m-strong m-clip")
                ui.label(role_name(me.role, me.role_name) if me.role else "").classes("m-hint m-clip")
            icon("unfold_more").classes("m-hint")
            _user_menu()
        user.props["aria-haspopup"] = "menu"


def _top_bar(bell: Bell) -> None:
    with ui.element("header").classes("m-top"):
        _logo()
        ui.label(session.current().me.company.name).classes("m-strong m-clip m-grow")
        find_button()
        bell.link()
        with icon_button("account_circle", _("Your account")):
            _user_menu()


def _bottom_bar(shown: Sequence[Place], here: str, unread: Unread) -> None:
    bar = ui.element("nav").classes("m-bottom")
    bar.props["aria-label"] = _("Main menu")
    on_bar = [place for place in shown if place.phone]
    with bar:
        for place in on_bar:
            _tile(place, here, unread)
        rest = [place for place in shown if place not in on_bar]
        with ui.element("button").classes("m-nav-on" if here in {p.path for p in rest} else "").props("type=button"):
            icon("menu")
            ui.label(_("More"))
            with ui.menu():
                choices([Choice(p.label, partial(ui.navigate.to, p.path), p.icon, on=p.path == here) for p in rest])


def _tile(place: Place, here: str, unread: Unread) -> None:
    with ui.link(target=place.path).classes("m-nav-on" if place.path == here else "m-tile") as link:
        icon(place.icon)
        ui.label(place.label).classes("m-clip")
        if place.path == INBOX:
            unread.badge()
    if place.path == here:
        link.props["aria-current"] = "page"


def _user_menu() -> None:
    me = session.current().me
    with ui.menu().props('auto-close :offset="[0, 6]"'):
        if len(me.companies) > 1:
            ui.label(_("Company")).classes("m-menu-head")
            choices([Choice(c.name, partial(_switch_company, c.id), on=c.id == me.company.id) for c in me.companies])
        ui.label(_("Look")).classes("m-menu-head")
        names = {
            "system": (_("As the device"), "contrast"),
            "light": (_("Light"), "light_mode"),
            "dark": (_("Dark"), "dark_mode"),
        }
        choices([Choice(name, partial(apply.switch, theme), symbol) for theme, (name, symbol) in names.items()])
        ui.label(_("Language")).classes("m-menu-head")
        choices([Choice(name, partial(_language, key), on=key == preferences().language) for key, name in LANGUAGES.items()])
        choices([Choice(_("Sign out"), _sign_out, "logout", line=True)])


async def _sign_out() -> None:
    with suppress(TimeoutError):  # who comes next at this computer gets no calls of the one who leaves
        await ui.run_javascript("masteria.forget(); masteria.badge(0); return masteria.push.off()", timeout=2)
    await session.sign_out()


async def _switch_company(company_id: UUID) -> None:
    session.hand_over(await accounts.switch_company(session.current().api, company_id))


async def _language(language: str) -> None:
    me = session.current()
    if me.me.user_id is not None:
        await accounts.change_me(me.api, MePatch(language=Language(language)))
    session.change_language(language)


def _changes(here: str) -> None:
    """Says on every page that something waits for a decision, to those who may decide; and that the person's rights changed since it was
    opened: what is written in it is left alone."""
    me = session.current()
    with note("warn", _("Your rights changed. Load the page again to see what you may do now."), name="warning") as changed:
        button(_("Load again"), ui.navigate.reload)
    changed.set_visibility(False)
    held = _held() if me.may(Permission.COMPANY_WRITE) and here != "/held" else None

    async def look() -> None:
        now = await accounts.me(me.api)
        changed.set_visibility((now.role, set(now.permissions)) != (me.me.role, set(me.me.permissions)))
        if held is not None:
            held.set_visibility(now.held)

    if held is not None:
        live.on(HoldChanged, lambda event: look())
    live.on_reset(look)


def _held() -> ui.element:
    text = _("Messages are held back: the database went back in time, and some people may already have got theirs.")
    with note("warn", text, name="warning") as line:
        ui.link(_("Decide what goes out"), "/held").classes("m-link")
    line.set_visibility(session.current().me.held)
    return line


def _connection() -> None:
    badge = ui.label(_("Connecting again…")).classes("m-down").props("role=status")
    badge.set_visibility(False)

    def changed() -> None:
        badge.set_visibility(not live.connected())

    live.on_connection(changed)
