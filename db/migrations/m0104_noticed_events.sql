-- Events that rows tell by themselves (decision 64): triggers write them where a consumer of the company asks, in the transaction of the
-- change and without a lock; `db/outbox.py` moves them into the outbox. Of one row they stand in the order of its changes.
create table event_noticed (
    company_id uuid not null,
    number bigint not null generated always as identity,
    type text not null,
    at timestamptz not null default clock_timestamp(),
    data jsonb not null,
    primary key (company_id, number)
);
create index event_noticed_age on event_noticed(at);
select protect_table('event_noticed', 'select, insert, delete', 'select, insert, delete');

create function utc_text(moment timestamptz) returns text language sql stable
    return to_char(moment at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- A campaign moves hundreds of thousands of messages: one look for each statement when nobody asks, one statement when somebody does.
create function message_status_data(channel_id uuid, campaign_id uuid, contact_id uuid, message_id uuid, state int, reason text, at timestamptz)
    returns jsonb language sql stable
    return jsonb_build_object('channel_id', channel_id, 'campaign_id', campaign_id, 'contact_id', contact_id, 'message_id', message_id,
        'state', (array['sent', 'delivered', 'read', 'failed', 'failed_unknown', 'skipped', 'cancelled'])[state - 2], 'reason', reason,
        'at', utc_text(coalesce(at, now())));

create function message_status_insert() returns trigger language plpgsql as $$ begin
    if exists (select from event_consumer where 'message.status' = any(types)) then
        insert into event_noticed(company_id, type, data)
        select m.company_id, 'message.status', message_status_data(m.channel_id, m.campaign_id, m.contact_id, m.id, m.state, m.reason,
            case m.state when 3 then m.sent_at when 4 then m.delivered_at when 5 then m.read_at else m.done_at end) from fresh m
        where m.state >= 3 and m.origin is null and m.reacts_to is null
            and exists (select from event_consumer c where c.company_id = m.company_id and 'message.status' = any(c.types));
    end if;
    return null;
end $$;
create function message_status_update() returns trigger language plpgsql as $$ begin
    if exists (select from event_consumer where 'message.status' = any(types)) then
        insert into event_noticed(company_id, type, data)
        select m.company_id, 'message.status', message_status_data(m.channel_id, m.campaign_id, m.contact_id, m.id, m.state, m.reason,
            case m.state when 3 then m.sent_at when 4 then m.delivered_at when 5 then m.read_at else m.done_at end)
        from fresh m join stale o on o.company_id = m.company_id and o.id = m.id
        where m.state >= 3 and m.state <> o.state and m.origin is null and m.reacts_to is null
            and exists (select from event_consumer c where c.company_id = m.company_id and 'message.status' = any(c.types));
    end if;
    return null;
end $$;
create trigger message_status_insert after insert on message referencing new table as fresh
    for each statement execute function message_status_insert();
create trigger message_status_update after update on message referencing old table as stale new table as fresh
    for each statement execute function message_status_update();

create function consent_noticed() returns trigger language plpgsql as $$ begin
    insert into event_noticed(company_id, type, data)
    select new.company_id, 'consent.changed', jsonb_build_object('contact_id', new.id,
        'consent', case when new.opted_out_at is null then 'opted_in' else 'opted_out' end, 'source', new.opt_out_source)
    where exists (select from event_consumer c where c.company_id = new.company_id and 'consent.changed' = any(c.types));
    return null;
end $$;
create trigger consent_noticed after update of opted_out_at on contact for each row
    when ((old.opted_out_at is null) <> (new.opted_out_at is null)) execute function consent_noticed();

create function template_status_noticed() returns trigger language plpgsql as $$ begin
    insert into event_noticed(company_id, type, data)
    select new.company_id, 'template.status', jsonb_build_object('channel_id', new.channel_id, 'template_id', new.id, 'name', new.name,
        'language', new.language, 'status', new.status, 'reason', coalesce(new.rejected_reason, new.problem))
    where exists (select from event_consumer c where c.company_id = new.company_id and 'template.status' = any(c.types));
    return null;
end $$;
create trigger template_status_insert after insert on template for each row execute function template_status_noticed();
create trigger template_status_update after update of status on template for each row
    when (old.status is distinct from new.status) execute function template_status_noticed();

create function channel_state_noticed() returns trigger language plpgsql as $$ begin
    insert into event_noticed(company_id, type, data)
    select new.company_id, 'channel.state', jsonb_build_object('channel_id', new.id, 'state', new.state, 'reason', new.state_reason)
    where exists (select from event_consumer c where c.company_id = new.company_id and 'channel.state' = any(c.types));
    return null;
end $$;
create trigger channel_state_noticed after update of state, state_reason on channel for each row
    when ((old.state, old.state_reason) is distinct from (new.state, new.state_reason)) execute function channel_state_noticed();

alter table webhook_endpoint add column off_by uuid;  -- the person who switched it off
alter table webhook_attempt add column headers jsonb not null default '{}';  -- of the request
