"""The connection of a number that is connected by a code, over the API."""

from uuid import UUID

from api.contract.channel_sessions import ChannelCodeAsk, ChannelMove, ChannelSession, ChannelSessionSet
from api.contract.channels import Channel
from ui.client.base import ApiClient


def _path(channel_id: UUID) -> str:
    return f"/v1/channels/{channel_id}/session"


async def session(api: ApiClient, channel_id: UUID) -> ChannelSession:
    return await api.get(_path(channel_id), ChannelSession)


async def choose(api: ApiClient, channel_id: UUID, chosen: ChannelSessionSet) -> ChannelSession:
    return await api.put(_path(channel_id), ChannelSession, chosen)


async def ask_code(api: ApiClient, channel_id: UUID, phone: str | None = None, *, history: bool = False) -> ChannelSession:
    """Codes are shown for three minutes; `channel.changed` tells of each."""
    return await api.post(f"{_path(channel_id)}/code", ChannelSession, ChannelCodeAsk(phone=phone, history=history))


async def open_here(api: ApiClient, channel_id: UUID) -> ChannelSession:
    return await api.post(f"{_path(channel_id)}/open", ChannelSession)


async def move(api: ApiClient, channel_id: UUID, official_id: UUID | None) -> Channel:
    """The number goes on over the official API, or by a code (None)."""
    return await api.post(f"/v1/channels/{channel_id}/move", Channel, ChannelMove(official_id=official_id))


async def log_out(api: ApiClient, channel_id: UUID) -> ChannelSession:
    return await api.post(f"{_path(channel_id)}/log-out", ChannelSession)
