"""The free times of boards as a passage that a persona finds and cites nothing else for: read anew for each answer, and only told, because
booking is proposed by the look at the conversation (workers/leads) and decided by code."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from db.knowledge.search import Passage
from db.proposals.offered import Offer
from workers.assistant.composed import Search

SOURCE = UUID("00000000-0000-7000-8000-000000000b00")
"""No source of a knowledge base: nobody can open it."""
_DAYS = {
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_WORDS = {
    "pt": ("Agenda", "Horários livres para marcar", "hoje", "amanhã", "Não há horário livre para marcar.", "%d/%m"),
    "en": ("Calendar", "Free times to book", "today", "tomorrow", "There is no free time to book.", "%m/%d"),
}


def beside(search: Search | None, offers: Sequence[Offer], zone: ZoneInfo, at: datetime, language: str) -> Search | None:
    """What finds passages, and the free times with them."""
    if not offers:
        return search
    passages = [_passage(number, one, zone, at, language) for number, one in enumerate(offers)]

    async def found(question: str) -> Sequence[Passage]:
        return [*(await search(question) if search is not None else ()), *passages]

    return found


def _passage(number: int, offer: Offer, zone: ZoneInfo, at: datetime, language: str) -> Passage:
    words = language if language in _WORDS else "pt"
    title, begins, today, tomorrow, none, form = _WORDS[words]
    lines = []
    for day, spans in groupby(offer.times, lambda one: one.start.astimezone(zone).date()):
        ahead = (day - at.astimezone(zone).date()).days
        near = {0: f"{today}, ", 1: f"{tomorrow}, "}.get(ahead, "")
        clocks = ", ".join(f"{one.start.astimezone(zone):%H:%M}" for one in spans)
        lines.append(f"{begins} {near}{_DAYS[words][day.weekday()]}, {day.strftime(form)}: {clocks}.")
    return Passage(
        id=UUID(int=SOURCE.int + 1 + number),
        source_id=SOURCE,
        source_title=title,
        heading=offer.board,
        body="\n".join(lines) or none,
        page=None,
        url=None,
        score=0.0,
        words=[],
        lexical=0.0,
        meaning=None,
    )
