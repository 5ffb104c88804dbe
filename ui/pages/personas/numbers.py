"""Numbers of the document, each within its bounds."""

from ui import formats
from ui.components.forms import Field, number_field
from ui.i18n import _
from ui.pages.personas.context import Context

MICRO = 1_000_000
LEAST, MOST = 0.001, 1_000_000  # US$ of a budget
MOST_VALUE = 10_000_000_000


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


def cents(it: Context, label: str, *, hint: str) -> None:
    """The value from which people take over."""
    given = it.doc.config.handover.value_over_cents

    def changed() -> None:
        if field.value is None or 0 <= field.value <= MOST_VALUE:
            it.doc.change("handover", value_over_cents=None if field.value is None else round(field.value * 100))
        else:
            field.error(_("From {low} to {high}.").format(low=0, high=formats.number(MOST_VALUE)))

    field = number_field(label, None if given is None else given / 100, low=0, step=1, hint=hint)
    field.control.on_value_change(changed)  # after what clears the mark
