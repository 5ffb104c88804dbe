"""How well the simulator's people and network behave."""

from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from nicegui import ui

from api.contract.sandbox import Behaviour
from ui import formats
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import select_field
from ui.components.text import chip
from ui.i18n import _


def _presets() -> list[tuple[str, Behaviour]]:
    return [
        (_("All is well"), Behaviour()),
        (
            _("Poor network"),
            Behaviour(
                latency_ms=900,
                error_429_share=0.05,
                error_5xx_share=0.05,
                drop_after_accept_share=0.03,
                hang_share=0.01,
                duplicate_webhook_share=0.1,
                disorder_share=0.2,
                webhook_lost_share=0.01,
            ),
        ),
        (_("Meta is down"), Behaviour(outage="errors")),
        (
            _("People complain"),
            Behaviour(delivered_share=0.9, read_share=0.7, reply_share=0.25, opt_out_share=0.1, failed_share=0.08),
        ),
    ]


class BehaviourCard:
    """Ready-made moods, and a slider for each thing that may go well or wrong."""

    def __init__(self, behaviour: Behaviour, save: Callable[[Behaviour], Awaitable[None]]) -> None:
        self._save = save
        self._sliders: dict[str, tuple[ui.slider, ui.label]] = {}
        with card(_("How the outside behaves"), hint=_("Everything you see here works the same with a real provider.")):
            self._chips = ui.element("div").classes("m-row m-near m-wrap")
            ui.label(_("People")).classes("m-label")
            for key, name in (
                ("delivered_share", _("Delivered")),
                ("read_share", _("Read")),
                ("reply_share", _("Answer")),
                ("opt_out_share", _("Ask to stop")),
                ("failed_share", _("Cannot receive")),
            ):
                self._slider(key, name)
            ui.label(_("Provider and network")).classes("m-label mt-2")
            outages = {
                "none": _("The provider is up"),
                "errors": _("Down: answers with an error"),
                "silence": _("Down: does not answer"),
                "hang_up": _("Down: hangs up"),
            }
            self._outage = select_field(_("State of the provider"), outages, "none").control
            self._slider("latency_ms", _("Time to answer"), 5000)
            for key, name in (
                ("error_429_share", _("“Too fast”")),
                ("error_5xx_share", _("Faults")),
                ("drop_after_accept_share", _("Answer gets lost")),
                ("hang_share", _("Never answers")),
                ("duplicate_webhook_share", _("Reports twice")),
                ("disorder_share", _("Reports out of order")),
                ("webhook_lost_share", _("Reports lost")),
            ):
                self._slider(key, name)
            button(_("Apply"), self._apply, kind="primary").classes("m-end")
        self._set(behaviour)

    def _slider(self, key: str, name: str, most: int = 100) -> None:
        with ui.element("div").classes("m-dial"):
            ui.label(name).classes("m-sub m-clip")
            slider = ui.slider(min=0, max=most, step=0.1 if most == 100 else 10).props("dense")
            slider.props["aria-label"] = name
            value = ui.label().classes("m-num m-hint")
        slider.on_value_change(lambda: value.set_text(self._shown(key)))
        self._sliders[key] = (slider, value)

    def _shown(self, key: str) -> str:
        value = float(self._sliders[key][0].value or 0)
        return f"{formats.number(value)} ms" if key == "latency_ms" else formats.percent(value / 100)

    def _set(self, behaviour: Behaviour) -> None:
        self._outage.value = behaviour.outage
        for key, (slider, label) in self._sliders.items():
            value = getattr(behaviour, key)
            slider.value = value if key == "latency_ms" else round(value * 100, 1)
            label.text = self._shown(key)
        self._chips.clear()
        with self._chips:
            for name, preset in _presets():
                chip(name, on=preset == behaviour, on_click=partial(self._choose, preset))

    async def _choose(self, preset: Behaviour) -> None:
        self._set(preset)
        await self._apply()

    async def _apply(self) -> None:
        values: dict[str, float | int | str] = {
            key: int(slider.value or 0) if key == "latency_ms" else round(float(slider.value or 0) / 100, 4)
            for key, (slider, _label) in self._sliders.items()
        }
        values["outage"] = self._outage.value
        behaviour = msgspec.convert(values, Behaviour)
        self._set(behaviour)
        await self._save(behaviour)
