"""Rules of sending over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.sending_rules import CallRule, Holiday, OptOutWord, OptOutWordCreate, UnreachedCountry
from ui.client.base import ApiClient


async def words(api: ApiClient) -> list[OptOutWord]:
    """The company's own first."""
    return (await api.get("/v1/opt-out-words", Page[OptOutWord])).items


async def add_word(api: ApiClient, word: str, source: str) -> OptOutWord:
    return await api.post("/v1/opt-out-words", OptOutWord, OptOutWordCreate(word=word, source=source))


async def remove_word(api: ApiClient, word_id: UUID) -> None:
    await api.delete(f"/v1/opt-out-words/{word_id}")


async def holidays(api: ApiClient) -> list[Holiday]:
    """Of this year and the next."""
    return (await api.get("/v1/holidays", Page[Holiday])).items


async def call_rules(api: ApiClient) -> list[CallRule]:
    """The narrowest of a country first."""
    return (await api.get("/v1/call-rules", Page[CallRule])).items


async def unreached(api: ApiClient) -> list[UnreachedCountry]:
    return (await api.get("/v1/unreached-countries", Page[UnreachedCountry])).items
