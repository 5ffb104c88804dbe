-- A mail is a row; its job only names it. The link, which signs somebody in, is sealed and forgotten once the mail is out.
create table mail (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    template text not null,  -- a MailTemplate
    recipient text not null,
    language text not null,
    params jsonb not null,
    link bytea,  -- sealed; null once it is sent or given up
    created_at timestamptz not null default now(),
    primary key (company_id, id)
);
create index mail_recipient on mail(recipient, created_at);
create index mail_company on mail(company_id, template, created_at);
alter table mail enable row level security;
alter table mail force row level security;
create policy company on mail to masteria_app using (company_id = nullif(current_setting('app.company', true), '')::uuid);
create policy system on mail to masteria_system using (true);
grant select, insert on mail to masteria_app;
grant update (link) on mail to masteria_app;
grant select, delete on mail to masteria_system;

alter table account_user add column email_verified_at timestamptz;  -- a link from the mailbox was used
grant select (email_verified_at) on account_user to masteria_app;

create table email_verification (
    id uuid primary key default uuidv7(),
    user_id uuid not null references account_user(id) on delete cascade,
    token_hash bytea not null unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null
);
alter table email_verification enable row level security;
alter table email_verification force row level security;
create policy system on email_verification to masteria_system using (true);
grant select, insert, delete on email_verification to masteria_system;

-- Who had an account before keeps what they could do; mails that wait hold their links in plain text, and are asked for again.
alter table account_user no force row level security;
alter table job no force row level security;
update account_user set email_verified_at = created_at;
delete from job where name = 'SendMail';
alter table account_user force row level security;
alter table job force row level security;
