"""The tables of channels and templates as Piccolo knows them; a drift test compares them with the database."""

from piccolo.columns import UUID, Boolean, Bytea, Integer, Numeric, SmallInt, Text, Timestamptz
from piccolo.columns.column_types import JSONB
from piccolo.table import Table

from db.engine import DB


class Channel(Table, db=DB, tablename="channel"):
    id = UUID(primary_key=True)
    company_id = UUID()
    kind = Text()
    sandbox = Boolean()
    name = Text()
    state = Text()
    state_reason = Text(null=True)
    state_detail = Text(null=True)
    paused_until = Timestamptz(null=True)
    outage_since = Timestamptz(null=True)
    probe_at = Timestamptz(null=True)
    number = Text(null=True)
    account_id = Text()
    external_id = Text()
    portfolio_id = Text()
    app_id = Text(null=True)
    token = Bytea(null=True, secret=True)
    signing_secret = Bytea(null=True, secret=True)
    verify_token = Text(null=True, secret=True)
    quality = Text()
    messaging_limit = Integer(null=True)
    throughput = Numeric()
    unknown_horizon = Integer()
    settings = JSONB()
    checked_at = Timestamptz(null=True)
    check_result = JSONB(null=True)
    templates_synced_at = Timestamptz(null=True)
    archived_at = Timestamptz(null=True)
    created_at = Timestamptz()


class ChannelLog(Table, db=DB, tablename="channel_log"):
    id = UUID(primary_key=True)
    company_id = UUID()
    channel_id = UUID()
    at = Timestamptz()
    kind = Text()
    ok = Boolean()
    summary = Text()
    http_status = SmallInt(null=True)
    code = Text(null=True)
    duration_ms = Integer(null=True)
    request = Text(null=True)
    response = Text(null=True)
    times = Integer()
    last_at = Timestamptz(null=True)


class ChannelNotice(Table, db=DB, tablename="channel_notice"):
    id = UUID(primary_key=True)
    company_id = UUID()
    channel_id = UUID()
    code = Text()
    subject = Text()
    detail = Text(null=True)
    at = Timestamptz()
    created_at = Timestamptz()
    closed_at = Timestamptz(null=True)
    closed_by = UUID(null=True)


class Template(Table, db=DB, tablename="template"):
    id = UUID(primary_key=True)
    company_id = UUID()
    channel_id = UUID()
    external_id = Text(null=True)
    name = Text()
    language = Text()
    category = Text()
    status = Text()
    parameter_format = Text()
    components = JSONB()
    quality = Text()
    rejected_reason = Text(null=True)
    problem = Text(null=True)
    synced_at = Timestamptz(null=True)
    status_at = Timestamptz(null=True)
    created_at = Timestamptz()
