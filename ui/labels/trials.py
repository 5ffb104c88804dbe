"""Sentences of tests of texts: what counts, and how sure it is, in plain words."""

from typing import get_args

from api.contract.campaigns import CampaignTrial, CampaignTrialResult, CampaignTrialText
from api.contract.costs import Letter
from api.contract.enums import TrialBy, TrialMetric, TrialPhase
from ui import formats
from ui.components.text import Tone
from ui.i18n import _, ngettext
from ui.labels.campaigns import people

LETTERS: tuple[Letter, ...] = get_args(Letter)


def text_name(letter: str) -> str:
    return _("Text {letter}").format(letter=letter)


def metric(found: TrialMetric) -> str:
    return {
        TrialMetric.REPLIED: _("Replies"),
        TrialMetric.READ: _("Reads"),
        TrialMetric.CONVERTED: _("Conversions"),
    }[found]


def plan(count: int, trial: CampaignTrial) -> str:
    """The test in a line."""
    if trial.test_percent >= 100:
        return _("{n} texts, everybody gets one of them").format(n=count)
    said = _("{n} texts: {percent}% of the people try them, the better one goes to the others")
    return said.format(n=count, percent=trial.test_percent)


def first_share(percent: int) -> str:
    return _("Text A gets the other {n}%.").format(n=percent)


def counted(found: TrialMetric, one: CampaignTrialText) -> str:
    """12 of 340 people answered."""
    text = {
        TrialMetric.REPLIED: _("{n} of {all} people answered"),
        TrialMetric.READ: _("{n} of {all} people read it"),
        TrialMetric.CONVERTED: _("{n} of {all} people converted"),
    }[found]
    return text.format(n=formats.number(one.counted), all=formats.number(one.reached))


def interval(one: CampaignTrialText) -> str:
    """Where the true share lies."""
    if not one.reached:
        return _("Nobody was reached yet.")
    low, high = (formats.number(share * 100, 1) for share in (one.low, one.high))
    return _("Likely between {low}% and {high}% of all people").format(low=low, high=high)


def verdict(found: CampaignTrialResult) -> tuple[str, str, Tone]:
    """What can be said now: a sentence, what it means, and its tone."""
    if found.winner is not None:
        name = text_name(found.winner)
        how = {
            TrialBy.SURE: _("It is the better one with 95% certainty or more."),
            TrialBy.LEADING: _("It was ahead when the time was over; that it is better was not sure."),
            TrialBy.PERSON: _("A person of your team decided."),
            None: "",
        }[found.decided_by]
        return _("{name} went to the others").format(name=name), how, "ok"
    wait = _("{people} wait for the better text.").format(people=people(found.waiting)) if found.waiting else ""
    if found.missing:
        text = ngettext(
            "Not enough people yet: {n} more has to be reached before anything can be said.",
            "Not enough people yet: {n} more have to be reached before anything can be said.",
            found.missing,
        )
        return text.format(n=formats.number(found.missing)), wait, "info"
    if found.sure is not None:
        return _("{name} is better, with 95% certainty or more.").format(name=text_name(found.sure)), wait, "ok"
    lead = max(found.texts, key=lambda one: one.best)
    said = _("Nobody can be sure yet. {name} is ahead: {n} in 100 that it is the better one.")
    return said.format(name=text_name(lead.letter), n=round(lead.best * 100)), wait, "info"


def ends(found: CampaignTrialResult) -> str:
    """When it is decided."""
    if found.state is TrialPhase.WAITING:
        return _("The time is over, and nobody can be sure. Decide which text the others get.")
    if found.state is not TrialPhase.TESTING:
        return ""
    if found.hours is None:
        return _("You decide when the others get a text.")
    if found.due is None:
        hours = ngettext("{n} hour", "{n} hours", found.hours).format(n=found.hours)
        return _("It is decided {hours} after the last of the test went out.").format(hours=hours)
    return _("It is decided {when}.").format(when=formats.moment(found.due))
