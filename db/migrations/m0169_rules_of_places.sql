-- Two more rules of places, as rows with their source and the days on which they hold, that come with the program (as in m0156).
create table unreached_country (  -- where a provider delivers nothing of a category (db/campaigns/unreached.py)
    kind text not null,
    country text not null,
    category text not null,
    valid_from date not null,
    valid_until date,
    source text not null,
    primary key (kind, country, category, valid_from)
);
create table call_rule (  -- when people may be called and how often (db/contacts/call_rules.py); country '': wherever no other one holds
    country text not null,
    areas text[] not null default '{}',  -- of Brazil; empty: all
    weekdays_from time,
    weekdays_to time,
    saturday_from time,
    saturday_to time,
    sunday_from time,
    sunday_to time,
    skip_holidays boolean not null,
    per_day smallint not null check (per_day > 0),
    per_week smallint not null check (per_week > 0),
    valid_from date not null,
    valid_until date,
    source text not null,
    primary key (country, areas, valid_from),
    check (weekdays_from < weekdays_to and saturday_from < saturday_to and sunday_from < sunday_to),
    check ((weekdays_from is null) = (weekdays_to is null) and (saturday_from is null) = (saturday_to is null) and (sunday_from is null) = (sunday_to is null))
);
do $$ declare name text; begin
    foreach name in array array['unreached_country', 'call_rule'] loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
        execute format('create policy everybody on %I for select to masteria_app using (true)', name);
        execute format('create policy system on %I to masteria_system using (true)', name);
        execute format('grant select on %I to masteria_app, masteria_system', name);
    end loop;
end $$;

insert into unreached_country(kind, country, category, valid_from, source) values
    ('whatsapp', 'US', 'marketing', '2025-04-01', 'Meta, WhatsApp Business Platform: no marketing templates to numbers of the United States since 2025-04-01');

-- The self-regulation of telemarketing and state laws draw the hours in Brazil, which has no federal law of them: the narrowest that is known for a place.
-- Their first day is the one since which they stand here.
insert into call_rule(country, areas, weekdays_from, weekdays_to, saturday_from, saturday_to, sunday_from, sunday_to, skip_holidays, per_day, per_week, valid_from, source) values
    ('BR', '{21,22,24}', '08:00', '18:00', null, null, null, null, true, 2, 3, '2026-01-01', 'Lei estadual 7853 (RJ)'),
    ('BR', '{}', '09:00', '20:00', '10:00', '16:00', null, null, true, 2, 3, '2026-01-01', 'Probare'),
    ('US', '{}', '08:00', '21:00', '08:00', '21:00', '08:00', '21:00', false, 2, 3, '2026-01-01', '47 CFR 64.1200 (TCPA)'),
    ('CA', '{}', '09:00', '20:00', '10:00', '18:00', null, null, false, 2, 3, '2026-01-01', 'CRTC, Unsolicited Telecommunications Rules'),
    ('', '{}', '09:00', '20:00', '10:00', '16:00', null, null, false, 2, 3, '2026-01-01', '');
