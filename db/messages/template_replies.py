"""A template for one person: which one may be sent, and what fills it. The names, the rules and the renderer are those of campaigns.

Over a channel whose provider has no templates (SMS) it is sent as the text that it shows, with the addresses of its buttons; one that
begins with a file or a place is refused there.
"""

from typing import NamedTuple
from uuid import UUID

from db.campaigns.errors import CampaignField
from db.channels import queries
from db.channels.enums import TemplateCategory, TemplateStatus
from db.channels.queries import TemplateView
from db.errors import Field, NotFound, RequestError
from db.messages import render, template_words, unreached, values
from db.messages.errors import ReplyError, ReplyField
from db.messages.place import Place
from db.messages.render import CONSTANT, Binding, LiteralContent, RenderedMessage, Slot, TemplateContent
from db.messages.variables import is_field
from db.work import Read


class Filled(NamedTuple):
    """A template with what fills it: `values` as they are read, one per slot; "" where nothing does yet."""

    view: TemplateView
    content: TemplateContent
    params: list[str]
    values: list[str]
    as_text: bool

    @property
    def shown(self) -> RenderedMessage:
        """As the person sees it; what nothing fills stays as it is written."""
        shown = render.draw(self.content, self.params)
        if not self.as_text:
            return shown
        buttons = "\n".join(template_words.written_buttons(self.content, self.params))
        return RenderedMessage(
            None, "\n\n".join(part for part in (shown.header, shown.body, buttons, shown.footer) if part), None, []
        )


async def filled(r: Read, place: Place, template_id: UUID, bindings: list[Binding], at: str = "") -> Filled:
    """`at`: where in the request they stand. Raises Invalid for a template that is not the channel's, and for a field that the company does not have;
    Conflict `template_not_text`."""
    assert r.actor is not None
    company_id = r.actor.company_id
    try:
        view = await queries.one_template(r, template_id)
    except NotFound:
        raise RequestError.INVALID(fields=[ReplyField.NO_TEMPLATE(f"{at}template_id")]) from None
    if place.capabilities.write_template is not None and view.channel_id != place.channel_id:
        raise RequestError.INVALID(fields=[ReplyField.NO_TEMPLATE(f"{at}template_id")])
    keys = await values.custom_keys(r, company_id)
    wrong: list[Field] = [
        CampaignField.UNKNOWN_FIELD(f"{at}bindings[{number}].source", name=binding.source)
        for number, binding in enumerate(bindings)
        if binding.source != CONSTANT and not is_field(binding.source, keys)
    ]
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    bound = {binding.placeholder for binding in bindings}
    slots = [
        slot if slot.placeholder in bound or slot.file else Slot(slot.placeholder)
        for slot in render.slots(view.placeholders, bindings, view.sample_file_id)
    ]
    content = TemplateContent(view.name, view.language, view.category.value, view.components, slots)
    params = await values.of_person(r, company_id, place.contact_id, place.address, content.fields) if content.fields else []
    as_text = place.capabilities.write_template is None
    if as_text and not template_words.leads_with_text(content):
        raise ReplyError.TEMPLATE_NOT_TEXT()
    return Filled(view, content, params, render.slot_values(content, params), as_text)


async def to_send(
    r: Read, place: Place, template_id: UUID, bindings: list[Binding]
) -> tuple[TemplateContent | LiteralContent, list[str]]:
    """What is to be sent, with the raw values that go with it. Raises Invalid, Conflict `marketing_refused`, `country_unreached`,
    `template_not_text`."""
    found = await filled(r, place, template_id, bindings, "content.")
    if found.view.status is not TemplateStatus.APPROVED:
        raise RequestError.INVALID(fields=[CampaignField.TEMPLATE_NOT_APPROVED("content.template_id")])
    if place.opted_out and found.view.category is TemplateCategory.MARKETING:
        raise ReplyError.MARKETING_REFUSED()
    assert r.actor is not None
    if await unreached.one(r, r.actor.company_id, place.kind, found.view.category, place.address):
        raise ReplyError.COUNTRY_UNREACHED()
    empty = [s.placeholder for s, value in zip(found.content.slots, found.values, strict=True) if not value and s.file is None]
    if empty:
        raise RequestError.INVALID(
            fields=[ReplyField.VALUE_MISSING("content.bindings", name=f"{{{{{name}}}}}") for name in empty]
        )
    if not found.as_text:
        return found.content, found.params
    most, text = place.capabilities.text_limit, found.shown.body
    if len(text) > most:
        raise RequestError.INVALID(fields=[ReplyField.TEMPLATE_TOO_LONG("content.bindings", max=most)])
    return LiteralContent(body=text), []
