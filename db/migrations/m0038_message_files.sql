-- Files of messages that were written elsewhere. The provider keeps them for some days; a job fetches each at once into the file store.
create table message_file (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    message_id uuid not null,  -- in inbound_message, or in message when our own people wrote it elsewhere
    number smallint not null,  -- its place in the message, from 0
    channel_id uuid not null,  -- over which it is fetched
    provider_id text,  -- what names it at the provider: an id, or an address
    url text,
    name text,
    claimed_type text,
    key text not null,  -- in the file store; the same for every try, so that none leaves a file behind
    state text not null default 'waiting',  -- a FileState
    reason text,  -- a FileReason, when it is not here and will not come
    mime_type text,  -- what its bytes are
    size bigint,
    sha256 bytea,
    width int,  -- of a picture, as it is shown
    height int,
    thumbnail boolean not null default false,
    created_at timestamptz not null default now(),
    stored_at timestamptz,
    primary key (company_id, id),
    unique (company_id, message_id, number),
    unique (key),
    foreign key (company_id, channel_id) references channel(company_id, id)
);
create index message_file_channel on message_file(company_id, channel_id);
create index message_file_deleted on message_file(company_id, id) where state = 'deleted';
select protect_table('message_file', app => 'select, insert, update, delete', system => 'select');
