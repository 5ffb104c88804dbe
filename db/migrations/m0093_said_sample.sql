-- How many messages have some words is asked of one in 256, by a byte of the random id (decision 43): an index of all would read what it
-- knows of a frequent word, however much that is.
create index inbound_message_said_sample on inbound_message using gin (text_words(company_id, body)) with (gin_pending_list_limit = 64)
    where get_byte(uuid_send(id), 15) = 0 and contact_id is not null and kind <> all('{preference,reaction,system}') and body <> '';
create index message_said_sample on message using gin (text_words(company_id, written_text(content))) with (gin_pending_list_limit = 64)
    where get_byte(uuid_send(id), 15) = 0 and campaign_id is null and contact_id is not null and content->>'kind' <> 'template';

-- How many of the sampled messages of the company have the words, of the side that has more; at most so many. As `said_search`.
grant select (id, received_at) on inbound_message to masteria_system;
create function said_sample(words tsquery, most bigint) returns bigint
    language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
declare company uuid := nullif(current_setting('app.company', true), '')::uuid;
begin
    return greatest(
        (select count(*) from (select from inbound_message i where i.company_id = company and text_words(i.company_id, i.body) @@ words
            and get_byte(uuid_send(i.id), 15) = 0 and i.contact_id is not null and i.kind <> all('{preference,reaction,system}') and i.body <> ''
            limit most) x),
        (select count(*) from (select from message m where m.company_id = company and text_words(m.company_id, written_text(m.content)) @@ words
            and get_byte(uuid_send(m.id), 15) = 0 and m.campaign_id is null and m.contact_id is not null and m.content->>'kind' <> 'template'
            limit most) x));
end $$;
revoke execute on function said_sample(tsquery, bigint) from public;
grant execute on function said_sample(tsquery, bigint) to masteria_app;

-- As before (m0047), and which message or note it is, and when: the found line of a conversation needs no second look.
grant select (id, at) on conversation_entry to masteria_system;
drop function said_search(tsquery, bigint);
create function said_search(words tsquery, most bigint)
    returns table (side text, contact_id uuid, channel_id uuid, conversation_id uuid, entry_id uuid, at timestamptz)
    language plpgsql stable rows 1000 security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
declare company uuid := nullif(current_setting('app.company', true), '')::uuid;
begin
    return query select 'in', i.contact_id, i.channel_id, null::uuid, i.id, i.received_at from inbound_message i
        where i.company_id = company and text_words(i.company_id, i.body) @@ words
            and i.contact_id is not null and i.kind <> all('{preference,reaction,system}') and i.body <> '' limit most;
    return query select 'out', m.contact_id, m.channel_id, null::uuid, m.id,
            case when m.sent_at is not null then m.sent_at when m.done_at is not null then m.done_at else m.next_at end from message m
        where m.company_id = company and text_words(m.company_id, written_text(m.content)) @@ words
            and m.campaign_id is null and m.contact_id is not null and m.content->>'kind' <> 'template' limit most;
    return query select 'note', null::uuid, null::uuid, e.conversation_id, e.id, e.at from conversation_entry e
        where e.company_id = company and text_words(e.company_id, e.body) @@ words and e.kind = 'note' limit most;
end $$;
revoke execute on function said_search(tsquery, bigint) from public;
grant execute on function said_search(tsquery, bigint) to masteria_app;

grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function said_sample(tsquery, bigint) owner to masteria_system;
alter function said_search(tsquery, bigint) owner to masteria_system;
revoke create on schema public from masteria_system;
