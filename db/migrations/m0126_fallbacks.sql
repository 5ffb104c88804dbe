-- What goes by SMS to whom a campaign could not reach on WhatsApp (db/campaigns/fallback.py): a campaign of its own beside the first.
alter table campaign
    add column fallback jsonb,  -- the channel and the text; null: nothing goes in its place
    add column fallback_of uuid;  -- of which campaign this one is
create unique index campaign_fallback on campaign(company_id, fallback_of) where fallback_of is not null;
