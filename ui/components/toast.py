"""Short news at the lower edge: done, failed, and done with a way back (undo)."""

import json
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from nicegui import ui

from ui.components.text import Tone
from ui.i18n import _

_ICONS = {"ok": "check_circle", "info": "info", "warn": "warning", "bad": "error", "quiet": "info"}
_numbers = count(1)


def toast(text: str, tone: Tone = "ok") -> None:
    """One sentence for some seconds; longer when something went wrong."""
    ui.notify(
        text,
        icon=f"sym_r_{_ICONS[tone]}",
        classes="m-toast",
        timeout=7000 if tone == "bad" else 3500,
        attrs={"role": "alert" if tone == "bad" else "status"},
    )


def toast_way(text: str, label: str, path: str, *, seconds: float = 12) -> None:
    """Says what happened and offers the way to it."""
    event = f"way{next(_numbers)}"
    ui.on(event, lambda: ui.navigate.to(path), [])
    arguments = ", ".join(json.dumps(value) for value in (text, label, event, seconds * 1000))
    ui.run_javascript(f"masteria.undo({arguments})")


def toast_undo(text: str, undo: Callable[[], Awaitable[Any] | Any], *, seconds: float = 8) -> None:
    """Says what was done and offers to take it back: better than asking before."""
    toast_act(text, _("Undo"), undo, seconds=seconds)


def toast_act(text: str, label: str, act: Callable[[], Awaitable[Any] | Any], *, seconds: float = 8) -> None:
    """Says what was done and offers what may follow."""
    event = f"undo{next(_numbers)}"
    ui.on(event, lambda: act(), [])
    arguments = ", ".join(json.dumps(value) for value in (text, label, event, seconds * 1000))
    ui.run_javascript(f"masteria.undo({arguments})")
