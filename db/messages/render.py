"""What a message says to one person, from the campaign's frozen content and the raw values stored with the message.

The ledger stores raw values, with days and numbers in the form in which their person reads them (db/campaigns/audience.py).
Cleaning and fallbacks happen here, in one place, for the sender, previews and screens alike.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from db.messages.content import (
    FORGOTTEN,
    Audio,
    Call,
    Card,
    Contacts,
    Document,
    Edit,
    File,
    Image,
    Location,
    MessageContent,
    Reaction,
    Revoke,
    Text,
    Video,
)
from db.messages.enums import FileForm
from db.messages.variables import Variable, clean_value, first_name, parse, render
from db.providers.placeholders import FILES

CONSTANT = "constant"
HEADER_FILES = frozenset(f"header.{form}" for form in FILES.values())
"""Placeholders that a file fills."""
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


class Slot(msgspec.Struct, frozen=True, omit_defaults=True):
    """One value of a template, in the order in which the provider takes them; `placeholder` as in db/providers/placeholders.py."""

    placeholder: str
    field: str | None = None  # contact field; None: the constant
    constant: str = ""
    fallback: str = ""
    file: UUID | None = None  # of ours, at the head (db/messages/header_files.py)


class Binding(msgspec.Struct, frozen=True):
    """What fills one placeholder: a contact field, or `constant`; then `fallback` is the value."""

    placeholder: str
    source: str
    fallback: str = ""


def slots(placeholders: list[str], bindings: Iterable[Binding], file: UUID | None = None) -> list[Slot]:
    """In the provider's order; a placeholder that nothing fills stays as it is. `file`: what stands at the head where that is a file, unless
    somebody bound an address."""
    bound = {binding.placeholder: binding for binding in bindings}
    found = []
    for name in placeholders:
        binding = bound.get(name)
        if file is not None and name in HEADER_FILES and (binding is None or not binding.fallback.strip()):
            found.append(Slot(name, file=file))
        elif binding is None:
            found.append(Slot(name, constant=f"{{{{{name}}}}}"))
        elif binding.source == CONSTANT:
            found.append(Slot(name, constant=binding.fallback))
        else:
            found.append(Slot(name, field=binding.source, fallback=binding.fallback))
    return found


class TemplateContent(msgspec.Struct, frozen=True, tag="template", tag_field="kind"):
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    slots: list[Slot]

    @property
    def fields(self) -> list[str]:
        """Contact fields whose raw values a message carries, in order."""
        return [slot.field for slot in self.slots if slot.field is not None]


class TextContent(msgspec.Struct, frozen=True, tag="text", tag_field="kind"):
    body: str  # with {{field|fallback}} variables

    @property
    def fields(self) -> list[str]:
        return list(dict.fromkeys(part.name for part in parse(self.body) if isinstance(part, Variable)))


class ScriptContent(TextContent, frozen=True, kw_only=True, omit_defaults=True, tag="script", tag_field="kind"):
    """What a virtual agent is told to say in the calls of a campaign. `voicemail`: what it leaves on a machine, with variables; "": it hangs
    up. `agent`: who speaks, by the provider's id; "": the number's own. `company`: whose name it says."""

    voicemail: str = ""
    agent: str = ""
    company: str = ""

    @property
    def fields(self) -> list[str]:
        used = [part.name for text in (self.body, self.voicemail) for part in parse(text) if isinstance(part, Variable)]
        return list(dict.fromkeys(["name", *used]))

    @property
    def shown(self) -> MessageContent:
        """As readers see it; what became of the call is added by who reads it."""
        return Call(direction="out")


class AnswerContent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """Base of what somebody wrote to one person: braces in it are braces. `reply_to`: the provider's id of the message that it
    answers."""

    reply_to: str | None = None

    @property
    def fields(self) -> list[str]:
        return []

    def render(self, params: list[str]) -> str:
        """What there is to read in it."""
        return ""


class LiteralContent(AnswerContent, frozen=True, kw_only=True, tag="literal"):
    body: str

    def render(self, params: list[str]) -> str:
        return self.body


class FileContent(AnswerContent, frozen=True, kw_only=True, tag="file"):
    """A file of ours (`message_file`). `form`: as what it is sent. `media`: what the provider knows it by, an id or an address, until
    `media_until`; None while it is not there yet."""

    file_id: UUID
    form: FileForm
    mime_type: str
    size: int
    name: str | None = None
    caption: str = ""
    voice: bool = False
    media: str | None = None
    media_until: datetime | None = None

    def render(self, params: list[str]) -> str:
        return self.caption

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere."""
        file = File(mime_type=self.mime_type, name=self.name, size=self.size)
        match self.form:
            case FileForm.IMAGE:
                return Image(file=file, caption=self.caption)
            case FileForm.VIDEO:
                return Video(file=file, caption=self.caption)
            case FileForm.AUDIO:
                return Audio(file=file, voice=self.voice)
            case FileForm.DOCUMENT:
                return Document(file=file, caption=self.caption)


class ButtonsContent(AnswerContent, frozen=True, kw_only=True, tag="buttons"):
    """A text with buttons, of which the person presses one."""

    body: str
    buttons: list[str]

    def render(self, params: list[str]) -> str:
        return self.body


class Row(msgspec.Struct, frozen=True):
    """One that can be chosen of a list."""

    title: str
    description: str | None = None


class ListContent(AnswerContent, frozen=True, kw_only=True, tag="list"):
    """A text with a list behind a button, of which the person chooses one row."""

    body: str
    button: str
    rows: list[Row]

    def render(self, params: list[str]) -> str:
        return self.body


class LocationContent(AnswerContent, frozen=True, kw_only=True, tag="location"):
    """A place, WGS 84 degrees."""

    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere."""
        return Location(latitude=self.latitude, longitude=self.longitude, name=self.name, address=self.address)


class CardsContent(AnswerContent, frozen=True, kw_only=True, tag="contacts"):
    """People with their numbers, as an address book takes them."""

    contacts: list[Card]

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere."""
        return Contacts(contacts=self.contacts)


class ChangeContent(AnswerContent, frozen=True, kw_only=True, tag="change"):
    """What a text of ours (`target_id`: the provider's id of it) says from now on; None: it is taken back."""

    target_id: str
    body: str | None = None
    until: datetime | None = None  # the platform takes it no longer

    def render(self, params: list[str]) -> str:
        return self.body or ""

    @property
    def shown(self) -> MessageContent:
        target = self.target_id
        return Revoke(target_id=target) if self.body is None else Edit(target_id=target, content=Text(text=self.body))


class ReactionContent(AnswerContent, frozen=True, kw_only=True, tag="reaction"):
    """`target_id`: the provider's id of the message to which it belongs. `emoji` None: it is taken back."""

    target_id: str
    emoji: str | None = None

    def render(self, params: list[str]) -> str:
        return self.emoji or ""

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere."""
        return Reaction(target_id=self.target_id, emoji=self.emoji)


class CallContent(AnswerContent, frozen=True, kw_only=True, tag="call"):
    """A call by a virtual agent. `variables`: what it is told of the person, by the names that its instructions use. `voicemail`: what it
    leaves on a machine; "": it hangs up; None: as its owner has it. `agent`: who speaks, by the provider's id; "": the number's own."""

    variables: dict[str, str] = {}
    voicemail: str | None = None
    agent: str = ""

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere; what became of the call is added by who reads it."""
        return Call(direction="out")


class ForgottenContent(AnswerContent, frozen=True, kw_only=True, tag="forgotten"):
    """What was said is not kept any longer (`erasing.py`)."""

    @property
    def shown(self) -> MessageContent:
        """As readers see what was written elsewhere."""
        return FORGOTTEN


Spoken = CallContent | ScriptContent
ShownContent = FileContent | LocationContent | CardsContent | ReactionContent | ChangeContent | ForgottenContent | Spoken
"""What is drawn as what comes in is, by its `shown`."""
Content = TemplateContent | TextContent | LiteralContent | ButtonsContent | ListContent | ShownContent
Button = tuple[Literal["quick_reply", "url", "phone", "list", "flow", "catalog"], str]
"""Kind and label."""


def option_id(number: int) -> str:
    """By which the provider names the button or row that was chosen; `number` from 0."""
    return str(number + 1)


decode = msgspec.json.Decoder(Content).decode


def encode(content: Content | AnswerContent) -> str:
    """As its jsonb column takes it."""
    return msgspec.json.encode(content).decode()


def is_answer(content: str | None) -> bool:
    """Whether it is what somebody wrote to one person; never raises."""
    try:
        return content is not None and isinstance(decode(content), AnswerContent)
    except msgspec.MsgspecError:
        return False


class RenderedMessage(msgspec.Struct, frozen=True):
    """A message as a person sees it."""

    header: str | None
    body: str
    footer: str | None
    buttons: list[Button]
    rows: list[Row] = []  # behind the button of a list
    header_file_id: UUID | None = None  # a file of ours


def field_value(field: str, raw: str) -> str:
    """A raw stored value as it is put into a text."""
    return first_name(raw) if field == "first_name" else clean_value(raw)


class SlotValues:
    """The values of a template's slots; compiled once, called per message with the raw values stored with it."""

    def __init__(self, content: TemplateContent) -> None:
        self._slots = [
            (slot.field, clean_value(slot.constant if slot.field is None else slot.fallback)) for slot in content.slots
        ]

    def __call__(self, params: list[str]) -> list[str]:
        raw = iter(params)
        return [text if field is None else field_value(field, next(raw, "")) or text for field, text in self._slots]


def slot_values(content: TemplateContent, params: list[str]) -> list[str]:
    """The value of each slot for one message."""
    return SlotValues(content)(params)


class TextSender:
    """A free text parsed once; `render` is called per message."""

    def __init__(self, content: TextContent, body: str | None = None) -> None:
        self._parts = parse(content.body if body is None else body)
        self._fields = content.fields

    def render(self, params: list[str]) -> str:
        values = {field: field_value(field, raw) for field, raw in zip(self._fields, params, strict=False)}
        return render(self._parts, values)


def text_sender(content: TextContent | AnswerContent) -> TextSender | AnswerContent:
    """Renders a free text per message."""
    return TextSender(content) if isinstance(content, TextContent) else content


def draw(content: Content, params: list[str]) -> RenderedMessage:
    """The message as the phone shows it."""
    if isinstance(content, ButtonsContent):
        return RenderedMessage(None, content.body, None, [("quick_reply", title) for title in content.buttons])
    if isinstance(content, ListContent):
        return RenderedMessage(None, content.body, None, [("list", content.button)], content.rows)
    if not isinstance(content, TemplateContent):
        return RenderedMessage(None, text_sender(content).render(params), None, [])
    values = {slot.placeholder: value for slot, value in zip(content.slots, slot_values(content, params), strict=True)}
    header, body, footer = None, "", None
    buttons: list[Button] = []
    for component in content.components:
        kind = str(component.get("type", "")).upper()
        text = str(component.get("text") or "")
        if kind == "HEADER":
            form = str(component.get("format") or "TEXT").upper()
            header = filled(text, "header.", values) if form == "TEXT" else f"[{form.lower()}]"
        elif kind == "BODY":
            body = filled(text, "", values)
        elif kind == "FOOTER":
            footer = text
        elif kind == "BUTTONS":
            buttons += [
                (_BUTTONS.get(str(one.get("type", "")).upper(), "quick_reply"), str(one.get("text", "")))
                for one in component.get("buttons") or []
            ]
    file_id = next((slot.file for slot in content.slots if slot.file is not None), None)
    return RenderedMessage(header, body, footer, buttons, header_file_id=file_id)


_BUTTONS: dict[str, Literal["quick_reply", "url", "phone", "flow", "catalog"]] = {
    "URL": "url", "PHONE_NUMBER": "phone", "FLOW": "flow", "CATALOG": "catalog", "MPM": "catalog"
}  # fmt: skip


def filled(text: str, prefix: str, values: dict[str, str]) -> str:
    """With what fills its placeholders."""
    return _PLACEHOLDER.sub(lambda m: values.get(prefix + m[1]) or m[0], text)
