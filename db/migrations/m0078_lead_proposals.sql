-- Leads that move with evidence (db/proposals): which boards are watched, whose conversations wait to be judged, what was proposed.
create table board_ai (  -- a board without a row is not watched
    company_id uuid not null,
    board_id uuid not null,
    watching boolean not null default false,
    guidance text not null default '',
    tools jsonb not null default '{}',  -- LeadTool → LeadPolicy; one that is not named: as a new board has it
    closing boolean not null default false,  -- may propose that a lead is won or lost
    min_confidence numeric(3, 2) not null default 0.85,
    quiet_seconds int not null default 60,
    template_ids uuid[] not null default '{}',  -- that may be proposed
    version int not null default 1,
    primary key (company_id, board_id),
    foreign key (company_id, board_id) references board(company_id, id)
);
select protect_table('board_ai', 'select, insert, update');

-- Conversations that a board watches, from the first message that nobody judged. Written in the transaction that stores a message.
create table lead_watch (
    company_id uuid not null,
    conversation_id uuid not null,
    board_id uuid not null,
    due_at timestamptz,  -- null: nothing new
    hard_at timestamptz,
    newest_id uuid not null,  -- the newest message of the customer
    through_id uuid,  -- the newest one that was judged
    lease_until timestamptz,
    epoch int not null default 0,  -- + 1 with every run
    tries int not null default 0,  -- runs since the last that came to an end
    primary key (company_id, conversation_id, board_id),
    foreign key (company_id, conversation_id) references conversation(company_id, id)
) with (fillfactor = 70);
create index lead_watch_due on lead_watch(due_at) where due_at is not null;
create index lead_watch_board on lead_watch(company_id, board_id);
select protect_table('lead_watch', 'select, insert, update, delete', 'select');

create table lead_judging (  -- one look at a conversation; what it cost is in ai_usage under its id as the turn
    company_id uuid not null,
    id uuid not null,
    board_id uuid not null,
    conversation_id uuid not null,
    through_id uuid not null,
    at timestamptz not null default now(),
    state text not null default 'running',  -- a JudgingState
    done_at timestamptz,
    steps jsonb,  -- what was asked and answered, whole
    primary key (company_id, id),
    foreign key (company_id, conversation_id) references conversation(company_id, id)
);
create index lead_judging_board on lead_judging(company_id, board_id, at);
create index lead_judging_conversation on lead_judging(company_id, conversation_id, board_id, at);
create index lead_judging_old on lead_judging(at);
select protect_table('lead_judging', 'select, insert, update, delete', 'select, update, delete');

create table lead_proposal (
    company_id uuid not null,
    id uuid not null default uuidv7(),
    board_id uuid not null,
    conversation_id uuid not null,
    judging_id uuid,
    through_id uuid not null,
    lead_id uuid,  -- null: it is to be made; it may be gone
    tool text not null,  -- a LeadTool
    target text not null default '',  -- which of several things of a lead: the key of a field, a tag
    args jsonb not null,  -- as args.py has them
    reason text not null,
    confidence numeric(4, 3) not null,
    evidence jsonb not null,  -- messages of the customer, each with the quoted words and when it was written
    from_stage_id uuid,
    from_stage text,  -- as it was called then
    to_stage_id uuid,
    to_stage text,
    persona_version_id uuid,
    persona_name text,  -- of who serves the conversation; null: nobody
    lead_version int,
    state text not null,  -- a ProposalState
    why text,  -- a ProposalWhy: why it is blocked, or waits though it might have been done
    automatic boolean not null default false,  -- done by itself
    before jsonb not null default '{}',  -- what undoing needs
    after jsonb not null default '{}',
    stood_since timestamptz,  -- when the lead came where this put it
    because text not null default '',  -- the person's reason to refuse or undo
    decided_by uuid,
    decided_at timestamptz,
    applied_at timestamptz,
    undo_until timestamptz,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    unique (company_id, conversation_id, board_id, through_id, tool, target),
    foreign key (company_id, conversation_id) references conversation(company_id, id)
);
create unique index lead_proposal_waits on lead_proposal(company_id, conversation_id, board_id, tool, target) where state = 'proposed';
create index lead_proposal_waits_lead on lead_proposal(company_id, lead_id) where state = 'proposed';
create index lead_proposal_board on lead_proposal(company_id, board_id, id);
create index lead_proposal_lead on lead_proposal(company_id, lead_id, id) where lead_id is not null;
create index lead_proposal_stood on lead_proposal(company_id, lead_id, stood_since) where state = 'applied' and stood_since is not null;
create index lead_proposal_old on lead_proposal(created_at) where state in ('proposed', 'blocked');
select protect_table('lead_proposal', 'select, insert, update, delete', 'select, update, delete');
