-- Somebody put the first steps of a new company away, for themselves.
alter table membership add column steps_away_at timestamptz;
grant update (steps_away_at) on membership to masteria_app;
