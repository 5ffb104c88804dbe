"""The part of the settings page about the sound and the notice while Master IA is open; each browser keeps its own."""

import json
from typing import Any

from nicegui import ui

from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import select_field, switch_field
from ui.components.states import load, skeleton_card
from ui.components.toast import toast
from ui.i18n import _

ANSWER = 120.0  # seconds that somebody may think about the browser's question


def draw_sounds() -> None:
    async def fetch() -> dict[str, Any]:
        return dict(await ui.run_javascript("masteria.calls.settings()", timeout=10) or {})

    def keep(**change: object) -> None:
        ui.run_javascript(f"masteria.calls.set({json.dumps(change)})")

    async def notice(on: bool) -> None:
        if on and await ui.run_javascript("masteria.calls.allow()", timeout=ANSWER) != "granted":
            toast(_("The browser may not notify you."), "bad")
            await place.refresh()
            return
        keep(notice=on)

    def draw(found: dict[str, Any]) -> None:
        hint = _("In this browser, when somebody writes to you. Never for the conversation that you look at.")
        with card(_("While Master IA is open"), hint=hint), ui.element("div").classes("m-col"):
            which = {
                "ours": _("Mine and those without owner"),
                "mine": _("Only mine"),
                "all": _("All conversations"),
            }
            chosen = found.get("which") if found.get("which") in which else "ours"
            field = select_field(_("For which conversations"), which, chosen, on_change=lambda: keep(which=field.value))
            switch_field(
                _("Sound"),
                bool(found.get("sound")),
                hint=_("Once, also when several messages come together."),
                on_change=lambda on: keep(sound=on),
            )
            switch_field(
                _("Notice on the desktop"),
                bool(found.get("notice")) and found.get("permission") == "granted",
                hint=_("With the name and the beginning of the message, beside the clock of the computer."),
                on_change=notice,
            )
            with ui.element("div").classes("m-row"):
                try_it = button(_("Hear the sound"), icon="volume_up")
                try_it.on("click", js_handler="() => masteria.calls.sound()")

    place = load(fetch, draw, skeleton_card)
