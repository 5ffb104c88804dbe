"""The link that shows that an e-mail address is the person's. Works without being signed in, and more than once."""

from nicegui import ui

from api.contract.base import Done
from ui import session
from ui.client import accounts
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.cards import note
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.routing import page


@page("/verify-email", public=True)
def verify_email(token: str = "") -> None:
    async def confirm() -> Done | ApiProblem:
        try:
            return await accounts.verify_email(session.anonymous(), token)
        except ApiProblem as problem:
            if problem.status in {404, 422}:
                return problem
            raise

    def draw(found: Done | ApiProblem) -> None:
        if isinstance(found, ApiProblem):
            with note("warn", problems.sentence(found), name="warning"):
                ui.link(_("Ask for a new one in your profile"), "/settings").classes("m-link")
            return
        with note("ok", _("Thank you: your e-mail is confirmed."), name="check_circle"):
            ui.link(_("Go on to Master IA"), "/").classes("m-link")

    with auth_layout(_("Confirm your e-mail")):
        load(confirm, draw, lambda: skeleton("line m-w-100"))
