"""Sign-up: a new company and its first person, who becomes its owner."""

from nicegui import ui

from api.contract.accounts import SignUp
from api.contract.enums import Language
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.elsewhere import provider_buttons
from ui.components.forms import filled, mark, new_password_field, text_field, too_short
from ui.i18n import _, preferences
from ui.routing import page


@page("/sign-up", public=True)
def sign_up() -> None:
    async def submit() -> None:
        if not filled(fields.values(), {fields["password"]: too_short(fields["password"].value)}):
            return
        zone = await ui.run_javascript("Intl.DateTimeFormat().resolvedOptions().timeZone", timeout=3)
        body = SignUp(
            company_name=fields["company_name"].value.strip(),
            name=fields["name"].value.strip(),
            email=fields["email"].value.strip(),
            password=fields["password"].value,
            language=Language(preferences().language),
            time_zone=str(zone)[:64] if zone else "America/Sao_Paulo",
        )
        try:
            signed_in = await accounts.sign_up(session.anonymous(), body)
        except ApiProblem as error:
            if error.code == "email_taken":
                mark({fields["email"]: problems.sentence(error)})
            else:
                problems.show_in(fields, error)
            return
        except Offline as error:
            problems.show(error)
            return
        session.hand_over(signed_in)

    with auth_layout(_("Create your company"), _("Free to try: rehearse everything in the simulator first.")):
        fields = {
            "company_name": text_field(_("Company name"), limit=120, autocomplete="organization"),
            "name": text_field(_("Your name"), limit=120, autocomplete="name"),
            "email": text_field(_("E-mail"), kind="email", limit=254, autocomplete="username"),
            "password": new_password_field(_("Password"), on_enter=submit),
        }
        fields["company_name"].control.props("autofocus")
        button(_("Create company"), submit, kind="primary")
        provider_buttons(_("Go on with {name}"))
        with ui.element("div").classes("m-row m-near"):
            ui.label(_("Already have an account?")).classes("m-sub")
            ui.link(_("Sign in"), "/sign-in").classes("m-link")
