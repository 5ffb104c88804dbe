-- What undoing a bulk move of leads needs (db/boards/undo.py): the rank that each was given, and where it stood before. For seven days.
create table lead_bulk_move (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    stage_id uuid not null,  -- to which
    at timestamptz not null default now(),
    undone_at timestamptz,
    lead_ids uuid[] not null,  -- at most 500; the other lists are in their order
    ranks text[] not null,
    from_stage_ids uuid[] not null,
    from_ranks text[] not null,
    from_reasons text[] not null,
    from_since timestamptz[] not null,
    primary key (company_id, id)
);
create index lead_bulk_move_at on lead_bulk_move(at);
select protect_table('lead_bulk_move', 'select, insert, update', 'select, delete');
