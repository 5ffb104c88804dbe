-- Our reactions are messages of the ledger (m0063) and answer nobody: a conversation is made of what was said.
create or replace function make_conversations(company uuid, people uuid[]) returns bigint
    language sql set search_path = pg_catalog, public, pg_temp as $$
    with heard as (
        select contact_id, channel_id, max(received_at) as last_inbound_at, min(received_at) as first_at,
            max(received_at) filter (where origin is null) as live_at
        from inbound_message where company_id = company and contact_id is not null and (people is null or contact_id = any(people))
            and kind <> all('{preference,reaction,edit,revoke,system}')
        group by 1, 2
    ), said as (
        select contact_id, channel_id, max(at) as last_at, min(at) as first_at, max(at) filter (where origin is distinct from 'history') as answered_at,
            max(at) filter (where origin = 'phone_app') as echoed_at
        from (select contact_id, channel_id, origin,
                  case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end as at
              from message where company_id = company and contact_id is not null and campaign_id is null
                  and (people is null or contact_id = any(people)) and reacts_to is null and dedupe_key not like 'test:%') m
        group by 1, 2
    ), both_ways as (
        select coalesce(h.contact_id, s.contact_id) as contact_id, coalesce(h.channel_id, s.channel_id) as channel_id,
            h.last_inbound_at, h.live_at, s.answered_at, s.echoed_at, least(h.first_at, s.first_at) as first_at
        from heard h full join said s on s.contact_id = h.contact_id and s.channel_id = h.channel_id
    ), made as (
        insert into conversation(company_id, contact_id, channel_id, address, state, unanswered_at, unread_at, last_at, last_id,
                                 last_inbound_at, echoed_at, opened_at)
        select company, b.contact_id, b.channel_id, l.address,
            case when b.live_at > now() - interval '1 day' then 'open' else 'closed' end, w.times, w.times, l.at, l.id,
            b.last_inbound_at, b.echoed_at, b.first_at
        from both_ways b
        join contact c on c.company_id = company and c.id = b.contact_id
        cross join lateral (
            (select id, address, case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end as at
             from message m where m.company_id = company and m.contact_id = b.contact_id and m.channel_id = b.channel_id
                 and m.campaign_id is null and m.reacts_to is null and m.dedupe_key not like 'test:%' order by at desc, id desc limit 1)
            union all
            (select id, address, received_at as at from inbound_message i where i.company_id = company and i.contact_id = b.contact_id
                 and i.channel_id = b.channel_id and i.kind <> all('{preference,reaction,edit,revoke,system}')
             order by received_at desc, id desc limit 1)
            order by at desc, id desc limit 1) l
        cross join lateral (
            select coalesce(array_agg(t.received_at order by t.received_at), '{}') as times from (
                select received_at from inbound_message i where i.company_id = company and i.contact_id = b.contact_id
                    and i.channel_id = b.channel_id and i.kind <> all('{preference,reaction,edit,revoke,system}') and i.origin is null
                    and b.live_at > now() - interval '1 day' and received_at > now() - interval '1 day'
                    and received_at > coalesce(b.answered_at, '-infinity') limit 999) t) w
        on conflict do nothing
        returning 1
    )
    select count(*) from made
$$;
