-- When a company answers, and what it says by itself when it does not.
create table office_hours (
    company_id uuid primary key references company(id),
    enabled boolean not null default false,
    hours jsonb not null default '[]',  -- [{weekday, opens, closes}], Monday 0, minutes of the day in the company's time zone
    holidays date[] not null default '{}',
    away_text text not null default '',  -- '': nothing is said
    version int not null default 1
);
select protect_table('office_hours', 'select, insert, update');

alter table conversation add column away_since timestamptz;  -- the closed time for which it was last said that nobody is here
