"""Conditions of a plan as SQL over one enrolment `e`, of company $1."""

from collections.abc import Callable

from db.cadences.plan import Condition, FieldEquals, LeadInStage, Replied, Tagged, WasRead
from db.messages.enums import MessageState as M
from db.messages.inbound import SILENT

# `received_at` is the provider's clock, in whole seconds; `created_at` is ours: both, so that an old one handed over late counts for nothing.
REPLIED = f"""exists (select from inbound_message i where i.company_id = $1 and i.contact_id = e.contact_id
    and i.received_at >= e.entered_at - interval '1 minute' and i.created_at >= e.entered_at
    and i.kind not in ({", ".join(f"'{kind}'" for kind in SILENT)}))"""
_READ = f"""coalesce((select m.state = {M.READ} or m.replied_at is not null from message m where m.company_id = $1
    and m.dedupe_key >= 'cadence:' || e.id || ':' and m.dedupe_key < 'cadence:' || e.id || ';' and m.state not in ({M.SKIPPED}, {M.CANCELLED})
    order by m.id desc limit 1), false)"""

UNSENT = f"""exists (select from message m where m.company_id = $1 and m.dedupe_key >= 'cadence:' || e.id || ':'
    and m.dedupe_key < 'cadence:' || e.id || ';' and m.state in ({M.QUEUED}, {M.SENDING}, {M.UNKNOWN}))"""
"""Something that the cadence wrote to them has not left yet, or nobody knows yet whether it did."""


def sql(condition: Condition, arg: Callable[[object], str]) -> str:
    """`arg` adds a value to the arguments and returns its placeholder."""
    match condition:
        case Replied():
            return REPLIED
        case WasRead():
            return _READ
        case Tagged(tag_id=tag_id):
            return (
                "exists (select from contact_tag t where t.company_id = $1 and t.contact_id = e.contact_id"
                f" and t.tag_id = {arg(tag_id)}::uuid)"
            )
        case FieldEquals(key=key, value=value):
            return (
                "exists (select from contact f where f.company_id = $1 and f.id = e.contact_id"
                f" and lower(btrim(f.custom->>{arg(key)}::text)) = lower(btrim({arg(value)}::text)))"
            )
        case LeadInStage(stage_id=stage_id):
            return (
                "exists (select from lead l where l.company_id = $1 and l.contact_id = e.contact_id"
                f" and l.stage_id = {arg(stage_id)}::uuid)"
            )
