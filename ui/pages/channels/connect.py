"""Connecting a real number: the guide with its fields, each looked at when one leaves it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.channels import ChannelConnect, SmsConnect, WhatsAppConnect
from ui import session
from ui.client import channels as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import Field, filled, number_field, password_field, text_field
from ui.i18n import _
from ui.pages.channels import entries, guide

Look = Callable[[str], str]


class Connect:
    """Fields by the name that the API knows them by, and how each is looked at."""

    def __init__(self) -> None:
        self._fields: dict[str, Field[str]] = {}
        self._looks: dict[str, Look] = {}
        self._steps: dict[str, list[str]] = {}
        self._drawn: dict[str, ui.element] = {}

    def whatsapp(self) -> None:
        """Four steps at Meta, and one here; the return channel follows when its address is there."""
        _intro(
            _(
                "You need: a Facebook account that runs your company's business portfolio, and a number that no phone's WhatsApp uses."
            )
        )
        app, number, token, secret = guide.whatsapp()
        guide.draw(1, app)

        def ids() -> None:
            self._text("number", "phone_number_id", _("A · Phone number ID"), "106540352242922", entries.phone_number_id)
            self._text("number", "waba_id", _("B · WhatsApp Business account ID"), "102290129340398", self._look_at_waba)

        self._step(2, number, ids)
        self._step(3, token, lambda: self._secret("token", "access_token", _("C · Permanent access token"), entries.access_token))
        self._step(4, secret, lambda: self._secret("secret", "app_secret", _("D · App secret"), entries.app_secret))
        self._last(
            _(
                "Both secrets are sealed and never shown again. After this, the page of the channel says what is still to do at Meta."
            ),
            lambda: WhatsAppConnect(
                name=self._value("name"),
                phone_number_id=self._value("phone_number_id"),
                waba_id=self._value("waba_id"),
                access_token=self._value("access_token"),
                app_secret=self._value("app_secret"),
            ),
        )

    def sms(self) -> None:
        """Two steps at Twilio, and one here."""
        account, sender = guide.twilio()

        def keys() -> None:
            self._text("account", "account_sid", "A · Account SID", "AC…", entries.account_sid)
            self._secret("account", "auth_token", "B · Auth Token", entries.auth_token)

        self._step(1, account, keys)
        self._step(2, sender, lambda: self._text("sender", "sender", _("C · Sender"), "+5511912345678", entries.sender))

        def speed() -> None:
            hint = _("An ordinary number sends one, a short code 100.")
            rates.append(number_field(_("SMS parts per second"), 1, low=0.1, high=1000, step=1, hint=hint))

        rates: list[Field[float | None]] = []
        self._last(
            _("The token is sealed and never shown again. We set up the return channel for you."),
            lambda: SmsConnect(
                name=self._value("name"),
                account_sid=self._value("account_sid"),
                auth_token=self._value("auth_token"),
                sender=self._value("sender"),
                throughput=float(rates[0].value or 1),
            ),
            speed,
        )

    # -- drawing ------------------------------------------------------------------------------------------------

    def _step(self, number: int, step: guide.Step, paste: Callable[[], Any]) -> None:
        self._steps[step.key] = []
        self._drawn[step.key] = guide.draw(number, step, paste)

    def _text(self, step: str, key: str, label: str, placeholder: str, look: Look) -> None:
        self._keep(step, key, text_field(label, placeholder=placeholder, limit=64), look)

    def _secret(self, step: str, key: str, label: str, look: Look) -> None:
        self._keep(step, key, password_field(label), look)

    def _keep(self, step: str, key: str, field: Field[str], look: Look) -> None:
        self._fields[key], self._looks[key] = field, look
        self._steps[step].append(key)
        field.control.on("blur", partial(self._left, step, key), [])

    def _last(self, text: str, make: Callable[[], ChannelConnect], more: Callable[[], Any] | None = None) -> None:
        async def submit() -> None:
            wrong = [key for key in self._looks if self._wrong(key)]
            if not filled(self._fields.values()) or wrong:
                self._to_first()
                return
            try:
                channel = await client.connect(session.current().api, make())
            except ApiProblem as error:
                problems.show_in(self._fields, error)
                self._to_first()
                return
            ui.navigate.to(f"/channels/{channel.id}")

        with card(_("Name it and connect")):
            self._fields["name"] = text_field(_("Name"), placeholder=_("How your team calls this number"), limit=80)
            if more is not None:
                more()
            with note("info", text):
                pass
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), kind="plain", to="/channels")
                button(_("Connect and check"), submit, kind="primary")

    # -- looking ------------------------------------------------------------------------------------------------

    def _value(self, key: str) -> str:
        return (self._fields[key].value or "").strip()

    def _look_at_waba(self, value: str) -> str:
        return entries.waba_id(value, self._value("phone_number_id"))

    def _wrong(self, key: str) -> bool:
        """Marks a field that does not have the provider's form; an empty one is left to `filled`."""
        value = self._value(key)
        text = self._looks[key](value) if value else ""
        if text:
            self._fields[key].error(text)
        return bool(text)

    def _left(self, step: str, key: str) -> None:
        self._wrong(key)
        done = all(self._value(one) and not self._looks[one](self._value(one)) for one in self._steps[step])
        self._drawn[step].classes(add="m-todo-done" if done else "", remove="" if done else "m-todo-done")

    def _to_first(self) -> None:
        ui.run_javascript("document.querySelector('.m-field-bad')?.scrollIntoView({block: 'center'})")


def _intro(text: str) -> None:
    with note("info", text, name="lightbulb"):
        pass
