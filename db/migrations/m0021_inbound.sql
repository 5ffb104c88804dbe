-- What came in is kept whole: one typed document per message (db/messages/content.py), `kind` is its tag.
alter table inbound_message add column content jsonb;
alter table inbound_message add column context jsonb;  -- reply, forward, product, group
alter table inbound_message add column referral jsonb;  -- the ad or post that brought the person
alter table inbound_message add column origin text;  -- a MessageOrigin; null: it came in as it was written
alter table message add column origin text;  -- a MessageOrigin; null: we sent it, else `content` is a document like those that come in
alter table message add column context jsonb;

alter table inbound_message no force row level security;
update inbound_message set kind = case kind when 'interactive' then 'button_reply' when 'voice' then 'audio' else kind end
where kind in ('interactive', 'voice');
update inbound_message set content = case
    when kind = 'text' then jsonb_build_object('kind', kind, 'text', body)
    when kind in ('image', 'video', 'document') then jsonb_build_object('kind', kind, 'file', '{}'::jsonb, 'caption', body)
    when kind in ('audio', 'sticker') then jsonb_build_object('kind', kind, 'file', '{}'::jsonb)
    when kind in ('media', 'button', 'order') then jsonb_build_object('kind', kind, 'text', body)
    when kind = 'contacts' then jsonb_build_object('kind', kind)
    when kind = 'button_reply' then jsonb_build_object('kind', kind, 'title', body)
    when kind = 'reaction' then jsonb_build_object('kind', kind, 'target_id', coalesce(context_provider_id, ''), 'emoji', nullif(body, ''))
    when kind = 'edit' then jsonb_build_object('kind', kind, 'target_id', context_provider_id,
        'content', jsonb_build_object('kind', 'text', 'text', body))
    when kind = 'revoke' then jsonb_build_object('kind', kind, 'target_id', context_provider_id)
    when kind = 'preference' then jsonb_build_object('kind', kind, 'opted_in', body = 'resume')
    else jsonb_build_object('kind', 'unsupported', 'type', kind)
end;
update inbound_message set kind = 'unsupported' where content->>'kind' = 'unsupported';
alter table inbound_message force row level security;
alter table inbound_message alter column content set not null;

-- Two contacts that turned out to be one person, with what is needed to part them again.
create table contact_merge (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    contact_id uuid not null,  -- the one that stayed
    merged_id uuid not null,  -- the one that went; it comes back under this id
    reason text not null,  -- a MergeReason
    snapshot jsonb not null,
    created_at timestamptz not null default now(),
    undone_at timestamptz,
    undone_by uuid,
    primary key (company_id, id),
    foreign key (company_id, contact_id) references contact(company_id, id) on delete cascade
);
create index contact_merge_contact on contact_merge(company_id, contact_id, id);
select protect_table('contact_merge', app => 'select, insert, update, delete');

-- News of a provider about an account that waits for a person.
create table channel_notice (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    channel_id uuid not null,
    code text not null,  -- a NoticeCode
    subject text not null default '',  -- the template or number it is about
    detail text,  -- the provider's words
    at timestamptz not null,  -- when the provider said so
    created_at timestamptz not null default now(),
    closed_at timestamptz,
    closed_by uuid,  -- null: better news closed it
    primary key (company_id, id),
    foreign key (company_id, channel_id) references channel(company_id, id),
    unique (company_id, channel_id, code, subject, at)
);
create index channel_notice_open on channel_notice(company_id, channel_id, id) where closed_at is null;
select protect_table('channel_notice', app => 'select, insert, update');

-- The same line within a day is counted, not written again.
alter table channel_log add column times int not null default 1;
alter table channel_log add column last_at timestamptz;  -- of the newest one it counts
