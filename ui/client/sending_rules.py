"""Words that end messages, and holidays, over the API."""

from uuid import UUID

from api.contract.base import Page
from api.contract.sending_rules import Holiday, OptOutWord, OptOutWordCreate
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
