-- A channel whose provider is down is paused as provider_outage and tried again by itself. `probe_at`: while it is paused so, when
-- the provider is asked next; afterwards, when the channel went on. `outage_since` has a meaning only while it is paused so.
alter table channel add column outage_since timestamptz, add column probe_at timestamptz;
