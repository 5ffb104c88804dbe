-- Which rules wrote to a person (db/boards/rule_sends.py), found from the person's messages.
create index rule_run_message on rule_run(company_id, message_id) where message_id is not null;
-- What a rule did for a lead in this stay, and its last outcomes (db/boards/rule_runs.py, rules.py), without reading what waits.
create index rule_run_lead on rule_run(company_id, rule_id, lead_id) where state <> 'waiting';
create index rule_run_last on rule_run(company_id, rule_id, id) where state <> 'waiting';
create index rule_run_stopped on rule_run(company_id, rule_id, done_at) where state = 'stopped';
