"""Channels over the API: connect, check, log."""

from uuid import UUID

from api.contract.base import Done, Page
from api.contract.channel_health import ChannelHealth
from api.contract.channels import (
    Channel,
    ChannelAgent,
    ChannelConnect,
    ChannelLogEntry,
    ChannelNotice,
    ChannelPatch,
    ChannelTalkAddress,
    WebhooksAgain,
)
from api.contract.kinds import Kind
from api.contract.signups import ChannelSignup, ChannelSignupFinish, ChannelSignupStart
from ui.client.base import ApiClient

_PAGE = 200  # the largest page that the API gives


async def kinds(api: ApiClient) -> list[Kind]:
    return (await api.get("/v1/channel-kinds", Page[Kind])).items


async def channels(api: ApiClient) -> list[Channel]:
    return (await api.get("/v1/channels", Page[Channel], {"limit": _PAGE})).items


async def channel(api: ApiClient, channel_id: UUID) -> Channel:
    return await api.get(f"/v1/channels/{channel_id}", Channel)


async def connect(api: ApiClient, body: ChannelConnect) -> Channel:
    """In state `checking`; the result comes as event `channel.changed`."""
    return await api.post("/v1/channels", Channel, body)


async def change(api: ApiClient, channel_id: UUID, body: ChannelPatch) -> Channel:
    return await api.patch(f"/v1/channels/{channel_id}", Channel, body)


async def check(api: ApiClient, channel_id: UUID) -> Channel:
    return await api.post(f"/v1/channels/{channel_id}/check", Channel)


async def agents(api: ApiClient, channel_id: UUID) -> list[ChannelAgent]:
    """Who can speak over a channel that calls."""
    return (await api.get(f"/v1/channels/{channel_id}/agents", Page[ChannelAgent])).items


async def talk_address(api: ApiClient, channel_id: UUID) -> str:
    """A new one; the one of before stops working."""
    return (await api.post(f"/v1/channels/{channel_id}/talk-address", ChannelTalkAddress)).url


async def process_again(api: ApiClient, channel_id: UUID) -> int:
    """Webhooks that could not be read are processed once more. Returns how many."""
    return (await api.post(f"/v1/channels/{channel_id}/webhooks/process-again", WebhooksAgain)).webhooks


async def pause(api: ApiClient, channel_id: UUID) -> Channel:
    return await api.post(f"/v1/channels/{channel_id}/pause", Channel)


async def resume(api: ApiClient, channel_id: UUID) -> Channel:
    return await api.post(f"/v1/channels/{channel_id}/resume", Channel)


async def archive(api: ApiClient, channel_id: UUID) -> None:
    await api.delete(f"/v1/channels/{channel_id}")


async def log(api: ApiClient, channel_id: UUID, *, kind: str | None, ok: bool | None, limit: int) -> Page[ChannelLogEntry]:
    params = {"kind": kind, "ok": None if ok is None else str(ok).lower(), "limit": min(limit, _PAGE)}
    return await api.get(f"/v1/channels/{channel_id}/log", Page[ChannelLogEntry], params)


async def health(api: ApiClient, channel_id: UUID, days: int) -> ChannelHealth:
    return await api.get(f"/v1/channels/{channel_id}/health", ChannelHealth, {"days": days})


async def full_speed(api: ApiClient, channel_id: UUID) -> ChannelHealth:
    return await api.post(f"/v1/channels/{channel_id}/full-speed", ChannelHealth)


async def notices(api: ApiClient, channel_id: UUID) -> list[ChannelNotice]:
    return (await api.get(f"/v1/channels/{channel_id}/notices", Page[ChannelNotice])).items


async def close_notice(api: ApiClient, channel_id: UUID, notice_id: UUID) -> None:
    await api.post(f"/v1/channels/{channel_id}/notices/{notice_id}/close", Done)


async def sync_templates(api: ApiClient, channel_id: UUID) -> None:
    """Ends with event `templates.changed`."""
    await api.post(f"/v1/channels/{channel_id}/templates/sync", Done)


async def start_signup(api: ApiClient, kind: str) -> ChannelSignup:
    return await api.post("/v1/channel-signups", ChannelSignup, ChannelSignupStart(kind=kind))


async def signup(api: ApiClient, signup_id: UUID) -> ChannelSignup:
    return await api.get(f"/v1/channel-signups/{signup_id}", ChannelSignup)


async def finish_signup(api: ApiClient, signup_id: UUID, body: ChannelSignupFinish) -> ChannelSignup:
    return await api.post(f"/v1/channel-signups/{signup_id}/finish", ChannelSignup, body)
