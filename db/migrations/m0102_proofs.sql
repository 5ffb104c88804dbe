-- When the person behind a session last showed who they are; a session that a change of the company opened keeps that of the one before.
alter table session add column proven_at timestamptz;
alter table session alter column proven_at set default now();
