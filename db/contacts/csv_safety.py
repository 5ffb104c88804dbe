"""Cells that a spreadsheet program would run as a formula, made harmless on the way out and given back on the way in.

A file is often opened with another separator than it was written with, and then a part of a cell stands alone: "João,=1+1" of
a `;` file. So each place in a cell where such a part could begin is guarded, not only its start; quotes around the cell do
not help, because a program that splits elsewhere no longer takes them for quotes.

`restore(neutralise(cell)) == cell` for every text, so an export imports again without loss, "+5511…" too. Refuses to
drop or change anything but these apostrophes."""

import re

# = + - @ and their full-width forms; blanks, quotes and invisible marks before them do not help. At the start of a cell a tab or
# a line end is as bad; further in it is itself the place where the next part begins.
_MARKS = "[ '\"\u00a0\u200b\u2060\ufeff]*"
_START = rf"(?={_MARKS}[=+\-@\t\r\n＝＋－＠])"
_PART = rf"(?={_MARKS}[=+\-@＝＋－＠])"
_SPLITS = r"[;,|\t\r\n]"
_RISKY = re.compile(rf"\A{_START}|(?<={_SPLITS}){_PART}")
_GUARD = re.compile(rf"\A'{_START}|(?<={_SPLITS})'{_PART}")


def neutralise(cell: str) -> str:
    """The cell as it may stand in an exported file."""
    return _RISKY.sub("'", cell)


def restore(cell: str) -> str:
    """The cell as it was before `neutralise`; takes off exactly the apostrophes that one put there."""
    return _GUARD.sub("", cell) if "'" in cell else cell
