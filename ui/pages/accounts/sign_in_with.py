"""Back from a provider, when something is still needed: the password of the account with that address, a code, or a company."""

from nicegui import ui

from api.contract.enums import Language, SignInStep
from api.contract.problems import AccountError
from api.contract.providers import ProviderComplete, ProviderNext
from ui import elsewhere, session
from ui.client import providers
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.auth_layout import auth_layout
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.forms import Field, filled, mark, password_field, text_field
from ui.components.states import load, skeleton
from ui.i18n import _, preferences
from ui.pages.accounts.code_step import CodeStep
from ui.routing import page


@page(elsewhere.GO_ON, public=True)
def sign_in_with() -> None:
    flow, next = elsewhere.under_way()

    async def fetch() -> ProviderNext | None:
        try:
            return await providers.look(session.anonymous(), flow) if flow else None
        except ApiProblem as error:
            if error.status in {401, 404, 422}:
                return None
            raise

    with auth_layout(_("Almost in")):
        load(fetch, lambda needed: _Form(flow, next, needed), lambda: skeleton("title m-w-60", "line m-w-100", "title m-w-100"))


class _Form:
    def __init__(self, flow: str, next: str, needed: ProviderNext | None) -> None:
        self._flow, self._next = flow, next
        self._fields: dict[str, Field[str]] = {}
        if needed is None:
            self._dead(_("This sign-in did not work, or it took too long. Start again."))
        elif needed.step is SignInStep.OTHER_ADDRESS:
            self._dead(_("The invitation is for another address than {email}.").format(email=needed.email or "—"))
        else:
            self._draw(needed)

    @staticmethod
    def _dead(text: str) -> None:
        with note("warn", text, name="warning"):
            ui.link(_("Go to sign-in"), "/sign-in").classes("m-link")

    def _draw(self, needed: ProviderNext) -> None:
        if needed.email:
            with ui.element("div").classes("m-card m-near"):
                if needed.name:
                    ui.label(needed.name).classes("m-strong")
                ui.label(needed.email).classes("m-sub")
        verb = _("Sign in")
        match needed.step:
            case SignInStep.PASSWORD:
                ui.label(_("There is an account with this address. Enter its password once, to show that it is yours.")).classes(
                    "m-sub"
                )
                self._fields["password"] = password_field(_("Password"), on_enter=self._submit, extra=_forgot)
            case SignInStep.SIGN_UP:
                verb = self._draw_new(needed)
        for first in self._fields.values():
            first.control.props("autofocus")
            break
        self._step = CodeStep(list(self._fields.values()), self._submit, may_trust=True)
        if needed.step is SignInStep.READY and needed.company is None:
            self._step.show()
        elif needed.company is not None:
            verb = _("Join {company}").format(company=needed.company)
        button(verb, self._submit, kind="primary")
        ui.link(_("Sign in another way"), session.sign_in_path(self._next)).classes("m-link")

    def _draw_new(self, needed: ProviderNext) -> str:
        """What an account needs that the provider did not give; the verb."""
        if needed.company is None:
            ui.label(_("You are new here: create your company, or ask your company for an invitation.")).classes("m-sub")
            self._fields["company_name"] = text_field(
                _("Company name"), limit=120, autocomplete="organization", on_enter=self._submit
            )
        self._fields["name"] = text_field(
            _("Your name"), needed.name or "", limit=120, autocomplete="name", on_enter=self._submit
        )
        if not needed.email:
            self._fields["email"] = text_field(
                _("E-mail"), kind="email", limit=254, autocomplete="username", on_enter=self._submit
            )
        return _("Create company")

    async def _submit(self) -> None:
        if not filled(self._fields.values()) or not self._step.ready:
            return
        zone = None
        if "company_name" in self._fields:
            zone = await ui.run_javascript("Intl.DateTimeFormat().resolvedOptions().timeZone", timeout=3)
        given = {name: field.value if name == "password" else field.value.strip() for name, field in self._fields.items()}
        body = ProviderComplete(
            flow=self._flow,
            code=self._step.code,
            trust_device=self._step.trust,
            device=session.known_device(),
            language=Language(preferences().language),
            time_zone=str(zone)[:64] if zone else "America/Sao_Paulo",
            **given,
        )
        try:
            signed_in = await providers.complete(session.anonymous(), body)
        except ApiProblem as error:
            if self._step.ask(error):
                return
            if error.code == AccountError.BAD_CREDENTIALS and "password" in self._fields:
                mark({self._fields["password"]: _("This is not the password of your account.")})
            elif error.code == AccountError.EMAIL_TAKEN and "email" in self._fields:
                mark({self._fields["email"]: problems.sentence(error)})
            else:
                problems.show_in(self._fields, error)
            return
        session.hand_over(signed_in, self._next)


def _forgot() -> None:
    ui.link(_("Forgot it?"), "/forgot-password").classes("m-link m-hint").props("tabindex=0")
