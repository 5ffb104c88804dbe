-- Fields that a board adds to its leads (db/boards/fields.py); their values stand in lead.custom.
create table lead_field (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    key text not null,
    label text not null,
    kind text not null,  -- a LeadFieldKind
    choices text[] not null default '{}',  -- of kind choice
    on_card boolean not null default false,
    deleted_at timestamptz,  -- its values are being taken off; holds the key until then
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, board_id, key),
    foreign key (company_id, board_id) references board(company_id, id)
);
select protect_table('lead_field', 'select, insert, update, delete');

-- What leads have already becomes a field of their board.
alter table lead no force row level security;
alter table lead_field no force row level security;
insert into lead_field(company_id, board_id, key, label, kind)
select distinct l.company_id, l.board_id, k.key, k.key, 'text' from lead l cross join jsonb_object_keys(l.custom) k(key) where l.custom <> '{}';
alter table lead force row level security;
alter table lead_field force row level security;
