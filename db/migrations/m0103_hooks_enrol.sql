-- The campaign that a delivery put its contact into; it may be gone.
alter table incoming_delivery add column campaign_id uuid;
