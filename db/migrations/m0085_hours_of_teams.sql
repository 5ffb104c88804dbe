-- Hours of a team's own; null: those of the company. Holidays are the company's for all.
alter table team add column hours jsonb;  -- as office_hours.hours
alter table team add column away_text text not null default '';  -- said outside of the team's own hours; '': what the company says
