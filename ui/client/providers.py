"""Sign-in by an account elsewhere, over the API."""

from uuid import UUID

from api.contract.accounts import SignedIn
from api.contract.base import Page
from api.contract.providers import (
    IdentityStart,
    LinkedIdentity,
    ProviderComplete,
    ProviderLook,
    ProviderNext,
    ProviderReturn,
    ProviderStart,
    ProviderStarted,
    SignInProvider,
)
from ui.client.base import ApiClient

_PATH = "/v1/auth/providers"


async def providers(api: ApiClient) -> list[SignInProvider]:
    return (await api.get(_PATH, Page[SignInProvider])).items


async def start(api: ApiClient, provider: str, invitation: str | None) -> ProviderStarted:
    return await api.post(f"{_PATH}/{provider}/start", ProviderStarted, ProviderStart(invitation=invitation))


async def come_back(api: ApiClient, body: ProviderReturn) -> ProviderNext:
    return await api.post(f"{_PATH}/return", ProviderNext, body)


async def look(api: ApiClient, flow: str) -> ProviderNext:
    return await api.post(f"{_PATH}/look", ProviderNext, ProviderLook(flow=flow))


async def complete(api: ApiClient, body: ProviderComplete) -> SignedIn:
    return await api.post(f"{_PATH}/complete", SignedIn, body)


async def identities(api: ApiClient) -> list[LinkedIdentity]:
    return (await api.get("/v1/me/identities", Page[LinkedIdentity])).items


async def link(api: ApiClient, provider: str, password: str | None) -> ProviderStarted:
    return await api.post("/v1/me/identities", ProviderStarted, IdentityStart(provider_id=provider, password=password))


async def unlink(api: ApiClient, identity_id: UUID) -> None:
    await api.delete(f"/v1/me/identities/{identity_id}")
