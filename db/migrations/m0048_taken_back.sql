-- What waited when a conversation was closed by hand, so that closing can be taken back.
alter table conversation
    add column aside_unread timestamptz[] not null default '{}',
    add column aside_unanswered timestamptz[] not null default '{}';
