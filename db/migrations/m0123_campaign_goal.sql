-- What counts as done for a campaign (db/campaigns/goals.py).
alter table campaign add column goal jsonb;
-- When a tag was put on; null: before this was noted.
alter table contact_tag add column added_at timestamptz;
alter table contact_tag alter column added_at set default now();
