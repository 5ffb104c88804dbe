-- The messages of a cadence's step: their keys name the enrolment and not the campaign, so what they cost is found by this.
create index message_letter on message(company_id, campaign_id) where dedupe_key >= 'cadence:' and dedupe_key < 'cadence;';

alter table incoming_delivery add column cadence_id uuid;  -- into which the contact was put
alter table cadence add column goal_at timestamptz;  -- when it was last looked who reached its goal while a message of it waits
