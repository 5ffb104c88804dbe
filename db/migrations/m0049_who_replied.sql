-- The conversations of those who answered a campaign: the figure counts the same messages.
create index message_who_replied on message(company_id, campaign_id, contact_id, channel_id)
    where replied_at is not null and campaign_id is not null;
