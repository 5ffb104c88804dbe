-- Figures that are mailed week by week or month by month: what is sent when to whom, the periods that were planned, and what came of each mail.
create table figure_report (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    name text not null,
    rhythm text not null,  -- a ReportRhythm
    weekday smallint not null default 1 check (weekday between 1 and 7),  -- of weekly ones; Monday is 1
    hour smallint not null check (hour between 0 and 23),  -- of the company's clock
    channel_id uuid,  -- null: all
    active boolean not null default true,
    next_at timestamptz not null,
    version integer not null default 1,
    created_at timestamptz not null default now(),
    primary key (company_id, id),
    foreign key (company_id, channel_id) references channel(company_id, id)
);
create index figure_report_due on figure_report(next_at) where active;
create index figure_report_channel on figure_report(company_id, channel_id) where channel_id is not null;
select protect_table('figure_report', 'select, insert, update, delete', 'select');

create table figure_report_reader (
    company_id uuid not null references company(id),
    report_id uuid not null,
    user_id uuid not null,
    off_at timestamptz,  -- since then they want it no more
    primary key (company_id, report_id, user_id),
    foreign key (company_id, report_id) references figure_report(company_id, id) on delete cascade
);
select protect_table('figure_report_reader', 'select, insert, update, delete', 'select, delete');

-- A period is planned once, with all its mails, in one transaction.
create table figure_report_run (
    company_id uuid not null references company(id),
    report_id uuid not null,
    first_day date not null,
    last_day date not null,
    planned_at timestamptz not null default now(),
    primary key (company_id, report_id, first_day, last_day),
    foreign key (company_id, report_id) references figure_report(company_id, id) on delete cascade
);
select protect_table('figure_report_run', 'select, insert');

create table figure_report_mail (
    company_id uuid not null references company(id),
    id uuid not null default uuidv7(),
    report_id uuid not null,
    user_id uuid not null,
    first_day date not null,
    last_day date not null,
    trial boolean not null default false,  -- asked for by its reader, beside the plan
    state text not null default 'waiting',  -- a ReportMailState
    reason text,  -- a ReportMailReason
    created_at timestamptz not null default now(),
    ended_at timestamptz,
    primary key (company_id, id),
    foreign key (company_id, report_id) references figure_report(company_id, id) on delete cascade
);
create unique index figure_report_mail_once on figure_report_mail(company_id, report_id, first_day, last_day, user_id) where not trial;
create index figure_report_mail_newest on figure_report_mail(company_id, report_id, id);
select protect_table('figure_report_mail', 'select, insert, update');
