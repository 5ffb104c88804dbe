"""How a template is written for WhatsApp, and what may stand in it.

Source: Meta, "Message templates": a variable neither begins nor ends the body, at most one in the header, examples for all, numbers
without a gap, at most ten buttons.
"""

from typing import Any

from db.channels.errors import ChannelError, TemplateField
from db.errors import Field
from db.providers.definition import TemplateDraft
from db.providers.placeholders import VARIABLE, variables

Component = dict[str, Any]
MAX_BUTTONS = 10


def write_template(draft: TemplateDraft) -> tuple[str, list[Component]]:
    """The parameter format and Meta's components. Raises Invalid, naming every wrong field."""
    names = variables(draft.body)
    named = bool(names) and not any(name.isdigit() for name in names)
    wrong = _wrong_body(draft, names, named)
    components: list[Component] = []
    if draft.header:
        wrong += _wrong_header(draft, draft.header, named if names else None)
        head = variables(draft.header)
        named = named or bool(head and draft.header_example and not head[0].isdigit())
        components.append(_header(draft.header, draft.header_example, head))
    components.append(_body(draft, names, named))
    if draft.footer:
        if variables(draft.footer):
            wrong.append(TemplateField.FOOTER_VARIABLES("footer"))
        components.append({"type": "FOOTER", "text": draft.footer})
    buttons: list[Component] = [{"type": "QUICK_REPLY", "text": label} for label in draft.quick_replies]
    if draft.url_button:
        wrong += _wrong_button(*draft.url_button[1:])
        buttons.append(_button(*draft.url_button))
    if len(buttons) > MAX_BUTTONS:
        wrong.append(TemplateField.TOO_MANY_BUTTONS("quick_replies", max=MAX_BUTTONS))
    if buttons:
        components.append({"type": "BUTTONS", "buttons": buttons})
    if wrong:
        raise ChannelError.TEMPLATE_INVALID(fields=wrong)
    return ("named" if named else "positional"), components


def _wrong_body(draft: TemplateDraft, names: list[str], named: bool) -> list[Field]:
    body, wrong = draft.body.strip(), []
    if names and not named and names != [str(number + 1) for number in range(len(names))]:
        wrong.append(TemplateField.VARIABLE_NUMBERS("body"))
    if body.startswith("{{") or body.endswith("}}"):
        wrong.append(TemplateField.VARIABLE_AT_EDGE("body"))
    if body.count("{{") != len(VARIABLE.findall(body)):
        wrong.append(TemplateField.UNCLOSED_VARIABLE("body"))
    if len(draft.body_examples) != len(names) or not all(example.strip() for example in draft.body_examples):
        wrong.append(TemplateField.EXAMPLES_NEEDED("body_examples"))
    return wrong


def _wrong_header(draft: TemplateDraft, header: str, named: bool | None) -> list[Field]:
    """`named`: how the body's variables are written, None when it has none."""
    head = variables(header)
    if len(head) > 1:
        return [TemplateField.HEADER_VARIABLES("header")]
    if head and not draft.header_example:
        return [TemplateField.EXAMPLES_NEEDED("header_example")]
    if head and named is not None and head[0].isdigit() == named:
        return [TemplateField.VARIABLE_KINDS("header")]
    return []


def _header(text: str, example: str | None, head: list[str]) -> Component:
    header: Component = {"type": "HEADER", "format": "TEXT", "text": text}
    if head and example:
        if head[0].isdigit():
            header["example"] = {"header_text": [example]}
        else:
            header["example"] = {"header_text_named_params": [{"param_name": head[0], "example": example}]}
    return header


def _body(draft: TemplateDraft, names: list[str], named: bool) -> Component:
    text: Component = {"type": "BODY", "text": draft.body.strip()}
    if names and named:
        pairs = zip(names, draft.body_examples, strict=False)
        text["example"] = {"body_text_named_params": [{"param_name": name, "example": given} for name, given in pairs]}
    elif names:
        text["example"] = {"body_text": [draft.body_examples]}
    return text


def _wrong_button(url: str, example: str | None) -> list[Field]:
    if not variables(url):
        return []
    wrong = []
    if not url.endswith("{{1}}") or len(VARIABLE.findall(url)) > 1:
        wrong.append(TemplateField.URL_VARIABLE("url_button.url"))
    if not example:
        wrong.append(TemplateField.EXAMPLES_NEEDED("url_button.example"))
    return wrong


def _button(label: str, url: str, example: str | None) -> Component:
    button: Component = {"type": "URL", "text": label, "url": url}
    if variables(url):
        button["example"] = [example or ""]
    return button
