"""A WhatsApp template compiled once per campaign slice, so that rendering one message is joining a few byte strings.

`compile_template` reads the components as Meta lists them and finds the slots to fill; `TemplateSender.render` puts one
recipient's values in. It refuses what would fail for one person but stop the whole campaign at Meta (132000, 132005,
132012 stop it): a missing, empty or too long value raises `BadParameter` before anything is sent.

Source: docs/contracts/meta-whatsapp.md, "Templates". That a text value may hold no line break, no tab and at most four spaces in a row is
Meta's rule for template parameters; such runs become one space.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

BODY_LIMIT = 1024
HEADER_LIMIT = 60
URL_LIMIT = 2000
PRODUCTS_LIMIT, MAX_PRODUCTS, MAX_SECTIONS, SECTION_TITLE = 4000, 30, 10, 24
MEDIA_FORMATS = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
LOCATION_FIELDS = ("latitude", "longitude", "name", "address")
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
RUNS = re.compile(r"[\t\r\n]+ *| {5,}")

_encode = msgspec.json.Encoder().encode


class TemplateNotSendable(ValueError):
    """The template has a part this version cannot fill (carousel, limited-time offer, ...); the text names it."""


class BadParameter(ValueError):
    """One recipient's values do not fit; `slot` is a label. That message becomes `Rejected(template_parameters)`."""

    def __init__(self, slot: str, problem: str) -> None:
        super().__init__(f"{slot}: {problem}")
        self.slot = slot
        self.problem = problem


class Slot(msgspec.Struct, frozen=True):
    """One value to give.

    `part` header | body | button; `name` the variable's; `kind` text | image | video | document | url | code | number | product | products;
    `limit` in characters (what the fixed text leaves over).
    """

    part: str
    name: str
    kind: str
    limit: int

    @property
    def label(self) -> str:
        """For people: `body {{1}}`."""
        return f"{self.part} {{{{{self.name}}}}}"


class TemplateSender:
    """Pieces of JSON with gaps. `slots` is the order in which `render` takes its values."""

    def __init__(self, slots: Sequence[Slot], pieces: Sequence[bytes | int], body_limit: int) -> None:
        self.slots = tuple(slots)
        self._pieces = tuple(pieces)
        self._body_limit = body_limit
        self._body = [index for index, slot in enumerate(slots) if slot.part == "body"]

    def render(self, to: str, params: Sequence[str], correlation_id: str) -> bytes:
        """The body of `POST /{phone_number_id}/messages` for one person (E.164 phone or BSUID), one value per slot.

        Raises `BadParameter`.
        """
        slots = self.slots
        if len(params) != len(slots):
            raise BadParameter("template", f"{len(params)} values for {len(slots)} variables")
        values = [_value(slot, param) for slot, param in zip(slots, params, strict=True)]
        if self._body and sum(len(params[index]) for index in self._body) > self._body_limit:
            raise BadParameter("body", "too long")
        pieces = [piece if isinstance(piece, bytes) else values[piece] for piece in self._pieces]
        return b"".join((address(to), *pieces, _encode(correlation_id), b"}"))


def address(to: str) -> bytes:
    """The opening of a message to a phone (`to`) or to a BSUID such as `BR.1` (`recipient`). Raises BadParameter."""
    key = b"recipient" if to[:1].isalpha() else b"to"
    return b'{"messaging_product":"whatsapp","recipient_type":"individual","' + key + b'":' + _json("to", to)


def compile_template(
    name: str,
    language: str,
    components: Sequence[Mapping[str, Any]],
    *,
    category: str = "MARKETING",
    payloads: Mapping[int, str] | None = None,
    filename: str | None = None,
) -> TemplateSender:
    """Find the slots of a template: header, then body, then buttons by index.

    `components` are Meta's (`{"type":"BODY","text":"Hi {{1}}"}`), positional or named. `payloads` gives quick replies
    (by button index) what comes back when pressed; without, Meta sends the button's text. A header's file is a slot
    that takes a media id or an https link, `filename` names a document. In AUTHENTICATION templates the button takes
    the code of the body. Raises `TemplateNotSendable`.
    """
    build = _Builder(category.upper() == "AUTHENTICATION", dict(payloads or {}), filename)
    for component in sorted(components, key=_order):
        kind = _kind(component)
        if kind == "HEADER":
            build.header(component)
        elif kind == "BODY":
            build.body(str(component.get("text") or ""))
        elif kind == "BUTTONS":
            for index, button in enumerate(component.get("buttons") or ()):
                build.button(index, button)
        elif kind != "FOOTER":
            raise TemplateNotSendable(kind.lower() or "component without a type")
    head = _encode({"name": name, "language": {"code": language}})[:-1]
    pieces: list[bytes | int] = [b',"type":"template","template":' + head]
    if build.parts:
        pieces.append(b',"components":[')
        for number, part in enumerate(build.parts):
            pieces += [b"," if number else b"", *part]
        pieces.append(b"]")
    pieces.append(b'},"biz_opaque_callback_data":')
    return TemplateSender(build.slots, _merge(pieces), build.body_limit)


class _Builder:
    """Collects slots and, per component, its pieces; a number in a piece is a slot's position."""

    def __init__(self, authentication: bool, payloads: dict[int, str], filename: str | None) -> None:
        self.slots: list[Slot] = []
        self.parts: list[list[bytes | int]] = []
        self.body_limit = BODY_LIMIT
        self._authentication = authentication
        self._payloads = payloads
        self._filename = filename

    def _slot(self, part: str, name: str, kind: str, limit: int) -> int:
        self.slots.append(Slot(part, name, kind, limit))
        return len(self.slots) - 1

    def header(self, component: Mapping[str, Any]) -> None:
        """A text with at most one variable, a file, or a place."""
        form = str(component.get("format") or "TEXT").upper()
        open_part = b'{"type":"header","parameters":['
        if form == "TEXT":
            text = str(component.get("text") or "")
            self._texts("header", text, HEADER_LIMIT - len(VARIABLE.sub("", text)))
        elif form in MEDIA_FORMATS:
            kind = MEDIA_FORMATS[form]
            tail = b',"filename":' + _encode(self._filename) if kind == "document" and self._filename else b""
            slot = self._slot("header", kind, kind, URL_LIMIT)
            opening = f'{{"type":"{kind}","{kind}":{{'.encode()
            self.parts.append([open_part + opening, slot, tail + b"}}]}"])
        elif form == "LOCATION":
            pieces: list[bytes | int] = [open_part + b'{"type":"location","location":{']
            for number, field in enumerate(LOCATION_FIELDS):
                kind, limit = ("number", 20) if number < 2 else ("text", 1000)
                pieces += [(b"," if number else b"") + f'"{field}":'.encode(), self._slot("header", field, kind, limit)]
            self.parts.append([*pieces, b"}}]}"])
        else:
            raise TemplateNotSendable(f"{form.lower()} header")

    def body(self, text: str) -> None:
        """The text with its variables; what the fixed words leave of the limit is for the values."""
        self.body_limit = BODY_LIMIT - len(VARIABLE.sub("", text))
        self._texts("body", text, self.body_limit)

    def _texts(self, part: str, text: str, limit: int) -> None:
        names = list(dict.fromkeys(VARIABLE.findall(text)))
        if all(name.isdigit() for name in names):
            names.sort(key=int)
        pieces: list[bytes | int] = []
        for number, name in enumerate(names):
            named = b"" if name.isdigit() else b'"parameter_name":' + _encode(name) + b","
            pieces += [
                (b"," if number else b"") + b'{"type":"text",' + named + b'"text":',
                self._slot(part, name, "text", limit),
            ]
            pieces.append(b"}")
        if pieces:
            self.parts.append([f'{{"type":"{part}","parameters":['.encode(), *pieces, b"]}"])

    def button(self, index: int, button: Mapping[str, Any]) -> None:
        """URL with a variable, quick reply with a payload, copy code, flow; buttons without parameters need nothing."""
        kind = str(button.get("type") or "").upper()
        if kind == "OTP" or (kind == "URL" and VARIABLE.search(str(button.get("url") or ""))):
            if self._authentication:
                slot = next((number for number, s in enumerate(self.slots) if s.part == "body"), None)
            else:
                slot = None
            if slot is None:
                slot = self._slot("button", str(index + 1), "url", URL_LIMIT)
            self._button(index, "url", b'{"type":"text","text":', slot)
        elif kind == "COPY_CODE":
            slot = self._slot("button", str(index + 1), "code", 20)
            self._button(index, "copy_code", b'{"type":"coupon_code","coupon_code":', slot)
        elif kind == "QUICK_REPLY":
            if index in self._payloads:
                self._button(index, "quick_reply", b'{"type":"payload","payload":' + _encode(self._payloads[index]), None)
        elif kind == "CATALOG":
            slot = self._slot("button", str(index + 1), "product", 100)
            self._button(index, "catalog", b'{"type":"action","action":{"thumbnail_product_retailer_id":', slot, b"}")
        elif kind == "MPM":
            slot = self._slot("button", str(index + 1), "products", PRODUCTS_LIMIT)
            self._button(index, "mpm", b'{"type":"action","action":', slot)
        elif kind == "FLOW":
            self._button(index, "flow", b'{"type":"action","action":{"flow_token":"unused"}', None)
        elif kind not in {"URL", "PHONE_NUMBER", "VOICE_CALL"}:
            raise TemplateNotSendable(f"{kind.lower() or 'unknown'} button")

    def _button(self, index: int, sub_type: str, parameter: bytes, slot: int | None, closing: bytes = b"") -> None:
        opening = f'{{"type":"button","sub_type":"{sub_type}","index":"{index}","parameters":['.encode() + parameter
        self.parts.append([opening, *([] if slot is None else [slot]), closing + b"}]}"])


def _kind(component: Mapping[str, Any]) -> str:
    return str(component.get("type") or "").upper()


def _order(component: Mapping[str, Any]) -> int:
    return {"HEADER": 0, "BODY": 1}.get(_kind(component), 2)


def _merge(pieces: Sequence[bytes | int]) -> list[bytes | int]:
    """Join neighbouring byte strings, so that rendering touches as few pieces as possible."""
    merged: list[bytes | int] = []
    for piece in pieces:
        if isinstance(piece, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += piece
        else:
            merged.append(piece)
    return merged


def _value(slot: Slot, value: str) -> bytes:
    """One value as JSON; for a file the `"id":..` or `"link":..` pair."""
    if slot.kind == "text":
        if "\n" in value or "\t" in value or "\r" in value or "     " in value:
            value = RUNS.sub(" ", value)
    elif slot.kind == "number":
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise BadParameter(slot.label, "not a number")
        return _encode(number)
    if not value or value.isspace():
        raise BadParameter(slot.label, "empty")
    if len(value) > slot.limit:
        raise BadParameter(slot.label, "too long")
    if slot.kind in ("image", "video", "document"):
        if value.isascii() and value.isdigit():
            return b'"id":' + _encode(value)
        if not value.startswith("https://"):
            raise BadParameter(slot.label, "neither a media id nor an https link")
        return b'"link":' + _json(slot, value)
    return _products(slot, value) if slot.kind == "products" else _json(slot, value)


def _products(slot: Slot, value: str) -> bytes:
    """Numbers of products, with commas between them; sections with semicolons between them, each begun by its title and ": "."""
    _json(slot, value)  # refuses what stands in no JSON
    sections: list[dict[str, Any]] = []
    for part in filter(None, map(str.strip, value.split(";"))):
        title, named, items = part.partition(": ")
        found = [one for one in map(str.strip, (items if named else part).split(",")) if one]
        if found:
            section = {"product_items": [{"product_retailer_id": one} for one in found]}
            sections.append({"title": title.strip(), **section} if named else section)
    count = sum(len(section["product_items"]) for section in sections)
    if not 0 < count <= MAX_PRODUCTS or len(sections) > MAX_SECTIONS:
        raise BadParameter(slot.label, f"needs 1 to {MAX_PRODUCTS} products in at most {MAX_SECTIONS} sections")
    if any(
        len(section.get("title", "")) > SECTION_TITLE or (len(sections) > 1 and not section.get("title")) for section in sections
    ):
        raise BadParameter(slot.label, f"needs a title of at most {SECTION_TITLE} characters for each section")
    first = sections[0]["product_items"][0]["product_retailer_id"]
    return _encode({"thumbnail_product_retailer_id": first, "sections": sections})


def _json(slot: Slot | str, value: str) -> bytes:
    """One text. `slot`: whose value it is, or the name of a field that is no slot."""
    if "\x00" in value:
        raise BadParameter(_label(slot), "contains a NUL character")
    try:
        return _encode(value)
    except UnicodeEncodeError:
        raise BadParameter(_label(slot), "not valid text") from None


def _label(slot: Slot | str) -> str:
    return slot if isinstance(slot, str) else slot.label
