-- Conversations by what was said in them (decision 43). The words of a text, without accents and capitals: runs of letters and digits,
-- each at most 60 long, because a lexeme has an end. Of a long text the beginning. Each carries the end of its company's id: a condition
-- of its own on the company would read everything that the company ever said (measured: 120 ms of 130, among a million).
create function text_words(company uuid, body text) returns tsvector language sql immutable strict parallel safe
return array_to_tsvector(array_remove(regexp_split_to_array(regexp_replace(fold(left(body, 4000)), '([[:alnum:]]{1,60})[[:alnum:]]*',
    right(company::text, 8) || '\1', 'g'), '[^[:alnum:]]+'), ''));

-- What somebody wrote in a message of ours; templates are written once, and found elsewhere.
create function written_text(content jsonb) returns text language sql immutable strict parallel safe
return coalesce(content->>'body', content->>'text', content->>'caption', '');

create index inbound_message_words on inbound_message using gin (text_words(company_id, body)) with (gin_pending_list_limit = 256)
    where contact_id is not null and kind <> all('{preference,reaction,system}') and body <> '';
create index message_words on message using gin (text_words(company_id, written_text(content))) with (gin_pending_list_limit = 256)
    where campaign_id is null and contact_id is not null and content->>'kind' <> 'template';
create index conversation_entry_words on conversation_entry using gin (text_words(company_id, body)) with (gin_pending_list_limit = 256)
    where kind = 'note';

-- Where these words were said, at most so many of what came in, of what went out, and of notes. A row-level policy keeps the indexes from
-- being used, because a match of words is not leakproof: this function filters by company itself and runs as the system role. No other
-- way than the indexes: the planner takes what many have for rare.
select protect_table('inbound_message', null, 'select (company_id, contact_id, channel_id, kind, body)');
select protect_table('conversation_entry', null, 'select (company_id, conversation_id, kind, body)');
create function said_search(words tsquery, most bigint) returns table (side text, contact_id uuid, channel_id uuid, conversation_id uuid)
    language plpgsql stable rows 1000 security definer set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off as $$
declare company uuid := nullif(current_setting('app.company', true), '')::uuid;
begin
    return query select 'in', i.contact_id, i.channel_id, null::uuid from inbound_message i
        where i.company_id = company and text_words(i.company_id, i.body) @@ words
            and i.contact_id is not null and i.kind <> all('{preference,reaction,system}') and i.body <> '' limit most;
    return query select 'out', m.contact_id, m.channel_id, null::uuid from message m
        where m.company_id = company and text_words(m.company_id, written_text(m.content)) @@ words
            and m.campaign_id is null and m.contact_id is not null and m.content->>'kind' <> 'template' limit most;
    return query select 'note', null::uuid, null::uuid, e.conversation_id from conversation_entry e
        where e.company_id = company and text_words(e.company_id, e.body) @@ words and e.kind = 'note' limit most;
end $$;
revoke execute on function said_search(tsquery, bigint) from public;
grant execute on function said_search(tsquery, bigint) to masteria_app;
grant create on schema public to masteria_system;  -- for the next line only, where the owner is no superuser
alter function said_search(tsquery, bigint) owner to masteria_system;
revoke create on schema public from masteria_system;
