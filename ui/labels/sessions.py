"""Connections by a code for people: what each state is called, what it means, and what to do."""

from datetime import UTC, datetime
from typing import NamedTuple

from api.contract.channel_sessions import ChannelSession, CloseReason, HealthPart, SessionPoint, SessionState
from ui import formats
from ui.components.text import Tone
from ui.i18n import _

QUIET = 10
"""Days without a word after which the phone may be off."""


class Said(NamedTuple):
    name: str
    tone: Tone
    text: str = ""
    """What it means, and what to do; empty where all is well."""
    icon: str = "info"


def said(session: ChannelSession) -> Said:
    """The state in words."""
    until = formats.moment(session.until) if session.until else ""
    states: dict[SessionState, Said] = {
        SessionState.NEW: Said(_("Not connected yet"), "quiet"),
        SessionState.PAIRING: Said(_("Waiting for the phone"), "info"),
        SessionState.OPEN: Said(_("Connected"), "ok"),
        SessionState.RECONNECTING: Said(
            _("Connecting again"), "warn", _("The connection broke off and comes back by itself. Messages wait until then."), "sync_problem"
        ),
        SessionState.REPLACED: Said(
            _("Opened elsewhere"),
            "bad",
            _("Another program opened this connection. Close it there, then open it here: two at once get the number blocked."),
            "devices_other",
        ),
        SessionState.RESTRICTED: Said(
            _("Only people who wrote"),
            "warn",
            _("WhatsApp lets this number write to nobody new until {when}. Whoever wrote still gets answers.").format(when=until or "…"),
            "lock_clock",
        ),
        SessionState.BANNED: Said(
            _("Blocked by WhatsApp"),
            "bad",
            _("WhatsApp blocked this number until {when}. It connects again afterwards; then resume sending by hand.").format(when=until)
            if until
            else _("WhatsApp blocked this number. Ask for a review in the WhatsApp app on the phone. Messages wait in their queues."),
            "gpp_bad",
        ),
        SessionState.LOGGED_OUT: Said(
            _("Disconnected"),
            "bad",
            _("The phone no longer lets us in. Connect it again by a code: conversations stay, and messages wait."),
            "link_off",
        ),
        SessionState.OUTDATED: Said(
            _("Needs an update"),
            "bad",
            _("WhatsApp refuses this version. Master IA has to be updated by who runs it. Messages wait until then."),
            "system_update",
        ),
    }  # fmt: skip
    found = states[session.state]
    if session.state == SessionState.RECONNECTING and session.reason == CloseReason.SILENT:
        text = _(
            "WhatsApp says that this number is connected, and nothing comes back. Open WhatsApp on the phone and see that it is on the internet:"
            " we go on trying, and messages wait until something comes."
        )
        return Said(_("Connected, but silent"), "bad", text, "phonelink_off")
    if session.state == SessionState.OPEN and session.proved_at is not None:
        days = (datetime.now(UTC) - session.proved_at).days
        if days >= QUIET:
            text = _(
                "Nothing was heard for {n} days. Open WhatsApp on the phone: after about 14 days without it WhatsApp disconnects this device."
            )
            return found._replace(tone="warn", text=text.format(n=days), icon="phonelink_off")
    if session.state == SessionState.NEW and session.reason == CloseReason.CODE_EXPIRED:
        return found._replace(text=_("Nobody scanned the code in time. Show a new one."), icon="timer_off")
    if session.state == SessionState.NEW and session.reason == CloseReason.ENGINE:
        return found._replace(
            tone="bad",
            icon="build",
            text=_("This installation cannot show codes: its engine for WhatsApp could not be prepared. Tell who runs it."),
        )
    return found


def part(found: SessionPoint) -> str:
    """Why points are missing, with what helps."""
    share = formats.percent(found.share) if found.share is not None else ""
    texts: dict[HealthPart, str] = {
        HealthPart.YOUNG: _("The number is young here: it writes to more people each day by itself."),
        HealthPart.FEW_REPLIES: _("Only {share} answer campaigns: ask something, and write to people who know you.").format(
            share=share
        ),
        HealthPart.FAILURES: _("{share} of the messages fail: clean the list.").format(share=share),
        HealthPart.UNKNOWN_NUMBERS: _("{share} of the numbers are not on WhatsApp: clean the list.").format(share=share),
        HealthPart.STOPS: _("{share} asked for no more messages: write less often, and only to who said yes.").format(
            share=share
        ),
        HealthPart.QUOTA: _("{share} of the new conversations that WhatsApp grants are used.").format(share=share),
        HealthPart.RESTRICTED: _("WhatsApp restricted the number within the last week."),
        HealthPart.BANNED: _("WhatsApp blocked the number within the last month."),
    }
    return texts[found.part]


def health(score: int) -> tuple[str, Tone, str]:
    """What the points are called, and what they mean for how it writes; the second is empty where all is well."""
    if score >= 70:
        return _("Healthy"), "ok", ""
    if score >= 40:
        return _("At risk"), "warn", _("It writes half as fast, and to half as many new people.")
    return _("In danger"), "bad", _("It writes to nobody new.")
