"""The search over everything, over the API."""

from api.contract.enums import SearchKind
from api.contract.search import SearchFound
from ui.client.base import ApiClient


async def search(api: ApiClient, text: str, kinds: list[SearchKind], limit: int) -> SearchFound:
    return await api.get("/v1/search", SearchFound, {"q": text, "kind": [kind.value for kind in kinds], "limit": limit})
