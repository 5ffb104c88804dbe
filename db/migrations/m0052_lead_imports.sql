-- Leads that come with a list of contacts (db/boards/arrivals.py).
alter table lead add column import_id uuid;  -- the import that made it; it may be gone
create index lead_import on lead(company_id, import_id, contact_id) where import_id is not null;
alter table contact_import add column leads int not null default 0;
