"""The part of the settings page about getting in: password, second step, what the company asks of everybody, and where one is signed in."""

from nicegui import ui

from api.contract.accounts import PasswordChange
from api.contract.enums import Permission, Role
from api.contract.second_factor import RecoveryCodes, SecondFactor
from ui import formats, session
from ui.client import accounts, second_factor
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.code_field import code_field, too_short
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, form, new_password_field, password_field, switch_field
from ui.components.forms import too_short as password_too_short
from ui.components.second_factor import Setup, recovery_codes
from ui.components.states import Loader, load, skeleton_card
from ui.components.text import Text, badge
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.pages.settings.elsewhere import draw_elsewhere
from ui.pages.settings.sessions import draw_sessions

FEW = 3  # recovery codes left, from which on new ones are offered first


def draw_security(linked: str = "") -> None:
    _Security()
    draw_elsewhere(linked)
    draw_sessions()


def _draw_password(has_one: bool) -> None:
    me = session.current()

    async def send() -> None:
        await accounts.forgot_password(session.anonymous(), me.me.email or "", session.known_device())
        toast(_("We sent an e-mail to {email}.").format(email=me.me.email))

    async def change() -> None:
        if not filled([old, new], {new: password_too_short(new.value)}):
            return
        body = PasswordChange(current_password=old.value, new_password=new.value)
        try:
            signed_in = await accounts.change_password(me.api, body)
        except ApiProblem as error:
            problems.show_in({"current_password": old, "new_password": new}, error)
            return
        toast(_("The password was changed. Your other sessions have ended."))
        session.hand_over(signed_in, "/settings?tab=security")

    if not has_one:
        with card(
            _("Password"), hint=_("You sign in with an account elsewhere and have none. A link by e-mail lets you set one.")
        ):
            with ui.element("div").classes("m-row m-near"):
                button(_("Send me the link"), send)
        return
    with card(_("Password"), hint=_("Changing it ends all your other sessions.")):
        old = password_field(_("Current password"))
        new = new_password_field(_("New password"))
        form(change, _("Change password"))


class _Security:
    def __init__(self) -> None:
        me = session.current()
        self._api = me.api
        self._rules = me.me.role is Role.OWNER and me.may(Permission.COMPANY_WRITE)
        self._place: Loader[SecondFactor] = load(
            lambda: second_factor.state(self._api), self._draw, lambda: skeleton_card(4), "m-forms"
        )

    def _draw(self, found: SecondFactor) -> None:
        _draw_password(found.password)
        hint = _("After the password, sign-in asks for a code from an app on your phone. A stolen password alone opens nothing.")
        with card(_("Second step at sign-in"), hint=hint):
            if found.since is None:
                badge(_("Not set up yet"))
                with ui.element("div").classes("m-row m-near"):
                    button(_("Set up"), lambda: self._set_up(found.password), kind="primary", icon="phonelink_lock")
            else:
                badge(_("On since {day}").format(day=formats.day(found.since)), "ok")
                left = ngettext("{n} recovery code is left.", "{n} recovery codes are left.", found.recovery_codes)
                if found.recovery_codes <= FEW:
                    with note("warn", left.format(n=found.recovery_codes), name="warning"):
                        pass
                else:
                    Text("p", left.format(n=found.recovery_codes), "m-hint")
                with ui.element("div").classes("m-row m-near m-wrap"):
                    button(_("New recovery codes"), self._new_codes)
                    button(_("Turn off"), lambda: self._turn_off(found.required), kind="danger")
            if self._rules:
                self._draw_rule(found)

    def _draw_rule(self, found: SecondFactor) -> None:
        async def change(on: bool) -> None:
            if on and not await confirm(
                _("Ask a second step of everybody?"),
                _("Who has not set it up can do nothing else until it is done. The team page shows who has."),
                yes=_("Ask everybody"),
            ):
                await self._place.refresh()
                return
            try:
                await second_factor.require(self._api, on)
            except ApiProblem as error:
                problems.show(error)
                await self._place.refresh()
                return
            toast(_("Saved."))
            await self._place.refresh()

        switch_field(
            _("Everybody in the company needs it"), found.required, on_change=change,
            hint=_("Set it up for yourself first.") if found.since is None else _("The API keys of who has not set it up stop too."),
        )  # fmt: skip

    def _set_up(self, password: bool) -> None:
        async def done() -> None:
            box.close()
            toast(_("From now on sign-in asks you for a code. Your other sessions have ended."))
            await self._place.refresh()

        with dialog(_("Second step at sign-in")) as box:
            Setup(self._api, done, box.close, password=password)
        box.props("persistent")
        box.open()

    async def _new_codes(self) -> None:
        async def submit(code: str) -> RecoveryCodes:
            return await second_factor.new_codes(self._api, code)

        self._with_code(_("New recovery codes"), _("The old ones stop working."), _("Make new codes"), submit)

    async def _turn_off(self, required: bool) -> None:
        async def submit(code: str) -> None:
            await second_factor.turn_off(self._api, code)

        text = _("Then your password alone is enough.")
        if required:
            text = _("Your company asks for it: you will be led to set it up again.")
        self._with_code(_("Turn off the second step?"), text, _("Turn off"), submit, danger=True)

    def _with_code(self, heading: str, text: str, verb: str, act: object, *, danger: bool = False) -> None:
        """Asks for a code, then does what it is for; recovery codes that come of it are shown."""
        assert callable(act)

        async def submit() -> None:
            if not filled([code], {code: too_short(code.value)}):
                return
            try:
                made = await act(code.value.strip())
            except ApiProblem as error:
                problems.show_in({"code": code}, error)
                return
            if isinstance(made, RecoveryCodes):
                inside.clear()
                with inside:
                    recovery_codes(made.codes, box.close)
            else:
                box.close()
                toast(_("Saved."))
            await self._place.refresh()

        with dialog(heading, text) as box, ui.element("div").classes("m-col w-full") as inside:
            code = code_field(submit, hint=_("Six digits from your authenticator app, or one of your recovery codes."))
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(verb, submit, kind="danger-solid" if danger else "primary")
        box.open()
