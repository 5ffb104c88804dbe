-- What an import changed, so that it can be undone for 30 days.
alter table contact_import add column undo_until timestamptz;  -- until when; null: there is nothing to undo, or what is needed for it is gone
create index contact_import_undo_until on contact_import(undo_until) where undo_until is not null;
alter table contact_import_member
    add column left_at timestamptz,  -- `updated_at` as the import left the contact; null once somebody else changed it meanwhile
    add column before jsonb,  -- name, language, custom.<key> of a contact known before, where the import wrote them: as they were
    add column after jsonb,  -- and what the import wrote
    add column tags uuid[],  -- that the import put on it
    add column addresses text[];  -- that the import gave it: kind:value
create index contact_import_member_contact on contact_import_member(company_id, contact_id);

create table contact_import_undo (  -- one for each import that is undone, carried out by a job
    company_id uuid not null,
    import_id uuid not null,
    total int not null,
    processed int not null default 0,
    last_id uuid,  -- where a killed worker goes on
    removed int not null default 0,
    restored int not null default 0,
    kept jsonb not null default '{}',  -- StayReason → contacts
    finished_at timestamptz,
    created_by uuid,
    created_at timestamptz not null default now(),
    primary key (company_id, import_id),
    foreign key (company_id, import_id) references contact_import(company_id, id) on delete cascade
);
select protect_table('contact_import_undo', app => 'select, insert, update');

alter table custom_field add column deleted_at timestamptz;  -- nobody sees it any more; the row goes with the last value under its key
