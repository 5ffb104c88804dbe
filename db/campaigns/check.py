"""What stands between a draft and its launch, and the content that a launch freezes."""

from typing import Any
from uuid import UUID

import msgspec

from db.campaigns.audience import Audience, anybody
from db.campaigns.enums import TrialMetric
from db.campaigns.errors import CampaignField
from db.campaigns.plan import plan_of
from db.campaigns.trial import LETTERS, Trial, Variant, trial_of
from db.channels.enums import TemplateCategory, TemplateStatus
from db.channels.template_drafts import form_of
from db.contacts import segments
from db.contacts.filter import ContactFilter
from db.errors import Field, RequestError
from db.messages import ways_out
from db.messages.render import CONSTANT, HEADER_FILES, Binding, Content, ScriptContent, TemplateContent, TextContent, slots
from db.messages.variables import ProblemCode, Variable, is_field, parse
from db.messages.variables import problems as text_problems
from db.providers import registry
from db.providers.definition import Capabilities
from db.providers.placeholders import placeholders
from db.work import Read

_OF_TEXTS = {
    ProblemCode.UNCLOSED: CampaignField.OPEN_VARIABLE,
    ProblemCode.EMPTY_NAME: CampaignField.BAD_VARIABLE,
    ProblemCode.UNKNOWN_FIELD: CampaignField.UNKNOWN_FIELD,
    ProblemCode.NO_FALLBACK: CampaignField.MISSING_FALLBACK,
    ProblemCode.VALUE_TOO_LONG: CampaignField.FALLBACK_TOO_LONG,
}


class Draft(msgspec.Struct, frozen=True):
    """A campaign with its channel and template, as far as they are chosen."""

    id: UUID
    company_id: UUID
    channel_id: UUID | None
    kind: str | None
    sandbox: bool
    channel_ready: bool  # it sends, or will by itself
    throughput: float | None
    messaging_limit: int | None
    portfolio_id: str | None
    template_name: str | None
    template_language: str | None
    template_category: str | None
    template_status: TemplateStatus | None
    parameter_format: str
    components: list[dict[str, Any]]
    body: str | None
    bindings: list[Binding]
    audience: ContactFilter
    segment_gone: bool  # the audience is a segment that was deleted
    settings: dict[str, Any]
    custom_keys: list[str]
    header_file_id: UUID | None = None  # what stands at the head of its messages
    header_form: str | None = None  # as what: image, video, document; None: it is gone, or fits nowhere
    trial: Trial | None = None  # other texts that are tried beside this one
    has_fallback: bool = False  # an SMS goes in place of what does not arrive
    language: str = "pt-BR"  # of the company
    company: str = ""  # its name

    @property
    def capabilities(self) -> Capabilities | None:
        """Of its channel; None while none is chosen."""
        return registry.provider(self.kind).capabilities if self.kind else None

    @property
    def writes_text(self) -> bool:
        """Its channel takes free text rather than approved templates: as it is read, or as a script for a call."""
        return self.capabilities is not None and self.capabilities.campaign_content in ("text", "call")

    @property
    def calls(self) -> bool:
        """Its channel calls people."""
        return self.capabilities is not None and self.capabilities.calls

    @property
    def rings(self) -> bool:
        """It calls real people, so the law of their place holds."""
        return self.calls and not self.sandbox

    @property
    def placeholders(self) -> list[str]:
        return placeholders(self.components, self.parameter_format, self.template_category or "marketing")

    @property
    def header_file(self) -> UUID | None:
        """What stands at the head, where the template begins with a file of that form."""
        return self.header_file_id if f"header.{self.header_form}" in self.placeholders else None


SAME = 20
"""People who may get one text without anything of their own in it over a number that is connected by a code."""
_DRAFT = """
select k.id, k.company_id, k.channel_id, c.kind, coalesce(c.sandbox, false) as sandbox, greatest(least(c.throughput, 1), c.throughput * c.pace)::float8 as throughput, c.messaging_limit,
    c.portfolio_id, (c.state = 'connected' or c.state_reason = 'provider_outage') as channel_ready,
    t.name as template_name, t.language as template_language, t.category as template_category, t.status as template_status,
    coalesce(t.parameter_format, 'positional') as parameter_format, coalesce(t.components, '[]')::text as components,
    k.header_file_id, f.mime_type as file_type, f.size as file_size, k.body, k.bindings::text as bindings, k.audience::text as audience,
    k.settings::text as settings, k.trial::text as trial, k.fallback is not null as has_fallback, o.language, k.cadence_id is not null as of_sequence,
    o.name as company,
    (select coalesce(array_agg(f.key), '{}') from custom_field f where f.company_id = k.company_id and f.deleted_at is null) as custom_keys
from campaign k join company o on o.id = k.company_id
left join channel c on c.company_id = k.company_id and c.id = k.channel_id and c.archived_at is null
left join template t on t.company_id = k.company_id and t.id = k.template_id and t.channel_id = k.channel_id
left join message_file f on f.company_id = k.company_id and f.id = k.header_file_id and f.state = 'stored'
where k.company_id = $1 and k.id = $2
"""


async def load_draft(r: Read, campaign_id: UUID) -> Draft:
    """Raises NotFound."""
    assert r.actor is not None
    row = await r.fetchrow(_DRAFT, r.actor.company_id, campaign_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="campaign")
    chosen = msgspec.json.decode(row["audience"], type=ContactFilter)
    audience = await segments.resolved(r, chosen, kept=True)
    return Draft(
        id=row["id"],
        company_id=row["company_id"],
        channel_id=row["channel_id"] if row["kind"] else None,
        kind=row["kind"],
        sandbox=row["sandbox"],
        channel_ready=bool(row["channel_ready"]),
        throughput=row["throughput"],
        messaging_limit=row["messaging_limit"],
        portfolio_id=row["portfolio_id"],
        template_name=row["template_name"],
        template_language=row["template_language"],
        template_category=row["template_category"],
        template_status=TemplateStatus(row["template_status"]) if row["template_status"] else None,
        parameter_format=row["parameter_format"],
        components=msgspec.json.decode(row["components"]),
        body=row["body"],
        bindings=msgspec.json.decode(row["bindings"], type=list[Binding]),
        audience=audience,
        segment_gone=segments.gone(audience),
        settings=({"opt_out_line": False} if row["of_sequence"] else {}) | msgspec.json.decode(row["settings"]),
        custom_keys=list(row["custom_keys"]),
        header_file_id=row["header_file_id"],
        header_form=form_of(row["kind"], row["file_type"], row["file_size"]) if row["kind"] and row["file_type"] else None,
        trial=trial_of(row["trial"]),
        has_fallback=row["has_fallback"],
        language=row["language"],
        company=row["company"],
    )


def audience_of(draft: Draft, fields: list[str] | None = None) -> Audience:
    """The draft's audience; its channel must be chosen."""
    assert draft.kind is not None
    return Audience(
        draft.company_id,
        draft.kind,
        draft.audience,
        rehearsal=draft.sandbox,
        category=draft.template_category or TemplateCategory.MARKETING,
        skip_recent_days=draft.settings.get("skip_recent_days", 0),
        campaign_id=draft.id,
        fields=fields,
    )


def frozen_content(draft: Draft) -> Content:
    """What a launch sends. Only for drafts without problems (previews: missing bindings become empty constants)."""
    if draft.calls:
        plan = plan_of(draft.settings).calls
        return ScriptContent(draft.body or "", voicemail=plan.voicemail.strip(), agent=plan.agent.strip(), company=draft.company)
    if draft.writes_text:
        body = draft.body or ""
        if draft.capabilities is not None and draft.capabilities.known_people_only and draft.settings.get("opt_out_line", True):
            body = ways_out.with_line(body, draft.language)
        return TextContent(body)
    filled = slots(draft.placeholders, draft.bindings, draft.header_file)
    return TemplateContent(
        draft.template_name or "", draft.template_language or "", draft.template_category or "marketing", draft.components, filled
    )


def _braced(name: str) -> str:
    return f"{{{{{name}}}}}"


def message_problems(draft: Draft) -> list[Field]:
    """Those of channel and message, without touching the database. The path of each is the step where it is mended."""
    capabilities = draft.capabilities
    if draft.channel_id is None or capabilities is None or capabilities.campaign_content is None:
        return [CampaignField.NO_CHANNEL("channel")]
    found = []
    if not draft.channel_ready:
        found.append(CampaignField.CHANNEL_NOT_CONNECTED("channel"))
    if draft.writes_text:
        body = draft.body or ""
        if not body.strip():
            found.append(CampaignField.NO_BODY("message"))
        elif len(body) > capabilities.text_limit:
            found.append(CampaignField.BODY_TOO_LONG("message", length=len(body), max=capabilities.text_limit))
        for text in (body, plan_of(draft.settings).calls.voicemail if draft.calls else ""):
            for problem in text_problems(text, draft.custom_keys):
                found.append(_OF_TEXTS[problem.code]("message", name=_braced(problem.name)))
        return found
    if draft.template_name is None:
        return [*found, CampaignField.NO_TEMPLATE("message")]
    if draft.template_status != TemplateStatus.APPROVED:
        found.append(CampaignField.TEMPLATE_NOT_APPROVED("message"))
    return found + _binding_problems(draft)


def _binding_problems(draft: Draft) -> list[Field]:
    """What nothing fills, or not with what the provider takes there."""
    found = []
    bound = {binding.placeholder: binding for binding in draft.bindings}
    for name in draft.placeholders:
        binding = bound.get(name)
        if name in HEADER_FILES:
            link = binding.fallback.strip() if binding is not None and binding.source == CONSTANT else ""
            if not (link.startswith("https://") or link.isdigit() or (not link and draft.header_file)):
                found.append(CampaignField.HEADER_FILE("message"))
        elif binding is None or not binding.fallback.strip():
            found.append(CampaignField.MISSING_FALLBACK("message", name=_braced(name)))
        elif binding.source != CONSTANT and not is_field(binding.source, draft.custom_keys):
            found.append(CampaignField.UNKNOWN_FIELD("message", name=binding.source))
    return found


_TEMPLATES = """
select id, name, language, category, status, coalesce(parameter_format, 'positional') as parameter_format, coalesce(components, '[]')::text as components
from template where company_id = $1 and channel_id = $2 and id = any($3::uuid[])
"""


async def texts(r: Read, draft: Draft) -> list[Draft]:
    """The campaign with each of its texts, the first one first."""
    if draft.trial is None or draft.channel_id is None:
        return [draft]
    wanted = [one.template_id for one in draft.trial.variants if one.template_id is not None]
    found = {row["id"]: row for row in await r.fetch(_TEMPLATES, draft.company_id, draft.channel_id, wanted)}
    return [draft, *(_with(draft, one, found.get(one.template_id)) for one in draft.trial.variants)]


def _with(draft: Draft, one: Variant, template: Any) -> Draft:
    return msgspec.structs.replace(
        draft,
        template_name=template["name"] if template else None,
        template_language=template["language"] if template else None,
        template_category=template["category"] if template else None,
        template_status=TemplateStatus(template["status"]) if template else None,
        parameter_format=template["parameter_format"] if template else "positional",
        components=msgspec.json.decode(template["components"]) if template else [],
        body=one.body,
        bindings=one.bindings,
    )


def _trial_problems(trial: Trial, drafts: list[Draft]) -> list[Field]:
    """Of the other texts, and of how the better one is found."""
    first = drafts[0]
    found: list[Field] = []
    for letter, one in zip(LETTERS[1:], drafts[1:], strict=False):
        for wrong in message_problems(one):
            if wrong.path == "message":
                found.append(wrong.code("message", **{**wrong.params, "variant": letter}))
        if one.template_category is not None and first.template_category not in (None, one.template_category):
            found.append(CampaignField.VARIANT_CATEGORY("message", variant=letter))
    if min(trial.shares) < 1:
        found.append(CampaignField.VARIANT_SHARES("message"))
    if (
        trial.metric is TrialMetric.READ
        and first.kind is not None
        and not registry.provider(first.kind).capabilities.reports_read
    ):
        found.append(CampaignField.METRIC_UNKNOWN("message"))
    if trial.metric is TrialMetric.CONVERTED and trial.tag_id is None and trial.stage_id is None:
        found.append(CampaignField.GOAL_MISSING("message"))
    return found


def frozen_contents(drafts: list[Draft]) -> list[Content] | None:
    """What a launch sends, by variant; None where there is one text."""
    return [frozen_content(one) for one in drafts] if len(drafts) > 1 else None


_FALLBACK = """
select c.kind, k.fallback->>'body' as body, c.state = 'connected' or c.state_reason = 'provider_outage' as ready, c.sandbox,
    coalesce(k.fallback->'bindings', '[]')::text as bindings, t.name, t.language, t.category, t.status,
    coalesce(t.parameter_format, 'positional') as parameter_format, coalesce(t.components, '[]')::text as components
from campaign k join channel c on c.company_id = $1 and c.id = (k.fallback->>'channel_id')::uuid and c.archived_at is null
left join template t on t.company_id = $1 and t.id = (k.fallback->>'template_id')::uuid and t.channel_id = c.id
where k.company_id = $1 and k.id = $2
"""


async def instead_of(r: Read, draft: Draft) -> Draft | None:
    """The campaign as what goes in its place has it: by SMS, and for calls and a number that is connected by a code by template, too; None where
    nothing can."""
    row = await r.fetchrow(_FALLBACK, draft.company_id, draft.id)
    by_code = draft.capabilities is not None and draft.capabilities.session is not None
    if row is None or (draft.writes_text and not by_code and not draft.calls):
        return None
    other = registry.provider(row["kind"]).capabilities
    if other.session is not None or other.campaign_content not in (("text", "template") if by_code or draft.calls else ("text",)):
        return None
    fits = row["ready"] and row["sandbox"] == draft.sandbox
    instead = msgspec.structs.replace(draft, kind=row["kind"], channel_ready=bool(fits), body=row["body"], trial=None)
    if other.campaign_content == "text":
        return instead
    return msgspec.structs.replace(
        instead,
        template_name=row["name"],
        template_language=row["language"],
        template_category=row["category"],
        template_status=TemplateStatus(row["status"]) if row["status"] else None,
        parameter_format=row["parameter_format"],
        components=msgspec.json.decode(row["components"]),
        bindings=msgspec.json.decode(row["bindings"], type=list[Binding]),
        header_file_id=None,
    )


async def _fallback_problems(r: Read, draft: Draft) -> list[Field]:
    """Of what goes by SMS in place of what does not arrive."""
    instead = await instead_of(r, draft)
    if instead is None:
        return [CampaignField.FALLBACK_CHANNEL("message")]
    found = [] if instead.channel_ready else [CampaignField.FALLBACK_CHANNEL("message")]
    return found + [
        one.code("message", **{**one.params, "variant": "SMS" if instead.writes_text else "WhatsApp"})
        for one in message_problems(instead)
        if one.path == "message"
    ]


async def problems(r: Read, draft: Draft) -> list[Field]:
    """Everything that forbids a launch now."""
    found = message_problems(draft)
    if draft.has_fallback and draft.channel_id is not None:
        found += await _fallback_problems(r, draft)
    if draft.trial is not None and draft.channel_id is not None:
        found += _trial_problems(draft.trial, await texts(r, draft))
    if not draft.audience.picks:
        found.append(CampaignField.NO_AUDIENCE("audience"))
    elif draft.segment_gone:
        found.append(CampaignField.SEGMENT_GONE("audience"))
    elif draft.kind is not None and not await anybody(r, audience_of(draft)):
        found.append(CampaignField.AUDIENCE_EMPTY("audience"))
    elif await _repeats_itself(r, draft):
        found.append(CampaignField.SAME_TO_ALL("message", max=SAME))
    return found


async def _repeats_itself(r: Read, draft: Draft) -> bool:
    """A number that is connected by a code would say the same to many, word by word."""
    if draft.capabilities is None or draft.capabilities.session is None or draft.channel_id is None:
        return False
    said = [one.body or "" for one in await texts(r, draft)]
    if all(any(isinstance(part, Variable) for part in parse(text)) for text in said):
        return False
    return await anybody(r, audience_of(draft), beside=SAME * len(said))
