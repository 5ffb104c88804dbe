"""Figures as a file for spreadsheets: every table of a page, with the days, the zone and the moment above them. It says what the page says,
because it is made of the same answer. Numbers are numbers and times are seconds, so that a spreadsheet counts with them."""

import io
from collections.abc import AsyncIterator, Sequence
from typing import Literal
from zoneinfo import ZoneInfo

from litestar.response import Stream

from api.analytics_tables import Row, Table, Value, Words, about, times_cells
from api.contract.analytics import (
    AnalyticsPeriod,
    CampaignAnalytics,
    ConversationAnalytics,
    MessageAnalytics,
    MessageFigures,
    TalkFigures,
)
from api.exports import BOM, csv_lines
from db.contacts.csv_safety import neutralise

_TALKS = ("opened", "reopened", "assisted", "answered", "phoned", "closed", "closed_alone", "handed")
_TIMES = ("assisted", "answered", "phoned", "closed")
_MESSAGES = ("sent", "of_campaigns", "delivered", "read", "replied", "failed", "no_result", "received")
_CAMPAIGN = ("audience", "waiting", "sent", "delivered", "read", "replied", "failed", "stopped")
Form = Literal["csv", "xlsx"]
Analytics = ConversationAnalytics | MessageAnalytics | CampaignAnalytics


def _talk_heads(say: Words) -> list[str]:
    return [*(say(name) for name in _TALKS), *(f"{say(name)}: {say(part)}" for name in _TIMES for part in ("half", "most"))]


def _talk_row(found: TalkFigures) -> Row:
    times = [value for name in _TIMES for value in times_cells(getattr(found, f"times_{name}"))]
    return [*(getattr(found, name) for name in _TALKS), *times]


def _message_row(found: MessageFigures) -> Row:
    return [getattr(found, name) for name in _MESSAGES]


def tables(found: Analytics, language: str, filters: Sequence[tuple[str, str]]) -> list[Table]:
    """`filters`: names of parameters and their values, as they were asked for."""
    say = Words(language)
    made = [about(say, found.period, filters)]
    match found:
        case ConversationAnalytics():
            heads = _talk_heads(say)
            made.append(
                Table(
                    say("figures"),
                    ["", *heads],
                    [[say("now"), *_talk_row(found.figures)], [say("earlier"), *_talk_row(found.before)]],
                )
            )
            names = ("opened", "answered", "assisted", "phoned", "closed")
            made.append(
                Table(
                    say("days"),
                    [say("day"), *map(say, names)],
                    [[one.day.isoformat(), *(getattr(one, n) for n in names)] for one in found.days],
                )
            )
            for name, groups in (("channels", found.channels), ("teams", found.teams), ("people", found.people)):
                made.append(
                    Table(
                        say(name), [say("name"), *heads], [[one.name or say("none"), *_talk_row(one.figures)] for one in groups]
                    )
                )
            if found.hours is not None:
                rows: list[Row] = [[say(f"weekday_{number}"), *row] for number, row in enumerate(found.hours)]
                made.append(Table(say("hours"), ["", *(f"{hour:02}" for hour in range(24))], rows))
        case MessageAnalytics():
            heads = [say(name) for name in _MESSAGES]
            made.append(
                Table(
                    say("figures"),
                    ["", *heads],
                    [[say("now"), *_message_row(found.figures)], [say("earlier"), *_message_row(found.before)]],
                )
            )
            made.append(
                Table(
                    say("days"), [say("day"), *heads], [[one.day.isoformat(), *_message_row(one.figures)] for one in found.days]
                )
            )
            made.append(
                Table(
                    say("channels"),
                    [say("name"), *heads],
                    [[one.name or say("none"), *_message_row(one.figures)] for one in found.channels],
                )
            )
            made.append(
                Table(say("people"), [say("name"), say("sent")], [[one.name or say("none"), one.sent] for one in found.people])
            )
            made.append(
                Table(
                    say("failed"), [say("reason"), say("count")], [[say.reason(one.reason), one.count] for one in found.refusals]
                )
            )
            made.append(
                Table(
                    say("spent"),
                    [say("currency"), say("amount"), say("count")],
                    [[o.currency, o.amount_micro / 1e6, o.messages] for o in found.spent],
                )
            )
        case CampaignAnalytics():
            zone = ZoneInfo(found.period.time_zone)
            rows = [
                [
                    one.name,
                    f"{one.started_at.astimezone(zone):%Y-%m-%d %H:%M}",
                    one.channel_name,
                    *(getattr(one.figures, name) for name in _CAMPAIGN),
                    " · ".join(f"{cost.amount_micro / 1e6:.2f} {cost.currency}" for cost in one.spent if cost.currency),
                ]
                for one in found.items
            ]
            made.append(
                Table(say("campaigns"), [say("name"), say("started"), say("channel"), *map(say, _CAMPAIGN), say("spent")], rows)
            )
    return made


def _text(value: Value) -> str:
    return "" if value is None else str(value)


def as_csv(made: Sequence[Table], separator: str) -> str:
    """One table below the other, each under its name."""
    rows: list[list[str]] = []
    for table in made:
        rows += [[table.name], table.heads, *([_text(value) for value in row] for row in table.rows), []]
    return BOM + csv_lines(rows, separator)


def as_xlsx(made: Sequence[Table]) -> bytes:
    """A sheet for each table."""
    from openpyxl import Workbook  # loaded with the first file that somebody asks for

    book = Workbook(write_only=True)
    for table in made:
        sheet = book.create_sheet(table.name[:31])
        sheet.append([neutralise(head) for head in table.heads])
        for row in table.rows:
            sheet.append([neutralise(value) if isinstance(value, str) else value for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_NAMES = {ConversationAnalytics: "conversations", MessageAnalytics: "messages", CampaignAnalytics: "campaigns"}


def as_file(found: Analytics, form: Form, language: str, separator: str, filters: Sequence[tuple[str, str]]) -> Stream:
    return deliver(_NAMES[type(found)], found.period, tables(found, language, filters), form, separator)


def deliver(name: str, of: AnalyticsPeriod, made: Sequence[Table], form: Form, separator: str) -> Stream:
    body = as_csv(made, separator).encode() if form == "csv" else as_xlsx(made)

    async def once() -> AsyncIterator[bytes]:
        yield body

    called = f"{name}-{of.since}-{of.until}.{form}"
    return Stream(
        once(), media_type="application/octet-stream", headers={"Content-Disposition": f'attachment; filename="{called}"'}
    )
