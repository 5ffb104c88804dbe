"""A new password, from the link in the e-mail. Signs in at once."""

from nicegui import ui

from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.forms import filled, new_password_field, too_short
from ui.i18n import _
from ui.pages.accounts.code_step import CodeStep
from ui.routing import page


@page("/reset-password", public=True)
def reset_password(token: str = "") -> None:
    async def submit() -> None:
        if not filled([password], {password: too_short(password.value or "")}) or not step.ready:
            return
        try:
            signed_in = await accounts.reset_password(session.anonymous(), token, password.value, step.code)
        except ApiProblem as error:
            if step.ask(error):
                return
            if error.errors:
                problems.show_in({"password": password}, error)
                return
            wrong.clear()
            with wrong, note("bad", problems.sentence(error), name="error"):
                ui.link(_("Send a new link"), "/forgot-password").classes("m-link")
            return
        session.hand_over(signed_in)

    with auth_layout(_("Choose a new password"), _("Your other sessions end.")):
        wrong = ui.element("div").props("aria-live=assertive")
        password = new_password_field(_("New password"), on_enter=submit)
        password.control.props("autofocus")
        step = CodeStep([password], submit)
        button(_("Save and sign in"), submit, kind="primary")
