"""How a template is written for WhatsApp, and what may stand in it.

Source: Meta, "Message templates", and docs/contracts/meta-whatsapp.md: a variable neither begins nor ends the body and stands beside no
other, at most one in the header, examples for all, numbers without a gap, at most ten buttons of which two are links and one is a phone
number. A button to the catalogue stands alone, in marketing (Meta, "Catalog templates", "Multi-product message templates"). A template of a code has a body of WhatsApp's own.
"""

import re
from typing import Any

from db.channels.enums import TemplateCategory
from db.channels.errors import ChannelError, TemplateField
from db.errors import Field
from db.providers.definition import DraftButton, TemplateDraft
from db.providers.placeholders import VARIABLE, variables

Component = dict[str, Any]
MAX_BUTTONS = 10
MOST = {"url": 2, "phone": 1, "copy_code": 1, "flow": 1, "catalog": 1, "products": 1}
TO_CATALOG = {"catalog": ("CATALOG", "View catalog", "Ver catálogo"), "products": ("MPM", "View items", "Ver itens")}
LIFETIMES = {
    TemplateCategory.AUTHENTICATION: (30, 900),
    TemplateCategory.UTILITY: (30, 43_200),
    TemplateCategory.MARKETING: (43_200, 2_592_000),
}
CODE_LIMIT = 15
CODE_MINUTES = (1, 90)
FLOW = re.compile(r"\d{5,30}")
PHONE = re.compile(r"\+[1-9]\d{6,14}")
TOGETHER = re.compile(r"\}\}\s*\{\{")
# Meta takes no line breaks, no marks for bold and the like, and no emoji in a heading, in the small print and on buttons.
NOT_PLAIN = re.compile(
    r"[\n\r*~`]|[\u200d\u20e3\u2300-\u23ff\u25a0-\u27bf\u2934\u2935\u2b00-\u2bff\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff\U000e0020-\U000e007f]"
)
NAMES = re.compile(r"\d+|[a-z_][a-z0-9_]*")


def write_template(draft: TemplateDraft) -> tuple[str, list[Component]]:
    """The parameter format and Meta's components; a header's file has no `header_handle` yet. Raises Invalid, naming every wrong field."""
    if draft.category == TemplateCategory.AUTHENTICATION:
        return "positional", _code(draft)
    names = variables(draft.body)
    named = bool(names) and not any(name.isdigit() for name in names)
    wrong = _wrong_body(draft, names, named)
    components: list[Component] = []
    if sum((bool(draft.header), draft.header_file is not None, draft.header_location)) > 1:
        wrong.append(TemplateField.ONE_HEADER("header"))
    if draft.header_file is not None:
        components.append({"type": "HEADER", "format": draft.header_file.upper()})
    elif draft.header_location:
        components.append({"type": "HEADER", "format": "LOCATION"})
    elif draft.header:
        wrong += _wrong_header(draft, draft.header, named if names else None)
        head = variables(draft.header)
        named = named or bool(head and draft.header_example and not head[0].isdigit())
        components.append(_header(draft.header, draft.header_example, head))
    components.append(_body(draft, names, named))
    if draft.footer:
        if "{{" in draft.footer:
            wrong.append(TemplateField.FOOTER_VARIABLES("footer"))
        elif NOT_PLAIN.search(draft.footer):
            wrong.append(TemplateField.FOOTER_PLAIN("footer"))
        components.append({"type": "FOOTER", "text": draft.footer})
    buttons = _all_buttons(draft)
    wrong += _wrong_buttons(buttons) + _wrong_catalog(draft, buttons) + _wrong_lifetime(draft)
    if buttons:
        portuguese = draft.language.startswith("pt")
        components.append({"type": "BUTTONS", "buttons": [_button(button, portuguese) for _path, button in buttons]})
    if wrong:
        raise ChannelError.TEMPLATE_INVALID(fields=wrong)
    return ("named" if named else "positional"), components


def _code(draft: TemplateDraft) -> list[Component]:
    """WhatsApp writes the text of a code in the template's language, and a button copies the code."""
    wrong: list[Field] = [
        TemplateField.CODE_HAS_NO_TEXT(path)
        for path, given in (
            ("body", draft.body),
            ("header", draft.header or draft.header_file or draft.header_location),
            ("footer", draft.footer),
            ("buttons", draft.buttons or draft.quick_replies or draft.url_button),
        )
        if given
    ]
    minutes = draft.code_minutes
    if minutes is not None and not CODE_MINUTES[0] <= minutes <= CODE_MINUTES[1]:
        wrong.append(TemplateField.CODE_MINUTES("code_minutes", least=CODE_MINUTES[0], most=CODE_MINUTES[1]))
    wrong += _wrong_lifetime(draft)
    if wrong:
        raise ChannelError.TEMPLATE_INVALID(fields=wrong)
    components: list[Component] = [{"type": "BODY", "add_security_recommendation": draft.security_recommendation}]
    if minutes is not None:
        components.append({"type": "FOOTER", "code_expiration_minutes": minutes})
    return [*components, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]


def _wrong_body(draft: TemplateDraft, names: list[str], named: bool) -> list[Field]:
    body, wrong = draft.body.strip(), []
    if not body:
        wrong.append(TemplateField.BODY_NEEDED("body"))
    if any(name.isdigit() for name in names) and not all(name.isdigit() for name in names):
        wrong.append(TemplateField.VARIABLE_KINDS("body"))
    elif names and not named and names != [str(number + 1) for number in range(len(names))]:
        wrong.append(TemplateField.VARIABLE_NUMBERS("body"))
    if body.startswith("{{") or body.endswith("}}"):
        wrong.append(TemplateField.VARIABLE_AT_EDGE("body"))
    if TOGETHER.search(body):
        wrong.append(TemplateField.VARIABLES_TOGETHER("body"))
    if body.count("{{") != len(VARIABLE.findall(body)):
        wrong.append(TemplateField.UNCLOSED_VARIABLE("body"))
    if any(not NAMES.fullmatch(name) for name in names):
        wrong.append(TemplateField.VARIABLE_NAME("body"))
    if len(draft.body_examples) != len(names) or not all(example.strip() for example in draft.body_examples):
        wrong.append(TemplateField.EXAMPLES_NEEDED("body_examples"))
    return wrong


def _wrong_header(draft: TemplateDraft, header: str, named: bool | None) -> list[Field]:
    """`named`: how the body's variables are written, None when it has none."""
    head = variables(header)
    if NOT_PLAIN.search(header):
        return [TemplateField.HEADER_PLAIN("header")]
    if header.count("{{") != len(VARIABLE.findall(header)):
        return [TemplateField.UNCLOSED_VARIABLE("header")]
    if any(not NAMES.fullmatch(name) for name in head):
        return [TemplateField.VARIABLE_NAME("header")]
    if len(head) > 1:
        return [TemplateField.HEADER_VARIABLES("header")]
    if head and not draft.header_example:
        return [TemplateField.EXAMPLES_NEEDED("header_example")]
    if head and named is not None and head[0].isdigit() == named:
        return [TemplateField.VARIABLE_KINDS("header")]
    return []


def _close(text: str) -> str:
    """Places without blanks between their braces, as Meta knows them."""
    return VARIABLE.sub(lambda place: "{{" + place[1] + "}}", text)


def _header(text: str, example: str | None, head: list[str]) -> Component:
    header: Component = {"type": "HEADER", "format": "TEXT", "text": _close(text)}
    if head and example:
        if head[0].isdigit():
            header["example"] = {"header_text": [example]}
        else:
            header["example"] = {"header_text_named_params": [{"param_name": head[0], "example": example}]}
    return header


def _body(draft: TemplateDraft, names: list[str], named: bool) -> Component:
    text: Component = {"type": "BODY", "text": _close(draft.body.strip())}
    if names and named:
        pairs = zip(names, draft.body_examples, strict=False)
        text["example"] = {"body_text_named_params": [{"param_name": name, "example": given} for name, given in pairs]}
    elif names:
        text["example"] = {"body_text": [draft.body_examples]}
    return text


def _all_buttons(draft: TemplateDraft) -> list[tuple[str, DraftButton]]:
    """In the order in which they stand, each with where it is written in the request."""
    found = [(f"quick_replies[{at}]", DraftButton("quick_reply", text)) for at, text in enumerate(draft.quick_replies)]
    if draft.url_button:
        text, url, example = draft.url_button
        found.append(("url_button", DraftButton("url", text, url=url, example=example)))
    return [*found, *((f"buttons[{at}]", button) for at, button in enumerate(draft.buttons))]


def _wrong_buttons(buttons: list[tuple[str, DraftButton]]) -> list[Field]:
    wrong: list[Field] = []
    if len(buttons) > MAX_BUTTONS:
        first = buttons[0][0].partition("[")[0]
        wrong.append(TemplateField.TOO_MANY_BUTTONS(first, max=MAX_BUTTONS))
    for kind, most in MOST.items():
        of_kind = [path for path, button in buttons if button.kind == kind]
        wrong += [TemplateField.TOO_MANY_OF_KIND(path, max=most) for path in of_kind[most:]]
    answers = [at for at, (_path, button) in enumerate(buttons) if button.kind == "quick_reply"]
    if answers and answers[-1] - answers[0] != len(answers) - 1:
        apart = next(at for number, at in enumerate(answers) if at != answers[0] + number)
        wrong.append(TemplateField.ANSWERS_TOGETHER(buttons[apart][0]))
    said: set[str] = set()
    for path, button in buttons:
        label = button.text.strip().lower()
        if button.kind not in ("copy_code", *TO_CATALOG) and not label:
            wrong.append(TemplateField.BUTTON_TEXT(f"{path}.text"))
        elif label and label in said:
            wrong.append(TemplateField.BUTTON_TWICE(path if path.startswith("quick_replies") else f"{path}.text"))
        elif NOT_PLAIN.search(label) or "{{" in label:
            wrong.append(TemplateField.BUTTON_PLAIN(path if path.startswith("quick_replies") else f"{path}.text"))
        said.add(label)
        wrong += _wrong_button(path, button)
    return wrong


def _wrong_catalog(draft: TemplateDraft, buttons: list[tuple[str, DraftButton]]) -> list[Field]:
    found = [(path, button.kind) for path, button in buttons if button.kind in TO_CATALOG]
    wrong: list[Field] = []
    for path, kind in found[:1]:
        if draft.category != TemplateCategory.MARKETING:
            wrong.append(TemplateField.ONLY_MARKETING(path))
        if len(buttons) > 1:
            wrong.append(TemplateField.STANDS_ALONE(path))
        if kind == "products" and not (draft.header or "").strip():
            wrong.append(TemplateField.PRODUCTS_HEADER("header"))
    return wrong


def _wrong_lifetime(draft: TemplateDraft) -> list[Field]:
    least, most = LIFETIMES[draft.category]
    if draft.lifetime is None or least <= draft.lifetime <= most:
        return []
    return [TemplateField.LIFETIME("lifetime_seconds", least=least, most=most)]


def _wrong_button(path: str, button: DraftButton) -> list[Field]:
    if button.kind == "flow":
        return [] if FLOW.fullmatch((button.flow_id or "").strip()) else [TemplateField.FLOW_ID(f"{path}.flow_id")]
    if button.kind == "phone":
        return [] if PHONE.fullmatch(button.phone or "") else [TemplateField.BUTTON_PHONE(f"{path}.phone")]
    if button.kind == "copy_code":
        code = (button.example or "").strip()
        return [] if 0 < len(code) <= CODE_LIMIT else [TemplateField.COPY_CODE(f"{path}.example", max=CODE_LIMIT)]
    if button.kind != "url":
        return []
    url = button.url or ""
    if not url:
        return [TemplateField.WEB_ADDRESS(f"{path}.url")]
    if not variables(url):
        return []
    wrong: list[Field] = []
    if not url.endswith("{{1}}") or len(VARIABLE.findall(url)) > 1:
        wrong.append(TemplateField.URL_VARIABLE(f"{path}.url"))
    if not button.example:
        wrong.append(TemplateField.EXAMPLES_NEEDED(f"{path}.example"))
    return wrong


def _button(button: DraftButton, portuguese: bool) -> Component:
    text = button.text.strip()
    if button.kind in TO_CATALOG:
        kind, english, ours = TO_CATALOG[button.kind]
        return {"type": kind, "text": ours if portuguese else english}
    match button.kind:
        case "flow":
            flow: Component = {"type": "FLOW", "text": text, "flow_id": (button.flow_id or "").strip()}
            screen = (button.flow_screen or "").strip()
            return {**flow, "flow_action": "navigate", "navigate_screen": screen} if screen else flow
        case "phone":
            return {"type": "PHONE_NUMBER", "text": text, "phone_number": button.phone}
        case "copy_code":
            return {"type": "COPY_CODE", "example": (button.example or "").strip()}
        case "url":
            linked: Component = {"type": "URL", "text": text, "url": button.url or ""}
            return {**linked, "example": [button.example or ""]} if variables(button.url or "") else linked
    return {"type": "QUICK_REPLY", "text": text}
