"""Templates for people: states, categories, a template as a phone shows it, and what fills its placeholders."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.contract.campaigns import Binding
from api.contract.channels import Template
from api.contract.contacts import CustomField
from api.contract.enums import Quality, TemplateAdvice, TemplateCategory, TemplateStatus
from ui import files
from ui.components.phone import Preview
from ui.components.text import Tone
from ui.i18n import _

LANGUAGES = {
    "pt_BR": "Português (BR)",
    "en_US": "English (US)",
    "es": "Español",
    "es_MX": "Español (MX)",
    "pt_PT": "Português (PT)",
}
CONSTANT = "constant"
HEADS = {"header.image": "image", "header.video": "video", "header.document": "document"}
"""Places that a file fills."""
_MEDIA = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document", "LOCATION": "place"}
_BUTTONS = {
    "URL": "url",
    "PHONE_NUMBER": "phone",
    "COPY_CODE": "code",
    "OTP": "code",
    "FLOW": "flow",
    "CATALOG": "catalog",
    "MPM": "catalog",
}
_PLACE = ("header.latitude", "header.longitude", "header.name", "header.address")
AROUND = 26  # characters of text shown on each side of a place
_NAMES = {"name", "nome", "first_name", "primeiro_nome", "cliente", "customer", "customer_name"}


def slug(name: str) -> str:
    """A name as WhatsApp takes it: Promoção de verão → promocao_de_verao."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:512]


def language(code: str) -> str:
    """pt_BR → Português (BR); a language we have no name for keeps its code."""
    return LANGUAGES.get(code, code.replace("_", "-"))


def names(custom: list[CustomField]) -> dict[str, str]:
    """Source → its name for people: every contact's own fields, then the company's."""
    return {
        "first_name": _("First name"),
        "name": _("Whole name"),
        "phone": _("Phone"),
        "email": _("E-mail"),
        **{f"custom.{field.key}": field.label for field in custom},
    }


def guess(template: Template, custom: list[CustomField]) -> list[Binding]:
    """A binding per placeholder: people's first name first, own fields by their key, else a text to be written."""
    keys = {field.key for field in custom}
    found: list[Binding] = []
    for place in to_fill(template):
        bare = place.rsplit(".", 1)[-1].lower()
        if place == "1" or bare in _NAMES:
            found.append(Binding(placeholder=place, source="first_name", fallback=_("customer")))
        elif bare in keys:
            found.append(Binding(placeholder=place, source=f"custom.{bare}", fallback=""))
        else:
            found.append(Binding(placeholder=place, source=CONSTANT, fallback=""))
    return found


def to_fill(template: Template) -> list[str]:
    """The places that words fill: not the head, where it is a file that we have."""
    return [place for place in template.placeholders if not (place in HEADS and template.header_file_id)]


def head(template: Template) -> str:
    """As what a file stands at its head: image, video, document; "" without one."""
    return next((HEADS[place] for place in template.placeholders if place in HEADS), "")


def body(template: Template) -> str:
    return next((str(part.get("text") or "") for part in template.components if _kind(part) == "BODY"), "")


def header(template: Template) -> dict[str, Any]:
    return next((part for part in template.components if _kind(part) == "HEADER"), {})


def text_of(components: list[dict[str, Any]]) -> str:
    """The message of a version."""
    return next((str(part.get("text") or "") for part in components if _kind(part) == "BODY"), "") or _("WhatsApp's own text")


def footer(template: Template) -> str:
    return next((str(part.get("text") or "") for part in template.components if _kind(part) == "FOOTER"), "")


def button_rows(template: Template) -> list[dict[str, str]]:
    """The buttons as they are written: kind and fields."""
    kinds = {
        "QUICK_REPLY": "quick_reply", "URL": "url", "PHONE_NUMBER": "phone", "COPY_CODE": "copy_code", "FLOW": "flow", "CATALOG": "catalog", "MPM": "products",
    }  # fmt: skip
    found = []
    for one in buttons(template):
        example = one.get("example")
        row = {
            "kind": kinds.get(_kind(one), ""),
            "text": one.get("text"),
            "url": one.get("url"),
            "phone": one.get("phone_number"),
            "example": example[0] if isinstance(example, list) and example else example,
            "flow_id": one.get("flow_id"),
            "flow_screen": one.get("navigate_screen"),
        }
        found.append({name: str(value) for name, value in row.items() if value})
    return found


def examples(template: Template) -> dict[str, str]:
    """A place, as fields are called that ask for its example → the example that it was reviewed with."""
    found: dict[str, str] = {}
    for part, prefix in ((header(template), "header."), (_part(template, "BODY"), "")):
        given = part.get("example") or {}
        names = variables(str(part.get("text") or ""))
        plain: list[Any] = given.get("header_text") or next(iter(given.get("body_text") or []), [])
        pairs = given.get("header_text_named_params") or given.get("body_text_named_params") or []
        values = {str(one.get("param_name")): str(one.get("example")) for one in pairs} or dict(
            zip(names, map(str, plain), strict=False)
        )
        found |= {prefix + name: values[name] for name in names if name in values}
    return found


def places(custom: list[CustomField]) -> list[tuple[str, str]]:
    """What can be inserted into a text: the place's name, and its name for people. A place that is called like a field is filled by it."""
    fields = [(field.key, field.label) for field in custom if re.fullmatch(r"[a-z][a-z0-9_]*", field.key)]
    return [(_("first_name"), _("First name")), *fields]


def advice(one: TemplateAdvice) -> str:
    """What may be better, and why."""
    return {
        TemplateAdvice.SHORT_LINK: _("Write the whole address: WhatsApp refuses short links, because they hide where they lead."),
        TemplateAdvice.SELLS: _("This reads like an offer. As a service message WhatsApp may refuse it or bill it as marketing."),
        TemplateAdvice.NO_WAY_OUT: _("Say how to stop, for example in the small print: who finds no way out blocks your number."),
        TemplateAdvice.FEW_WORDS: _("There are few words around so many places. Reviewers refuse texts that could say anything."),
        TemplateAdvice.SECRETS: _("Do not ask for passwords, cards or codes: WhatsApp takes it for a fraud."),
        TemplateAdvice.SHOUTS: _("Capitals read like shouting. Write most of it small."),
        TemplateAdvice.LONG: _("People read about five lines. A shorter text is answered more often."),
    }[one]


def code_preview(language: str, minutes: int, *, warns: bool = True) -> Preview:
    """About what WhatsApp makes of a sign-in code; the words are its own."""
    body, safe = "*{{1}}* is your verification code.", " For your security, do not share this code."
    foot, copy = f"This code expires in {minutes} minutes.", "Copy code"
    if language.startswith("pt"):
        body, safe = "*{{1}}* é seu código de verificação.", " Para sua segurança, não o compartilhe."
        foot, copy = f"Este código expira em {minutes} minutos.", "Copiar código"
    return Preview(body + safe if warns else body, footer=foot if minutes else "", buttons=[("code", copy)])


def code_minutes(template: Template) -> int | None:
    """How long a code of it lives."""
    found = _part(template, "FOOTER").get("code_expiration_minutes")
    return found if isinstance(found, int) else None


def warns(template: Template) -> bool:
    """Whether a template of codes asks not to share them."""
    return _part(template, "BODY").get("add_security_recommendation") is not False


def buttons(template: Template) -> list[dict[str, Any]]:
    return next((list(part.get("buttons") or []) for part in template.components if _kind(part) == "BUTTONS"), [])


def _part(template: Template, kind: str) -> dict[str, Any]:
    return next((part for part in template.components if _kind(part) == kind), {})


def _kind(part: dict[str, Any]) -> str:
    return str(part.get("type", "")).upper()


def where(template: Template, place: str) -> tuple[str, str]:
    """The placeholder as written ({{1}}) and the words around it."""
    group, _dot, name = place.rpartition(".")
    mark = "{{" + name + "}}"
    if place in HEADS or place in _PLACE:
        names = {"image": _("Picture"), "video": _("Film"), "document": _("PDF"), **_of_place()}
        return names[name], _("its address on the web, https://…") if place in HEADS else _("of the place on the map")
    if group.startswith("button") and name in ("product", "products"):
        if name == "product":
            return _("Product"), _("the number of the product in the catalogue whose picture stands above")
        return _("Products"), _("their numbers in the catalogue with commas, in sections like “Summer: 1, 2; Beach: 3”")
    if group.startswith("button"):
        number = int(group.partition(".")[2] or 0)
        known = buttons(template)
        return mark, _("in the address of the button “{name}”").format(
            name=known[number].get("text", "") if number < len(known) else ""
        )
    text = str(header(template).get("text") or "") if group == "header" else body(template)
    found = re.search(re.escape(mark), text)
    if found is None:
        return mark, _("in the heading") if group == "header" else ""
    before, after = text[: found.start()], text[found.end() :]
    if len(before) > AROUND:
        before = "…" + before[-AROUND:].partition(" ")[2]
    if len(after) > AROUND:
        after = after[:AROUND].rpartition(" ")[0].rstrip(" .,;:!?") + "…"
    return mark, " ".join(f"{before}{mark}{after}".split())


def _of_place() -> dict[str, str]:
    return {"latitude": _("Latitude"), "longitude": _("Longitude"), "name": _("Name of the place"), "address": _("Address of the place")}  # fmt: skip


def category_name(category: TemplateCategory) -> str:
    return {
        TemplateCategory.MARKETING: _("Marketing"),
        TemplateCategory.UTILITY: _("Service"),
        TemplateCategory.AUTHENTICATION: _("Sign-in code"),
    }[category]


def template_status(value: TemplateStatus) -> tuple[str, Tone]:
    names: dict[TemplateStatus, tuple[str, Tone]] = {
        TemplateStatus.PENDING: (_("In review"), "info"),
        TemplateStatus.APPROVED: (_("Approved"), "ok"),
        TemplateStatus.REJECTED: (_("Refused"), "bad"),
        TemplateStatus.PAUSED: (_("Paused"), "warn"),
        TemplateStatus.DISABLED: (_("Switched off"), "bad"),
        TemplateStatus.IN_APPEAL: (_("In review again"), "info"),
        TemplateStatus.LIMIT_EXCEEDED: (_("Too many edits"), "warn"),
        TemplateStatus.ARCHIVED: (_("Archived"), "quiet"),
        TemplateStatus.DELETED: (_("Deleted"), "quiet"),
    }
    return names[value]


CHANGEABLE = (TemplateStatus.APPROVED, TemplateStatus.REJECTED, TemplateStatus.PAUSED)
"""What WhatsApp lets be written anew."""


def standing(template: Template) -> str:
    """Why it cannot be sent and what to do; "" where it can, or is in review."""
    said = trouble(template)
    means = {
        TemplateStatus.PAUSED: _(
            "WhatsApp paused it, because many people blocked or reported it: for 3 hours, the next time for 6, the third time for good."
            " Write a friendlier text, and to fewer people who asked for it."
        ),
        TemplateStatus.DISABLED: _(
            "WhatsApp switched it off for good, because too many people blocked or reported it. Write a new one that people want to get."
        ),
        TemplateStatus.REJECTED: _(
            "WhatsApp refused it without a reason. Read it with a stranger's eyes, change it and send it again."
        ),
        TemplateStatus.LIMIT_EXCEEDED: _("It was changed too often. WhatsApp takes another change in a day."),
        TemplateStatus.ARCHIVED: _("It lies in WhatsApp's archive. Take it out in the WhatsApp manager, or write a new one."),
    }
    return said or means.get(template.status, "")


def trouble(template: Template) -> str:
    """What is wrong with it; the provider's own words only where we have none, and marked as its."""
    said = template.problem or template.rejected_reason
    return why(said) if said else ""


def quality_name(value: Quality) -> str:
    """How people take it, by WhatsApp's count of blocks and reports."""
    return {
        Quality.GREEN: _("Well received"),
        Quality.YELLOW: _("Quality falls"),
        Quality.RED: _("Badly received"),
        Quality.UNKNOWN: _("Too new to say how people take it"),
    }[value]


def bad_quality(value: Quality) -> str:
    """ "" while people take it well."""
    return {
        Quality.YELLOW: _(
            "Some people block or report this text. Write to fewer of them, and say how to stop, before WhatsApp pauses it."
        ),
        Quality.RED: _(
            "Many people block or report this text. WhatsApp will soon pause it: stop sending it, and write another one."
        ),
    }.get(value, "")


def moved(template: Template) -> str:
    """That WhatsApp moved it to another category, and what follows for prices and people."""
    if template.category_was is None or template.category_was is template.category:
        return ""
    names = {"was": category_name(template.category_was), "now": category_name(template.category)}
    said = _("WhatsApp moved this text from “{was}” to “{now}”.").format(**names)
    if template.category is TemplateCategory.MARKETING:
        means = _(
            "Each message now costs what marketing costs, and does not go to who refuses marketing. For the old price write it without any offer."
        )
    else:
        means = _("Each message now costs what “{now}” costs.").format(**names)
    return f"{said} {means}"


def why(said: str) -> str:
    """What a reason of a refusal means and how to mend it."""
    known = {
        "ABUSIVE_CONTENT": _("WhatsApp refused it as threatening or offensive. Write it anew, in a friendly way."),
        "INCORRECT_CATEGORY": _("WhatsApp refused it because it is of another category. Send it again as the right one."),
        "INVALID_FORMAT": _(
            "WhatsApp refused its form. Look at the places to fill in: none at the very start or end, none beside"
            " another, and an example for each."
        ),
        "PROMOTIONAL": _("WhatsApp refused it because it advertises. Send it again as marketing."),
        "SCAM": _("WhatsApp refused it because it looks like a fraud. Ask for no passwords, cards or codes."),
        "TAG_CONTENT_MISMATCH": _("WhatsApp refused it because text and category do not fit. Send it again as the right one."),
    }
    return known.get(said) or _rule(said) or _("The provider says: {text}").format(text=said)


def _rule(said: str) -> str:
    """Meta's rules of writing by their codes, where its words name one (docs/contracts/meta-whatsapp.md)."""
    found = re.search(r"\b(2388\d{3})\b", said)
    form = _(
        "WhatsApp refused its form. Look at the places to fill in: none at the very start or end, none beside another, and an example for each."
    )
    known = {
        "2388019": _("The account has as many templates as WhatsApp allows. Delete some that nobody uses."),
        "2388039": _("WhatsApp does not know this text any more. Read the list again from WhatsApp."),
        "2388040": _("A field is longer than WhatsApp allows. Shorten it."),
        "2388047": _("WhatsApp refused the heading: one line, without emoji, bold or line breaks."),
        "2388072": form,
        "2388073": _("WhatsApp refused the small print: one line, without emoji, bold or places."),
        "2388293": _("There are too many places for so few words. Write more around them, or take some out."),
        "2388299": _("No place may stand at the very beginning or end of the text. Write a word before or after it."),
    }
    return known.get(found[1], "") if found else ""


def preview(template: Template) -> Preview:
    """A template as the phone shows it, its open places marked."""
    heading = header(template)
    form = str(heading.get("format") or "TEXT").upper()
    if template.category is TemplateCategory.AUTHENTICATION and not body(template):  # WhatsApp has not written it yet
        return code_preview(template.language, code_minutes(template) or 0, warns=warns(template))
    return Preview(
        body(template) or "…",
        header=str(heading.get("text") or "") if form == "TEXT" else "",
        footer=footer(template),
        media=_MEDIA.get(form, ""),  # type: ignore[arg-type]
        media_url=files.address(template.header_file_id) if template.header_file_id and form == "IMAGE" else "",
        buttons=[
            (_BUTTONS.get(str(button.get("type", "")).upper(), "reply"), str(button.get("text") or ""))
            for button in buttons(template)
        ],
    )


_SHOWN = {"[image]": "image", "[video]": "video", "[document]": "document", "[location]": "place"}


def as_shown(
    header: str | None, file_id: UUID | None, body: str, footer: str | None, buttons: Sequence[tuple[str, str]]
) -> Preview:
    """A message as the API draws it, with the picture of its head."""
    media = _SHOWN.get(header or "", "")
    return Preview(
        body,
        header="" if media else header or "",
        footer=footer or "",
        media=media,  # type: ignore[arg-type]
        media_url=files.address(file_id) if file_id and media == "image" else "",
        buttons=buttons,
    )


def filled(text: str, values: dict[str, str]) -> str:
    """With these in its places; one without a value stays as it is written."""
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda place: (values.get(place[1]) or "").strip() or place[0], text)


def variables(text: str) -> list[str]:
    """The places of a text, each once, numbers in their order."""
    names = list(dict.fromkeys(re.findall(r"\{\{\s*(\w+)\s*\}\}", text)))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names
