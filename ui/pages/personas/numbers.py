"""Whole numbers of the document, each within its bounds."""

from ui.components.forms import Field, number_field
from ui.i18n import _
from ui.pages.personas.context import Context


def number(
    it: Context, part: str, name: str, label: str, low: int, high: int, *, hint: str = "", suffix: str = ""
) -> Field[float | None]:
    """A whole number of the document; what lies outside of its bounds is marked and not kept."""

    def changed() -> None:
        if field.value is not None and low <= field.value <= high:
            it.doc.change(part, **{name: int(field.value)})
        else:
            field.error(_("From {low} to {high}.").format(low=low, high=high))

    field = number_field(
        label, getattr(getattr(it.doc.config, part), name), low=low, high=high, hint=hint, suffix=suffix, on_change=changed
    )
    return field
