"""An invitation: who invites, as what; with an account the password is enough, else name and a new password."""

from nicegui import ui

from api.contract.accounts import InvitationAccept, InvitationPreview
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.elsewhere import provider_buttons
from ui.components.forms import Field, filled, mark, new_password_field, password_field, text_field, too_short
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.labels.accounts import role_hint, role_name
from ui.pages.accounts.code_step import CodeStep
from ui.routing import page


@page("/invitation/{token}", public=True)
def invitation(token: str) -> None:
    async def fetch() -> InvitationPreview | None:
        try:
            return await accounts.invitation(session.anonymous(), token)
        except ApiProblem as error:
            if error.status in {404, 409, 410, 422}:
                return None
            raise

    with auth_layout(_("You are invited")):
        load(fetch, lambda preview: _form(token, preview), lambda: skeleton("title m-w-60", "line m-w-100", "title m-w-100"))


def _form(token: str, preview: InvitationPreview | None) -> None:
    if preview is None:
        with note("warn", _("This invitation is no longer valid. Ask for a new one."), name="warning"):
            ui.link(_("Go to sign-in"), "/sign-in").classes("m-link")
        return

    async def submit() -> None:
        if not filled(fields.values(), {} if preview.has_account else {password: too_short(password.value)}) or not step.ready:
            return
        body = InvitationAccept(
            password=password.value,
            name=fields["name"].value.strip() if "name" in fields else None,
            device=session.known_device(),
            code=step.code,
        )
        try:
            signed_in = await accounts.accept_invitation(session.anonymous(), token, body)
        except ApiProblem as error:
            if step.ask(error):
                return
            if error.status == 401:
                mark({password: _("This is not the password of your account.")})
            else:
                problems.show_in(fields, error)
            return
        session.hand_over(signed_in)

    with ui.element("div").classes("m-card m-near"):
        ui.label(preview.company_name).classes("m-h2")
        ui.label(preview.email).classes("m-sub")
        ui.label(f"{role_name(preview.role, preview.role_name)} · {role_hint(preview.role)}").classes("m-hint")
    fields: dict[str, Field[str]] = {}
    if preview.has_account:
        ui.label(_("You have an account already: enter its password to join.")).classes("m-sub")
        password = password_field(_("Password"), on_enter=submit)
    else:
        fields["name"] = text_field(_("Your name"), limit=120, autocomplete="name")
        password = new_password_field(_("Password"), on_enter=submit)
    fields["password"] = password
    step = CodeStep([password], submit)
    button(_("Join {company}").format(company=preview.company_name), submit, kind="primary")
    provider_buttons(_("Join with {name}"), invitation=token)
