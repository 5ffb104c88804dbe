"""What is held after a restore or a failover: since when, what, what is known of it, and a person's word on each."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.enums import CampaignState, HoldCause, HoldDecision, HoldKind, Permission
from api.contract.events import HoldChanged
from api.contract.holds import HeldItem, Hold, Holds
from ui import formats, live, session
from ui.client import holds
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.confirm import confirm
from ui.components.frame import frame
from ui.components.states import empty, load, skeleton_list
from ui.components.text import icon
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels.campaigns import campaign_state
from ui.routing import page


@page("/held", permission=Permission.COMPANY_WRITE)
def held() -> None:
    api = session.current().api
    with frame(_("Held back"), _("Nothing of this goes out until you decide")):
        place = load(lambda: holds.holds(api), _draw, lambda: skeleton_list(4))
    live.on(HoldChanged, lambda event: place.refresh())
    live.on_reset(place.refresh)


def _draw(found: Holds) -> None:
    if not found.holds:
        with card():
            empty(
                "check_circle",
                _("Nothing is held back"),
                _("Everything that was to be decided is decided."),
                action=_("Home"),
                to="/",
            )
    for hold in found.holds:
        _hold(hold)


def _happened(hold: Hold) -> str:
    when = formats.moment(hold.since)
    return {
        HoldCause.RESTORE: _("A backup was put back. This data is from {when}."),
        HoldCause.COPY: _("The database was copied or moved. This data is from {when}."),
        HoldCause.ROLLBACK: _("The database was set back to an earlier state. This data is from {when}."),
        HoldCause.FAILOVER: _("A second server took over and lacks the latest changes. This data is from {when}."),
    }[hold.cause].format(when=when)


def _hold(hold: Hold) -> None:
    with note("warn", _happened(hold), name="warning"):
        risk = _("What was sent after that is not known here. These people may already have got this message.")
        ui.label(risk).classes("m-strong")
        todo = _("Continue sends to everybody who is still waiting here, perhaps a second time. Discard sends nothing more.")
        ui.label(todo).classes("m-sub")
        stop = _("Who asked for no more messages after that is not known here either. Mark them before you continue.")
        ui.label(stop).classes("m-sub")
        if hold.cause == HoldCause.COPY:
            ui.label(_("Is this a copy to try things out? Then discard, and remove its real channels.")).classes("m-sub")
        for channel in hold.unexplained:
            text = ngettext(
                "{channel} reports {n} person who got a message that is not known here.",
                "{channel} reports {n} people who got a message that is not known here.",
                channel.people,
            )
            ui.label(text.format(channel=channel.name, n=formats.number(channel.people))).classes("m-sub")

    def both() -> None:
        every = [one.id for one in hold.items]
        button(_("Discard all"), partial(_discard, hold, every, _("Discard all of it?")), kind="danger")
        button(_("Continue all"), partial(_continue, hold, every, _("Continue all of it?")))

    with card(_("What stood in the queue"), actions=both if len(hold.items) > 1 else None, flush=True):
        for one in hold.items:
            _item(hold, one)


def _item(hold: Hold, one: HeldItem) -> None:
    with item():
        icon({HoldKind.CAMPAIGN: "campaign", HoldKind.DIRECT: "chat", HoldKind.JOB: "pending_actions"}[one.kind])
        with ui.element("div").classes("m-row m-between m-grow m-stack"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                if one.kind == HoldKind.CAMPAIGN:
                    ui.link(one.name, f"/campaigns/{one.subject_id}").classes("m-strong m-clip")
                else:
                    ui.label(_name(one)).classes("m-strong m-clip")
                ui.label(_facts(one)).classes("m-hint")
            with ui.element("div").classes("m-row m-near shrink-0"):
                discard, go_on = (text.format(name=_name(one)) for text in (_("Discard “{name}”?"), _("Continue “{name}”?")))
                button(_("Discard"), partial(_discard, hold, [one.id], discard), kind="danger")
                button(_("Continue"), partial(_continue, hold, [one.id], go_on))


def _name(one: HeldItem) -> str:
    if one.kind == HoldKind.DIRECT:
        return _("Single messages of {channel}").format(channel=one.name)
    return {
        "SendMail": _("E-mails: invitations and password links"),
        "SubmitTemplate": _("Templates to be submitted"),
        "RunRules": _("Rules of boards"),
        "SandboxControl": _("Steps of the simulator"),
    }.get(one.name, one.name)


def _facts(one: HeldItem) -> str:
    facts = []
    if one.before is not None:
        facts.append(_("was: {state}").format(state=campaign_state(one.before)[0]))
    if one.before == CampaignState.SCHEDULED and one.scheduled_at is not None:
        facts.append(_("planned for {when}").format(when=formats.moment(one.scheduled_at)))
    if one.waiting or one.before not in {CampaignState.SCHEDULED, CampaignState.PREPARING}:
        facts.append(ngettext("{n} in the queue", "{n} in the queue", one.waiting).format(n=formats.number(one.waiting)))
    if one.settled:
        text = ngettext("{n} has got it by now", "{n} have got it by now", one.settled)
        facts.append(text.format(n=formats.number(one.settled)))
    return " · ".join(facts)


async def _continue(hold: Hold, items: list[UUID], question: str) -> None:
    text = _("Whoever got the message after {when} gets it a second time, unless a report has arrived for them.")
    if await confirm(question, text.format(when=formats.moment(hold.since)), yes=_("Continue"), danger=True):
        await _decide(hold, items, HoldDecision.CONTINUED, _("It goes on."))


async def _discard(hold: Hold, items: list[UUID], question: str) -> None:
    text = _("Whoever is still waiting here will not receive it. This cannot be undone.")
    if await confirm(question, text, yes=_("Discard"), danger=True):
        await _decide(hold, items, HoldDecision.DISCARDED, _("Discarded. Nothing of it goes out."))


async def _decide(hold: Hold, items: list[UUID], decision: HoldDecision, said: str) -> None:
    await holds.decide(session.current().api, hold.id, items, decision)
    toast(said)
