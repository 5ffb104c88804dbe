"""The part of the settings page about the person: name, language, address."""

from nicegui import ui

from api.contract.accounts import MePatch
from api.contract.enums import Language
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import filled, form, select_field, text_field
from ui.components.toast import toast
from ui.i18n import LANGUAGES, _, preferences


def draw_profile() -> None:
    with ui.element("div").classes("m-forms"):
        _draw_person()


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
