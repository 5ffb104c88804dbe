"""Conditions of segments in plain words: what can be asked, how, and a rule as a sentence."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from api.contract.contacts import CustomField
from api.contract.enums import CustomFieldKind
from api.contract.segments import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    OfImport,
    Reachable,
    Received,
    RecordedConsent,
    Wrote,
)
from ui import formats, kinds
from ui.i18n import _, ngettext, pgettext


class Names(NamedTuple):
    """What conditions speak of by id or key, as people know it. `stages`: with the board's name where there are several."""

    tags: Mapping[str, str]
    fields: Mapping[str, CustomField]
    imports: Mapping[str, str]
    campaigns: Mapping[str, str]
    stages: Mapping[str, str]


def subjects() -> dict[str, str]:
    """What a condition may be about, beside the company's own fields."""
    return {
        "tags": _("Tag"),
        "wrote": _("They wrote to us"),
        "contacted": _("We wrote to them"),
        "campaign": pgettext("condition", "A campaign"),
        "stage": _("Stage on a board"),
        "consent": _("Permission"),
        "recorded_consent": _("What they agreed to, as recorded"),
        "reachable": _("Reachable by"),
        "created": _("In the contacts"),
        "import": _("From an import"),
    }


def matches() -> dict[str, str]:
    return {
        "all": _("Meets all of these"),
        "any": _("Meets at least one of these"),
        "none": _("Meets none of these"),
    }


def ops(subject: str, kind: CustomFieldKind | None = None) -> dict[str, str]:
    """The ways to ask, by the API's word; {} where there is one only."""
    spans = {
        "within": _("in the last"),
        "before": _("longer ago than"),
        "ever": _("at any time"),
        "never": pgettext("condition", "never"),
    }
    return {
        "tags": {"any": _("has any of"), "all": _("has all of"), "none": _("has none of")},
        "wrote": spans,
        "contacted": spans,
        "campaign": {
            "sent": _("was sent"),
            "delivered": _("arrived"),
            "read": _("was read"),
            "not_read": _("was not read"),
            "replied": _("was answered"),
            "not_replied": _("was not answered"),
            "failed": _("failed"),
            "not_sent": _("did not go out"),
        },
        "consent": {
            "may": _("may be written to"),
            "may_marketing": _("takes offers"),
            "may_utility": _("takes notices"),
            "out": _("opted out"),
            "out_marketing": _("takes no offers"),
            "out_utility": _("takes no notices"),
        },
        "recorded_consent": {
            "given": _("said yes last"),
            "withdrawn": _("said no last"),
            "never": _("never said anything"),
        },
        "reachable": {
            "mobile": _("has a mobile"),
            "landline": _("has a landline"),
            "phone": _("has any phone"),
            "email": _("has an e-mail"),
        },
        "created": {"within": _("for less than"), "before": _("for longer than")},
        "field": _field_ops(kind),
    }.get(subject, {})


def _field_ops(kind: CustomFieldKind | None) -> dict[str, str]:
    ends = {"filled": _("is filled in"), "empty": _("is empty")}
    if kind is CustomFieldKind.NUMBER:
        return {"at_least": _("is at least"), "at_most": _("is at most"), "is": _("is exactly"), **ends}
    if kind is CustomFieldKind.DATE:
        return {"birthday": _("comes round in the next"), "from": _("is on or after"), "until": _("is on or before"), **ends}
    if kind is CustomFieldKind.BOOLEAN:
        return {"yes": pgettext("condition", "is yes"), "no": pgettext("condition", "is no"), **ends}
    if kind is CustomFieldKind.CHOICE:
        return {"is": pgettext("condition", "is"), "is_not": _("is not"), **ends}
    return {"is": pgettext("condition", "is"), "is_not": _("is not"), "contains": _("contains"), **ends}


def way(kind: CustomFieldKind | None, op: str) -> str:
    """How a field is asked for; also as only another kind of field is asked on this screen."""
    every = {name: said for one in CustomFieldKind for name, said in _field_ops(one).items()}
    return (every | _field_ops(kind)).get(op, op)


def said_about() -> dict[str, str]:
    """What a recorded wish was about; "": everything."""
    return {"": _("to everything"), "marketing": _("to offers"), "utility": _("to notices")}


def said_over() -> dict[str, str]:
    """Over what it was said; "": however."""
    return {
        "": _("in any way"),
        **{kind.kind: _("over {channel}").format(channel=kinds.name(kind.kind)) for kind in kinds.every()},
    }


def said_when() -> dict[str, str]:
    spans = ops("wrote")
    return {one: spans[one] for one in ("ever", "within", "before")}


def consent_op(one: Allows) -> str:
    """The way of asking as this screen spells it."""
    return ("out" if one.opted_out else "may") + (f"_{one.category}" if one.category else "")


def days(count: int) -> str:
    return ngettext("{n} day", "{n} days", count).format(n=formats.number(count))


def sentence(rule: Group, names: Names) -> str:
    """The rule in a line."""
    parts = [condition(one, names) for one in rule.conditions] + [f"({sentence(one, names)})" for one in rule.groups]
    if rule.match == "none":
        return _("none of: {conditions}").format(conditions=", ".join(parts))
    joined = pgettext("between conditions", " or ") if rule.match == "any" else pgettext("between conditions", " and ")
    return joined.join(parts)


def _named(ids: Sequence[object], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(str(one), _("(gone)")) for one in ids)


def condition(one: AnyCondition, names: Names) -> str:
    """One condition in a few words."""
    match one:
        case HasTags():
            said = {
                "any": _("with any of the tags {names}"),
                "all": _("with all of the tags {names}"),
                "none": _("without the tags {names}"),
            }
            return said[one.op].format(names=_named(one.tags, names.tags))
        case FieldIs():
            return _about_field(one, names.fields.get(one.key))
        case Allows():
            return ops("consent")[consent_op(one)]
        case RecordedConsent():
            return _recorded(one)
        case Reachable():
            return ops("reachable")[one.by]
        case Made():
            return f"{subjects()['created'].lower()} {ops('created')[one.op]} {days(one.days)}"
        case OfImport():
            return _("in the list “{name}”").format(name=names.imports.get(str(one.import_id), _("(gone)")))
        case Contacted() | Wrote():
            subject = "wrote" if isinstance(one, Wrote) else "contacted"
            when = days(one.days) if one.op in ("within", "before") else ""
            return f"{subjects()[subject].lower()}: {ops(subject)[one.op]} {when}".strip()
        case Received():
            return f"“{names.campaigns.get(str(one.campaign_id), _('(gone)'))}” {ops('campaign')[one.result]}"
        case InStage():
            return _("in the stage {names}").format(names=_named(one.stages, names.stages))


def _recorded(one: RecordedConsent) -> str:
    parts = [ops("recorded_consent")[one.said], said_about()[one.category or ""]]
    if one.channel is not None:
        parts.append(said_over().get(one.channel, one.channel))
    if one.said != "never" and one.op != "ever":
        parts += [said_when()[one.op], days(one.days)]
    return " ".join(parts)


def _about_field(one: FieldIs, field: CustomField | None) -> str:
    if field is None:
        return _("a field that is gone")
    op = (
        {"true": "yes", "false": "no"}.get(one.value, one.op)
        if field.kind is CustomFieldKind.BOOLEAN and one.op == "is"
        else one.op
    )
    words = way(field.kind, op)
    if op in ("filled", "empty", "yes", "no"):
        return f"{field.label} {words}"
    value = days(int(one.value)) if op == "birthday" and one.value.isdigit() else one.value
    return f"{field.label} {words} {value}"
