"""The part of the security page about accounts elsewhere: which open this one, link another, take one off."""

from functools import partial

from nicegui import ui

from api.contract.enums import SignInStep
from api.contract.providers import LinkedIdentity, SignInProvider
from ui import elsewhere, formats, session
from ui.client import providers, second_factor
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.elsewhere import provider_mark
from ui.components.forms import Field, filled, password_field
from ui.components.states import Loader, load, skeleton_list
from ui.components.toast import toast
from ui.i18n import _


def draw_elsewhere(linked: str) -> None:
    """`linked`: how a link that was just made ended: a step, or a code of `ui/elsewhere.py`."""
    _Elsewhere()
    if linked:  # said once
        ui.run_javascript("history.replaceState(history.state, '', '/settings?tab=security')")
    if linked == SignInStep.LINKED:
        toast(_("Linked. From now on you can sign in with it."))
    elif linked == SignInStep.TAKEN:
        toast(_("This account elsewhere belongs to another person here."), "bad")
    elif linked == SignInStep.CANCELLED:
        toast(_("You turned back: nothing was linked."))
    elif linked == elsewhere.AWAY:
        toast(_("The service that says who you are does not answer. Try again in a moment."), "bad")
    elif linked:
        toast(_("Nothing was linked: it did not work, or took too long. Try again."), "bad")


class _Elsewhere:
    def __init__(self) -> None:
        self._api = session.current().api
        self._place: Loader[tuple[list[SignInProvider], list[LinkedIdentity]]] = load(
            self._fetch, self._draw, lambda: skeleton_list(2)
        )

    async def _fetch(self) -> tuple[list[SignInProvider], list[LinkedIdentity]]:
        return await providers.providers(self._api), await providers.identities(self._api)

    def _draw(self, found: tuple[list[SignInProvider], list[LinkedIdentity]]) -> None:
        there, mine = found
        if not there and not mine:
            return
        names = {one.id: one.label for one in there}
        with card(_("Sign-in with an account elsewhere"), hint=_("One press in place of your password."), flush=True):
            for one in mine:
                with item():
                    provider_mark(one.provider)
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(names.get(one.provider, one.provider)).classes("m-strong m-clip")
                        facts = [one.email or "", _("last used {when}").format(when=formats.ago(one.last_used_at))]
                        ui.label(" · ".join(fact for fact in facts if fact)).classes("m-hint m-clip")
                    button(_("Unlink"), partial(self._unlink, one), kind="danger")
            for provider in there:
                if provider.id not in {one.provider for one in mine}:
                    with item():
                        provider_mark(provider.id)
                        ui.label(provider.label).classes("m-strong m-clip m-grow")
                        button(_("Link"), partial(self._link, provider))

    async def _link(self, provider: SignInProvider) -> None:
        """Asks for the password of who has one, then sends the browser there."""

        async def submit() -> None:
            if not filled(fields.values()):
                return
            try:
                started = await providers.link(self._api, provider.id, fields["password"].value if fields else None)
            except ApiProblem as error:
                if fields:
                    problems.show_in(fields, error)
                else:
                    problems.show(error)
                return
            elsewhere.go(started, elsewhere.LINKING)

        fields: dict[str, Field[str]] = {}
        if not (await second_factor.state(self._api)).password:
            await submit()
            return
        with dialog(_("Link {name}").format(name=provider.label)) as box:
            hint = _("So that nobody else links an account of theirs.")
            fields["password"] = password_field(_("Current password"), on_enter=submit, hint=hint)
            fields["password"].control.props("autofocus")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Go to {name}").format(name=provider.label), submit, kind="primary")
        box.open()

    async def _unlink(self, one: LinkedIdentity) -> None:
        if await confirm(_("Unlink this account?"), _("It opens nothing here any more."), yes=_("Unlink"), danger=True):
            try:
                await providers.unlink(self._api, one.id)
            except ApiProblem as error:
                problems.show(error)
                return
            toast(_("Unlinked."))
            await self._place.refresh()
