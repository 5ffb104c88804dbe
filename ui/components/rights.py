"""The matrix of rights: a line for each thing, whether it can be seen and whether it can be changed. To read, or to tick."""

from collections.abc import Collection

from nicegui import ui

from api.contract.enums import Permission
from ui.components.text import Text
from ui.i18n import _
from ui.labels.accounts import permission_name
from ui.labels.rights import Line, lines


class Matrix:
    """`allowed`: what the person may hand on; the rest cannot be ticked. Without `allowed` it is only read."""

    def __init__(self, picked: Collection[Permission], allowed: Collection[Permission] | None = None) -> None:
        self._ticks: dict[Permission, ui.checkbox] = {}
        self._head: dict[Permission, Permission] = {}  # what is changed → what has to be seen for it
        self._filling = False
        with Text("table", "", "m-rights"):
            with Text("thead", ""), Text("tr", ""):
                Text("th", _("What")).props["scope"] = "col"
                Text("th", _("See")).props["scope"] = "col"
                Text("th", _("Change")).props["scope"] = "col"
            with Text("tbody", ""):
                see: Permission | None = None
                for line in lines():
                    see = see if line.under else line.see
                    if see is not None and line.change is not None:
                        self._head[line.change] = see
                    self._draw(line, picked, allowed)

    def _draw(self, line: Line, picked: Collection[Permission], allowed: Collection[Permission] | None) -> None:
        with Text("tr", "", "m-rights-under" if line.under else ""):
            Text("th", line.text).props["scope"] = "row"
            for permission in (line.see, line.change):
                with Text("td", ""):
                    if permission is None:
                        continue
                    if allowed is None:
                        self._said(permission in picked)
                    else:
                        self._tick(permission, permission in picked, permission in allowed)

    def _said(self, may: bool) -> None:
        ui.label(_("Yes") if may else _("No")).classes("m-strong" if may else "m-hint")

    def _tick(self, permission: Permission, on: bool, allowed: bool) -> None:
        tick = ui.checkbox(value=on).props("dense size=sm")
        tick.props["aria-label"] = permission_name(permission)
        if not allowed:
            tick.disable()
            tick.tooltip(_("You may not do this yourself."))
        tick.on_value_change(lambda: self._follow(permission))
        self._ticks[permission] = tick

    def _follow(self, permission: Permission) -> None:
        """Who changes something sees it, too: the other tick follows, where everybody can see it."""
        if self._filling:
            return
        on = self._ticks[permission].value
        see = self._head.get(permission)
        if on and see is not None and self._ticks[see].enabled:
            self._ticks[see].value = True
        if not on:
            for change, needed in self._head.items():
                if needed is permission and self._ticks[change].enabled:
                    self._ticks[change].value = False

    @property
    def picked(self) -> list[Permission]:
        return [permission for permission in Permission if (tick := self._ticks.get(permission)) is not None and tick.value]

    def fill(self, picked: Collection[Permission]) -> None:
        """Ticks these, as far as the person may hand them on."""
        self._filling = True
        for permission, tick in self._ticks.items():
            if tick.enabled:
                tick.value = permission in picked
        self._filling = False
