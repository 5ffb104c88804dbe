"""The simulator over the API: its phones, answering as a customer, how it behaves."""

from urllib.parse import quote
from uuid import UUID

from api.contract.base import Done, Page
from api.contract.sandbox import (
    Behaviour,
    ModelBehaviour,
    ModelRequest,
    SandboxKind,
    SandboxMessage,
    SandboxNews,
    SandboxNewsCode,
    SandboxPhone,
    SandboxReply,
)
from ui.client.base import ApiClient


async def phones(api: ApiClient, channel_id: UUID, *, search: str = "", limit: int = 30) -> Page[SandboxPhone]:
    return await api.get(f"/v1/sandbox/{channel_id}/phones", Page[SandboxPhone], {"search": search or None, "limit": limit})


async def thread(api: ApiClient, channel_id: UUID, address: str, limit: int = 50) -> Page[SandboxMessage]:
    return await api.get(f"/v1/sandbox/{channel_id}/phones/{quote(address, safe='')}", Page[SandboxMessage], {"limit": limit})


async def reply(
    api: ApiClient, channel_id: UUID, address: str, text: str, kind: SandboxKind = "text", group: str | None = None
) -> None:
    body = SandboxReply(address=address, text=text, kind=kind, group=group)
    await api.post(f"/v1/sandbox/{channel_id}/reply", Done, body)


async def press(api: ApiClient, channel_id: UUID, address: str, message_id: UUID, option: int) -> None:
    """The person presses a button of our message, or chooses a row of its list; `option` from 0."""
    body = SandboxReply(address=address, answers=message_id, option=option)
    await api.post(f"/v1/sandbox/{channel_id}/reply", Done, body)


async def news(api: ApiClient, channel_id: UUID, code: SandboxNewsCode) -> None:
    await api.post(f"/v1/sandbox/{channel_id}/news", Done, SandboxNews(code=code))


async def scan(api: ApiClient, channel_id: UUID) -> None:
    """The simulator's phone scans the code that is shown."""
    await api.post(f"/v1/sandbox/{channel_id}/scan", Done)


async def behaviour(api: ApiClient, channel_id: UUID) -> Behaviour:
    return await api.get(f"/v1/sandbox/{channel_id}/behaviour", Behaviour)


async def behave(api: ApiClient, channel_id: UUID, body: Behaviour) -> Behaviour:
    return await api.put(f"/v1/sandbox/{channel_id}/behaviour", Behaviour, body)


async def model_requests(api: ApiClient) -> Page[ModelRequest]:
    """The last fifty."""
    return await api.get("/v1/sandbox/model/requests", Page[ModelRequest])


async def fetch_model_requests(api: ApiClient) -> None:
    await api.post("/v1/sandbox/model/requests/refresh", Done)


async def model_behaviour(api: ApiClient) -> ModelBehaviour:
    return await api.get("/v1/sandbox/model/behaviour", ModelBehaviour)


async def behave_model(api: ApiClient, body: ModelBehaviour) -> ModelBehaviour:
    return await api.put("/v1/sandbox/model/behaviour", ModelBehaviour, body)
