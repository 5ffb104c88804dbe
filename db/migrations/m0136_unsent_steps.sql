-- Whoever has a message of a cadence that has not left yet goes no further (decision 80). What becomes of it is told by the message itself: a row
-- for each that leaves its queue for good, or comes back into it, in the transaction of the change. `db/cadences/unsent.py` takes them.
alter table enrolment add column awaits_message boolean not null default false;
drop index enrolment_due;
create index enrolment_due on enrolment(company_id, cadence_id, awaits_message, due_at) where state = 'active';

create table enrolment_news (
    company_id uuid not null,
    cadence_id uuid not null,
    number bigint not null generated always as identity,
    enrolment_id uuid not null,
    at timestamptz not null default now(),
    primary key (company_id, cadence_id, number)
);
select protect_table('enrolment_news', 'select, insert, update, delete', 'select');

-- A campaign moves hundreds of thousands of messages: one look for each statement that moves none of a cadence.
create function enrolment_news() returns trigger language plpgsql as $$ begin
    if exists (select from fresh where dedupe_key >= 'cadence:' and dedupe_key < 'cadence;') then
        insert into enrolment_news(company_id, cadence_id, enrolment_id)
        select k.company_id, k.cadence_id, split_part(m.dedupe_key, ':', 2)::uuid
        from fresh m join stale o on o.company_id = m.company_id and o.id = m.id
        join campaign k on k.company_id = m.company_id and k.id = m.campaign_id and k.cadence_id is not null
        where m.dedupe_key >= 'cadence:' and m.dedupe_key < 'cadence;' and (m.state between 0 and 2) <> (o.state between 0 and 2);
    end if;
    return null;
end $$;
create trigger enrolment_news after update on message referencing old table as stale new table as fresh
    for each statement execute function enrolment_news();
