"""Figures of a period over the API."""

from api.contract.analytics import CampaignAnalytics, ConversationAnalytics, MessageAnalytics, Talk
from api.contract.base import Page
from ui.client.base import ApiClient, Params


async def conversations(api: ApiClient, params: Params) -> ConversationAnalytics:
    """`params`: since, until, channel_id, team_id, user_id, label_id."""
    return await api.get("/v1/analytics/conversations", ConversationAnalytics, params)


async def messages(api: ApiClient, params: Params) -> MessageAnalytics:
    """`params`: since, until, channel_id."""
    return await api.get("/v1/analytics/messages", MessageAnalytics, params)


async def campaigns(api: ApiClient, params: Params) -> CampaignAnalytics:
    """`params`: since, until, channel_id."""
    return await api.get("/v1/analytics/campaigns", CampaignAnalytics, params)


async def talks(api: ApiClient, params: Params) -> Page[Talk]:
    """`params`: fact, since, until, channel_id, team_id, user_id, label_id, cursor, limit."""
    return await api.get("/v1/analytics/talks", Page[Talk], params)
