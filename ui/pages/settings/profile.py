"""The parts of the settings page about the person: name, language, password, sessions."""

from functools import partial

from nicegui import ui

from api.contract.accounts import MePatch, PasswordChange, SessionInfo
from api.contract.base import Page
from api.contract.enums import Language
from ui import formats, session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.forms import filled, form, new_password_field, password_field, select_field, text_field, too_short
from ui.components.states import load, skeleton_list
from ui.components.text import badge, icon
from ui.components.toast import toast
from ui.i18n import LANGUAGES, _, preferences


def draw_profile() -> None:
    with ui.element("div").classes("m-forms"):
        _draw_person()
        _draw_password()


def _draw_person() -> None:
    me = session.current()

    async def save() -> None:
        if not filled([name]):
            return
        body = MePatch(name=name.value.strip(), language=Language(language.value))
        try:
            await accounts.change_me(me.api, body)
        except ApiProblem as error:
            problems.show_in({"name": name}, error)
            return
        if language.value != preferences().language:
            session.change_language(language.value)
        toast(_("Saved."))

    with card(_("You")):
        name = text_field(_("Name"), me.me.name, limit=120, autocomplete="name")
        email = text_field(_("E-mail"), me.me.email or "", hint=_("You sign in with this address."))
        email.control.props("readonly disable")
        if not me.me.email_verified:
            _draw_unverified()
        language = select_field(_("Language"), LANGUAGES, preferences().language)
        form(save, _("Save"))


def _draw_unverified() -> None:
    me = session.current()

    async def send() -> None:
        await accounts.ask_to_verify_email(me.api)
        toast(_("We sent an e-mail to {email}.").format(email=me.me.email))

    with note("info", _("Confirm your e-mail with the link that we sent you. Until then we mail few invitations for you.")):
        with ui.element("div").classes("m-row m-near"):
            button(_("Send it again"), send)


def _draw_password() -> None:
    me = session.current()

    async def change() -> None:
        if not filled([old, new], {new: too_short(new.value)}):
            return
        body = PasswordChange(current_password=old.value, new_password=new.value)
        try:
            signed_in = await accounts.change_password(me.api, body)
        except ApiProblem as error:
            problems.show_in({"current_password": old, "new_password": new}, error)
            return
        toast(_("The password was changed. Your other sessions have ended."))
        session.hand_over(signed_in, "/settings")

    with card(_("Password"), hint=_("Changing it ends all your other sessions.")):
        old = password_field(_("Current password"))
        new = new_password_field(_("New password"))
        form(change, _("Change password"))


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
                        facts = [one.ip or "", _("last used {when}").format(when=formats.ago(one.last_seen_at))]
                        ui.label(" · ".join(fact for fact in facts if fact)).classes("m-hint")
                    if one.current:
                        badge(_("This one"), "ok")
                    else:
                        button(_("End"), partial(end, one), kind="danger")

    place = load(lambda: accounts.sessions(me.api), draw, lambda: skeleton_list(3))
