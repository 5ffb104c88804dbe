"""Voice notes and pictures in words, before a model reads the conversation. What cannot be turned into words stays a sign of its kind, and
the persona asks the customer to write."""

from collections.abc import Sequence
from uuid import UUID

from db.ai.ledger import About
from db.assistant.context import Said


async def words_of(company_id: UUID, about: About, said: Sequence[Said]) -> dict[UUID, str]:
    """Message → what is said or seen in its file."""
    return {}
