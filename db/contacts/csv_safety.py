"""Cells that a spreadsheet program would run as a formula, made harmless on the way out and given back on the way in.

`restore(neutralise(cell)) == cell` for every text, so an export imports again without loss, "+5511…" too. Refuses to
drop or change anything but one leading apostrophe (RELIABILITY: CSV injection)."""

import re

# = + - @ and their full-width forms, tab and line ends; blanks, quotes and invisible marks before them do not help.
_RISKY = re.compile("[ '\u00a0\u200b\u2060\ufeff]*[=+\\-@\t\r\n＝＋－＠]")


def neutralise(cell: str) -> str:
    """The cell as it may stand in an exported file."""
    return "'" + cell if _RISKY.match(cell) else cell


def restore(cell: str) -> str:
    """The cell as it was before `neutralise`; takes off exactly the apostrophe that one put there."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell, 1) else cell
