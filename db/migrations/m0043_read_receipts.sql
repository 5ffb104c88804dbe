-- Providers are told that a message which came in was read. `seen_id`: the newest one that somebody here has read, `seen_at` when;
-- `told_id`: the one of which its provider knows. A job tells it while they differ.
alter table conversation add column seen_id uuid, add column seen_at timestamptz, add column told_id uuid;
alter table channel add column read_receipts boolean not null default true;
