-- When `python -m db backup` last wrote a whole one.
alter table installation add column backed_up_at timestamptz;
