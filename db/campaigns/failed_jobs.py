"""Background work that was given up and that a person can have done again: for as long as it is still undone."""

from datetime import timedelta
from uuid import UUID

import asyncpg

from db.campaigns.enums import FailedJob
from db.work import Read

SHOWN = timedelta(days=14)
NAMES: dict[str, FailedJob] = {
    "CheckChannel": FailedJob.CHANNEL_CHECK,
    "SyncTemplates": FailedJob.TEMPLATES_SYNC,
    "SubmitTemplate": FailedJob.TEMPLATE_SUBMIT,
    "BulkContacts": FailedJob.CONTACTS_BULK,
    "UndoImport": FailedJob.IMPORT_UNDO,
    "RemoveStage": FailedJob.STAGE_REMOVAL,
}
"""Imports and campaigns say themselves that they failed, and so do messages, files, mails and rules where they stand. Of a board's field
that was deleted nothing is left on a screen, so there is nowhere to do it again."""
_SELECT = """
with dead as materialized (
    select distinct on (name, payload) name, payload, next_at as at from job
    where company_id = $1 and state = 'dead' and name = any($2::text[]) and next_at > now() - $3::interval
    order by name, payload, next_at desc limit 200
)
select 'job_failed' as code, s.id as subject_id, s.subject, d.name as detail, null::int as count
from dead d cross join lateral (
    select c.id, c.name as subject from channel c
    where c.company_id = $1 and c.id = (d.payload->>'channel_id')::uuid and c.archived_at is null
        and case d.name when 'CheckChannel' then coalesce(c.checked_at, '-infinity') < d.at
            when 'SyncTemplates' then coalesce(c.templates_synced_at, '-infinity') < d.at end
    union all
    select t.id, t.name from template t where t.company_id = $1 and t.id = (d.payload->>'template_id')::uuid
        and case d.payload->>'verb' when 'delete' then t.status <> 'deleted'
            else t.external_id is null and t.status not in ('deleted', 'rejected') end
    union all
    select b.id, '' from contact_bulk b where b.company_id = $1 and b.id = (d.payload->>'bulk_id')::uuid and b.finished_at is null
        and not exists (select from contact_bulk o where o.company_id = $1 and o.id > b.id and o.finished_at is not null
                        and o.verb = b.verb and o.filter = b.filter and o.params @> b.params)  -- done again, with these tags at least
    union all
    select i.id, i.filename from contact_import i join contact_import_undo u on u.company_id = $1 and u.import_id = i.id
    where i.company_id = $1 and i.id = (d.payload->>'import_id')::uuid and u.finished_at is null
    union all
    select g.board_id, g.name from stage g where g.company_id = $1 and g.id = (d.payload->>'stage_id')::uuid and g.moving_to is not null
) s order by d.at desc limit 20
"""


async def undone(r: Read, company_id: UUID) -> list[dict[str, object]]:
    """As the first page says it, the newest first: what it is about, `detail` which work."""
    rows: list[asyncpg.Record] = await r.fetch(_SELECT, company_id, list(NAMES), SHOWN)
    return [{**row, "detail": NAMES[row["detail"]].value} for row in rows]
