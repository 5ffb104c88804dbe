alter table quick_reply add column buttons text[] not null default '{}';  -- their titles; none: a plain text
