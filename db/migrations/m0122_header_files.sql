-- The picture, film or document that a campaign sends at the head of its template: an upload of ours.
alter table campaign add column header_file_id uuid;
create index campaign_header_file on campaign(company_id, header_file_id) where header_file_id is not null;

-- What a channel's provider knows such a file by (db/messages/header_files.py). Without `media` it does not have it yet.
create table handed_file (
    company_id uuid not null references company(id),
    channel_id uuid not null,
    file_id uuid not null,
    media text,
    media_until timestamptz,
    refused boolean not null default false,  -- it does not take it
    primary key (company_id, channel_id, file_id),
    foreign key (company_id, channel_id) references channel(company_id, id),
    foreign key (company_id, file_id) references message_file(company_id, id) on delete cascade
);
create index handed_file_file on handed_file(company_id, file_id);
select protect_table('handed_file', 'select, insert, update, delete', 'select');

-- The category of a template before its reviewers moved it; null where nobody did since it was submitted.
alter table template add column category_was text;
