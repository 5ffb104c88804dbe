-- Rules of stages (db/boards/rules.py): what happens when a lead comes into a stage or stays there. Who moves a lead writes its runs in the
-- same transaction; a job carries them out, each in one transaction with its outcome.
create table stage_rule (
    company_id uuid not null,
    id uuid not null default uuidv7(),  -- rules of a stage run in this order
    board_id uuid not null,
    stage_id uuid not null,
    occasion text not null,  -- enter, or stay: days without a move
    days int,
    action jsonb not null,  -- db/boards/rule.py
    enabled boolean not null default true,
    made_by uuid,  -- who is called when it is stopped
    changed_at timestamptz not null default now(),
    version int not null default 1,
    primary key (company_id, id),
    foreign key (company_id, board_id, stage_id) references stage(company_id, board_id, id) on delete cascade
);
create index stage_rule_stage on stage_rule(company_id, stage_id, id);
create index stage_rule_board on stage_rule(company_id, board_id, id);
select protect_table('stage_rule', 'select, insert, update, delete');

create table rule_run (  -- one for each rule and entry of a lead; the lead may be gone
    company_id uuid not null,
    id uuid not null default uuidv7(),
    rule_id uuid not null,
    lead_id uuid not null,
    entry_id uuid not null,  -- the line of the lead's history by which it came into the stage
    depth int not null,  -- moves by rules before this one
    visited uuid[] not null,  -- stages of this chain, this one too
    due_at timestamptz not null,
    state text not null default 'waiting',
    reason text,
    message_id uuid,
    created_at timestamptz not null default now(),
    done_at timestamptz,
    primary key (company_id, id),
    unique (company_id, rule_id, entry_id),
    foreign key (company_id, rule_id) references stage_rule(company_id, id) on delete cascade
);
create index rule_run_waiting on rule_run(company_id, lead_id, due_at, id) where state = 'waiting';
create index rule_run_rule on rule_run(company_id, rule_id, id);
create index rule_run_old on rule_run(done_at) where state <> 'waiting';
select protect_table('rule_run', 'select, insert, update, delete', 'select, delete');
