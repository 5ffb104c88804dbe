"""On the first page: what waits for a person, each line with the way to where it is mended."""

from urllib.parse import urlencode

from nicegui import ui

from api.contract.assistant import TurnReason
from api.contract.enums import ConnectionState, ModelState, NoticeCode, Quality, TemplateStatus
from api.contract.home import Attention, FailedJob
from ui import formats
from ui.components.cards import card, item
from ui.components.text import dot, icon
from ui.i18n import _, ngettext
from ui.labels import assistant, notices
from ui.labels.channels import quality
from ui.labels.templates import template_status

MOST_LATE = 1000  # so many are counted at most


def _sentence(entry: Attention) -> tuple[str, str, str]:
    """What happened, what to do, where."""
    count = formats.number(entry.count or 0)
    if entry.code == "channel_quality":
        what = _("Quality of {name}: {quality}").format(name=entry.subject, quality=quality(Quality(entry.detail or ""))[0])
        return what, _("See what to do"), f"/channels/{entry.subject_id}"
    if entry.code == "template_stopped":
        what = _("Template {name}: {state}").format(
            name=entry.subject, state=template_status(TemplateStatus(entry.detail or ""))[0]
        )
        return what, _("See why"), f"/templates?{urlencode({'q': entry.subject})}"
    if entry.code == "channel_paused" and entry.detail == "provider_outage":
        what = _("The provider of {name} does not answer").format(name=entry.subject)
        return what, _("Goes on by itself"), f"/channels/{entry.subject_id}"
    if entry.code == "late_answers":
        what = ngettext("{n} person waits for an answer too long", "{n} people wait for an answer too long", entry.count or 0)
        return what.format(n=f"{count}+" if (entry.count or 0) >= MOST_LATE else count), _("Answer them"), "/inbox?view=waiting"
    if entry.code == "assistant_stopped":
        return _stopped(entry)
    if entry.code in ("ai_stopped", "ai_budget", "ai_model_ends"):
        return _ai(entry)
    if entry.code == "job_failed":
        return _undone(entry)
    if entry.code == "spend_limit":
        if (entry.count or 0) >= 100:
            return _("The month's limit of costs is reached"), _("Raise it or wait"), "/settings/costs?tab=limit"
        what = _("{share} of the month's limit of costs are used").format(
            share=formats.percent((entry.count or 0) / 100, digits=0)
        )
        return what, _("Look at the limit"), "/settings/costs?tab=limit"
    if entry.code == "cadence_stopped":
        return _sequence(entry)
    if entry.code == "channel_notice":
        words = notices.notice(NoticeCode(entry.detail or ""))
        return f"{entry.subject}: {words.name}", _("See what to do"), f"/channels/{entry.subject_id}"
    return {
        "channel_error": (
            _("{name} cannot send").format(name=entry.subject),
            _("Check the connection"),
            f"/channels/{entry.subject_id}",
        ),
        "channel_paused": (_("{name} is paused").format(name=entry.subject), _("See why"), f"/channels/{entry.subject_id}"),
        "campaign_paused": (
            _("{name} is paused").format(name=entry.subject),
            _("Resume or cancel"),
            f"/campaigns/{entry.subject_id}",
        ),
        "trial_waits": (
            _("{name} waits for you: which text do the others get?").format(name=entry.subject),
            _("Choose the text"),
            f"/campaigns/{entry.subject_id}",
        ),
        "campaign_failed": (_("{name} has failed").format(name=entry.subject), _("See why"), f"/campaigns/{entry.subject_id}"),
        "import_failed": (
            _("{name} could not be imported").format(name=entry.subject),
            _("See why"),
            f"/imports/{entry.subject_id}",
        ),
        "import_rejects": (
            ngettext("{n} line of {name} was not imported", "{n} lines of {name} were not imported", entry.count or 0).format(
                n=count, name=entry.subject
            ),
            _("See the lines"),
            f"/imports/{entry.subject_id}",
        ),
        "unknown_outcomes": (
            ngettext(
                "{n} message of {name} without a result", "{n} messages of {name} without a result", entry.count or 0
            ).format(n=count, name=entry.subject),
            _("Decide what happens"),
            f"/campaigns/{entry.subject_id}",
        ),
    }[entry.code]


def _stopped(entry: Attention) -> tuple[str, str, str]:
    """Where the assistant does not answer, and why."""
    why, number = assistant.reason(TurnReason(entry.detail or "")), entry.count or 0
    if number == 1:
        said = _("The assistant does not answer {name}: {reason}").format(name=entry.subject, reason=why)
        return said, _("Answer yourself"), f"/inbox/{entry.subject_id}"
    text = ngettext(
        "The assistant does not answer {n} person: {reason}", "The assistant does not answer {n} people: {reason}", number
    )
    return text.format(n=formats.number(number), reason=why), _("Answer them"), "/inbox?view=waiting"


def _sequence(entry: Attention) -> tuple[str, str, str]:
    """A sequence that waits for somebody, and where to mend it."""
    path = f"/cadences/{entry.subject_id}"
    gone = {
        "step_gone": (_("{name}: what a step asks for was deleted, so people wait there"), _("Choose something else"), path),
        "goal_gone": (_("{name}: its goal was deleted, so nothing goes out"), _("Choose another goal"), f"{path}?tab=rules"),
        "entry_gone": (_("{name}: whom it takes in was deleted, so nobody comes in"), _("Choose whom"), f"{path}?tab=rules"),
    }
    what, todo, path = gone.get(entry.detail or "", (_("{name}: messages stand still"), _("See why"), path))
    return what.format(name=entry.subject), todo, path


def _ai(entry: Attention) -> tuple[str, str, str]:
    """The AI service does not answer, or soon will not."""
    if entry.code == "ai_stopped":
        what, todo = {
            ConnectionState.KEY_REFUSED: (_("The AI has stopped: its key was refused"), _("Save a new key")),
            ConnectionState.NO_CREDIT: (_("The AI has stopped: no credit left at its provider"), _("Add credit there")),
        }.get(ConnectionState(entry.detail or ""), (_("The AI service failed its last test"), _("See what to do")))
        return what, todo, "/settings/ai"
    if entry.code == "ai_budget":
        if (entry.count or 0) >= 100:
            return _("The AI budget is used up"), _("Raise it or wait"), "/settings/ai?tab=budgets"
        what = _("{share} of the AI budget are spent").format(share=formats.percent((entry.count or 0) / 100, digits=0))
        return what, _("See the budgets"), "/settings/ai?tab=budgets"
    gone, ends = _("The AI model {name} was switched off"), _("The AI model {name} ends soon")
    what = (gone if entry.detail == ModelState.RETIRED else ends).format(name=entry.subject)
    return what, _("Test what follows it"), "/settings/ai?tab=models"


def _undone(entry: Attention) -> tuple[str, str, str]:
    """What was given up, and where it is done again."""
    name, channel, board = entry.subject, f"/channels/{entry.subject_id}", f"/boards/{entry.subject_id}/settings"
    templates = f"/templates?{urlencode({'q': name})}"
    what, todo, path = {
        FailedJob.CHANNEL_CHECK: (_("{name} could not be checked"), _("Check again"), channel),
        FailedJob.TEMPLATES_SYNC: (_("The templates of {name} could not be read"), _("Read them again"), "/templates"),
        FailedJob.TEMPLATE_SUBMIT: (_("Template {name} did not reach Meta"), _("See the template"), templates),
        FailedJob.CONTACTS_BULK: (_("An action on many contacts stopped on the way"), _("Do it once more"), "/contacts"),
        FailedJob.IMPORT_UNDO: (_("{name} was not undone to the end"), _("See how far it came"), f"/imports/{entry.subject_id}"),
        FailedJob.STAGE_REMOVAL: (_("Stage {name} was not deleted to the end"), _("Delete it once more"), board),
    }[FailedJob(entry.detail or "")]
    return what.format(name=name), todo, path


def draw_attention(entries: list[Attention]) -> None:
    with card(_("Needs your attention"), flush=True):
        for entry in entries:
            what, todo, path = _sentence(entry)
            with item(to=path):
                dot(
                    "bad"
                    if entry.code
                    in {
                        "channel_error",
                        "campaign_failed",
                        "import_failed",
                        "late_answers",
                        "job_failed",
                        "assistant_stopped",
                        "ai_stopped",
                    }
                    or entry.detail == Quality.RED
                    else "warn"
                )
                with ui.element("div").classes("m-row m-between m-grow m-stack"):
                    ui.label(what).classes("m-strong")
                    ui.label(todo).classes("m-accent shrink-0")
                icon("chevron_right")
