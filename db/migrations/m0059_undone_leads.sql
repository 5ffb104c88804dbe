-- Leads of an import that is undone (db/boards/arrivals.py): how many went, and how many stay.
alter table contact_import_undo
    add column leads_removed int not null default 0,
    add column leads_kept int not null default 0;
