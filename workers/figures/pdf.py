"""A report as PDF: figures in rows, columns by day, tables; as many pages as it takes. Letters that the fonts do not have are left out."""

import io
from typing import Any

from reportlab.graphics.shapes import Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import simpleSplit
from reportlab.platypus import KeepTogether, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from db.texts import western
from workers.figures.document import Chart, Document, Figure, Table
from workers.figures.html import SERIES

_EDGE = 16 * mm
_WIDE = A4[0] - 2 * _EDGE
_TEXT, _SUB, _HINT, _LINE, _GOOD, _BAD = (
    HexColor(one) for one in ("#15201c", "#4d5955", "#5f6b66", "#e3e8e6", "#08694f", "#a93635")
)
_EACH = 4
"""Figures in a row."""


def _style(name: str, size: float, colour: Any, *, bold: bool = False, after: float = 0) -> ParagraphStyle:
    font = "Helvetica-Bold" if bold else "Helvetica"
    return ParagraphStyle(name, fontName=font, fontSize=size, leading=size * 1.35, textColor=colour, spaceAfter=after)


_COMPANY, _TITLE, _DAYS = _style("company", 9, _HINT), _style("title", 17, _TEXT, bold=True), _style("days", 10, _SUB, after=8)
_HEAD, _SAID, _NAME = _style("head", 11, _TEXT, bold=True, after=4), _style("said", 10, _SUB, after=3), _style("name", 8, _HINT)
_VALUE, _CELL, _FOOT = _style("value", 14, _TEXT, bold=True), _style("cell", 8.5, _TEXT), _style("foot", 8, _HINT)
_RIGHT = ParagraphStyle("right", parent=_CELL, alignment=2)
_HEADS = ParagraphStyle("heads", parent=_CELL, textColor=_HINT, fontName="Helvetica-Bold")
_HEADS_RIGHT = ParagraphStyle("heads right", parent=_HEADS, alignment=2)


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    safe = western(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return Paragraph(safe, style)


def _figures(found: list[Figure]) -> Grid:
    rows = []
    for start in range(0, len(found), _EACH):
        cells = []
        for one in found[start : start + _EACH]:
            tone = {True: _GOOD, False: _BAD, None: _SUB}[one.good]
            below = " ".join(filter(None, (one.change, one.before)))
            cells.append(
                [
                    _text(one.name, _NAME),
                    _text(one.value, _VALUE),
                    _text(below, ParagraphStyle("below", parent=_NAME, textColor=tone)),
                ]
            )
        rows.append([*cells, *[""] * (_EACH - len(cells))])
    grid = Grid(rows, colWidths=[_WIDE / _EACH] * _EACH)
    grid.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOX", (0, 0), (-1, -1), 0.6, _LINE), ("INNERGRID", (0, 0), (-1, -1), 0.6, _LINE)]
    )
    return grid


def _chart(one: Chart) -> list[Any]:
    most = max((n for _name, values in one.series for n in values), default=0)
    if not most:
        return []
    high, bottom = 92.0, 16.0
    drawing = Drawing(_WIDE, high + bottom + 6)
    each = _WIDE / len(one.days)
    bar = min(10.0, each * 0.8 / len(one.series))
    for number in range(len(one.days)):
        start = number * each + (each - bar * len(one.series)) / 2
        for place, (_name, values) in enumerate(one.series):
            tall = high * values[number] / most
            drawing.add(
                Rect(
                    start + place * bar,
                    bottom,
                    max(0.4, bar - 0.8),
                    tall,
                    strokeWidth=0,
                    strokeColor=None,
                    fillColor=HexColor(SERIES[place % 4]),
                )
            )
    drawing.add(Line(0, bottom, _WIDE, bottom, strokeColor=_LINE, strokeWidth=0.6))
    step = -(-len(one.days) // 8)
    for number in range(0, len(one.days), step):
        drawing.add(
            String(
                number * each + each / 2,
                4,
                one.days[number],
                fontName="Helvetica",
                fontSize=7,
                fillColor=_HINT,
                textAnchor="middle",
            )
        )
    legend = "   ".join(
        f'<font color="{SERIES[place % 4]}">&#9632;</font> {western(name)}: <b>{western(one.totals[place])}</b>'
        for place, (name, _values) in enumerate(one.series)
    )
    return [KeepTogether([_text(one.heading, _HEAD), Paragraph(legend, _NAME), drawing]), Spacer(1, 10)]


def _table(one: Table) -> list[Any]:
    first = _WIDE * (0.4 if len(one.heads) > 2 else 0.7)
    widths = [first, *[(_WIDE - first) / (len(one.heads) - 1)] * (len(one.heads) - 1)]
    heads = [_text(head, _HEADS_RIGHT if place else _HEADS) for place, head in enumerate(one.heads)]
    rows = [
        [
            _text(" ".join(simpleSplit(cell, "Helvetica", 8.5, 10_000)), _RIGHT if place else _CELL)
            for place, cell in enumerate(row)
        ]
        for row in one.rows
    ]
    grid = Grid([heads, *rows], colWidths=widths, repeatRows=1)
    grid.setStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, _LINE), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")])
    return [_text(one.heading, _HEAD), grid, Spacer(1, 12)]


def pdf(found: Document) -> bytes:
    out = io.BytesIO()
    name = western(f"{found.title} · {found.days}")
    made = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=_EDGE, rightMargin=_EDGE, topMargin=14 * mm, bottomMargin=14 * mm, title=name, invariant=1
    )
    story: list[Any] = [_text(found.company, _COMPANY), _text(found.title, _TITLE), _text(found.days, _DAYS)]
    if found.sentences:
        story += [_text(found.week, _HEAD), *(_text(one, _SAID) for one in found.sentences), Spacer(1, 8)]
    story += [_figures(found.figures), Spacer(1, 12)]
    for chart in found.charts:
        story += _chart(chart)
    for table in found.tables:
        story += _table(table)
    story.append(_text(found.foot, _FOOT))
    made.build(story)
    return out.getvalue()
