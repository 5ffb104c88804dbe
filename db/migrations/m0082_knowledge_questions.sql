-- Questions that a base is measured with (db/knowledge/questions.py): each names the source that must be found.
create table knowledge_question (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    base_id uuid not null,
    question text not null,
    source_id uuid,  -- null: it was deleted since
    place int,  -- of its best passage, from 1; 0: not among those that were looked at; null: not measured
    place_before int,  -- at the measuring before
    measured_at timestamptz,
    version int not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, base_id) references knowledge_base(company_id, id) on delete cascade,
    foreign key (company_id, source_id) references knowledge_source(company_id, id) on delete set null (source_id)
);
create index knowledge_question_base on knowledge_question(company_id, base_id, id);
select protect_table('knowledge_question', 'select, insert, update, delete');
