-- A later status may correct how a message is billed (db/costs/ledger.py): the row says what was told last, at the price of the first day.
alter table message_cost add column told_at timestamptz;  -- when that was told; null: at the same moment as `at`

-- How long after its end failures of a campaign still lead to an SMS stands in the campaign (`fallback.late_hours`); until now it was a day for all.
alter table campaign no force row level security;
update campaign set fallback = fallback || '{"late_hours": 24}' where fallback is not null;
alter table campaign force row level security;
