"""For how long WhatsApp tries to deliver the messages of a template: what it takes for each kind of template, to choose from."""

from collections.abc import Callable
from typing import Any

from api.contract.enums import TemplateCategory
from ui import formats
from ui.components.forms import Field, select_field
from ui.i18n import _

_LIVES = {
    TemplateCategory.AUTHENTICATION: (60, 300, 600, 900),
    TemplateCategory.UTILITY: (300, 1_800, 3_600, 10_800, 43_200),
    TemplateCategory.MARKETING: (43_200, 86_400, 259_200, 604_800, 2_592_000),
}


class Lifetime:
    """0: as WhatsApp does by itself."""

    def __init__(self, changed: Callable[[], Any]) -> None:
        hint = _("What does not arrive by then is dropped, and costs nothing.")
        self.field: Field[int] = select_field(
            _("Try to deliver for"), lives(TemplateCategory.MARKETING), 0, hint=hint, on_change=changed
        )
        self._shown = lives(TemplateCategory.MARKETING)

    @property
    def seconds(self) -> int | None:
        """As it is sent."""
        return self.field.value or None

    def fit(self, category: TemplateCategory, wanted: object = None) -> None:
        """To what WhatsApp takes for this kind of template; whatever else was chosen is left to WhatsApp. `wanted`: to be chosen."""
        chosen = wanted if isinstance(wanted, int) else self.field.value or 0
        options = lives(category, chosen)
        if options != self._shown or chosen != self.field.value:
            self._shown = options
            control: Any = self.field.control
            control.set_options(options, value=chosen if chosen in options else 0)


def lives(category: TemplateCategory, kept: int = 0) -> dict[int, str]:
    """Seconds and how people call them. `kept`: one that was chosen elsewhere, where it fits."""
    usual = _LIVES[category]
    among = sorted({*usual, *([kept] if usual[0] < kept < usual[-1] else [])})
    return {0: _("As long as WhatsApp does by itself"), **{seconds: formats.duration(seconds) for seconds in among}}
