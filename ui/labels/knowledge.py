"""Knowledge for people: kinds and states of sources, how far a base is, why a passage was found."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from api.contract.enums import BaseLanguage, EmbedderKind, Schedule, SourceKind, SourceState
from api.contract.knowledge import FoundPassage, KnowledgeBase, KnowledgeSource
from api.contract.personas import Persona
from api.contract.problems import CallFailure, Params, SourceFailure
from ui import formats
from ui.components import problems
from ui.components.text import Tone
from ui.i18n import _, ngettext, pgettext

_FEW = 10  # passages: their meaning is there before anybody looks at a bar


def languages() -> Mapping[BaseLanguage, str]:
    return {
        BaseLanguage.PORTUGUESE: _("Portuguese"),
        BaseLanguage.ENGLISH: _("English"),
        BaseLanguage.SPANISH: _("Spanish"),
        BaseLanguage.OTHER: _("Another language"),
    }


def schedules() -> Mapping[Schedule, str]:
    return {
        Schedule.NEVER: _("Only now"),
        Schedule.DAILY: _("Again every day"),
        Schedule.WEEKLY: _("Again every week"),
    }


def kind_icon(kind: SourceKind, file_name: str | None = None) -> str:
    if kind is SourceKind.FILE:
        ending = (file_name or "").rpartition(".")[2].lower()
        return {"pdf": "picture_as_pdf", "xlsx": "table", "csv": "table"}.get(ending, "description")
    return {SourceKind.TEXT: "notes", SourceKind.QA: "quiz", SourceKind.PAGE: "link", SourceKind.SITE: "language"}[kind]


def kind_name(kind: SourceKind) -> str:
    return {
        SourceKind.TEXT: _("Text"),
        SourceKind.QA: _("Question with answer"),
        SourceKind.FILE: _("File"),
        SourceKind.PAGE: _("Web page"),
        SourceKind.SITE: _("Site"),
    }[kind]


def kinds() -> Mapping[SourceKind, str]:
    """As a list of several is called."""
    return {
        SourceKind.FILE: _("Files"),
        SourceKind.QA: pgettext("knowledge", "Questions"),
        SourceKind.TEXT: _("Texts"),
        SourceKind.PAGE: _("Web pages"),
        SourceKind.SITE: _("Sites"),
    }


def source_count(n: int) -> str:
    return ngettext("{n} source", "{n} sources", n).format(n=formats.number(n))


def passage_count(n: int) -> str:
    return ngettext("{n} passage", "{n} passages", n).format(n=formats.number(n))


def gap_count(n: int) -> str:
    return ngettext("{n} unanswered question", "{n} unanswered questions", n).format(n=formats.number(n))


def base_state(base: KnowledgeBase) -> tuple[str, Tone, bool]:
    """Name, tone, and whether it is moving."""
    if not base.passages:
        return _("Empty"), "quiet", False
    if base.problem is not None or base.embedder is None:
        wanted = base.problem not in {None, CallFailure.NOT_CONNECTED}
        return _("Found by words only"), "warn" if wanted else "quiet", False
    if base.embedded < base.passages:
        share = formats.percent(base.embedded, base.passages, digits=0)
        return _("Searchable · meaning {share}").format(share=share), "info", True
    return pgettext("knowledge", "Ready"), "ok", False


def base_says(base: KnowledgeBase) -> str:
    """The state in a sentence: what works, and why not more."""
    if not base.passages:
        return _("Nothing can be found yet. Add the first source.")
    if base.problem is CallFailure.NOT_CONNECTED or (base.problem is None and base.embedder is None):
        return _("Everything is found by its words. Who asks in other words may find nothing: for that, connect an AI service.")
    if base.problem is not None:
        return _("Everything is found by its words. {problem}").format(problem=problems.said(CallFailure(base.problem)))
    if base.embedded < base.passages:
        return _("Everything is found by its words already; {n} of {total} passages by their meaning too.").format(
            n=formats.number(base.embedded), total=formats.number(base.passages)
        )
    return _("Everything is found by its words and by its meaning, also when people ask in words of their own.")


def embedder(name: str | None) -> tuple[EmbedderKind, str]:
    """Who makes the vectors of a base, of `provider/model/dimensions`, and the model."""
    if name is None:
        return EmbedderKind.NONE, ""
    provider, _slash, rest = name.partition("/")
    return EmbedderKind.LOCAL if provider == EmbedderKind.LOCAL else EmbedderKind.SERVICE, rest.rpartition("/")[0]


def source_state(source: KnowledgeSource) -> tuple[str, Tone, bool]:
    """Name, tone, and whether it is moving."""
    if source.state is SourceState.EMBEDDING:
        share = formats.percent(source.embedded, source.passages, digits=0)
        return _("Searchable · meaning {share}").format(share=share), "info", True
    states: Mapping[SourceState, tuple[str, Tone, bool]] = {
        SourceState.QUEUED: (_("Waiting"), "quiet", True),
        SourceState.READING: (_("Being read"), "info", True),
        SourceState.READY: (pgettext("knowledge", "Ready"), "ok", False),
        SourceState.FAILED: (_("Could not be read"), "bad", False),
    }
    return states[source.state]


def source_progress(source: KnowledgeSource) -> tuple[int, int] | None:
    """Done and total of what is under way; None: nothing is, or nobody knows how much there is."""
    if source.state is SourceState.READING and source.pages:
        return source.pages_read, source.pages
    if source.state is SourceState.EMBEDDING and source.passages > _FEW:
        return source.embedded, source.passages
    return None


def source_failure(source: KnowledgeSource) -> str:
    """Why it could not be read and what helps; "" where nothing is wrong."""
    if source.failure is None:
        return ""
    params: Params = source.failure_params
    return problems.said(SourceFailure(source.failure), params)


def source_facts(source: KnowledgeSource) -> str:
    """What stands under its title."""
    facts = [kind_name(source.kind)]
    if source.size is not None:
        facts.append(formats.size(source.size))
    if source.pages > 1:
        facts.append(ngettext("{n} page", "{n} pages", source.pages).format(n=formats.number(source.pages)))
    if source.passages:
        facts.append(passage_count(source.passages))
    if source.schedule is not Schedule.NEVER:
        facts.append(schedules()[source.schedule].lower())
    return " · ".join(facts)


def kept_pages(source: KnowledgeSource) -> str:
    """How many pages of a site gave no answer the last time; "" for none."""
    if not source.kept_pages:
        return ""
    text = ngettext(
        "{n} page gave no answer. What it said before is still found.",
        "{n} pages gave no answer. What they said before is still found.",
        source.kept_pages,
    )
    return text.format(n=formats.number(source.kept_pages))


def empty_pages(source: KnowledgeSource) -> str:
    """Which pages of a file have no text; "" for none."""
    if not source.empty_pages:
        return ""
    pages = spans(source.empty_pages)
    return _("There is no text on pages {pages}: they may be pictures. What stands on them is not found.").format(pages=pages)


def spans(numbers: Iterable[int]) -> str:
    """3, 4, 5 and 9 → 3–5, 9; the first eight."""
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in found[:8]]
    return ", ".join(shown) + (" …" if len(found) > 8 else "")


def knowers(base_id: UUID, personas: Iterable[Persona]) -> list[str]:
    """Names of the personas that know the base."""
    return [persona.name for persona in personas if base_id in persona.knowledge_base_ids]


def nearness(passage: FoundPassage) -> str:
    """How near the meaning of a passage is to the question; "" where nobody compared."""
    return "" if passage.meaning is None else formats.percent(max(0.0, min(1.0, passage.meaning)), digits=0)


def _plain(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(sign))


_WORDS = re.compile(r"(\w+)")


def marked(text: str, words: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and which of them say one of the words: "trocamos" says "trocam". Short ones and codes must be the same."""
    whole, stems = set[str](), list[str]()
    for word in map(_plain, words):
        if len(word) <= 4 or any(sign.isdigit() for sign in word):
            whole.add(word)
        else:
            stems.append(word[: max(4, len(word) - 2)])
    piece, on = "", False
    for number, part in enumerate(_WORDS.split(text)):
        plain = _plain(part) if number % 2 else ""
        met = bool(plain) and (plain in whole or plain.startswith(tuple(stems)))
        if met != on and piece:
            yield piece, on
            piece = ""
        piece, on = piece + part, met
    if piece:
        yield piece, on
