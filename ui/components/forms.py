"""Form fields: label above, control, hint or error below. The label belongs to the control for screen readers.

A field knows its value and its error; it does not know what is being saved. Rules of the domain stay in the API, whose
field errors land here through `problems.show_in`.
"""

import html
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar, cast

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from ui.components.buttons import button
from ui.components.grouped_select import GroupedSelect
from ui.components.text import Text, icon
from ui.formats import place, zone
from ui.i18n import _

V = TypeVar("V")
OnChange = Callable[[], Any]


class Field(Generic[V]):
    """A labelled control. `value` reads and sets, `error(text)` marks, `error("")` clears; typing clears too."""

    def __init__(
        self, label: str, control: Callable[[], ValueElement[Any]], *, hint: str = "", extra: OnChange | None = None
    ) -> None:
        with ui.element("div").classes("m-field") as self.element:
            if label or extra is not None:
                with ui.element("div").classes("m-field-top"):
                    if label:
                        self._label = Text("label", label, "m-label")
                    if extra is not None:
                        extra()
            self.control = control()
            self._below = ui.element("div")
            self._below.props["aria-live"] = "polite"
        self._hint = hint
        self.name = label
        self.control.props["aria-describedby"] = self._below.html_id
        self.control.props["for"] = f"f{self.control.id}"
        if label:
            self._label.props["for"] = f"f{self.control.id}"
        elif "placeholder" in self.control.props:
            self.control.props["aria-label"] = self.control.props["placeholder"]
        self.control.on_value_change(lambda: self.error(""))
        self._has_error = False
        self._write("")

    @property
    def value(self) -> V:
        return cast(V, self.control.value)

    @value.setter
    def value(self, value: V) -> None:
        self.control.value = value

    def error(self, text: str) -> None:
        """Shows the error in place of the hint; an empty text clears it."""
        if text or self._has_error:
            self._write(text)

    def _write(self, text: str) -> None:
        self._has_error = bool(text)
        self.element.classes(add="m-field-bad" if text else "", remove="" if text else "m-field-bad")
        if text:
            self.control.props["aria-invalid"] = "true"
        else:
            self.control.props.pop("aria-invalid", None)
        self._below.clear()
        with self._below:
            if text:
                with ui.element("div").classes("m-field-error"):
                    icon("error")
                    ui.label(text)
            elif self._hint:
                ui.label(self._hint).classes("m-hint")

    def note(self, hint: str) -> None:
        """Another hint below; an error that stands there stays."""
        if hint != self._hint:
            self._hint = hint
            if not self._has_error:
                self._write("")

    @property
    def empty(self) -> bool:
        value = self.control.value
        return value is None or (isinstance(value, str) and not value.strip()) or value == []

    @property
    def asks(self) -> str:
        """What is said while it is empty and must not be."""
        return _("Please fill this in.")

    def rename(self, label: str) -> None:
        """Another label for the same control; only for fields that have one."""
        self._label.text = label

    def focus(self) -> None:
        self.control.run_method("focus")

    def hide(self, hidden: bool = True) -> None:
        self.element.set_visibility(not hidden)


def mark(wrong: Mapping[Field[Any], str]) -> None:
    """Marks these fields, all at once, and brings the reader to the first of them: scrolled to, with the cursor in it. Screen readers
    are told all errors. The only way in which a form shows what was refused, here or by the API."""
    for field, text in wrong.items():
        field.error(text)
    for first in wrong:
        first.focus()
        lead_to(first.element, " ".join(f"{field.name}: {text}" if field.name else text for field, text in wrong.items()))
        return


def lead_to(element: ui.element, said: str) -> None:
    """Scrolls to what is wrong, puts the cursor there, and tells screen readers what it is."""
    element.client.run_javascript(f"masteria.wrong({element.id}, {json.dumps(said)})")


def filled(fields: Iterable[Field[Any]], wrong: Mapping[Field[Any], str] | None = None) -> bool:
    """Marks every empty field, and those of `wrong` whose text is not empty; True when there is nothing to mark."""
    found = {field: field.asks if field.empty else (wrong or {}).get(field, "") for field in fields}
    bad = {field: text for field, text in found.items() if text}
    mark(bad)
    return not bad


def _dress(element: Any, placeholder: str = "", limit: int | None = None, autocomplete: str = "") -> Any:
    element.props("outlined dense hide-bottom-space")
    if placeholder:
        element.props["placeholder"] = placeholder
    if limit:
        element.props["maxlength"] = limit
    if autocomplete:
        element.props["autocomplete"] = autocomplete
    return element.classes("w-full")


def text_field(
    label: str,
    value: str = "",
    *,
    placeholder: str = "",
    hint: str = "",
    limit: int | None = None,
    kind: str = "text",
    autocomplete: str = "",
    on_change: OnChange | None = None,
    on_enter: Callable[[], Any] | None = None,
    extra: OnChange | None = None,
) -> Field[str]:
    """One line of text; `kind` is the HTML input type (`email`, `tel`, `url`)."""

    def control() -> ValueElement[Any]:
        element = _dress(ui.input(value=value), placeholder, limit, autocomplete)
        if kind != "text":
            element.props["type"] = kind
        if kind == "email":
            element.props.update({"inputmode": "email", "autocapitalize": "off", "spellcheck": "false"})
        if on_enter is not None:
            element.on("keydown.enter", lambda: on_enter(), [])
        if on_change is not None:
            element.on_value_change(lambda: on_change())
        return cast(ValueElement[Any], element)

    field: Field[str] = Field(label, control, hint=hint, extra=extra)
    if limit:
        full = _("This is as long as it can be: {n} characters.").format(n=limit)
        field.control.on_value_change(lambda: field.note(full if len(field.value or "") >= limit else hint))
    return field


def search_field(label: str, value: str, on_search: Callable[[str], Any]) -> ui.input:
    """A field that asks while somebody types, a quarter of a second after the last letter."""
    field = ui.input(placeholder=label, value=value).classes("m-search")
    field.props("outlined dense debounce=250 clearable clear-icon=sym_r_close type=search")
    field.props["aria-label"] = label
    with field.add_slot("prepend"):
        ui.icon("sym_r_search")
    field.on_value_change(lambda event: on_search((event.value or "").strip()))
    return field


def password_field(
    label: str,
    *,
    hint: str = "",
    new: bool = False,
    on_enter: Callable[[], Any] | None = None,
    on_change: OnChange | None = None,
    extra: OnChange | None = None,
) -> Field[str]:
    """A password with an eye to show it. `new` tells password managers to offer one."""

    def control() -> ValueElement[Any]:
        element = _dress(ui.input(password=True), limit=200, autocomplete="new-password" if new else "current-password")
        if on_enter is not None:
            element.on("keydown.enter", lambda: on_enter(), [])
        if on_change is not None:
            element.on_value_change(lambda: on_change())
        with element.add_slot("append"):
            with ui.element("button").classes("m-eye").props("type=button") as eye:
                symbol = icon("visibility")
            eye.props["aria-label"] = _("Show password")

        def toggle() -> None:
            shown = element.props["type"] == "text"
            element.props["type"] = "password" if shown else "text"
            symbol.props["name"] = "sym_r_visibility" if shown else "sym_r_visibility_off"
            eye.props["aria-label"] = _("Show password") if shown else _("Hide password")

        eye.on("click", toggle, [])
        return cast(ValueElement[Any], element)

    return Field(label, control, hint=hint, extra=extra)


def strength(password: str) -> int:
    """0-4, a hint only: length counts most, then variety. The API decides what is accepted."""
    if len(password) < 10:
        return min(1, len(password))
    kinds = sum(any(test(sign) for sign in password) for test in (str.islower, str.isupper, str.isdigit))
    kinds += any(not sign.isalnum() for sign in password)
    repeated = len(set(password)) < 6
    return max(1, min(4, 1 + (len(password) >= 12) + (len(password) >= 16) + (kinds >= 3) - repeated))


def too_short(password: str) -> str:
    """What is wrong with a new password, if anything. The API decides; this spares a round trip."""
    return _("Too short: at least 10 characters.") if len(password) < 10 else ""


def new_password_field(label: str, *, on_enter: Callable[[], Any] | None = None) -> Field[str]:
    """A new password with four bars that fill as it gets better."""

    def redraw() -> None:
        level = strength(field.value or "")
        tone = ("quiet", "bad", "warn", "ok", "ok")[level]
        for number, bar in enumerate(bars):
            bar.classes(replace=f"m-fill-{tone}" if number < level else "")
            bar.style("background: var(--tone)" if number < level else "background: var(--press)")
            if number < level:
                bar.classes(add=f"m-tone-{tone}")
        texts = (
            _("At least 10 characters. Several words are easy to remember."),
            _("Too short: at least 10 characters."),
            _("Fair. A few more characters make it better."),
            _("Good."),
            _("Very good."),
        )
        words.text = texts[level] if not (level == 1 and len(field.value or "") >= 10) else _("Too easy to guess.")

    field = password_field(label, new=True, on_enter=on_enter, on_change=redraw)
    with field.element:
        with ui.element("div").classes("m-strength").props("aria-hidden=true"):
            bars = [ui.element("i") for _number in range(4)]
        words = ui.label(_("At least 10 characters. Several words are easy to remember.")).classes("m-hint")
        words.props["aria-live"] = "polite"
    return field


def number_field(
    label: str,
    value: float | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float = 1,
    suffix: str = "",
    hint: str = "",
    on_change: OnChange | None = None,
) -> Field[float | None]:
    def control() -> ValueElement[Any]:
        element = _dress(ui.number(value=value, min=low, max=high, step=step, suffix=suffix or None))
        if on_change is not None:
            element.on_value_change(lambda: on_change())
        return cast(ValueElement[Any], element)

    return Field(label, control, hint=hint)


def select_field(
    label: str,
    options: Mapping[V, str],
    value: V | Sequence[V] | None = None,
    *,
    hint: str = "",
    placeholder: str = "",
    search: bool = False,
    multiple: bool = False,
    clearable: bool = False,
    headings: Mapping[V, str] | None = None,
    on_change: OnChange | None = None,
) -> Field[Any]:
    """Choice from `{value: label}`; `search` adds typing, for more than about ten options. `headings` stand in the list above the
    options of their values."""

    def control() -> ValueElement[Any]:
        kind = ui.select if headings is None else GroupedSelect
        element = kind(dict(options), value=value, with_input=search, multiple=multiple, clearable=clearable)
        if isinstance(element, GroupedSelect) and headings:
            element.regroup(options, value, headings)
        _dress(element, placeholder if search and value is None else "")
        element.props("options-dense behavior=menu dropdown-icon=sym_r_keyboard_arrow_down" + (" use-chips" if multiple else ""))
        if search:  # without a word the list would only go away
            nothing = html.escape(_("Nothing found"))
            element.add_slot("no-option", f'<q-item><q-item-section class="m-hint">{nothing}</q-item-section></q-item>')
        if on_change is not None:
            element.on_value_change(lambda: on_change())
        return cast(ValueElement[Any], element)

    return Field(label, control, hint=hint)


def area_field(
    label: str,
    value: str = "",
    *,
    limit: int | None = None,
    placeholder: str = "",
    hint: str = "",
    rows: int = 4,
    on_change: OnChange | None = None,
) -> Field[str]:
    """Several lines; with a limit it counts what is written."""

    def control() -> ValueElement[Any]:
        element = _dress(ui.textarea(value=value), placeholder, limit)
        element.props(f"autogrow input-style=min-height:{rows * 21 + 12}px")
        if on_change is not None:
            element.on_value_change(lambda: on_change())
        return cast(ValueElement[Any], element)

    def counter() -> None:
        counts.append(ui.label(f"{len(value)}/{limit}").classes("m-hint m-end"))

    counts: list[ui.label] = []
    field: Field[str] = Field(label, control, hint=hint, extra=counter if limit else None)
    if limit:
        field.control.on_value_change(lambda: counts[0].set_text(f"{len(field.value or '')}/{limit}"))
    return field


def switch_field(label: str, value: bool = False, *, hint: str = "", on_change: Callable[[bool], Any] | None = None) -> ui.switch:
    """On or off, with what it means under the name."""
    with ui.element("div").classes("m-switch"):
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(label).classes("m-label")
            if hint:
                ui.label(hint).classes("m-hint")
        switch = ui.switch(value=value)
        switch.props["aria-label"] = label
        if on_change is not None:
            switch.on_value_change(lambda event: on_change(bool(event.value)))
    return switch


class MomentField:
    """Day and time in the company's zone; `value` is aware UTC, or None while incomplete."""

    def __init__(self, label: str, value: datetime | None, hint: str) -> None:
        local = value.astimezone(zone()) if value else None
        with ui.element("div").classes("m-row m-near items-start w-full"):
            self.day = text_field(label, local.strftime("%Y-%m-%d") if local else "", kind="date", hint=hint)
            self.time = text_field(_("Time"), local.strftime("%H:%M") if local else "", kind="time")

    @property
    def value(self) -> datetime | None:
        try:
            local = datetime.strptime(f"{self.day.value} {self.time.value}", "%Y-%m-%d %H:%M").replace(tzinfo=zone())
        except ValueError:
            return None
        return local.astimezone(UTC)

    def error(self, text: str) -> None:
        self.day.error(text)


def moment_field(label: str, value: datetime | None = None) -> MomentField:
    """A day and a time beside one another; the hint names the zone."""
    return MomentField(label, value, _("Time zone: {zone}").format(zone=place(zone().key)))


def form(on_submit: Callable[[], Awaitable[Any]], submit: str, *, cancel: Callable[[], Any] | None = None) -> ui.button:
    """The foot of a form: the verb, and a way out. Returns the submit button."""
    with ui.element("div").classes("m-row m-near"):
        done = button(submit, on_submit, kind="primary")
        if cancel is not None:
            button(_("Cancel"), cancel, kind="plain")
    return done
