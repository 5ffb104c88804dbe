"""What a report by mail says, as data: the same for its HTML and its PDF."""

from typing import NamedTuple


class Figure(NamedTuple):
    """`change`: against the days before, as +12%; `good`: whether that is good, None where it is neither."""

    name: str
    value: str
    change: str = ""
    good: bool | None = None
    before: str = ""


class Chart(NamedTuple):
    """Columns by day; each series a name and as many numbers as there are days. `totals`: of each series, as people write it."""

    heading: str
    days: list[str]
    series: list[tuple[str, list[int]]]
    totals: list[str]


class Table(NamedTuple):
    heading: str
    heads: list[str]
    rows: list[list[str]]


class Document(NamedTuple):
    """`language`: of the reader. `stop`: how the link that ends it is called; `foot`: why they get it."""

    language: str
    company: str
    title: str
    days: str
    week: str
    sentences: list[str]
    figures: list[Figure]
    charts: list[Chart]
    tables: list[Table]
    open: str
    foot: str
    stop: str
