"""What the steps of a hook would do with a payload: texts filled, and what is wrong with them. Pure; what the database knows (whether a
stage is there, what kind a field is) is asked where it is done.

A problem names the field of the step, such as `steps[0].phone`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from db.contacts.money import cents
from db.errors import Field
from db.incoming.errors import IncomingField
from db.incoming.paths import as_text, fill, look, parse
from db.incoming.recipe import AddTags, EnrolInCadence, EnrolInCampaign, HookStep, PutLead, UpsertContact, Value, WriteTemplate

MAX_TAGS = 20


class ContactPlan(NamedTuple):
    at: str
    external_id: str
    phone: str
    email: str
    name: str
    fields: dict[str, str]


class TagPlan(NamedTuple):
    at: str
    tags: list[str]


class LeadPlan(NamedTuple):
    at: str
    step: PutLead
    title: str
    value_cents: int | None
    tags: list[str]
    fields: dict[str, str]


class TemplatePlan(NamedTuple):
    at: str
    step: WriteTemplate
    values: list[tuple[str, str]]


class EnrolPlan(NamedTuple):
    at: str
    campaign_id: UUID


class CadencePlan(NamedTuple):
    at: str
    cadence_id: UUID


StepPlan = ContactPlan | TagPlan | LeadPlan | TemplatePlan | EnrolPlan | CadencePlan


class Plan(NamedTuple):
    steps: list[StepPlan]
    problems: list[Field]


def plan(steps: Sequence[HookStep], payload: Any, region: str) -> Plan:
    """`region`: where sums without a sign are written as there."""
    made: list[StepPlan] = []
    problems: list[Field] = []
    for number, step in enumerate(steps):
        at = f"steps[{number}]"
        match step:
            case UpsertContact():
                made.append(_contact(at, step, payload, problems))
            case AddTags():
                made.append(TagPlan(at, _tags(step.tags, payload)))
            case PutLead():
                made.append(_lead(at, step, payload, region, problems))
            case WriteTemplate():
                made.append(_template(at, step, payload, problems))
            case EnrolInCampaign():
                made.append(EnrolPlan(at, step.campaign_id))
            case EnrolInCadence():
                made.append(CadencePlan(at, step.cadence_id))
    return Plan(made, problems)


def _contact(at: str, step: UpsertContact, payload: Any, problems: list[Field]) -> ContactPlan:
    texts = {name: fill(getattr(step, name), payload).text for name in ("external_id", "phone", "email", "name")}
    if not (texts["phone"] or texts["email"] or texts["external_id"]):
        chosen = next((name for name in ("phone", "email", "external_id") if getattr(step, name)), "phone")
        missing = fill(getattr(step, chosen), payload).missing
        problems.append(
            IncomingField.NOT_THERE(f"{at}.{chosen}", place=missing[0])
            if missing
            else IncomingField.NOBODY_NAMED(f"{at}.{chosen}")
        )
    return ContactPlan(at, **texts, fields=_filled(step.fields, payload))


def _lead(at: str, step: PutLead, payload: Any, region: str, problems: list[Field]) -> LeadPlan:
    title = fill(step.title, payload)
    if not title.text:
        problems.append(IncomingField.NOT_THERE(f"{at}.title", place=", ".join(title.missing)))
    value, amount = None, fill(step.value, payload).text
    if amount and (value := _cents(step.value, amount, payload, region)) is None:
        problems.append(IncomingField.NOT_AN_AMOUNT(f"{at}.value", value=amount[:60]))
    return LeadPlan(at, step, title.text[:120], value, _tags(step.tags, payload), _filled(step.fields, payload))


def _cents(text: str, amount: str, payload: Any, region: str) -> int | None:
    """A number of JSON is written with a point, wherever the company is."""
    inner = text.strip().removeprefix("{{").removesuffix("}}").partition("|")[0]
    tokens = parse(inner)
    found = look(payload, tokens) if tokens else None
    if isinstance(found, int | float) and not isinstance(found, bool) and as_text(found) == amount:
        return round(found * 100) if 0 <= found <= 10**10 else None
    return cents(amount, region)


def _template(at: str, step: WriteTemplate, payload: Any, problems: list[Field]) -> TemplatePlan:
    values: list[tuple[str, str]] = []
    for number, one in enumerate(step.values):
        filled = fill(one.text, payload)
        if not filled.text:
            problems.append(IncomingField.NOT_THERE(f"{at}.values[{number}].text", place=", ".join(filled.missing) or one.key))
        values.append((one.key, filled.text[:500]))
    return TemplatePlan(at, step, values)


def _filled(values: Sequence[Value], payload: Any) -> dict[str, str]:
    """Those that say something."""
    return {one.key: text for one in values if (text := fill(one.text, payload).text)}


def _tags(texts: Sequence[str], payload: Any) -> list[str]:
    """Each once, whatever case."""
    found = (part.strip()[:60] for text in texts for part in fill(text, payload).text.split(","))
    return list({name.casefold(): name for name in found if name.strip("# ;|")}.values())[:MAX_TAGS]
