"""A report as HTML for mail programs: tables and inline styles alone, columns of charts as cells with a ground, no pictures, no tracking.
Everything that somebody wrote is escaped."""

from html import escape

from workers.figures.document import Chart, Document, Figure, Table

_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_TEXT, _SUB, _HINT, _LINE, _GOOD, _BAD, _LINK = "#15201c", "#4d5955", "#5f6b66", "#e3e8e6", "#08694f", "#a93635", "#08694f"
SERIES = ("#0e8a6a", "#3b82c4", "#c98a1b", "#8a63c9")
_CARD = f"background:#ffffff;border:1px solid {_LINE};border-radius:12px;padding:14px 16px"
_HIGH = 96
"""Pixels of the tallest column."""
_EACH = 2
"""Figures in a row."""


def _figure(one: Figure) -> str:
    tone = {True: _GOOD, False: _BAD, None: _SUB}[one.good]
    change = f'<span style="color:{tone};font-weight:600">{escape(one.change)}</span> ' if one.change else ""
    return (
        f'<td width="50%" valign="top" style="{_CARD}"><div style="font-size:13px;color:{_HINT}">{escape(one.name)}</div>'
        f'<div style="font-size:22px;font-weight:700;color:{_TEXT};padding:2px 0">{escape(one.value)}</div>'
        f'<div style="font-size:12px;color:{_HINT}">{change}{escape(one.before)}</div></td>'
    )


def _figures(found: list[Figure]) -> str:
    rows = []
    for start in range(0, len(found), _EACH):
        some = found[start : start + _EACH]
        cells = [_figure(one) for one in some] + ['<td width="50%"></td>'] * (_EACH - len(some))
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table role="presentation" width="100%" cellspacing="8" cellpadding="0">{"".join(rows)}</table>'


def _heading(text: str) -> str:
    return f'<h2 style="font-size:15px;margin:0 0 10px;color:{_TEXT}">{escape(text)}</h2>'


def _chart(one: Chart) -> str:
    """Columns side by side; the numbers stand in each column's title and below in words for who hears it."""
    most = max((n for _name, values in one.series for n in values), default=0)
    legend = " &nbsp; ".join(
        f'<span style="color:{SERIES[place % 4]}">&#9632;</span> {escape(name)}: <b>{escape(one.totals[place])}</b>'
        for place, (name, _values) in enumerate(one.series)
    )
    if not most:
        return ""
    columns = []
    for number, day in enumerate(one.days):
        bars = "".join(
            f'<td valign="bottom" style="padding:0 1px 0 0" title="{escape(day)}: {values[number]}">'
            f'<div style="height:{round(_HIGH * values[number] / most)}px;background:{SERIES[place % 4]};font-size:0;line-height:0">&nbsp;</div></td>'
            for place, (_name, values) in enumerate(one.series)
        )
        columns.append(f'<td valign="bottom" style="padding:0 1px"><table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr>{bars}</tr></table></td>')  # fmt: skip
    ends = (
        f'<tr><td colspan="{len(one.days)}" style="border-top:1px solid {_LINE};font-size:11px;color:{_HINT};padding-top:4px">'
        f'<table role="presentation" width="100%"><tr><td align="left" style="font-size:11px;color:{_HINT}">{escape(one.days[0])}</td>'
        f'<td align="right" style="font-size:11px;color:{_HINT}">{escape(one.days[-1])}</td></tr></table></td></tr>'
    )
    drawn = f'<table role="presentation" width="100%" cellspacing="0" cellpadding="0" style="table-layout:fixed"><tr>{"".join(columns)}</tr>{ends}</table>'
    return f'<div style="{_CARD};margin:8px">{_heading(one.heading)}<div style="font-size:12px;color:{_SUB};padding-bottom:8px">{legend}</div>{drawn}</div>'


def _table(one: Table) -> str:
    style = f"padding:7px 5px;font-size:13px;border-bottom:1px solid {_LINE};color:{_TEXT}"
    heads = "".join(
        f'<th scope="col" align="{"left" if not place else "right"}" style="{style};color:{_HINT};font-size:12px">{escape(head)}</th>'
        for place, head in enumerate(one.heads)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td align="{"left" if not place else "right"}" style="{style}{";min-width:110px" if not place else ""}">{escape(cell)}</td>'
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in one.rows
    )
    return f'<div style="{_CARD};margin:8px">{_heading(one.heading)}<div style="overflow-x:auto"><table width="100%" cellspacing="0" cellpadding="0"><tr>{heads}</tr>{rows}</table></div></div>'


def html(found: Document, link: str, stop: str) -> str:
    """`link`: the page; `stop`: ends it for this reader."""
    sentences = "".join(
        f'<p style="margin:0 0 8px;font-size:14px;line-height:1.5;color:{_SUB}">{escape(one)}</p>' for one in found.sentences
    )
    week = f'<div style="{_CARD};margin:8px">{_heading(found.week)}{sentences}</div>' if found.sentences else ""
    button = "display:inline-block;padding:10px 18px;border-radius:10px;background:#0b7d5f;color:#ffffff;font-size:14px;font-weight:600;text-decoration:none"
    return (
        f'<!doctype html><html lang="{found.language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(found.title)}</title></head><body style="margin:0;background:#f5f7f6;{_FONT}">'
        f'<div style="max-width:680px;margin:0 auto;padding:20px 8px"><div style="padding:0 8px 8px"><div style="font-size:13px;color:{_HINT}">{escape(found.company)}</div>'
        f'<h1 style="font-size:20px;margin:2px 0;color:{_TEXT}">{escape(found.title)}</h1><div style="font-size:13px;color:{_SUB}">{escape(found.days)}</div></div>'
        f"{week}{_figures(found.figures)}{''.join(map(_chart, found.charts))}{''.join(map(_table, found.tables))}"
        f'<div style="padding:12px 8px"><a href="{escape(link)}" style="{button}">{escape(found.open)}</a></div>'
        f'<p style="padding:0 8px;font-size:12px;line-height:1.5;color:{_HINT}">{escape(found.foot)} '
        f'<a href="{escape(stop)}" style="color:{_LINK}">{escape(found.stop)}</a></p></div></body></html>'
    )


def plain(found: Document, words: str, link: str, stop: str) -> str:
    """The same for who reads text alone."""
    lines = [found.company, found.title, found.days, "", *found.sentences, "", words, ""]
    lines += [f"{one.name}: {one.value} ({', '.join(filter(None, (one.change, one.before)))})" for one in found.figures]
    return "\n".join([*lines, "", f"{found.open}: {link}", "", found.foot, f"{found.stop}: {stop}", ""])
