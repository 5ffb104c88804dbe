"""The settings of a webhook: name, on and off, address, signature, what makes two deliveries one, how long what came is kept."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.enums import Permission, Sameness, SignatureEncoding
from api.contract.incoming import IncomingHook, IncomingHookPatch
from ui import session
from ui.client import incoming as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, filled, number_field, password_field, select_field, switch_field, text_field
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import incoming as labels
from ui.pages.incoming.list import show_address


class Settings:
    def __init__(self, hook: IncomingHook, changed: Callable[[IncomingHook], Any]) -> None:
        me = session.current()
        self._api, self._hook, self._changed = me.api, hook, changed
        self._write = me.may(Permission.INCOMING_WRITE)
        self._draw_general()
        self._draw_signature()
        if self._write:
            self._draw_address()

    async def _save(self, body: IncomingHookPatch, fields: dict[str, Field[Any]]) -> None:
        try:
            self._hook = await client.change(self._api, self._hook, body)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        self._changed(self._hook)
        toast(_("Saved."))

    def _draw_general(self) -> None:
        hook = self._hook

        def shown() -> None:
            path.hide(sameness.value is not Sameness.KEY)
            minutes.hide(sameness.value is Sameness.NONE)

        async def save() -> None:
            asked: list[Field[Any]] = [name, minutes, days, *([path] if sameness.value is Sameness.KEY else [])]
            if filled(asked):
                body = IncomingHookPatch(
                    name=name.value.strip(),
                    enabled=enabled.value,
                    sameness=sameness.value,
                    same_path=path.value.strip(),
                    same_minutes=int(minutes.value or 10),
                    keep_days=int(days.value or 7),
                )
                fields: dict[str, Field[Any]] = {"name": name, "same_path": path, "same_minutes": minutes, "keep_days": days}
                await self._save(body, fields)

        with card(_("General")):
            enabled = switch_field(
                _("Carry out what comes"), hook.enabled, hint=_("Off: it is kept and shown, and nothing happens.")
            )
            name = text_field(_("Name"), hook.name, limit=120)
            sameness: Field[Sameness] = select_field(
                _("Two deliveries are one by"),
                labels.samenesses(),
                hook.sameness,
                hint=_("Shops and forms like to send a thing twice. The second one is shown, and not carried out."),
                on_change=shown,
            )
            path = text_field(_("Place of that value"), hook.same_path, placeholder="pedido.numero", limit=300)
            minutes = number_field(_("Within"), hook.same_minutes, low=1, high=43_200, suffix=_("minutes"))
            days = number_field(_("Keep what came"), hook.keep_days, low=1, high=30, suffix=_("days"))
            shown()
            if self._write:
                with ui.element("div").classes("m-row"):
                    button(_("Save"), save, kind="primary")

    def _draw_signature(self) -> None:
        hook = self._hook

        async def save() -> None:
            asked = [header] + ([] if self._hook.has_secret else [secret])
            if on.value and not filled(asked):
                return
            body = IncomingHookPatch(signature_header=None)
            if on.value:
                body = IncomingHookPatch(
                    signature_header=header.value.strip(),
                    signature_prefix=prefix.value.strip(),
                    signature_encoding=encoding.value,
                )
                if secret.value:
                    body.secret = secret.value
            await self._save(body, {"signature_header": header, "signature_prefix": prefix, "secret": secret})

        def shown() -> None:
            inside.set_visibility(on.value)

        hint = _("For senders that sign with HMAC-SHA256. What is not signed right is refused.")
        with card(_("Signature"), hint=hint):
            on = switch_field(_("Take only what is signed"), hook.signature_header is not None, on_change=lambda _on: shown())
            with ui.element("div").classes("m-col") as inside:
                header = text_field(_("Header"), hook.signature_header or "", placeholder="X-Signature-256", limit=64)
                prefix = text_field(_("What stands before it"), hook.signature_prefix, placeholder="sha256=", limit=32)
                encoding: Field[SignatureEncoding] = select_field(_("Written as"), labels.encodings(), hook.signature_encoding)
                kept = _("A secret is kept. Leave it empty to keep it.") if hook.has_secret else _("At least 8 characters.")
                secret = password_field(_("Secret"), hint=kept, new=True)
            shown()
            if self._write:
                with ui.element("div").classes("m-row"):
                    button(_("Save"), save, kind="primary")

    def _draw_address(self) -> None:
        async def renew() -> None:
            sure = await confirm(
                _("Make a new address?"), _("What posts to the old one is refused at once."), yes=_("Make a new one"), danger=True
            )
            if sure:
                made = await client.renew(self._api, self._hook.id)
                self._hook = made.hook
                self._changed(made.hook)
                with dialog(_("New address")) as box:
                    show_address(made, box, lambda: None)
                box.open()

        async def delete() -> None:
            sure = await confirm(
                _("Delete {name}?").format(name=self._hook.name),
                _("Its address ends, and what came is deleted. Contacts, cards and messages stay."),
                yes=_("Delete"),
                danger=True,
            )
            if sure:
                await client.delete(self._api, self._hook.id)
                ui.navigate.to("/incoming")

        with card(_("Address")):
            ui.label(
                _("It ends in …{hint}. The whole address was shown once, when it was made.").format(hint=self._hook.token_hint)
            )
            with ui.element("div").classes("m-row m-near m-wrap"):
                button(_("Make a new address"), renew)
                button(_("Delete this webhook"), delete, kind="danger")
