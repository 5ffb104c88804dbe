"""When a person takes over whatever a model says: the customer plainly asks for one, or it is about more than the persona may deal with."""

import re

import msgspec

from db.assistant.enums import Decision, TurnReason
from workers.assistant import checks, evidence, figures, words
from workers.assistant.clean import clean, fold
from workers.assistant.composed import Composed
from workers.assistant.evidence import Sources
from workers.assistant.orders import orders
from workers.assistant.prompt import Brief, burst
from workers.llm.outcomes import Usage

_SUM = re.compile(
    r"(?:r\$|us\$|\$|€)\s*(?P<one>\d[\d.,]*)\s*(?P<times>mil|k|milh(?:ao|oes)|thousand|million)?\b"
    r"|(?<![\w.,])(?P<two>\d[\d.,]*)\s*(?P<more>mil|k|milh(?:ao|oes)|thousand|million)?\s*(?:de\s+)?(?:reais|real|dolares|euros?|dollars)\b"
)
_TIMES = {"mil": 1000, "k": 1000, "thousand": 1000, "milhao": 10**6, "milhoes": 10**6, "million": 10**6}
BEFORE = 4  # messages of the customer that tell a colleague what it was about
ANSWERED = 2  # of what was answered


def why(brief: Brief) -> TurnReason | None:
    """Why a person takes over; None: nothing says so but perhaps the model."""
    asking = burst(brief.lines)
    if words.asks_for_person(asking):
        return TurnReason.ASKED_FOR_PERSON
    most = brief.config.handover.value_over_cents
    if most is None or brief.told_of_value:
        return None
    named = max((_named(line.text) for line in asking), default=0)
    return TurnReason.VALUE if max(brief.value_cents, named) > most else None


def instead(made: Composed, brief: Brief) -> Composed:
    """What was composed, or the hand-over in its place: also where a model said something else, or nothing. What it would have answered is
    not said; what it collected goes to who takes over, with a summary of the talk."""
    reason = None if made.decision is Decision.HANDOVER else why(brief)
    if reason is not None and not brief.aim:
        said = message(brief, made.language)
        made = msgspec.structs.replace(
            made, decision=Decision.HANDOVER, texts=said, reason=reason, citations=[], unknown=False, failure=None
        )
    if made.decision is Decision.HANDOVER and not made.summary:
        made = msgspec.structs.replace(made, summary=_before(brief))
    return made


def unheard(brief: Brief) -> Composed:
    """The customer sent nothing but voice notes that nobody can put into words: they are asked to write, and who was asked in vain often
    enough gets a person."""
    theirs = [line for line in brief.lines if line.who == "customer"]
    made = msgspec.structs.replace(unmade(brief), question="", language=words.language_of(theirs), unknown=True)
    if brief.unanswered + 1 < brief.config.handover.unanswered:
        return msgspec.structs.replace(made, decision=Decision.ASK, texts=[words.say("write", made.language)])
    said = message(brief, made.language)
    made = msgspec.structs.replace(made, decision=Decision.HANDOVER, texts=said, reason=TurnReason.UNANSWERED)
    return instead(made, brief)


def stopped(brief: Brief, reason: TurnReason) -> Composed:
    """The hand-over of who has said enough: without a model."""
    made = unmade(brief)
    return instead(
        msgspec.structs.replace(made, decision=Decision.HANDOVER, texts=message(brief, made.language), reason=reason), brief
    )


def unmade(brief: Brief) -> Composed:
    """What code knows of an answer that no model made."""
    asking = burst(brief.lines)
    return Composed(
        question=clean("\n".join(line.text for line in asking), 600), language=words.language_of(asking), usage=Usage()
    )


def message(brief: Brief, language: str) -> list[str]:
    """What is said when it hands over: in the words of the persona's owner, where there are some."""
    return [brief.config.handover.message.strip() or words.say("handover", language)]


def _before(brief: Brief) -> str:
    """What the customer wanted before what is open, and what was answered last: the summary of who writes none."""
    talk = brief.lines[: len(brief.lines) - len(burst(brief.lines))]
    theirs = [line.text for line in talk if line.who == "customer"]
    ours = [line.text for line in talk if line.who != "customer"]
    parts = [("👤", theirs[-BEFORE:]), ("🤖", ours[-ANSWERED:])]
    return "\n".join(f"{who} {clean(' / '.join(said), 300)}" for who, said in parts if said)


def summed_up(written: str | None, brief: Brief, sources: Sources) -> str:
    """The model's summary for a colleague, where it may be said as an answer may, and names no figure that stands nowhere; else ""."""
    text = checks.without_links(clean(written or "", 600))
    talk = [line.text for line in brief.lines]
    told = sources._replace(stated=[*sources.stated, *talk])  # what was said in the talk is told as it was said
    if not text or orders(text) or checks.looked_at([text], brief, told) is not None:
        return ""
    return text if evidence.figures_stand(text, told) else ""


def _named(text: str) -> int:
    """The largest sum of money that a text names, in cents."""
    text = words.own(text)
    found = [_cents(one.key[0]) for one in figures.figures(text) if one.kind is figures.Kind.MONEY and one.key[1] != "cent"]
    for one in _SUM.finditer(fold(text)):
        found.append(_cents(figures.plain_number(one["one"] or one["two"])) * _TIMES.get(one["times"] or one["more"] or "", 1))
    return max(found, default=0)


def _cents(number: str) -> int:
    try:
        return min(round(float(number) * 100), 10**15)
    except ValueError:
        return 0
