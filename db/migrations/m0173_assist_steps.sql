-- What was asked of the model for an assist and what it answered (Steps, as of a turn); null: nothing was, or it is older than the company keeps it.
alter table ai_assist add column steps jsonb;
grant update (steps) on ai_assist to masteria_system;
