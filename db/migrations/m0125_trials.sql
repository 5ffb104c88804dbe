-- Texts of a campaign that are tried beside one another (db/campaigns/variants.py).
alter table campaign
    add column trial jsonb,  -- the other texts, and how the better one is found; null: there is one text
    add column contents jsonb,  -- all texts frozen at the launch, the first one too
    add column trial_state text,  -- testing, waiting (for a person), decided; null before the launch
    add column trial_queue uuid,  -- where those wait who get the better one; nobody claims from it
    add column trial_due timestamptz,  -- when it is decided by itself
    add column trial_winner smallint,
    add column trial_by text,  -- sure, leading, person
    add column trial_at timestamptz;
create index campaign_testing on campaign(company_id, id) where trial_state = 'testing';
alter table message
    add column variant smallint,  -- which of its campaign's texts it is; null: the first one
    add column tested boolean not null default false;  -- it counts for the comparison
create index message_tested on message(campaign_id, variant) where tested;
