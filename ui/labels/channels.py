"""Channels for people: names, numbers, states, findings of the check, what stops one."""

from datetime import datetime
from typing import NamedTuple

from api.contract.channel_sessions import SessionState
from api.contract.channels import Channel, ChannelLogEntry, CheckLine
from api.contract.enums import ChannelState, NoticeCode, Quality
from api.contract.problems import CheckDetail, NetworkFailure
from ui import formats, kinds
from ui.components import problems
from ui.components.text import Tone
from ui.i18n import _, ngettext
from ui.labels import notices, reasons


def state(channel: Channel) -> tuple[str, Tone]:
    """Name and tone of a channel's state."""
    names: dict[ChannelState, tuple[str, Tone]] = {
        ChannelState.CHECKING: (_("Checking"), "info"),
        ChannelState.CONNECTED: (_("Connected"), "ok"),
        ChannelState.PAUSED: (_("Paused"), "warn"),
        ChannelState.ERROR: (_("Needs you"), "bad"),
    }
    if channel.outage_since is not None:
        return _("Provider is down"), "warn"
    if channel.connection is not None and channel.state == ChannelState.CHECKING:
        return _("Not connected yet"), "quiet"
    if channel.state == ChannelState.CONNECTED and channel.connection == SessionState.RECONNECTING:
        return _("Connecting again"), "warn"
    if channel.state == ChannelState.CONNECTED and channel.connection == SessionState.RESTRICTED:
        return _("Only people who wrote"), "warn"
    return names[channel.state]


def quality(value: Quality) -> tuple[str, Tone]:
    names: dict[Quality, tuple[str, Tone]] = {
        Quality.GREEN: (_("Good"), "ok"),
        Quality.YELLOW: (_("Fair"), "warn"),
        Quality.RED: (_("Poor"), "bad"),
        Quality.UNKNOWN: (_("Not known yet"), "quiet"),
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
    if line.detail == CheckDetail.SET_BY_HAND:
        return problems.said(CheckDetail.SET_BY_HAND)
    if line.code == "webhook":
        return _("The provider could not reach our address. Check that it is open to the internet, then check again.")
    if line.code == "quality":
        return _("People block or report this number. Write to fewer people, and only to those who asked for it.")
    if line.code == "sender":
        return _("This number is not in the account, or it cannot send SMS. Choose another one.")
    known = reasons.failures().get(line.reason or "")
    return f"{known.name}. {known.todo}" if known else _("This is not in order. The log below says more.")


def provider_words(detail: str) -> str:
    """What the provider said, as it said it; what we say ourselves in the reader's language."""
    if detail in set(CheckDetail):
        return problems.said(CheckDetail(detail))
    code, _space, host = detail.partition(" ")
    return problems.said(NetworkFailure(code), {"host": host}) if code in set(NetworkFailure) else detail


def _good(line: CheckLine) -> str:
    value = line.value or ""
    match line.code:
        case "token":
            return _("The provider lets us in.")
        case "number" | "sender":
            return formats.phone(value)
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
        "news": _("News"),
        "lookup": _("Question"),
        "sandbox": _("Simulator"),
    }.get(kind, kind)


def log_summary(entry: ChannelLogEntry) -> str:
    """The API's short sentences; anything else is shown as it is."""
    if entry.kind == "news" and entry.code in {code.value for code in NoticeCode}:
        return notices.notice(NoticeCode(entry.code)).name
    summary, _colon, rest = entry.summary.partition(": ")
    if summary == "Part of a webhook was not understood":
        return _("A part of an incoming report could not be read: {why}").format(why=rest)
    known = {
        "Message on its way": _("Message on its way"),
        "Message accepted": _("Message accepted"),
        "Message refused": _("Message refused"),
        "Nobody knows whether the message arrived": _("Nobody knows whether the message arrived"),
        "Call being placed": _("Call being placed"),
        "Call placed": _("Call placed"),
        "Call not placed": _("Call not placed"),
        "Call reached nobody": _("Call reached nobody"),
        "Nobody knows whether the call was placed": _("Nobody knows whether the call was placed"),
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
        "Sandbox: news": _("Tell news of the provider"),
        "Sandbox: scan": _("The code was scanned"),
        "The provider told something that is not known here.": _("The provider told something that we do not know"),
        "The provider told something about a number that is not connected here.": _(
            "The provider told something about a number that is not connected here"
        ),
    }
    return known.get(entry.summary, entry.summary)


def number(channel: Channel) -> str:
    """What people know the sender by."""
    return formats.phone(channel.number) if channel.number else channel.external_id


def channel_trouble(channel: Channel) -> tuple[str, str]:
    """What is wrong with a channel and what to do; two empty texts when it can send."""
    if channel.state == ChannelState.CONNECTED:
        return "", ""
    if channel.state == ChannelState.CHECKING:
        return _("We are checking the connection."), _("Wait a moment; this page notices by itself.")
    if channel.outage_since is not None:
        stop = outage(channel.kind, channel.outage_since)
        return stop.text, stop.todo
    if channel.state == ChannelState.PAUSED:
        if channel.paused_until:
            return _("Paused until {when}.").format(when=formats.moment(channel.paused_until)), _("It goes on by itself.")
        return _("Paused."), _("Resume it on the page of the channel.")
    known = reasons.failures().get(channel.state_reason or "")
    return (f"{known.name}.", known.todo) if known else (_("It cannot send."), _("Check the connection on its page."))


class Stop(NamedTuple):
    """Why a campaign stands still and what to do."""

    tone: Tone
    text: str
    todo: str


def outage(kind: str | None, since: datetime) -> Stop:
    """For a campaign or channel that waits for a provider that is down."""
    when = formats.moment(since)
    text = _("{vendor} ({kind}) has not answered since {when}.")
    todo = _("We keep trying, and sending goes on by itself once it answers. There is nothing to do: the queue waits.")
    return Stop("warn", text.format(vendor=kinds.of(kind).vendor, kind=kinds.name(kind), when=when), todo)
