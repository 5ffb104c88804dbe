"""Last step: everything at a glance, what is still missing, how long it takes, and the button that sends."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.campaigns import Campaign, Preview
from api.contract.channels import Channel
from api.contract.contacts import ContactFilter
from api.contract.enums import DeliveryPolicy, Permission
from ui import formats, kinds, session
from ui.client import campaigns, segments
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.confirm import confirm
from ui.components.text import Text, icon
from ui.i18n import _, ngettext
from ui.labels import campaigns as campaign_labels
from ui.labels import channels as channel_labels
from ui.labels import trials as trial_labels


class Facts(NamedTuple):
    """All that the review speaks of."""

    campaign: Campaign
    channel: Channel | None
    preview: Preview
    at: datetime | None
    names: campaign_labels.Names


async def names(api: ApiClient, audience: ContactFilter) -> campaign_labels.Names:
    """The names that the audience needs to be said; asks for nothing else."""
    tags: dict[str, str] = {}
    fields: dict[str, str] = {}
    file = ""
    if audience.tags or audience.without_tags:
        tags = {str(tag.id): tag.name for tag in await campaigns.tags(api)}
    if audience.custom:
        fields = {one.key: one.label for one in await campaigns.custom_fields(api)}
    if audience.import_id is not None:
        file = next((one.filename for one in await campaigns.imports(api) if one.id == audience.import_id), "")
    segment = ""
    if audience.segment_id is not None:
        segment = next((one.name for one in await segments.segments(api) if one.id == audience.segment_id), "")
    return campaign_labels.Names(tags, fields, file, segment)


def draw(facts: Facts, go: Callable[[str], Any], test: Callable[[], Any], launch: Callable[[], Any]) -> ui.element:
    """What is missing, and the button that sends. `go(step)` opens a step, `test()` asks for a test, `launch()` sends; it asked before. Gives back the
    place where it is said how long it takes."""
    problems = facts.preview.problems
    over = facts.at is not None and facts.at <= datetime.now(UTC)
    if facts.campaign.sandbox:
        with note("info", _("This is the simulator: everything happens as it would, but nothing reaches a real person.")):
            pass
    if problems or over:
        count = len(problems) + over
        heading = ngettext("{n} thing is missing", "{n} things are missing", count).format(n=count)
        with card(heading, flush=True):
            for found in problems:
                with ui.element("div").classes("m-sum m-sum-bad"):
                    icon("error")
                    ui.label(campaign_labels.problem(found)).classes("m-grow")
                    button(_("Mend"), partial(go, found.step), kind="plain")
            if over:
                with ui.element("div").classes("m-sum m-sum-bad"):
                    icon("error")
                    ui.label(_("The planned time is over. Choose another one.")).classes("m-grow")
                    button(_("Mend"), partial(go, "when"), kind="plain")
    return _launch_card(facts, not problems and not over, test, launch)


def summary(facts: Facts, go: Callable[[str], Any]) -> None:
    """What was chosen at each step."""
    with card(_("Summary"), flush=True):
        for step, symbol, line, hint in _lines(facts):
            with ui.element("div").classes("m-sum"):
                icon(symbol)
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(campaign_labels.step_name(step)).classes("m-hint")
                    Text("p", line, "m-strong m-text")
                    if hint:
                        ui.label(hint).classes("m-hint")
                button(_("Change"), partial(go, step), kind="plain")


def _lines(facts: Facts) -> list[tuple[str, str, str, str]]:
    """Step, symbol, what was chosen, and a hint."""
    campaign, channel = facts.campaign, facts.channel
    number = channel_labels.number(channel) if channel else ""
    content = kinds.can(campaign.channel_kind).campaign_content
    if content in {"text", "call"}:
        first = facts.preview.messages[0].body if facts.preview.messages else campaign.body
        message = (first or "").strip() or _("No text yet")  # as the first person reads it
        hint = (
            _("about {n} SMS parts in all").format(n=formats.number(facts.preview.segments_total or 0))
            if content == "text"
            else ""
        )
    else:
        message = campaign.template_name or _("No template yet")
        count = len(campaign.bindings)
        hint = ngettext("{n} place filled", "{n} places filled", count).format(n=count) if count else ""
        if campaign.channel_kind and not campaign.sandbox:
            hint = " · ".join(
                [*([hint] if hint else []), _("The provider charges per message delivered, by category and country")]
            )
    if campaign.trial is not None:
        count = len(campaign.trial.variants) + 1
        hint = " · ".join(part for part in (hint, trial_labels.plan(count, campaign.trial)) if part)
    once = campaign.policy == DeliveryPolicy.AT_MOST_ONCE
    return [
        ("channel", kinds.of(campaign.channel_kind).icon, campaign.channel_name or _("No channel yet"), number),
        ("audience", "group", campaign_labels.audience_words(campaign.audience, facts.names, campaign.settings), ""),
        ("message", "article", message if len(message) < 240 else message[:240] + "…", hint),
        (
            "when",
            "schedule",
            formats.moment(facts.at) if facts.at else _("Now"),
            _("Nobody gets it twice") if once else _("Nobody misses it; very few may get it twice"),
        ),
    ]


def _launch_card(facts: Facts, ready: bool, test: Callable[[], Any], launch: Callable[[], Any]) -> ui.element:
    audience, seconds = facts.preview.audience, facts.preview.estimated_seconds
    count = audience.reachable if audience else 0
    with card(), ui.element("div").classes("m-launch"):
        with ui.element("div").classes("m-col m-tight m-grow"):
            with ui.element("div").classes("m-figure"):
                ui.label(formats.number(count))
                ui.label(_("people will get it") if count != 1 else _("person will get it")).classes("m-unit")
            with ui.element("div").classes("m-col m-tight") as pace:
                if seconds is not None and count:
                    ui.label(_("Takes about {time}.").format(time=formats.duration(max(1, seconds)))).classes("m-sub")
                    ui.label(campaign_labels.limit_plan(facts.preview.limiting_factor)).classes("m-hint")
        with ui.element("div").classes("m-row m-near m-wrap"):
            if session.current().may(Permission.CAMPAIGNS_SEND):
                button(_("Send a test"), test, icon="send_to_mobile").classes("m-btn-big").set_enabled(not _message_wrong(facts))
                verb = _("Plan the campaign") if facts.at else _("Send now")
                main = button(verb, launch, kind="primary", icon="event" if facts.at else "send").classes("m-btn-big")
                main.set_enabled(ready)
            else:
                ui.label(_("Your role may prepare campaigns, not send them. Ask a manager to send it.")).classes("m-sub")
    return pace


def _message_wrong(facts: Facts) -> bool:
    return any(found.step in {"message", "channel"} for found in facts.preview.problems)


async def ask(facts: Facts) -> bool:
    """The last question, with the number of people."""
    audience = facts.preview.audience
    count = audience.reachable if audience else 0
    if facts.at:
        heading = ngettext("Plan it for {n} person?", "Plan it for {n} people?", count)
        text = _("It starts {when}. Until then you can change or stop it.").format(when=formats.moment(facts.at))
        yes = _("Plan")
    else:
        heading = ngettext("Send to {n} person now?", "Send to {n} people now?", count)
        text = _("You can pause at any time, but what was sent cannot be taken back.")
        yes = ngettext("Send to {n} person", "Send to {n} people", count).format(n=formats.number(count))
    channel = facts.campaign.channel_name or ""
    where = _("By {channel}.").format(channel=channel)
    simulated = " " + _("It is the simulator: nobody real gets it.") if facts.campaign.sandbox else ""
    return await confirm(heading.format(n=formats.number(count)), f"{where} {text}{simulated}", yes=yes)
