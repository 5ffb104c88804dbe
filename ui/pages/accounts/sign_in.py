"""Sign-in: e-mail and password, errors in place, back to where the person was going."""

from nicegui import ui

from api.contract.accounts import SignIn
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.elsewhere import provider_buttons
from ui.components.forms import filled, password_field, text_field
from ui.i18n import _
from ui.pages.accounts.code_step import CodeStep
from ui.routing import page


@page("/sign-in", public=True)
def sign_in(next: str = "/", why: str = "") -> None:
    why_sentences = {
        "expired": _("Your session has ended. Sign in again to go on."),
        "ticket": _("That took too long. Please sign in again."),
        "elsewhere": _("This sign-in did not work, or it took too long. Start again."),
        "cancelled": _("You turned back. Sign in as you like."),
        "too_many": _("Too many tries. Wait a few minutes, then start again."),
        "no_company": _("You are no longer in any company. Ask for an invitation."),
        "provider_away": _("The service that says who you are does not answer. Try again, or sign in with your password."),
    }

    async def submit() -> None:
        wrong.clear()
        if not filled([email, password]) or not step.ready:
            return
        body = SignIn(
            email=email.value.strip(),
            password=password.value,
            device=session.known_device(),
            code=step.code,
            trust_device=step.trust,
        )
        try:
            signed_in = await accounts.sign_in(session.anonymous(), body)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and step.ask(error):
                return
            with wrong, note("bad", problems.sentence(error), name="error"):
                pass
            password.value = ""
            password.focus()
            return
        session.hand_over(signed_in, next)

    def forgot() -> None:
        ui.link(_("Forgot it?"), "/forgot-password").classes("m-link m-hint").props("tabindex=0")

    with auth_layout(_("Welcome back"), _("Sign in to your company.")):
        if why in why_sentences:
            with note("info", why_sentences[why]):
                pass
        wrong = ui.element("div").props("aria-live=assertive")
        email = text_field(_("E-mail"), kind="email", autocomplete="username", on_enter=submit)
        email.control.props("autofocus")
        password = password_field(_("Password"), on_enter=submit, extra=forgot)
        step = CodeStep([email, password], submit, may_trust=True)
        button(_("Sign in"), submit, kind="primary")
        with ui.element("div").classes("m-col w-full") as others:
            provider_buttons(_("Sign in with {name}"), next)
            with ui.element("div").classes("m-row m-near"):
                ui.label(_("New here?")).classes("m-sub")
                ui.link(_("Create a company"), "/sign-up").classes("m-link")
        step.in_place_of(others)
