-- What happened to a person, for the bell of every page; and by which way they want to hear of each kind.
create table notification (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    user_id uuid not null,
    kind text not null,  -- a NotificationKind
    subject_id uuid,  -- the conversation, lead, campaign or import; what it is called is looked up when it is read
    topic text,  -- a NoticeTopic, of news for owners
    code text,  -- how a campaign or an import ended; which news
    about text,  -- of news for owners: the channel, address or amount, and the page where it is mended
    path text,
    times int not null default 1,  -- of the same since it was last read
    at timestamptz not null default now(),
    in_app boolean not null default true,
    read_at timestamptz,
    mail_due boolean not null default false,
    primary key (company_id, id)
);
create unique index notification_unread on notification(company_id, user_id, kind, subject_id, topic, code, path) nulls not distinct where read_at is null;
create index notification_of on notification(company_id, user_id, at desc, id desc) where in_app;
create index notification_mail on notification(company_id, user_id) where mail_due;
create index notification_old on notification(at);
select protect_table('notification', 'select, insert, update, delete', 'select, delete');

create table notification_choice (  -- where somebody chose other than what everybody begins with
    company_id uuid not null references company(id),
    user_id uuid not null,
    kind text not null,
    in_app boolean not null,
    push boolean not null,
    mail boolean not null,
    primary key (company_id, user_id, kind)
);
select protect_table('notification_choice', 'select, insert, update, delete');

create function notifications_leave() returns trigger language plpgsql as $$
begin
    delete from notification where company_id = old.company_id and user_id = old.user_id;
    delete from notification_choice where company_id = old.company_id and user_id = old.user_id;
    return null;
end $$;
create trigger notifications_leave after delete on membership for each row execute function notifications_leave();
