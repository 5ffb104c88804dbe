"""What the sections of the editor share: the draft, and the names of what it may choose from."""

from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from api.contract.ai import AiModel
from api.contract.boards import Board
from api.contract.channels import Channel
from api.contract.contacts import CustomField
from api.contract.conversations import Label, Team
from api.contract.enums import Permission
from api.contract.knowledge import KnowledgeBase
from ui import kinds, session
from ui.client import ai, boards, channels, contacts, inbox, personas
from ui.client.base import ApiClient
from ui.pages.personas.document import Document


class Names(NamedTuple):
    channels: list[Channel]
    labels: list[Label]
    teams: list[Team]
    boards: list[Board]
    bases: list[KnowledgeBase]
    models: list[AiModel]  # none for who may not see them
    fields: list[CustomField]  # of contacts; likewise

    def stages(self) -> dict[UUID | None, str]:
        """Every stage with its board in front."""
        return {stage.id: f"{board.name} · {stage.name}" for board in self.boards for stage in board.stages}


async def names(api: ApiClient) -> Names:
    return Names(
        kinds.writing(await channels.channels(api)),
        await inbox.labels(api),
        await inbox.teams(api),
        await boards.boards(api),
        await personas.knowledge_bases(api),
        await ai.models(api) if session.current().may(Permission.AI_READ) else [],
        await contacts.fields(api) if session.current().may(Permission.CONTACTS_READ) else [],
    )


class Context(NamedTuple):
    """`redraw` draws the section anew, after a choice on which its other fields depend."""

    doc: Document
    names: Names
    redraw: Callable[[], None]
