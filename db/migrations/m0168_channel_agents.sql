-- Who can speak over a channel that calls, as the provider listed them at the last check; null: not known.
alter table channel add column agents jsonb;
