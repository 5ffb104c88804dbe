-- Who administers a group, as the platform last said: an administrator takes away what others wrote, and so does the number where it is one.
alter table chat_group
    add column admins text[] not null default '{}',  -- addresses by which the platform names them; of each all that it tells
    add column ours boolean not null default false,  -- the number is one of them
    add column asks_until timestamptz default now() + interval '10 minutes';  -- until when the platform is asked who they are
create index chat_group_asked on chat_group(channel_id, asks_until) where asks_until is not null;
