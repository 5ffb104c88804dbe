"""Conversations with what a careful colleague would do on the board, and the words that prove it: the form of `leads_pt.py` and `leads_en.py`."""

from collections.abc import Sequence
from typing import NamedTuple


class Gold(NamedTuple):
    """One right step. `what`: the stage, tag, person, template; `key=value` of a field; cents of a value; a day as `days_from`; a time of that day behind it. `lines`:
    messages that prove it, counted from 1; one of them is enough."""

    tool: str
    what: str
    lines: tuple[int, ...]


class Talk(NamedTuple):
    """`kind`: what it is, or the trap that it sets. `said`: in order; what begins with `> ` is ours. `stage`: where the lead is, "" where
    there is none yet. `leads`: open ones of this person on the board; of several nothing is done by itself. `booked`: the appointment that
    they have, as `+2 09:00`: from nine to six each hour is free, but tomorrow at eleven, which somebody else has."""

    key: str
    kind: str
    said: list[str]
    gold: Sequence[Gold] = ()
    stage: str = "new"
    leads: int = 1
    tags: Sequence[str] = ()
    booked: str = ""


class Board(NamedTuple):
    """One board as a company of this language has it. `stages`: by the words of `Talk.stage`, in their order."""

    language: str
    country: str
    currency: str
    name: str
    stages: dict[str, str]
    reasons: list[str]
    tags: list[str]
    sizes: list[str]
    template: tuple[str, str]
    file: str
    sequence: str


PT = Board(
    "pt-BR",
    "BR",
    "BRL",
    "Vendas",
    {"new": "Novo", "quote": "Orçamento", "deal": "Negociação", "won": "Ganho", "lost": "Perdido"},
    ["Preço", "Sem interesse", "Comprou em outro lugar"],
    ["atacado", "vip", "presente"],
    ["P", "M", "G"],
    ("catalogo_2026", "Segue o nosso catálogo de 2026."),
    "Ficha de medidas",
    "Lançamentos de sofás",
)
EN = Board(
    "en",
    "US",
    "USD",
    "Sales",
    {"new": "New", "quote": "Quote", "deal": "Negotiation", "won": "Won", "lost": "Lost"},
    ["Price", "Not interested", "Bought elsewhere"],
    ["wholesale", "vip", "gift"],
    ["S", "M", "L"],
    ("catalog_2026", "Here is our catalog of 2026."),
    "Measurement sheet",
    "Sofa launches",
)
PEOPLE = ["Carla Dias", "Rui Alves"]
"""Colleagues who may own a lead."""


def move(stage: str, *lines: int) -> Gold:
    return Gold("move_lead", stage, lines)


def create(*lines: int) -> Gold:
    return Gold("create_lead", "", lines)


def value(cents: int, *lines: int) -> Gold:
    return Gold("set_value", str(cents), lines)


def field(key: str, kept: str, *lines: int) -> Gold:
    return Gold("set_field", f"{key}={kept}", lines)


def tag(name: str, *lines: int) -> Gold:
    return Gold("add_tag", name, lines)


def untag(name: str, *lines: int) -> Gold:
    return Gold("remove_tag", name, lines)


def owner(name: str, *lines: int) -> Gold:
    return Gold("assign", name, lines)


def later(day: str, *lines: int) -> Gold:
    """`day`: `+2` days from today, or the next `mon`."""
    return Gold("follow_up", day, lines)


def template(name: str, *lines: int) -> Gold:
    return Gold("send_template", name, lines)


def file(name: str, *lines: int) -> Gold:
    return Gold("send_file", name, lines)


def sequence(name: str, *lines: int) -> Gold:
    return Gold("add_to_cadence", name, lines)


def book(time: str, *lines: int) -> Gold:
    """`time`: `+1 10:00`, tomorrow at ten."""
    return Gold("book", time, lines)


def unbook(*lines: int) -> Gold:
    return Gold("cancel_booking", "", lines)
