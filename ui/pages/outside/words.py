"""Channels and templates in people's words: states, findings of the check, templates as a phone shows them."""

import re

from api.contract.channels import Channel, CheckLine, Template
from api.contract.enums import ChannelKind, ChannelState, Quality, TemplateStatus
from ui import formats
from ui.components.phone import Preview
from ui.components.text import Tone
from ui.i18n import _, ngettext
from ui.pages.campaign import fields, reasons
from ui.pages.campaign import words as campaign_words

_MEDIA = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
_BUTTONS = {"URL": "url", "PHONE_NUMBER": "phone", "COPY_CODE": "code", "OTP": "code"}


def state(channel: Channel) -> tuple[str, Tone]:
    """Name and tone of a channel's state."""
    names: dict[ChannelState, tuple[str, Tone]] = {
        ChannelState.CHECKING: (_("Checking"), "info"),
        ChannelState.CONNECTED: (_("Connected"), "ok"),
        ChannelState.PAUSED: (_("Paused"), "warn"),
        ChannelState.ERROR: (_("Needs you"), "bad"),
    }
    return (_("Provider is down"), "warn") if channel.outage_since is not None else names[channel.state]


def quality(value: Quality) -> tuple[str, Tone]:
    names: dict[Quality, tuple[str, Tone]] = {
        Quality.GREEN: (_("Good"), "ok"),
        Quality.YELLOW: (_("Fair"), "warn"),
        Quality.RED: (_("Poor"), "bad"),
        Quality.UNKNOWN: (_("Not known yet"), "quiet"),
    }
    return names[value]


def template_status(value: TemplateStatus) -> tuple[str, Tone]:
    names: dict[TemplateStatus, tuple[str, Tone]] = {
        TemplateStatus.PENDING: (_("In review"), "info"),
        TemplateStatus.APPROVED: (_("Approved"), "ok"),
        TemplateStatus.REJECTED: (_("Refused"), "bad"),
        TemplateStatus.PAUSED: (_("Paused"), "warn"),
        TemplateStatus.DISABLED: (_("Switched off"), "bad"),
        TemplateStatus.IN_APPEAL: (_("In review again"), "info"),
        TemplateStatus.LIMIT_EXCEEDED: (_("Too many edits"), "warn"),
        TemplateStatus.ARCHIVED: (_("Archived"), "quiet"),
        TemplateStatus.DELETED: (_("Deleted"), "quiet"),
    }
    return names[value]


def check_name(line: CheckLine) -> str:
    return {
        "token": _("Access"),
        "number": _("Number"),
        "sender": _("Sender"),
        "quality": _("Quality"),
        "limit": _("People per day"),
        "throughput": _("Speed"),
        "webhook": _("Return channel"),
        "templates": _("Templates"),
    }[line.code]


def check_text(channel: Channel, line: CheckLine) -> str:
    """One finding of the live check in a sentence; when it is not good, with what to do."""
    if line.ok:
        return _good(line)
    if line.detail == "set_by_hand":
        return _("Type the address into the messaging service at Twilio, under inbound messages.")
    if line.code == "webhook":
        return _("The provider could not reach our address. Check that it is open to the internet, then check again.")
    if line.code == "quality":
        return _("People block or report this number. Write to fewer people, and only to those who asked for it.")
    if line.code == "sender":
        return _("This number is not in the account, or it cannot send SMS. Choose another one.")
    if channel.kind == ChannelKind.SMS and line.reason in {"token_invalid", "permission"}:
        return _("Twilio refused the account or its token. Copy both again from Twilio's console.")
    known = reasons.failures().get(line.reason or "")
    return f"{known.name}. {known.todo}" if known else _("This is not in order. The log below says more.")


def _good(line: CheckLine) -> str:
    value = line.value or ""
    match line.code:
        case "token":
            return _("The provider lets us in.")
        case "number" | "sender":
            return campaign_words.phone_text(value)
        case "quality":
            return quality(Quality(value))[0] if value in {one.value for one in Quality} else value
        case "limit":
            if value == "unlimited":
                return _("No limit")
            return formats.number(int(value)) if value.isdigit() else _("Not known yet")
        case "throughput":
            return _("{n} messages per second").format(n=value)
        case "webhook":
            return _("Delivery reports and answers reach us.")
        case _:
            count = int(value) if value.isdigit() else 0
            return ngettext("{n} template read", "{n} templates read", count).format(n=formats.number(count))


def log_kind(kind: str) -> str:
    return {
        "check": _("Check"),
        "templates": _("Templates"),
        "send": _("Message"),
        "webhook": _("Incoming"),
        "lookup": _("Question"),
        "sandbox": _("Simulator"),
    }.get(kind, kind)


def log_summary(summary: str) -> str:
    """The API's short sentences; anything else is shown as it is."""
    known = {
        "Message on its way": _("Message on its way"),
        "Message accepted": _("Message accepted"),
        "Message refused": _("Message refused"),
        "Nobody knows whether the message arrived": _("Nobody knows whether the message arrived"),
        "A webhook could not be processed": _("An incoming report could not be read"),
        "Number read": _("Read the number"),
        "Account read": _("Read the account"),
        "Webhook subscribed": _("Set up the return channel"),
        "Webhook set": _("Set up the return channel"),
        "Templates read": _("Read the templates"),
        "Template submitted": _("Send a template for review"),
        "Template deleted": _("Delete a template"),
        "Sandbox: reply": _("Answer as a customer"),
        "Sandbox: behaviour": _("Behaviour changed"),
    }
    return known.get(summary, summary)


def preview(template: Template) -> Preview:
    """A template as the phone shows it, its open places marked."""
    header = fields.header(template)
    form = str(header.get("format") or "TEXT").upper()
    footer = next((str(part.get("text") or "") for part in template.components if part.get("type", "").upper() == "FOOTER"), "")
    return Preview(
        fields.body(template) or "…",
        header=str(header.get("text") or "") if form == "TEXT" else "",
        footer=footer,
        media=_MEDIA.get(form, ""),  # type: ignore[arg-type]
        buttons=[
            (_BUTTONS.get(str(button.get("type", "")).upper(), "reply"), str(button.get("text") or ""))
            for button in fields.buttons(template)
        ],
    )


def variables(text: str) -> list[str]:
    """The places of a text, each once, numbers in their order."""
    names = list(dict.fromkeys(re.findall(r"\{\{\s*(\w+)\s*\}\}", text)))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names
