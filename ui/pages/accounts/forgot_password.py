"""Forgot the password: an e-mail with a link. The answer is the same whether we know the address or not."""

from nicegui import ui

from ui import session
from ui.client import accounts
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.forms import filled, text_field
from ui.i18n import _
from ui.routing import page


@page("/forgot-password", public=True)
def forgot_password() -> None:
    async def submit() -> None:
        if not filled([email]):
            return
        await accounts.forgot_password(session.anonymous(), email.value.strip(), session.known_device())
        form.clear()
        with form, note("ok", _("If there is an account for this address, an e-mail is on its way."), name="check_circle"):
            ui.label(
                _("It works for 30 minutes, and so does an earlier one until you use it. Look in the spam folder, too.")
            ).classes("m-hint")

    with auth_layout(_("Forgot your password?"), _("We send you a link to choose a new one.")):
        with ui.element("div").classes("m-col m-loose") as form:
            email = text_field(_("E-mail"), kind="email", autocomplete="username", on_enter=submit)
            email.control.props("autofocus")
            button(_("Send link"), submit, kind="primary")
        ui.link(_("Back to sign-in"), "/sign-in").classes("m-link")
