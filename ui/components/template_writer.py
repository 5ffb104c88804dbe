"""Writing a template: fields, the message on a phone beside them, and what WhatsApp would say to it. What is typed stays until it was sent.

It takes data and callbacks; pages and the campaign's steps say what happens with what was written.
"""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.channels import Template, TemplateCheck, TemplateChecked, TemplateCreate, TemplateText
from api.contract.contacts import CustomField
from api.contract.enums import TemplateCategory
from api.contract.messages import MessageFile
from ui import files
from ui.client.base import ApiProblem, Offline, Uploaded
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.files import drop_zone
from ui.components.forms import Field, area_field, filled, number_field, select_field, switch_field, text_field
from ui.components.kept import Kept
from ui.components.phone import Phone, Preview
from ui.components.template_buttons import TemplateButtons
from ui.components.template_lifetime import Lifetime
from ui.components.template_said import Said
from ui.components.template_values import values_of
from ui.components.text import icon, pressable
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import starters
from ui.labels import templates as template_labels

MAX_FILE = 16_000_000
TYPES = ".jpg,.jpeg,.png,.mp4,.pdf"
KINDS = {"image": "image", "video": "video", "application": "document"}
MARKS = (("*", "format_bold"), ("_", "format_italic"), ("~", "strikethrough_s"))


class Doors(NamedTuple):
    """What a writer asks for: keep a file, check what is written, send it for review (raises ApiProblem)."""

    store: Callable[[Uploaded], Awaitable[MessageFile]]
    check: Callable[[TemplateCheck], Awaitable[TemplateChecked]]
    submit: Callable[[TemplateCreate | TemplateText], Awaitable[Any]]


class Writer:
    """Fields on the left, the phone and the check beside them. `change`: a template that is written anew, whose name stays."""

    def __init__(
        self,
        channels: dict[UUID, str],
        custom: list[CustomField],
        doors: Doors,
        cancel: Callable[[], Any],
        change: Template | None = None,
    ) -> None:
        self._channels, self._custom, self._doors, self._change = channels, custom, doors, change
        self._examples: dict[str, Field[str]] = {}
        self._file: tuple[UUID, str, str] | None = None  # id, kind, name
        self._ready = False
        with ui.element("div").classes("m-aside"):
            with ui.element("div").classes("m-col m-loose"):
                self._draw_basics()
                self._draw_header()
                self._draw_text()
                self._draw_code()
                with card(_("Buttons"), hint=_("Optional. A press on an answer comes back as a message.")) as self._of_buttons:
                    self._buttons = TemplateButtons(self._redraw)
                with ui.element("div").classes("m-dialog-foot"):
                    button(_("Cancel"), cancel, kind="plain")
                    button(_("Send for review"), self._submit, kind="primary")
            with ui.element("div").classes("m-aside-side"):
                self._phone = Phone(next(iter(channels.values())), _("as your customer sees it"))
                self._said = Said()
        self._asks = Throttle(self._check, 0.6)
        if change is not None:
            self._fill(values_of(change))
        self._kept = Kept(f"template-{change.id}" if change else "template", self._read, self._fill)
        self._ready = True
        self._redraw()

    # -- what is kept ---------------------------------------------------------------------------------------------

    def _read(self) -> dict[str, Any]:
        return {
            "texts": {name: field.value or "" for name, field in self._texts().items()},
            "category": self._category.value.value,
            "language": self._language.value,
            "begins": self._begins.value,
            "file": [str(self._file[0]), *self._file[1:]] if self._file else None,
            "minutes": self._minutes.value,
            "lifetime": self._lifetime.seconds or 0,
            "warns": bool(self._warns.value),
            "buttons": self._buttons.read(),
            "examples": {key: field.value or "" for key, field in self._examples.items()},
        }

    def _texts(self) -> dict[str, Field[str]]:
        return {"name": self._name, "header": self._header, "body": self._body, "footer": self._footer}

    def _fill(self, values: dict[str, Any]) -> None:
        """From the browser, so it may be anything: what fits is taken."""
        texts, examples = values.get("texts"), values.get("examples")
        for name, field in self._texts().items():
            if isinstance(texts, dict) and isinstance(texts.get(name), str):
                field.value = texts[name]
        if values.get("category") in {one.value for one in TemplateCategory}:
            self._category.value = TemplateCategory(values["category"])
        if values.get("language") in template_labels.LANGUAGES:
            self._language.value = values["language"]
        if values.get("begins") in ("none", "text", "file", "place"):
            self._begins.value = values["begins"]
        if isinstance(values.get("minutes"), int | float):
            self._minutes.value = values["minutes"]
        self._lifetime.fit(self._category.value, values.get("lifetime"))
        if isinstance(values.get("warns"), bool):
            self._warns.value = values["warns"]
        match values.get("file"):
            case [str(file_id), ("image" | "video" | "document") as kind, str(name)]:
                try:
                    self._file = UUID(file_id), kind, name
                except ValueError:
                    self._file = None
        self._buttons.fill(values.get("buttons"))
        self._ready = True
        self._redraw()
        for key, field in self._examples.items():
            if isinstance(examples, dict) and isinstance(examples.get(key), str):
                field.value = examples[key]

    # -- drawing --------------------------------------------------------------------------------------------------

    def _draw_basics(self) -> None:
        with card(_("What it is")):
            self._channel: Field[UUID] = select_field(_("Channel"), self._channels, next(iter(self._channels)))
            self._channel.hide(len(self._channels) == 1 or self._change is not None)
            if self._change is None:
                self._starter: Field[str | None] = select_field(
                    _("Begin with a ready text (optional)"),
                    starters.names(),
                    None,
                    clearable=True,
                    search=True,
                    headings=starters.headings(),
                    on_change=self._start,
                )
            hint = _("Only you see it.")
            self._name = text_field(_("Name"), placeholder=_("Summer offer"), hint=hint, limit=500, on_change=self._redraw)
            self._name.hide(self._change is not None)
            with ui.element("div").classes("m-grid m-grid-wide"):
                names = {one: template_labels.category_name(one) for one in TemplateCategory}
                self._category: Field[TemplateCategory] = select_field(
                    _("Kind"),
                    names,
                    TemplateCategory.MARKETING,
                    hint=_("Offers and news are marketing; orders and dates are service."),
                    on_change=self._redraw,
                )
                self._language: Field[str] = select_field(
                    _("Language"), template_labels.LANGUAGES, "pt_BR", on_change=self._redraw
                )
                self._language.hide(self._change is not None)
            self._lifetime = Lifetime(self._redraw)

    def _draw_header(self) -> None:
        begins = {
            "none": _("Nothing: with the message"), "text": _("A heading"), "file": _("A picture, film or PDF"), "place": _("A place on the map")
        }  # fmt: skip
        with card(_("How it begins")) as self._of_header:
            self._begins: Field[str] = select_field(_("Begins with"), begins, "none", on_change=self._redraw)
            hint = _("One line, without emoji or bold.")
            self._header = text_field(_("Heading (optional)"), limit=60, hint=hint, on_change=self._redraw)
            with ui.element("div").classes("m-col m-near w-full") as self._of_file:
                self._file_name = ui.label().classes("m-strong")
                drop_zone(
                    _("Drop a file here, or press"),
                    self._upload,
                    accept=TYPES,
                    max_bytes=MAX_FILE,
                    hint=_(
                        "JPEG or PNG up to 5 MB, MP4 or PDF up to 16 MB. It goes out with the text; a campaign may take another one."
                    ),
                )

    def _draw_text(self) -> None:
        with card(_("Text")) as self._of_text:
            hint = _("Where something changes from person to person, insert a place; not at the very beginning or end.")
            self._body = area_field(_("Message"), limit=1024, rows=5, hint=hint, on_change=self._redraw)
            target = json.dumps(f"f{self._body.control.id}")
            with ui.element("div").classes("m-inserts"):
                for mark, symbol in MARKS:
                    name = {"*": _("Bold"), "_": _("Italic"), "~": _("Struck out")}[mark]
                    styled = icon_button(symbol, name)
                    styled.on("click", js_handler=f"() => masteria.wrap({target}, {json.dumps(mark)})")
                for place, label in template_labels.places(self._custom):
                    with ui.element("div").classes("m-chip") as element:
                        icon("add")
                        ui.label(label)
                    pressable(element, partial(self._insert, place, target), _("Insert {name}").format(name=label))
            self._place = ui.element("div").classes("m-col m-near w-full")
            hint = _("For marketing: how to stop, for example “Reply STOP to leave”.")
            self._footer = text_field(_("Small print (optional)"), limit=60, hint=hint, on_change=self._redraw)

    def _draw_code(self) -> None:
        hint = _("WhatsApp writes the text of a sign-in code itself, with a button that copies it.")
        with card(_("Sign-in code"), hint=hint) as self._of_code:
            self._minutes: Field[float | None] = number_field(
                _("Lives for (minutes)"), 10, low=1, high=90, on_change=self._redraw
            )
            self._warns = switch_field(_("Ask people not to share the code"), True, on_change=lambda _on: self._redraw())

    # -- while it is written --------------------------------------------------------------------------------------

    def _insert(self, place: str, target: str) -> None:
        """Numbers go on where numbers are; a place never stands twice under two names."""
        names = template_labels.variables(self._body.value or "")
        if names and all(name.isdigit() for name in names):
            place = str(len(names) + 1)
        ui.run_javascript(f"masteria.insert({target}, {json.dumps('{{' + place + '}}')})")

    def _start(self) -> None:
        found = starters.starter(self._starter.value or "", self._language.value)
        if found is None:
            return
        self._ready = False
        self._category.value, self._body.value, self._footer.value = found.category, found.body, found.footer
        if not (self._name.value or "").strip():
            self._name.value = starters.names()[found.key]
        self._buttons.fill([{"kind": kind, "text": text, "url": url} for kind, text, url in found.buttons])
        self._ready = True
        self._redraw()
        for name, example in zip(template_labels.variables(found.body), found.examples, strict=False):
            self._examples[name].value = example

    async def _upload(self, file: Uploaded) -> None:
        stored = await self._doors.store(file)
        kind = KINDS.get((stored.mime_type or "").partition("/")[0], "document")
        self._file = stored.id, kind, stored.name or ""
        self._redraw()

    def _redraw(self) -> None:
        if not self._ready:
            return
        if hasattr(self, "_kept"):
            self._kept.changed()
        self._lifetime.fit(self._category.value)
        code, begins = self._category.value is TemplateCategory.AUTHENTICATION, self._begins.value
        for element, there in (
            (self._of_header, not code),
            (self._of_text, not code),
            (self._of_buttons, not code),
            (self._of_code, code),
        ):
            element.set_visibility(there)
        self._header.hide(begins != "text")
        self._of_file.set_visibility(begins == "file")
        self._file_name.text = self._file[2] if self._file else ""
        named = template_labels.slug(self._name.value or "")
        self._name.note(_("Only you see it. At WhatsApp: {name}").format(name=named) if named else _("Only you see it."))
        body, header = self._body.value or "", self._header_text()
        wanted = [f"header.{name}" for name in template_labels.variables(header)] + template_labels.variables(body)
        if wanted != list(self._examples):
            self._draw_examples(wanted)
        self._phone.show(self._preview(code))
        self._asks.poke()

    def _header_text(self) -> str:
        return (self._header.value or "").strip() if self._begins.value == "text" else ""

    def _preview(self, code: bool) -> Preview:
        if code:
            return template_labels.code_preview(
                self._language.value, int(self._minutes.value or 0), warns=bool(self._warns.value)
            )
        begins, kind = self._begins.value, self._file[1] if self._file else "image"
        media = {"file": kind, "place": "place"}.get(begins, "")
        shown = files.address(self._file[0]) if self._file and kind == "image" else ""
        return Preview(
            self._filled(self._body.value or "") or "…",
            self._filled(self._header_text(), "header."),
            self._footer.value or "",
            media=media,  # type: ignore[arg-type]
            media_url=shown,
            buttons=self._buttons.shown(),
        )

    def _filled(self, text: str, prefix: str = "") -> str:
        return template_labels.filled(
            text, {key.removeprefix(prefix): field.value for key, field in self._examples.items() if key.startswith(prefix)}
        )

    def _draw_examples(self, wanted: list[str]) -> None:
        kept = {key: field.value for key, field in self._examples.items()}
        self._examples = {}
        self._place.clear()
        with self._place:
            if wanted:
                ui.label(_("Examples, so that the reviewers understand the places")).classes("m-label")
            with ui.element("div").classes("m-grid m-grid-wide"):
                for key in wanted:
                    label = "{{" + key.removeprefix("header.") + "}}"
                    if key.startswith("header."):
                        label = _("{place} in the heading").format(place=label)
                    self._examples[key] = text_field(label, kept.get(key, ""), limit=200, on_change=self._redraw)

    async def _check(self) -> None:
        """What WhatsApp would say now; nothing while nothing is written."""
        code = self._category.value is TemplateCategory.AUTHENTICATION
        if not code and not (self._body.value or "").strip():
            self._said.draw()
            return
        try:
            checked = await self._doors.check(TemplateCheck(channel_id=self._channel.value, **self._text(whole=False)))
        except (ApiProblem, Offline):  # sending says what is wrong
            self._said.draw(
                [("cloud_off", "warn", _("This could not be checked now. It is checked again when you write on or send it."))]
            )
            return
        told = list(dict.fromkeys(problems.sentence_of(wrong.code, wrong.message, wrong.params) for wrong in checked.errors))
        said = [
            *(("error", "bad", text) for text in told),
            *(("lightbulb", "warn", template_labels.advice(one)) for one in checked.advice),
        ]
        self._said.draw(said or [("check_circle", "ok", _("Nothing that WhatsApp would refuse."))])

    # -- sending --------------------------------------------------------------------------------------------------

    def _text(self, *, whole: bool) -> dict[str, Any]:
        """The fields of the request. What is not whole yet is left out where it would only be a wrong form."""
        if self._category.value is TemplateCategory.AUTHENTICATION:
            minutes = int(self._minutes.value) if self._minutes.value else None
            return {
                "category": self._category.value,
                "lifetime_seconds": self._lifetime.seconds,
                "code_minutes": minutes,
                "security_recommendation": bool(self._warns.value),
            }
        body, header = (self._body.value or "").strip(), self._header_text()
        header_names = template_labels.variables(header)
        return {
            "category": self._category.value,
            "lifetime_seconds": self._lifetime.seconds,
            "body": body,
            "body_examples": [(self._examples[name].value or "").strip() for name in template_labels.variables(body)],
            "header": header or None,
            "header_example": (self._examples[f"header.{header_names[0]}"].value or "").strip() or None if header_names else None,
            "header_file_id": self._file[0] if self._file and self._begins.value == "file" else None,
            "header_location": self._begins.value == "place",
            "footer": (self._footer.value or "").strip() or None,
            "buttons": self._buttons.written(whole=whole),
        }

    async def _submit(self) -> None:
        code = self._category.value is TemplateCategory.AUTHENTICATION
        needed: list[Field[Any]] = [] if self._change else [self._name]
        if not code:
            needed += [*([self._header] if self._begins.value == "text" else []), self._body, *self._examples.values()]
            needed += self._buttons.needed()
        name = template_labels.slug(self._name.value or "")
        if not filled(needed, {self._name: "" if name or self._change else _("Write at least one letter or digit.")}):
            return
        if not code and self._begins.value == "file" and self._file is None:
            filled([], {self._begins: _("Upload the file first.")})
            return
        text = self._text(whole=True)
        written: TemplateCreate | TemplateText
        if self._change:
            written = TemplateText(**text)
        else:
            written = TemplateCreate(channel_id=self._channel.value, name=name, language=self._language.value, **text)
        fields: dict[str, Field[Any]] = {
            "name": self._name,
            "category": self._category,
            "body": self._body,
            "body_examples": self._body,
            "header": self._header,
            "header_example": self._header,
            "header_file_id": self._begins,
            "footer": self._footer,
            "code_minutes": self._minutes,
            "lifetime_seconds": self._lifetime.field,
            **self._buttons.fields(),
        }
        try:
            await self._doors.submit(written)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        self._kept.forget()
