"""Numbers of the document, each within its bounds."""

from ui import formats
from ui.components.forms import Field, number_field
from ui.i18n import _
from ui.pages.personas.context import Context

MICRO = 1_000_000
LEAST, MOST = 0.001, 1_000_000  # US$ of a budget


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


def seconds(it: Context, name: str, label: str, low: int, high: int) -> None:
    def changed() -> None:
        if field.value is not None and low <= field.value <= high:
            it.doc.change("turn", **{name: round(field.value * 1000)})
        else:
            field.error(_("From {low} to {high}.").format(low=low, high=high))

    field = number_field(label, getattr(it.doc.config.turn, name) / 1000, low=low, high=high, suffix=_("s"))
    field.control.on_value_change(changed)  # after what clears the mark


def dollars(it: Context, name: str, label: str) -> None:
    given: int | None = getattr(it.doc.config.budget, name)

    def changed() -> None:
        if field.value is None or LEAST <= field.value <= MOST:
            it.doc.change("budget", **{name: None if field.value is None else round(field.value * MICRO)})
        else:
            field.error(
                _("From {low} to {high}.").format(low=formats.dollars(round(LEAST * MICRO)), high=formats.dollars(MOST * MICRO))
            )

    field = number_field(
        label, None if given is None else given / MICRO, low=0, step=0.01, suffix="US$",
        hint=_("Empty: only the company's own limits."),
    )  # fmt: skip
    field.control.on_value_change(changed)
