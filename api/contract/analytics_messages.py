"""The messages behind a figure."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Output, example
from api.contract.contacts import Moment
from db.analytics.enums import MessageFact


class MessageCounted(Output):
    """One of those that a figure counts: `at` when it is counted, which is when it was sent, or ended without being sent, or was received.
    `conversation_id` null: it was deleted with its contact; `state` null: it was received."""

    id: UUID
    fact: Annotated[MessageFact, example("delivered")]  # which figure
    conversation_id: UUID | None
    contact_name: Annotated[str, example("Ana Lima")] | None
    channel_name: Annotated[str, example("Loja Centro")]
    campaign_id: UUID | None
    campaign_name: Annotated[str, example("Liquidação de verão")] | None
    author_name: Annotated[str, example("Bia Souza")] | None
    at: Moment
    state: Annotated[str, example("read")] | None
    reason: Annotated[str, example("not_on_whatsapp")] | None
