"""A choice whose options stand in groups, each below a heading."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

_OPTION = """
<div role="presentation">
  <div v-if="props.opt.heading === ''" class="m-menu-line" aria-hidden="true"></div>
  <div v-else-if="props.opt.heading" class="m-menu-head" aria-hidden="true">{{ props.opt.heading }}</div>
  <q-item v-bind="props.itemProps"><q-item-section><q-item-label>{{ props.opt.label }}</q-item-label></q-item-section></q-item>
</div>
"""


class GroupedSelect(ui.select):
    """`regroup` gives it options and, by the value of the first one of each group, headings; an empty one is a line."""

    _headings: Mapping[Any, str] = {}

    def regroup(self, options: Mapping[Any, str], value: Any, headings: Mapping[Any, str]) -> None:
        self._headings = headings
        if "option" not in self.slots:
            self.add_slot("option", _OPTION)
        self.set_options(dict(options), value=value)

    def _update_options(self) -> None:
        super()._update_options()
        for value, option in zip(self._values, self.props["options"], strict=True):
            if (heading := self._headings.get(value)) is not None:
                option["heading"] = heading
