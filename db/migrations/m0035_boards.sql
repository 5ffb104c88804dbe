-- Boards of leads (db/boards). A lead's place is a rank, a fraction written in base 62 (db/boards/rank.py), so that a move writes one row.
create table board (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    currency text not null default 'BRL',
    archived_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
select protect_table('board', 'select, insert, update', 'insert');

create table stage (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    name text not null,
    color text not null default 'gray',
    kind text not null default 'open',
    rank text collate "C" not null,
    lead_limit int,  -- more only warns
    probability smallint not null default 0,  -- percent
    version int not null default 1,
    primary key (company_id, id),
    unique (company_id, board_id, id),
    foreign key (company_id, board_id) references board(company_id, id)
);
select protect_table('stage', 'select, insert, update, delete', 'insert');

create table stage_total (  -- kept exact by the triggers of lead
    company_id uuid not null,
    stage_id uuid not null,
    leads int not null default 0,
    value_cents bigint not null default 0,
    primary key (company_id, stage_id),
    foreign key (company_id, stage_id) references stage(company_id, id) on delete cascade
) with (fillfactor = 50);
select protect_table('stage_total', 'select, insert, update', 'insert');

create table lost_reason (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    name text not null,
    primary key (company_id, id),
    foreign key (company_id, board_id) references board(company_id, id)
);
create unique index lost_reason_name on lost_reason(company_id, board_id, fold(name));
select protect_table('lost_reason', 'select, insert, delete', 'insert');

create function lead_text(title text, contact text) returns text language sql immutable parallel safe
    return ' ' || fold(title) || coalesce(' ' || fold(contact), '');

create table lead (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    stage_id uuid not null,
    rank text collate "C" not null,  -- in its stage; equal ones stand by id
    title text not null,
    search text not null,  -- the title and the contact's name, folded, each word after a blank
    contact_id uuid,
    conversation_id uuid,
    value_cents bigint,  -- in the board's currency
    owner_id uuid,
    due_on date,
    tags text[] not null default '{}',
    custom jsonb not null default '{}',
    lost_reason text,  -- only in a stage of kind lost; as it was called then
    note_count int not null default 0,
    version int not null default 1,
    stage_since timestamptz not null default now(),
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, board_id, stage_id) references stage(company_id, board_id, id)
);
create index lead_place on lead(company_id, stage_id, rank, id);
create index lead_owner on lead(company_id, stage_id, owner_id, rank, id);
create index lead_created on lead(company_id, board_id, id);
create index lead_value on lead(company_id, board_id, coalesce(value_cents, -1), id);
create index lead_due on lead(company_id, board_id, coalesce(due_on, 'infinity'), id);
create index lead_contact on lead(company_id, contact_id, id) where contact_id is not null;
select protect_table('lead', 'select, insert, update, delete');

create table lead_change (  -- what became of a lead; stages as they were called then
    company_id uuid not null,
    id uuid not null default uuidv7(),
    lead_id uuid not null,
    at timestamptz not null default now(),
    by_id uuid,
    kind text not null,
    from_stage_id uuid,
    from_stage text,
    to_stage_id uuid,
    to_stage text,
    what jsonb not null default '{}',
    primary key (company_id, id),
    foreign key (company_id, lead_id) references lead(company_id, id) on delete cascade
);
create index lead_change_lead on lead_change(company_id, lead_id, id);
select protect_table('lead_change', 'select, insert');

create table lead_note (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    lead_id uuid not null,
    author_id uuid,
    body text not null,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, lead_id) references lead(company_id, id) on delete cascade
);
create index lead_note_lead on lead_note(company_id, lead_id, id);
select protect_table('lead_note', 'select, insert, delete');

-- Totals change in the statement that changes leads, in the order of ids, so that two that move between the same stages wait for one
-- another instead of locking each other out.
create function lead_totals_insert() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, count(*), coalesce(sum(value_cents), 0) from fresh group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents;
    return null;
end $$;

create function lead_totals_update() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, sum(n), sum(v) from (
        select company_id, stage_id, -1 as n, -coalesce(value_cents, 0) as v from stale
        union all
        select company_id, stage_id, 1, coalesce(value_cents, 0) from fresh
    ) moves group by 1, 2 having sum(n) <> 0 or sum(v) <> 0 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents;
    return null;
end $$;

create function lead_totals_delete() returns trigger language plpgsql as $$ begin
    insert into stage_total(company_id, stage_id, leads, value_cents)
    select company_id, stage_id, -count(*), -coalesce(sum(value_cents), 0) from stale group by 1, 2 order by 1, 2
    on conflict (company_id, stage_id) do update
        set leads = stage_total.leads + excluded.leads, value_cents = stage_total.value_cents + excluded.value_cents;
    return null;
end $$;

create trigger lead_totals_insert after insert on lead referencing new table as fresh for each statement execute function lead_totals_insert();
create trigger lead_totals_update after update on lead referencing old table as stale new table as fresh
    for each statement execute function lead_totals_update();
create trigger lead_totals_delete after delete on lead referencing old table as stale for each statement execute function lead_totals_delete();

-- Every company begins with one board, in its language.
create function company_first_board() returns trigger language plpgsql as $$
declare
    sales uuid := uuidv7();
    portuguese boolean := new.language = 'pt-BR';
begin
    insert into board(company_id, id, name) values (new.id, sales, case when portuguese then 'Vendas' else 'Sales' end);
    with made as (
        select new.id as company_id, uuidv7() as id, * from (values
            (case when portuguese then 'Novo' else 'New' end, 'blue', 'open', 'D', 10),
            (case when portuguese then 'Em conversa' else 'Talking' end, 'violet', 'open', 'K', 30),
            (case when portuguese then 'Proposta' else 'Proposal' end, 'amber', 'open', 'U', 60),
            (case when portuguese then 'Ganho' else 'Won' end, 'green', 'won', 'e', 100),
            (case when portuguese then 'Perdido' else 'Lost' end, 'red', 'lost', 'n', 0)) s(name, color, kind, rank, probability)
    ), stages as (
        insert into stage(company_id, id, board_id, name, color, kind, rank, probability)
        select company_id, id, sales, name, color, kind, rank, probability from made
    )
    insert into stage_total(company_id, stage_id) select company_id, id from made;
    insert into lost_reason(company_id, board_id, name) select new.id, sales, unnest(case when portuguese
        then array['Preço', 'Comprou de outra empresa', 'Sem resposta', 'Desistiu']
        else array['Price', 'Bought elsewhere', 'No answer', 'Changed their mind'] end);
    return null;
end $$;
create trigger company_first_board after insert on company for each row execute function company_first_board();

-- Companies that are there get theirs: as if they were made now.
alter table company no force row level security;
alter table board no force row level security;
alter table stage no force row level security;
alter table stage_total no force row level security;
alter table lost_reason no force row level security;
do $$ begin
    create temporary table existing on commit drop as select * from company;
    create trigger first_board after insert on existing for each row execute function company_first_board();
    insert into existing select * from company;
end $$;
alter table company force row level security;
alter table board force row level security;
alter table stage force row level security;
alter table stage_total force row level security;
alter table lost_reason force row level security;
