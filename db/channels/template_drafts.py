"""What somebody writes as a template, before it goes to review: put into the provider's form, and looked at for what reviewers and
readers dislike.
"""

import re
from typing import Any
from uuid import UUID

import msgspec

from db.channels.enums import TemplateAdvice, TemplateCategory
from db.channels.errors import ChannelError, TemplateField
from db.errors import Field, Invalid, RequestError
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import TemplateDraft
from db.providers.placeholders import placeholders, variables
from db.tenancy import Actor
from db.work import Read, read

HEADER_FILES = {"image": None, "video": None, "document": ("application/pdf",)}
"""What may stand at the head of a message, and which types of it where not all."""
LARGEST = 16_000_000  # bytes; reviewers look at it, and people load it over a phone
LONG = 550  # characters; a reader of a phone sees no more at once
WORDS_PER_VARIABLE = 3
_SHORTENED = re.compile(
    r"(?:https?://)?\b(?:bit\.ly|tinyurl\.com|t\.co|goo\.gl|ow\.ly|is\.gd|cutt\.ly|encurtador\.com\.br|wa\.me|api\.whatsapp\.com)/",
    re.IGNORECASE,
)
_SELLS = re.compile(
    r"\b(?:promo(?:ção|cao|ções|coes|tion)?s?|oferta\w*|desconto\w*|cupom|cupons|grátis|gratis|imperdível|liquida\w*|aproveite\w*|lançamento\w*|"
    r"offers?|discounts?|coupons?|sale|free|deals?|save \d+)\b|\d+ ?% (?:off|de)",
    re.IGNORECASE,
)
_LEAVES = re.compile(r"\b(?:sair|parar|cancelar|descadastr\w*|não receber|stop|unsubscribe|opt[ -]?out)\b", re.IGNORECASE)
_SECRETS = re.compile(r"\b(?:senhas?|cvv|código de segurança|passwords?|número do cartão|card number|pin)\b", re.IGNORECASE)


class Looked(msgspec.Struct, frozen=True):
    """A draft in the provider's form, as far as it has one: nothing wrong in it, or what."""

    wrong: tuple[Field, ...]
    advice: tuple[TemplateAdvice, ...]
    parameter_format: str
    components: list[dict[str, Any]]
    placeholders: list[str]


def write(kind: str, draft: TemplateDraft) -> tuple[str, list[dict[str, Any]]]:
    """The parameter format and the components. Raises Invalid."""
    written = registry.provider(kind).capabilities.write_template
    if written is None:
        raise ChannelError.NO_TEMPLATES()
    return written(draft)


async def look(actor: Actor, channel_id: UUID, draft: TemplateDraft, sample_file_id: UUID | None) -> Looked:
    """What is wrong with a draft, and what may be better; stores nothing. Raises NotFound, Invalid where there are no templates."""
    wrong: tuple[Field, ...] = ()
    parameter_format, components = "positional", list[dict[str, Any]]()
    async with read(actor, Permission.TEMPLATES_WRITE) as r:
        kind = await r.fetchval(
            "select kind from channel where company_id = $1 and id = $2 and archived_at is null", actor.company_id, channel_id
        )
        if kind is None:
            raise RequestError.NOT_FOUND(what="channel")
        try:
            if sample_file_id is not None:
                draft = draft._replace(header_file=await header_kind(r, kind, sample_file_id))
        except Invalid as error:
            wrong = tuple(error.fields)
    try:
        parameter_format, components = write(kind, draft)
    except Invalid as error:
        if not error.fields:
            raise
        wrong += tuple(error.fields)
    found = placeholders(components, parameter_format, draft.category.value)
    return Looked(wrong, tuple(advice(draft)), parameter_format, components, found)


_FILE = """
select mime_type, size from message_file where company_id = $1 and id = $2 and state = 'stored'
    and (uploaded_by = $3 and message_id is null or exists (select from template where company_id = $1 and sample_file_id = $2)
        or exists (select from campaign where company_id = $1 and header_file_id = $2))
"""


async def header_kind(r: Read, kind: str, file_id: UUID) -> str:
    """As what an uploaded file stands at the head of a template: image, video or document. Raises Invalid for one that is another person's,
    is gone, or is of a type that a channel of this kind does not take."""
    found = await head_form(r, kind, file_id)
    if isinstance(found, Field):
        raise ChannelError.TEMPLATE_INVALID(fields=[found])
    return found


async def head_form(r: Read, kind: str, file_id: UUID) -> str | Field:
    """The same; what is wrong in place of raising it."""
    assert r.actor is not None
    row = await r.fetchrow(_FILE, r.actor.company_id, file_id, r.actor.id)
    if row is None:
        return TemplateField.FILE_UNKNOWN("header_file_id")
    return form_of(kind, row["mime_type"], row["size"]) or TemplateField.HEADER_FILE("header_file_id")


def form_of(kind: str, mime_type: str, size: int) -> str | None:
    """As what a file stands at the head of a message of such a channel; None: as nothing."""
    for rule in registry.provider(kind).capabilities.files:
        only = HEADER_FILES.get(rule.form.value, ())
        if mime_type in rule.types and size <= min(rule.most, LARGEST) and (only is None or mime_type in only):
            return rule.form.value
    return None


def advice(draft: TemplateDraft) -> list[TemplateAdvice]:
    """What often leads to a refusal or to readers who block. Guesses by words, of which none stops anybody."""
    if draft.category == TemplateCategory.AUTHENTICATION:
        return []
    body, found = draft.body.strip(), []
    addresses = [button.url or "" for button in draft.buttons] + ([draft.url_button[1]] if draft.url_button else [])
    labels = [*draft.quick_replies, *(button.text for button in draft.buttons)]
    whole = " ".join((draft.header or "", body, draft.footer or "", *labels))
    if _SHORTENED.search(" ".join((body, *addresses))):
        found.append(TemplateAdvice.SHORT_LINK)
    if draft.category == TemplateCategory.UTILITY and _SELLS.search(whole):
        found.append(TemplateAdvice.SELLS)
    if draft.category == TemplateCategory.MARKETING and body and not _LEAVES.search(whole):
        found.append(TemplateAdvice.NO_WAY_OUT)
    names = variables(body)
    if names and len(re.sub(r"\{\{.*?\}\}", " ", body).split()) < WORDS_PER_VARIABLE * len(names):
        found.append(TemplateAdvice.FEW_WORDS)
    if _SECRETS.search(whole):
        found.append(TemplateAdvice.SECRETS)
    letters = [letter for letter in body if letter.isalpha()]
    if len(letters) > 20 and sum(letter.isupper() for letter in letters) > len(letters) * 0.6:
        found.append(TemplateAdvice.SHOUTS)
    if len(body) > LONG:
        found.append(TemplateAdvice.LONG)
    return found
