"""What stands in a cell of a table, and the fixed templates that draw it. Values only: user text cannot become markup."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ui.components.text import Tone, initials
from ui.i18n import _

Cell = str | int | None | Mapping[str, Any]


def two_lines(text: str, sub: str = "") -> Cell:
    return {"text": text, "sub": sub}


def person(name: str, sub: str = "") -> Cell:
    """Avatar, name and a line below."""
    return {"text": name, "sub": sub, "initials": initials(name), "tint": sum(name.encode()) % 4 + 1}


def state(text: str, tone: Tone) -> Cell:
    return {"text": text, "tone": tone}


def choice(row_id: str, key: str, text: str, label: str) -> Cell:
    """What can be chosen anew in place: the table tells `on_choice` of a press. `label`: what the press is for."""
    return {"choice": [row_id, key], "text": text, "label": label}


def tags(names: Sequence[str]) -> Cell:
    """The first three as chips, the rest as +n."""
    return {"chips": [*names[:3], *([f"+{len(names) - 3}"] if len(names) > 3 else [])]}


def name_of(cell: Cell) -> str:
    """The words of a cell, as the name of its row."""
    return str(cell["text"] if isinstance(cell, Mapping) and "text" in cell else cell if isinstance(cell, str | int) else "")


_VALUE = """
<span v-if="V === null || V === undefined || V === ''" class="m-hint">–</span>
<span v-else-if="typeof V !== 'object'" :class="L">{{ V }}</span>
<span v-else-if="V.tone" :class="'m-badge m-' + V.tone">{{ V.text }}</span>
<div v-else-if="V.chips" class="m-cell-chips"><span class="m-chip" v-for="name in V.chips">{{ name }}</span></div>
<button v-else-if="V.choice" type="button" class="m-cell-choice" :aria-label="V.label + ': ' + V.text"
  @click.stop.prevent="$parent.$emit('choice', V.choice)">{{ V.text }}</button>
<div v-else class="m-cell">
  <div v-if="V.initials" :class="'m-avatar m-tint-' + V.tint" aria-hidden="true">{{ V.initials }}</div>
  <div class="m-cell-two"><span class="m-strong">{{ V.text }}</span><span v-if="V.sub" class="m-hint">{{ V.sub }}</span></div>
</div>
"""


def value(of: str, look: str) -> str:
    """The template of one value; `of` and `look` are expressions that give it and its class."""
    return _VALUE.replace("V", of).replace('"L"', f'"{look}"')


def of_row(key: str, look: str) -> str:
    """The template of the value that a row has under a key."""
    return value(f"props.row.{key}", f"'{look}'")


def linked(inner: str) -> str:
    """Makes the value the link of its row, which covers the whole row for a pointer."""
    return f'<a v-if="props.row.href" class="m-row-link" :href="props.row.href">{inner}</a><template v-else>{inner}</template>'


def body(*, ticks: bool) -> str:
    """The template of a whole row, with a check box where it `ticks`; the column that leads carries the link. One template for a row
    costs the browser a tenth of one for every cell."""
    inner = value("col.value", "col.look")
    box = f'<td class="q-table--col-auto-width">{tick()}</td>' if ticks else ""
    return (
        f'<tr :class="props.__trClass">{box}<td v-for="col in props.cols" :key="col.name" class="q-td" :class="col.__tdClass(props.row)">'
        f'<template v-if="col.lead">{linked(inner)}</template><template v-else>{inner}</template></td></tr>'
    )


def tick() -> str:
    """The check box of a row."""
    return '<q-checkbox v-model="props.selected" dense class="m-tick" :aria-label="props.row.tick" />'


def tick_all() -> str:
    """The check box of all rows of the page."""
    label = escape(_("Select all on this page"), quote=True)
    return f'<q-checkbox v-model="props.selected" dense class="m-tick" aria-label="{label}" />'
