"""The message on a phone as the first people would get it, one person at a time; and the dialog that sends a test."""

import re

from nicegui import ui

from api.contract.campaigns import CampaignTrial, PreviewMessage
from api.contract.campaigns import Preview as CampaignPreview
from api.contract.channels import Channel
from ui import session
from ui.client import campaigns
from ui.client.base import ApiProblem
from ui.components.buttons import button, icon_button
from ui.components.confirm import dialog
from ui.components.forms import filled, mark, select_field, text_field
from ui.components.phone import Preview, phone
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import channels as channel_labels
from ui.labels import templates as template_labels
from ui.labels import trials as labels
from ui.pages.campaigns.draft import Draft


def bubble_of(message: PreviewMessage) -> Preview:
    buttons = [(button.kind, button.text) for button in message.buttons]
    return template_labels.as_shown(message.header, message.header_file_id, message.body or "…", message.footer, buttons)


class Pane:
    """Phone with arrows; `set(preview)` keeps the person that is shown."""

    def __init__(self, channel: Channel | None) -> None:
        self._messages: list[PreviewMessage] = []
        self._at = 0
        name = channel.name if channel else "…"
        self._phone = phone(name, channel_labels.number(channel) if channel else "")
        with ui.element("div").classes("m-phone-nav") as self._nav:
            icon_button("chevron_left", _("Previous person"), lambda: self._go(-1))
            with ui.element("div"):
                self._name = Text("div", "", "m-strong m-clip")
                self._address = ui.label().classes("m-hint")
                self._name.props["aria-live"] = "polite"
            icon_button("chevron_right", _("Next person"), lambda: self._go(1))
        self._nav.set_visibility(False)

    def set(self, preview: CampaignPreview) -> None:
        self._messages = preview.messages
        self._at = min(self._at, max(0, len(self._messages) - 1))
        self._draw()

    def _go(self, by: int) -> None:
        self._at = (self._at + by) % max(1, len(self._messages))
        self._draw()

    def _draw(self) -> None:
        if not self._messages:
            self._phone.show()
            return
        message = self._messages[self._at]
        self._phone.show(bubble_of(message))
        self._name.text = message.contact_name or _("Somebody without a name")
        many = f" · {self._at + 1}/{len(self._messages)}" if len(self._messages) > 1 else ""
        self._address.text = message.address + many
        self._nav.set_visibility(bool(message.address))


def split_numbers(text: str) -> list[str]:
    """Numbers between commas, semicolons or line ends; each once."""
    return list(dict.fromkeys(part.strip() for part in re.split(r"[,;\n]", text) if part.strip()))


def test_send(draft: Draft, sandbox: bool, shown: int) -> None:
    """Asks for up to five numbers and sends the message to them at once: the text that is shown, or another one of a test."""
    trial: CampaignTrial | None = draft.value("trial")
    letters = labels.LETTERS[: len(trial.variants) + 1 if trial is not None else 1]

    async def send() -> None:
        to = split_numbers(numbers.value or "")
        if not filled([numbers], {numbers: _("Five numbers at most.") if len(to) > 5 else ""}):
            return
        await draft.flush()
        try:
            sent = await campaigns.test(session.current().api, draft.id, to, variant.value if len(letters) > 1 else "A")
        except ApiProblem as problem:
            if problem.code == "not_ready":
                mark({numbers: _("The message is not ready yet: see what is missing in the review.")})
            elif problem.code == "opted_out" or problem.errors:
                wrong = next((e.field for e in problem.errors if e.field.startswith("to[")), "")
                place = int(wrong[3:-1]) if wrong else 0
                said = (
                    _("{number} asked for no more messages.")
                    if problem.code == "opted_out"
                    else _("{number} is not a phone number.")
                )
                mark({numbers: said.format(number=str(problem.params.get("address") or to[place]))})
            else:
                raise
            return
        box.close()
        count = len(sent.message_ids)
        toast(ngettext("Test sent to {n} number.", "Test sent to {n} numbers.", count).format(n=count))

    text = _("It goes out at once and does not count in the campaign.")
    with dialog(_("Send a test"), text) as box:
        hint = _("The simulator takes any number; nothing reaches a real phone.") if sandbox else ""
        numbers = text_field(
            _("Numbers, up to five"), placeholder="(11) 98765-4321, (21) 99876-5432", kind="tel", hint=hint, on_enter=send
        )
        if len(letters) > 1:
            variant = select_field(
                _("Which text"), {one: labels.text_name(one) for one in letters}, letters[min(shown, len(letters) - 1)]
            )
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Send the test"), send, kind="primary", icon="send")
    box.open()
    numbers.focus()
