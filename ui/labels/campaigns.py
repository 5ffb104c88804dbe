"""Sentences of campaigns that more than one screen says: states, limits, problems of a draft, why one stopped."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from api.contract.base import FieldError
from api.contract.campaigns import Campaign, CampaignProblem, CampaignSettings, Counts, Figures
from api.contract.contacts import ContactFilter
from api.contract.enums import CampaignState
from ui import formats
from ui.components import problems
from ui.components.text import Tone
from ui.i18n import _, ngettext
from ui.labels import reasons
from ui.labels.channels import Stop

STEPS = ("channel", "audience", "message", "when", "review")


class Names(NamedTuple):
    """What an audience speaks of by id or key, as people know it: tags by id, fields by key, the file of its import, its segment."""

    tags: Mapping[str, str] = {}
    fields: Mapping[str, str] = {}
    file: str = ""
    segment: str = ""


def step_name(step: str) -> str:
    return {
        "channel": _("Channel"),
        "audience": _("Audience"),
        "message": _("Message"),
        "when": _("When"),
        "review": _("Review"),
    }[step]


def people(count: int) -> str:
    """1.204 pessoas."""
    return ngettext("{n} person", "{n} people", count).format(n=formats.number(count))


def problem(found: CampaignProblem) -> str:
    """What stands in the way of a launch, in one sentence with the way out."""
    said = problems.said(found.code, found.params)
    letter = found.params.get("variant")
    if letter is None or str(letter) in said:
        return said
    return _("Text {letter}: {problem}").format(letter=letter, problem=said)


def limit_plan(limit: str | None) -> str:
    """What decides how long a launch takes."""
    return {
        "number": _("The speed of the number decides."),
        "segments": _("The speed of the SMS sender decides."),
        "tier": _("The number's daily limit of people decides: the rest goes out on the next days."),
    }.get(limit or "", "")


def limit_now(limit: str | None, value: float | None, until: datetime | None) -> str:
    """Which limit holds the sending back right now."""
    amount = formats.number(value, 1) if value is not None else ""
    if limit in {"number", "pair", "segments"} and amount:
        return {
            "number": _("At full speed: the number takes {n} per second"),
            "segments": _("At full speed: the sender takes {n} SMS parts per second"),
            "pair": _("Waiting a little between messages to the same person"),
        }[limit].format(n=amount)
    text = {
        "number": _("At the full speed of the number"),
        "segments": _("At the full speed of the sender"),
        "pair": _("Waiting a little between messages to the same person"),
        "tier": _("The number's daily limit of people is reached"),
        "quality": _("Slower, to protect the quality of the number"),
        "api_rate": _("The provider's hourly limit is reached"),
        "network": _("The provider is out of reach; trying again"),
        "quiet_hours": _("Held by the hours in which you write to people"),
        "office_days": _("Held: on this day you do not write to people"),
        "holiday": _("Held: it is a holiday where they are"),
        "call_hours": _("Held by the hours in which people may be called"),
        "spend_cap": _("Held by the limit of costs"),
        "places": _("As many calls go on as there are places for; the next begins when one ends"),
        "warm_up": _("Held by the warm-up: the number is young, and its new people of today are reached"),
        "channel": _("The channel cannot send; see its page"),
        "unavailable": _("The limits cannot be read at the moment"),
    }.get(limit or "", "")
    if text and until:
        goes_on = _("goes on {when}").format(when=formats.moment(until))
        text = f"{text} · {goes_on}"
    return text


def stopped(state: CampaignState, reason: str | None, resume_at: datetime | None) -> Stop:
    """For paused and failed campaigns."""
    known = reasons.failures().get(reason or "")
    tone: Tone = "bad" if state == CampaignState.FAILED else "warn"
    if resume_at is not None:
        todo = _("It goes on by itself {when}.").format(when=formats.moment(resume_at))
    elif known:
        todo = known.todo
    elif reason == "preparing_failed":
        todo = _("Clone it and try again. If it happens again, tell support.")
    else:
        todo = _("Nothing goes out until you resume it.") if state == CampaignState.PAUSED else _("Clone it to try again.")
    if reason in {None, "person"}:
        text = _("Paused by a person of your team.") if state == CampaignState.PAUSED else _("The campaign stopped.")
    elif reason == "preparing_failed":
        text = _("The list of people could not be made.")
    else:
        text = _("Stopped: {reason}.").format(reason=known.name if known else reason)
    return Stop(tone, text, todo)


def new_name() -> str:
    """Of a campaign to which nobody gave one yet."""
    now = datetime.now(formats.zone())
    return _("Campaign of {day}, {time}").format(day=formats.short_day(now.date()), time=formats.clock(now, seconds=True))


def audience_words(audience: ContactFilter, names: Names, settings: CampaignSettings) -> str:
    """The audience in a line: tags, fields and the list by name, filters by value."""
    parts = conditions(audience, names)
    days = settings.skip_recent_days
    if audience.everyone:
        parts.insert(0, _("Everyone"))
    line = formats.sentence(" · ".join(parts)) if audience.picks else _("Nobody yet")
    if days:
        recent = ngettext("not those of the last {n} day", "not those of the last {n} days", days).format(n=days)
        line += f" · {recent}"
    return line


def conditions(audience: ContactFilter, names: Names) -> list[str]:
    """Each condition of an audience in a few words."""
    parts: list[str] = []
    tags = ", ".join(names.tags.get(str(tag), "?") for tag in audience.tags)
    if audience.ids:
        parts.append(ngettext("{n} chosen contact", "{n} chosen contacts", len(audience.ids)).format(n=len(audience.ids)))
    if tags:
        parts.append((_("All of the tags: {names}") if audience.all_tags else _("Any of the tags: {names}")).format(names=tags))
    if audience.without_tags:
        without = ", ".join(names.tags.get(str(tag), "?") for tag in audience.without_tags)
        parts.append(_("without: {names}").format(names=without))
    if audience.segment_id:
        parts.append(_("Segment “{name}”").format(name=names.segment) if names.segment else _("A segment that is gone"))
    if audience.rule is not None:
        parts.append(_("Conditions of its own"))
    if audience.import_id:
        parts.append(_("People of “{name}”").format(name=names.file) if names.file else _("People of one import"))
    if audience.search:
        parts.append(_("“{text}” in name or number").format(text=audience.search))
    if audience.line:
        parts.append(_("mobile numbers only") if audience.line == "mobile" else _("landlines only"))
    if audience.has:
        parts.append(_("who has a phone") if audience.has == "phone" else _("who has an e-mail"))
    if audience.opted_out is not None:
        parts.append(_("who asked for no more messages") if audience.opted_out else _("who may be written to"))
    parts += [f"{names.fields.get(key, key)}: {value}" for key, value in audience.custom.items()]
    return parts


def done(figures: Figures, counts: Counts) -> int:
    """How far it came: all of the audience but those who wait and those called off before their turn."""
    return figures.audience - counts.queued - counts.sending - counts.unknown - counts.cancelled


def subtitle(campaign: Campaign) -> str:
    """Channel, template and when it began."""
    parts = [campaign.channel_name or "", campaign.template_name or ""]
    if campaign.started_at:
        parts.append(_("started {when}").format(when=formats.moment(campaign.started_at)))
    if campaign.created_by:
        parts.append(_("by {name}").format(name=campaign.created_by))
    return " · ".join(part for part in parts if part)


def first_problem(errors: list[FieldError]) -> str:
    """A sentence for the first problem that the API named."""
    return problems.field_sentence(errors[0]) if errors else _("Something is missing. See the list.")


def draft_state(state: str) -> str:
    """What the wizard's head says of saving."""
    return {
        "saving": _("Saving…"),
        "saved": _("Saved just now"),
        "offline": _("Not saved yet; trying again"),
        "changed": _("Loaded again"),
        "refused": _("Not saved"),
    }[state]


def campaign_state(state: CampaignState, outage_since: datetime | None = None) -> tuple[str, Tone]:
    """Name and tone of a campaign's state; one that would send waits while the provider of its channel is down."""
    if state == CampaignState.RUNNING and outage_since is not None:
        return _("Waiting for the provider"), "warn"
    names: dict[CampaignState, tuple[str, Tone]] = {
        CampaignState.DRAFT: (_("Draft"), "quiet"),
        CampaignState.SCHEDULED: (_("Scheduled"), "info"),
        CampaignState.PREPARING: (_("Preparing"), "info"),
        CampaignState.RUNNING: (_("Sending"), "ok"),
        CampaignState.PAUSED: (_("Paused"), "warn"),
        CampaignState.HELD: (_("Held"), "warn"),
        CampaignState.FINISHED: (_("Completed"), "quiet"),
        CampaignState.CANCELLED: (_("Cancelled"), "quiet"),
        CampaignState.FAILED: (_("Failed"), "bad"),
    }
    return names[state]
