"""The campaign table as Piccolo sees it."""

from piccolo.columns import UUID, Boolean, Integer, Text, Timestamptz
from piccolo.columns.column_types import JSONB
from piccolo.table import Table

from db.engine import DB


class Campaign(Table, db=DB, tablename="campaign"):
    id = UUID(primary_key=True)
    company_id = UUID()
    name = Text()
    state = Text()
    state_reason = Text(null=True)
    state_detail = Text(null=True)
    channel_id = UUID(null=True)
    template_id = UUID(null=True)
    body = Text(null=True)
    bindings = JSONB()
    audience = JSONB()
    settings = JSONB()
    policy = Text()
    content = JSONB(null=True)
    scheduled_at = Timestamptz(null=True)
    launched_at = Timestamptz(null=True)
    started_at = Timestamptz(null=True)
    finished_at = Timestamptz(null=True)
    was_held = Boolean(default=False)
    resume_at = Timestamptz(null=True)
    version = Integer()
    cloned_from = UUID(null=True)
    created_by = UUID(null=True)
    created_at = Timestamptz()
    updated_at = Timestamptz()
    audience_size = Integer(null=True)
    tally_width = Integer(null=True)
