"""The frame every page stands in: sidebar, head with title and actions, the body; on a phone a top and a bottom bar.

Also the place of what every page has: the skip link, the badge for a lost live connection, the handler for problems. The
frame knows who is signed in; it asks the API for nothing.
"""

from collections.abc import Callable, Iterator, Sequence
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
from ui.components.navigation import Place, mine, places, setups
from ui.components.palette import Palette, find_button, find_line
from ui.components.places import BottomPlaces, SidePlaces
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
        unread.at(BottomPlaces(shown, here))
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
        unread.at(SidePlaces(shown, here))
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


def _user_menu() -> None:
    with ui.menu().props(':offset="[0, 6]"'):
        choices(_account())


def _account() -> list[Choice]:
    me = session.current().me
    found = []
    if len(me.companies) > 1:
        found = [Choice(c.name, partial(_switch_company, c.id), on=c.id == me.company.id) for c in me.companies]
        found[0] = found[0]._replace(head=_("Company"))
    return [
        *found,
        Choice(_("As the device"), partial(apply.switch, "system"), "contrast", head=_("Look")),
        Choice(_("Light"), partial(apply.switch, "light"), "light_mode"),
        Choice(_("Dark"), partial(apply.switch, "dark"), "dark_mode"),
        *(
            Choice(name, partial(_language, key), on=key == preferences().language, head="" if number else _("Language"))
            for number, (key, name) in enumerate(LANGUAGES.items())
        ),
        Choice(_("Sign out"), _sign_out, "logout", line=True),
    ]


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
    opened: what is written in it is left alone. Both are rare, and drawn when they are so."""
    me, place = session.current(), ui.context.slot.parent
    decides = me.may(Permission.COMPANY_WRITE) and here != "/held"
    drawn: dict[Callable[[], ui.element], ui.element] = {}

    def say(line: Callable[[], ui.element], on: bool) -> None:
        if line in drawn:
            drawn[line].set_visibility(on)
        elif on:
            with place:
                drawn[line] = line()

    async def look() -> None:
        now = await accounts.me(me.api)
        say(_rights_changed, (now.role, set(now.permissions)) != (me.me.role, set(me.me.permissions)))
        say(_held, decides and now.held)

    say(_held, decides and me.me.held)
    if decides:
        live.on(HoldChanged, lambda event: look())
    live.on_reset(look)


def _rights_changed() -> ui.element:
    with note("warn", _("Your rights changed. Load the page again to see what you may do now."), name="warning") as line:
        button(_("Load again"), ui.navigate.reload)
    return line


def _held() -> ui.element:
    text = _("Messages are held back: the database went back in time, and some people may already have got theirs.")
    with note("warn", text, name="warning") as line:
        ui.link(_("Decide what goes out"), "/held").classes("m-link")
    return line


def _connection() -> None:
    badge = ui.label(_("Connecting again…")).classes("m-down").props("role=status")
    badge.set_visibility(False)

    def changed() -> None:
        badge.set_visibility(not live.connected())

    live.on_connection(changed)
