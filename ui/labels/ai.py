"""The AI service for people: providers, states, steps of a check, what calls are for."""

from api.contract.ai import AiConnection, AiFinding, AiModel
from api.contract.enums import BudgetPeriod, BudgetScope, CheckStep, ConnectionState, EmbedderKind, ModelState, Provider, Purpose
from api.contract.problems import CallFailure
from ui import formats
from ui.components import problems
from ui.components.text import Tone
from ui.i18n import _, ngettext


def provider(value: Provider) -> tuple[str, str, str]:
    """Icon, name, one sentence."""
    return {
        Provider.OPENAI: ("auto_awesome", "OpenAI", _("The usual choice. You need a key of your own from OpenAI.")),
        Provider.AZURE: ("cloud", "Azure OpenAI", _("OpenAI's models in your company's Microsoft account.")),
        Provider.COMPATIBLE: ("dns", _("Another server"), _("Any service or machine of yours that speaks like OpenAI.")),
        Provider.SANDBOX: (
            "science",
            _("Try without a key"),
            _("A small simulated model. Free, nothing leaves; it answers only from what you teach it."),
        ),
    }[value]


def state(connection: AiConnection) -> tuple[str, Tone]:
    """Name and tone."""
    if connection.state is None:
        return _("Not connected"), "quiet"
    states: dict[ConnectionState, tuple[str, Tone]] = {
        ConnectionState.CHECKING: (_("Checking"), "info"),
        ConnectionState.READY: (_("Works"), "ok"),
        ConnectionState.KEY_REFUSED: (_("Stopped: the key was refused"), "bad"),
        ConnectionState.NO_CREDIT: (_("Stopped: no credit left"), "bad"),
        ConnectionState.FAILED: (_("Needs you"), "bad"),
    }
    return states[connection.state]


def finding(found: AiFinding, models: int | None) -> tuple[Tone, str, str]:
    """Tone, what was found, and the cure or the provider's words."""
    if found.failure is not None:
        name = {
            CheckStep.KEY: _("The key"),
            CheckStep.MODELS: _("The models"),
            CheckStep.CHAT: _("A test answer"),
            CheckStep.EMBEDDING: _("Search by meaning"),
        }[found.step]
        sentence = problems.said(CallFailure(found.failure))
        return "bad", _("{what}: {problem}").format(what=name, problem=sentence), found.detail
    counted = "" if models is None else ngettext("{n} model", "{n} models", models).format(n=formats.number(models))
    return (
        "ok",
        {
            CheckStep.KEY: _("The key works."),
            CheckStep.MODELS: _("The models can be used."),
            CheckStep.CHAT: _("A test question was answered."),
            CheckStep.EMBEDDING: _("Search by meaning works."),
        }[found.step],
        counted if found.step is CheckStep.MODELS else "",
    )


def embedder(value: EmbedderKind) -> str:
    return {
        EmbedderKind.SERVICE: _("By the connected service"),
        EmbedderKind.LOCAL: _("By a small model on this installation: free, and no text leaves"),
        EmbedderKind.NONE: _("By words alone"),
    }[value]


def model_state(model: AiModel) -> tuple[str, Tone] | None:
    """What people must know of a model; None: nothing."""
    if model.state is ModelState.RETIRED and model.retired_on is not None:
        return _("Switched off since {day}").format(day=formats.day(model.retired_on)), "bad"
    if model.state is ModelState.ENDING and model.retired_on is not None:
        return _("Ends on {day}").format(day=formats.day(model.retired_on)), "warn"
    if model.usable is False:
        return _("Not for your key"), "quiet"
    return None


def purpose(value: Purpose) -> str:
    return {
        Purpose.ANSWER: _("Answers to customers"),
        Purpose.PLAYGROUND: _("Trying personas out"),
        Purpose.DRAFT: _("Drafts for agents"),
        Purpose.LEAD: _("Reading leads"),
        Purpose.EMBED: _("Search by meaning"),
        Purpose.TRANSCRIBE: _("Listening to voice notes"),
        Purpose.DESCRIBE: _("Looking at pictures"),
        Purpose.SUMMARY: _("Summaries"),
        Purpose.EVAL: _("Test cases"),
        Purpose.CHECK: _("Connection tests"),
    }[value]


def scope(value: BudgetScope) -> str:
    return {
        BudgetScope.COMPANY: _("Whole company"),
        BudgetScope.PERSONA: _("Each persona"),
        BudgetScope.CONVERSATION: _("Each conversation"),
    }[value]


def period(value: BudgetPeriod) -> str:
    return {BudgetPeriod.DAY: _("per day"), BudgetPeriod.MONTH: _("per month")}[value]


def price(model: AiModel) -> str:
    """What a million tokens cost, read and written."""
    if model.price is None:
        return _("Price missing")
    return _("US$ for a million tokens: {read} read, {written} written").format(
        read=formats.dollars(model.price.input_micro).removeprefix("US$").strip(),
        written=formats.dollars(model.price.output_micro).removeprefix("US$").strip(),
    )
