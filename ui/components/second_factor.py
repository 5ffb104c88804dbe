"""Setting up an authenticator app in three steps: password, picture and first code, recovery codes. Drawn into a dialog or a page."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from api.contract.second_factor import SecondFactorStarted
from ui.client import second_factor
from ui.client.base import ApiClient, ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import note
from ui.components.code_field import code_field, too_short
from ui.components.forms import Field, filled, password_field
from ui.components.qr import qr
from ui.components.text import Text
from ui.i18n import _


def picture(text: str) -> ui.html:
    """What the authenticator app scans."""
    return qr(text, _("QR code for your authenticator app"))


def recovery_codes(codes: list[str], done: Callable[[], Any]) -> None:
    """The codes, shown once, with ways to keep them."""
    with note("warn", _("Keep these codes where you find them without your phone. They are not shown again."), name="warning"):
        pass
    Text("p", _("Each works once, in place of a code from the app. Lose phone and codes, and you cannot get in."), "m-sub")
    with ui.element("ol").classes("m-codes m-mono"):
        for code in codes:
            Text("li", code)
    text = "\n".join(codes) + "\n"
    with ui.element("div").classes("m-row m-near m-wrap"):
        copy = button(_("Copy all codes"), icon="content_copy")
        copy.on("click", js_handler=f"(e) => masteria.copy({json.dumps(text)}, e.target.closest('button'))")
        button(_("Save as a file"), lambda: ui.download.content(text, "master-ia-codes.txt"), icon="download")
    with ui.element("div").classes("m-dialog-foot"):
        button(_("I have kept them"), done, kind="primary")


class Setup:
    """Draws itself where it is made. `done` is called once it asks for codes and the recovery codes were seen."""

    def __init__(
        self,
        api: ApiClient,
        done: Callable[[], Awaitable[Any] | None],
        cancel: Callable[[], Any] | None = None,
        *,
        password: bool = True,
    ) -> None:
        self._api, self._done, self._cancel, self._has_password = api, done, cancel, password
        self._place = ui.element("div").classes("m-col w-full")
        with self._place:
            self._draw_password()

    def _foot(self, verb: str, submit: Callable[[], Awaitable[None]]) -> None:
        with ui.element("div").classes("m-dialog-foot"):
            if self._cancel is not None:
                button(_("Cancel"), self._cancel, kind="plain")
            button(verb, submit, kind="primary")

    def _draw_password(self) -> None:
        async def submit() -> None:
            if not filled(fields.values()):
                return
            try:
                started = await second_factor.begin(self._api, fields["password"].value if fields else None)
            except ApiProblem as error:
                problems.show_in(fields, error)
                return
            self._place.clear()
            with self._place:
                self._draw_app(started)

        fields: dict[str, Field[str]] = {}
        if self._has_password:
            hint = _("So that nobody else sets this up for you.")
            fields["password"] = password_field(_("Current password"), on_enter=submit, hint=hint)
            fields["password"].control.props("autofocus")
        else:
            Text("p", _("You need your phone with an authenticator app."), "m-sub")
        self._foot(_("Continue"), submit)

    def _draw_app(self, started: SecondFactorStarted) -> None:
        async def submit() -> None:
            if not filled([code], {code: too_short(code.value)}):
                return
            try:
                made = await second_factor.confirm(self._api, code.value.strip())
            except ApiProblem as error:
                problems.show_in({"code": code}, error)
                return
            self._place.clear()
            with self._place:
                recovery_codes(made.codes, self._done)

        Text("p", _("Open an authenticator app on your phone (such as Google Authenticator) and scan this picture."), "m-sub")
        with ui.element("div").classes("m-qr-place"):
            picture(started.address)
        with ui.element("div").classes("m-qr-place m-only-phone"):  # nobody scans the screen that they hold
            ui.link(_("Open the app on this phone"), started.address).classes("m-link")
        Text("p", _("Cannot scan it? Type this key into the app:"), "m-hint")
        copy_field(started.secret, label=_("Copy key"), whole=True)
        code = code_field(submit, hint=_("The six digits that the app shows now."))
        code.focus()
        self._foot(_("Turn on"), submit)
