"""Gathers the figures of a report with the rights of its reader: who may see no campaigns gets a report without campaigns."""

from db.analytics import campaigns, leads_in, messages, summary, talks
from db.analytics.enums import TalkFact
from db.analytics.report_mails import ToSend
from db.analytics.sentences import REASONS, sentences
from db.analytics.talks import Where
from db.permissions import Permission as P
from workers.figures.document import Chart, Document, Figure, Table
from workers.figures.words import Words, days_between

SHOWN = 12  # lines of a table
_TALKS, _SUMMARY = {P.CONVERSATIONS_READ}, {P.CONVERSATIONS_READ, P.CAMPAIGNS_READ, P.BOARDS_READ}


def _beside(say: Words, name: str, now: float, before: float, shown: str, was: str, better: str = "neither") -> Figure:
    change = say.change(now, before)
    good = None if better == "neither" or not change or not before else (now > before) == (better == "more")
    return Figure(say(name), shown, change, good, say("before", value=was))


def _count(say: Words, name: str, now: int, before: int, better: str = "neither") -> Figure:
    return _beside(say, name, now, before, say.number(now), say.number(before), better)


def _of_messages(say: Words, found: messages.Messages) -> list[Figure]:
    now, before = found.figures, found.before
    made = [_count(say, "sent", now.sent, before.sent)]
    for name in ("delivered", "read", "replied"):
        part, was = getattr(now, name), getattr(before, name)
        share, then = (part / now.sent if now.sent else 0.0), (was / before.sent if before.sent else 0.0)
        made.append(_beside(say, name, share, then, say.share(part, now.sent), say.share(was, before.sent), "more"))
    made += [_count(say, "failed", now.failed, before.failed, "less"), _count(say, "received", now.received, before.received)]
    earlier = {one.currency: one.amount for one in found.spent_before}
    for one in found.spent:
        if one.currency is not None:
            was = earlier.get(one.currency, 0)
            made.append(_beside(say, "spent", one.amount, was, say.money(one.amount, one.currency), say.money(was, one.currency)))
    return made


def _of_talks(say: Words, found: talks.Talks) -> list[Figure]:
    now, before = found.figures, found.before
    made = [
        _count(say, name, now.counts[fact], before.counts[fact])
        for name, fact in (("opened", TalkFact.OPENED), ("closed", TalkFact.CLOSED), ("ai_alone", TalkFact.CLOSED_ALONE))
    ]
    took, was = now.answered.median, before.answered.median
    made.append(_beside(say, "first_answer", took or 0, was or 0, say.took(took), say.took(was), "less"))
    return made


async def gather(given: ToSend) -> Document:
    """Of the days and the channel of the mail."""
    say, reader, of = Words(given.language), given.reader, (given.first, given.last)
    may = reader.permissions
    sent = await messages.messages(reader, *of, given.channel_id)
    figures, charts, tables, said = _of_messages(say, sent), [], [], list[str]()
    days = [say.short_day(day) for day in sent.days]
    charts.append(
        _chart(
            say, "message_days", days, {name: [getattr(one, name) for one in sent.days.values()] for name in ("sent", "received")}
        )
    )
    if given.channel_id is None and may >= _SUMMARY:
        said = sentences(await summary.of_days(reader, *of), given.language)
    talked = await talks.talks(reader, *of, Where(given.channel_id)) if may >= _TALKS else None
    if talked is not None:
        figures += _of_talks(say, talked)
        pairs = (("opened_short", TalkFact.OPENED), ("closed_short", TalkFact.CLOSED))
        charts.append(
            _chart(
                say, "talk_days", days, {name: [counts.get(fact, 0) for counts in talked.days.values()] for name, fact in pairs}
            )
        )
    if given.channel_id is None and P.BOARDS_READ in may:
        came, was = await leads_in.came(reader, *of)
        figures.append(_count(say, "leads", came, was, "more"))
    tables.append(_by_channel(say, sent))
    if P.CAMPAIGNS_READ in may:
        tables.append(_campaigns(say, await campaigns.campaigns(reader, *of, given.channel_id)))
    if talked is not None:
        tables.append(_by_person(say, talked))
    tables.append(_failures(say, sent, given.language))
    span = say("span", first=say.day(given.first), last=say.day(given.last))
    return Document(
        given.language, given.company, given.name, span, say("short"), said, figures, charts, [one for one in tables if one.rows],
        say("open"), say("foot", company=given.company, days=str(days_between(*of))), say("stop"),
    )  # fmt: skip


def _chart(say: Words, name: str, days: list[str], series: dict[str, list[int]]) -> Chart:
    named = [(say(each), values) for each, values in series.items()]
    return Chart(say(name), days, named, [say.number(sum(values)) for values in series.values()])


def _by_channel(say: Words, found: messages.Messages) -> Table:
    rows = [
        [one.name or say("deleted"), say.number(one.figures.sent), say.share(one.figures.delivered, one.figures.sent),
         say.share(one.figures.replied, one.figures.sent), say.number(one.figures.received)]
        for one in found.channels[:SHOWN]
    ]  # fmt: skip
    return Table(say("by_channel"), [say(name) for name in ("channel", "sent", "delivered", "replied", "received")], rows)


def _campaigns(say: Words, found: campaigns.Campaigns) -> Table:
    rows = [
        [one.name, say.number(one.figures.sent), *(say.share(getattr(one.figures, name), one.figures.sent) for name in ("delivered", "read", "replied"))]
        for one in found.items[:SHOWN]
    ]  # fmt: skip
    return Table(say("campaigns"), [say(name) for name in ("campaign", "sent", "delivered", "read", "replied")], rows)


def _by_person(say: Words, found: talks.Talks) -> Table:
    rows = [
        [one.name or say("left"), say.number(one.figures.counts[TalkFact.ANSWERED]), say.took(one.figures.answered.median),
         say.number(one.figures.counts[TalkFact.CLOSED])]
        for one in found.people[:SHOWN] if one.id is not None
    ]  # fmt: skip
    return Table(say("by_person"), [say(name) for name in ("person", "answered", "half_within", "closed_short")], rows)


def _failures(say: Words, found: messages.Messages, language: str) -> Table:
    place = 1 if language == "en" else 0
    rows = [[REASONS[reason][place], say.number(n)] for reason, n in found.refusals[:SHOWN]]
    return Table(say("failures"), [say("reason"), say("messages")], rows)
